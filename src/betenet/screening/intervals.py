"""A number with its 68 % and 95 % interval, and the interval of a share of few rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import betaincinv

from betenet.errors import DataError
from betenet.json_output import plain_table

LEVELS = (0.68, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A number and where it may lie.

    Attributes
    ----------
    value
        What is to be expected; nan if it is undefined.
    low_68, high_68, low_95, high_95
        Ends of the central 68 % and 95 %.
    """

    value: float
    low_68: float
    high_68: float
    low_95: float
    high_95: float

    @classmethod
    def exact(cls, value: float) -> Interval:
        """Interval of a number that is known.

        Examples
        --------
        >>> Interval.exact(3.0).high_95
        3.0
        """
        return cls(value=value, low_68=value, high_68=value, low_95=value, high_95=value)

    @classmethod
    def from_draws(cls, value: float, draws: Float[np.ndarray, " draw"]) -> Interval:
        """Quantiles of draws, widened where they leave the value out; nan draws do not count.

        Examples
        --------
        >>> Interval.from_draws(0.0, np.linspace(1.0, 2.0, 201)).as_text()
        '0 (0 to 1.98)'
        """
        known = draws[np.isfinite(draws)]
        if not known.size:
            return cls.exact(float("nan"))
        levels = [(1.0 - LEVELS[1]) / 2, (1.0 - LEVELS[0]) / 2]
        low_95, low_68, high_68, high_95 = np.quantile(
            known, [*levels, 1.0 - levels[1], 1.0 - levels[0]]
        ).tolist()
        if not np.isfinite(value):
            value = float(np.median(known))
        return cls(
            value=float(value),
            low_68=min(low_68, value),
            high_68=max(high_68, value),
            low_95=min(low_95, value),
            high_95=max(high_95, value),
        )

    @classmethod
    def total(cls, parts: Iterable[Interval]) -> Interval:
        """Sum of numbers that grow together: their ends are added, too."""
        ends = zip(*(asdict(part).values() for part in parts), strict=True)
        names = (each.name for each in fields(cls))
        return cls(**{name: sum(end) for name, end in zip(names, ends, strict=True)})

    def holds(self, value: float, level: int = 95) -> bool:
        """Whether a value lies inside, ends included.

        Examples
        --------
        >>> Interval(value=2, low_68=1, high_68=3, low_95=0, high_95=4).holds(3.5, 68)
        False
        """
        low, high = (self.low_68, self.high_68) if level == 68 else (self.low_95, self.high_95)
        return bool(low <= value <= high)

    def rounded(self) -> Interval:
        """The interval in whole numbers, as of structures."""
        return Interval(**{name: round(value) for name, value in asdict(self).items()})

    def as_text(self, *, percent: bool = False) -> str:
        """Value and the ends of the 95 % interval, to three digits.

        Examples
        --------
        >>> share(8, 10).as_text(percent=True)
        '80 % (44 to 97)'
        """
        if not np.isfinite(self.value):
            return "–"
        if percent:
            value, low, high = (f"{100 * x:.0f}" for x in (self.value, self.low_95, self.high_95))
            return f"{value} % ({low} to {high})"
        value, low, high = (_three_digits(x) for x in (self.value, self.low_95, self.high_95))
        return value if low == high else f"{value} ({low} to {high})"

    @classmethod
    def from_dict(cls, table: Mapping[str, float | None]) -> Interval:
        """Build from what :meth:`to_dict` returns."""
        return cls(**{key: float("nan") if end is None else end for key, end in table.items()})

    def to_dict(self) -> dict[str, float | None]:
        """Table for JSON; None for what is undefined."""
        return plain_table(self)


def share(hits: float, rows: float, value: float | None = None) -> Interval:
    """A share of rows with its exact interval, by Clopper and Pearson.

    Parameters
    ----------
    hits, rows
        Need not be whole: rows that depend on each other or have weights count for fewer.
    value
        The share itself where it is not ``hits/rows``.

    Raises
    ------
    DataError
        If there is no row, or there are more hits than rows.

    Notes
    -----
    Never covers less than it says, and more where there are few rows. C. J. Clopper and
    E. S. Pearson, Biometrika 26, 404 (1934).

    Examples
    --------
    >>> share(10, 10).low_95      # 0.025^(1/10)
    0.691502892181...
    """
    if rows <= 0.0 or not 0.0 <= hits <= rows * (1.0 + 1e-12):
        raise DataError(
            f"{hits:g} of {rows:g} rows are no share.",
            "It needs a row at least, and no more hits than rows.",
            "Check the selection that made it.",
        )
    ends: dict[float, tuple[float, float]] = {}
    for level in LEVELS:
        tail = (1.0 - level) / 2
        low = betaincinv(hits, rows - hits + 1.0, tail) if hits > 0.0 else 0.0
        high = betaincinv(hits + 1.0, rows - hits, 1.0 - tail) if rows - hits > 1e-9 else 1.0
        ends[level] = float(low), float(high)
    return Interval(
        value=hits / rows if value is None else value,
        low_68=ends[LEVELS[0]][0],
        high_68=ends[LEVELS[0]][1],
        low_95=ends[LEVELS[1]][0],
        high_95=ends[LEVELS[1]][1],
    )


def weighted_share(
    hits: Bool[np.ndarray, " row"],
    weights: Float[np.ndarray, " row"],
    groups: Int[np.ndarray, " row"],
) -> Interval:
    r"""A weighted share of rows that come in groups.

    .. math:: n^* = p (1 - p) / v, \quad
              v = \sum_g \Big( \sum_{i \in g} w_i (y_i - p) \Big)^2 / \Big( \sum_i w_i \Big)^2

    Rows of equal weight, each its own group, give the exact interval of `share`.

    Parameters
    ----------
    hits
        y, whether a row counts.
    weights
        w, how many each row stands for.
    groups
        Rows of one group say nearly the same, and count as little more than one.

    Raises
    ------
    DataError
        If there is no row, or no weight.

    Notes
    -----
    Clopper and Pearson's interval of the effective number of rows n*, as for the clusters of a
    survey. Where all rows are hits or none is, n* is that of the groups' weights,
    (Σ W)²/Σ W². E. L. Korn and B. I. Graubard, Surv. Methodol. 24, 193 (1998).
    """
    total = float(weights.sum())
    if total <= 0.0:
        return share(0.0, 0.0)
    value = float(weights @ hits) / total
    of_group = np.unique(groups, return_inverse=True)[1]
    residuals = np.bincount(of_group, weights * (hits - value))
    variance = float(residuals @ residuals) / total**2
    spread = value * (1.0 - value)
    of_weights = effective_number(np.bincount(of_group, weights))
    rows = spread / variance if min(spread, variance) > 1e-12 else of_weights
    rows = min(rows, float(hits.size))
    return share(value * rows, rows, value)


def effective_number(weights: Float[np.ndarray, " row"]) -> float:
    """How many rows of equal weight say as much: (Σ w)²/Σ w².

    Examples
    --------
    >>> effective_number(np.array([1.0, 1.0, 0.0]))
    2.0
    """
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def _three_digits(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 1000 else f"{value:.3g}"
