"""How much a calculation is worth before it is done, and batches that are not one family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.known.composition_distance import composition_distances, composition_profile

REACH = 0.25
"""Distance of compositions within which a crystal is worth less once its neighbour is in the batch
[steps of Pettifor's scale for each atom]."""
UPPER = 0.84
"""Quantile of Tc that ``upper`` ranks by: one standard deviation above the middle."""

Value = Callable[[float, Float[np.ndarray, " draw"], float], float]
"""From Tc [K], draws of it [K] and the wanted Tc [K] to what a crystal is worth."""


def plain_tc(tc: float, draws: Float[np.ndarray, " draw"], above: float) -> float:
    """Predicted Tc [K], whatever its uncertainty."""
    del draws, above
    return tc


def exceeding_probability(tc: float, draws: Float[np.ndarray, " draw"], above: float) -> float:
    """Probability that Tc lies above the wanted one [1]."""
    del tc
    return float(np.mean(draws > above))


def expected_improvement(tc: float, draws: Float[np.ndarray, " draw"], above: float) -> float:
    """Expectation of what Tc has above the wanted one [K].

    References
    ----------
    J. Močkus, in Optimization Techniques, Lecture Notes in Computer Science 27, 400 (1975).
    """
    del tc
    return float(np.mean(np.maximum(draws - above, 0.0)))


def upper_tc(tc: float, draws: Float[np.ndarray, " draw"], above: float) -> float:
    """Tc at its upper end, the quantile `UPPER` [K]: a wide interval counts in its favour."""
    del tc, above
    return float(np.quantile(draws, UPPER))


ACQUISITIONS: Mapping[str, Value] = MappingProxyType(
    {
        "tc": plain_tc,
        "probability": exceeding_probability,
        "improvement": expected_improvement,
        "upper": upper_tc,
    }
)
"""Acquisition functions by name."""


def acquisition(name: str, tc: float, draws: Float[np.ndarray, " draw"], above: float) -> float:
    """What the calculation of a crystal is worth by a function of `ACQUISITIONS`.

    Parameters
    ----------
    name
        Key of `ACQUISITIONS`.
    tc
        Predicted Tc [K].
    draws
        Tc of points that are spread as its uncertainty is [K]; where there are none, the members
        have no spread and Tc itself is the only point.
    above
        Tc that is looked for [K].

    Raises
    ------
    ConfigError
        If there is no such function.

    Examples
    --------
    >>> import numpy as np
    >>> acquisition("probability", 8.0, np.array([4.0, 8.0, 12.0, 24.0]), 10.0)
    0.5
    >>> acquisition("improvement", 8.0, np.array([4.0, 8.0, 12.0, 24.0]), 10.0)
    4.0
    """
    if name not in ACQUISITIONS:
        raise ConfigError(
            f"There is no acquisition function {name!r}.",
            "It says by what crystals are ranked.",
            f"Use one of {', '.join(ACQUISITIONS)}.",
        )
    return ACQUISITIONS[name](tc, draws if len(draws) else np.array([tc]), above)


def choose_batch(
    values: Sequence[float],
    compositions: Sequence[Mapping[str, float]],
    count: int,
    reach: float = REACH,
) -> list[int]:
    """Choose crystals one after the other, each of the greatest value that is left.

    Parameters
    ----------
    values
        What each crystal is worth [any unit]; those that are not above zero are chosen last.
    compositions
        Amounts of the elements of each.
    count
        Number of crystals to choose; fewer if there are not as many.
    reach
        A crystal at a distance d from the nearest of those chosen is worth d/reach of its value
        where that is below one: no batch is one family, and no formula comes twice before every
        other that is worth something. Zero for a plain ranking [steps].

    Returns
    -------
    list of int
        Indices, the first choice first.

    Examples
    --------
    >>> nbc, nbn, mgb2 = {"Nb": 1, "C": 1}, {"Nb": 1, "N": 1}, {"Mg": 1, "B": 2}
    >>> choose_batch([9.0, 8.0, 5.0], [nbc, nbc, mgb2], 2)
    [0, 2]
    >>> choose_batch([9.0, 8.0, 5.0], [nbc, nbn, mgb2], 2, reach=0.0)
    [0, 1]
    """
    worth = np.asarray(values, dtype=float)
    profiles = np.stack([composition_profile(one) for one in compositions])
    discount = np.ones(len(worth))
    left = np.ones(len(worth), dtype=bool)
    chosen: list[int] = []
    for _ in range(min(count, len(worth))):
        # of those that are worth nothing, or nothing any more, the better value goes first
        order = np.lexsort((-worth, -worth * discount, ~left))
        best = int(order[0])
        chosen.append(best)
        left[best] = False
        if reach > 0:
            distances = composition_distances(profiles[best], profiles)
            discount = np.minimum(discount, distances / reach)
    return chosen
