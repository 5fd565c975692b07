r"""How λ depends on the width of the delta functions, and where it has settled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.superconductivity.smearing import SETTLED

_FEWEST = 3
"""Smearings that a plateau has at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plateau:
    """A range of smearings in which λ does not change much.

    Attributes
    ----------
    lowest, highest
        Its ends [Ry].
    coupling
        Middle of the λ in it [1].
    spread
        Largest distance of a λ in it from that, as a share.
    holds_used
        Whether the smearing that is used is in it.
    """

    lowest: float
    highest: float
    coupling: float
    spread: float
    holds_used: bool


def find_plateau(
    smearings: Float[np.ndarray, " smearing"],
    coupling: Float[np.ndarray, " smearing"],
    used: float,
    tolerance: float = SETTLED,
) -> Plateau | None:
    """The widest range of smearings in which λ stays close to one value.

    Parameters
    ----------
    smearings
        Smearings, growing [Ry].
    coupling
        λ at each; NaN ends a range [1].
    used
        The smearing that is used [Ry].
    tolerance
        How far λ may be from the middle of the range, as a share.

    Returns
    -------
    Plateau or None
        Of equally wide ones the one of the narrowest smearings; None where there are not three
        neighbours that agree, or λ is not positive.

    Notes
    -----
    The whole range is bounded, not each step: with many smearings λ may drift far in small steps.
    As everywhere, a smearing so wide that it washes the Fermi surface out also gives a plateau.

    Examples
    --------
    >>> sigma = np.arange(1, 7) * 0.005
    >>> plateau = find_plateau(sigma, np.array([2.0, 1.3, 1.0, 0.98, 1.01, 0.8]), 0.02)
    >>> plateau.lowest, plateau.highest, plateau.holds_used
    (0.015, 0.025, True)
    """
    best: tuple[int, int] | None = None
    width = 0.0
    for first in range(smearings.size):
        last = _reach(coupling, first, tolerance)
        wide = float(smearings[last] - smearings[first])
        if last - first + 1 >= _FEWEST and wide > width * (1.0 + 1e-9):
            best, width = (first, last), wide
    if best is None:
        return None
    inside = coupling[best[0] : best[1] + 1]
    middle, half = _middle(inside)
    lowest, highest = float(smearings[best[0]]), float(smearings[best[1]])
    slack = 1e-6 * max(highest, 1e-9)
    return Plateau(
        lowest=lowest,
        highest=highest,
        coupling=middle,
        spread=half / middle,
        holds_used=lowest - slack <= used <= highest + slack,
    )


def rescaled_coupling(
    coupling: Float[np.ndarray, " smearing"],
    fermi_dos: Float[np.ndarray, " smearing"],
    reference_dos: float,
) -> Float[np.ndarray, " smearing"]:
    r"""λ of each smearing, corrected for its density of states at the Fermi level.

    .. math:: \lambda' = \lambda(\sigma)\,N_\mathrm{ref}/N_\sigma

    Parameters
    ----------
    coupling
        λ(σ) [1].
    fermi_dos
        N_σ(E_F) by the same Gaussians [1/eV].
    reference_dos
        N(E_F) by tetrahedra, in the same unit and of as many spins [1/eV].

    Returns
    -------
    Float[ndarray, " smearing"]
        λ' [1]; NaN where N_σ is not positive.

    Notes
    -----
    λ = 2/(N_σ ω) Σ |g|² δ_σ δ_σ. With matrix elements that change little over the Fermi surface
    the double sum grows as the number of pairs of states, N_σ², and λ as N_σ: a coarse k-grid that
    finds too many states at E_F finds too large a λ, in proportion. What a smearing does to the
    matrix elements and to nesting is not corrected, so that a large correction is a sign of too
    coarse a grid, not its cure.

    Examples
    --------
    >>> rescaled_coupling(np.array([0.9]), np.array([3.0]), 2.0).round(3)
    array([0.6])
    """
    ratio = np.full(np.shape(coupling), np.nan)
    np.divide(reference_dos, fermi_dos, out=ratio, where=np.asarray(fermi_dos) > 0.0)
    return np.asarray(coupling * ratio)


def _reach(coupling: np.ndarray, first: int, tolerance: float) -> int:
    """Index of the last λ, in a row from the first, that all agree."""
    last = first
    while last + 1 < coupling.size:
        middle, half = _middle(coupling[first : last + 2])
        if not (middle > 0.0 and half <= tolerance * middle):
            break
        last += 1
    return last


def _middle(values: np.ndarray) -> tuple[float, float]:
    low, high = float(np.min(values)), float(np.max(values))
    return 0.5 * (low + high), 0.5 * (high - low)
