"""Findings of predictions whose intervals say next to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from betenet.ensemble.estimates import Summary
from betenet.known.findings import COUPLING_UNKNOWN, TC_UNCERTAIN, Finding

WIDE = 6.0
"""Ratio of the ends of the 68 % interval of λ from which λ is said not to be known."""
MUCH_HIGHER = 15.0
"""How far the 95 % interval of Tc reaches above its value before that is told [K]. Predictions of
one formula in eleven do; nine in ten of the largest errors of high Tc, of hydrides and of cells
under pressure are among them (``benchmarks/tail_warnings.py``)."""

NO_TC = 0.01
"""Tc below which a crystal is as good as no superconductor [K]."""


def wide_intervals(
    summary: Summary, relatives: Callable[[], Sequence[tuple[str, float]]]
) -> Iterator[Finding]:
    """Intervals of λ and Tc that are so wide that a reader must be told.

    Parameters
    ----------
    summary
        Quantities of a prediction.
    relatives
        Gives formula and first-principles λ of the training structures of nearest composition,
        none if they are not known; called where they are told.
    """
    low, high = summary.estimates["coupling"].interval_68
    if high > WIDE * low:
        text = f"λ is hardly known: its 68 % interval is {low:.2f} to {high:.2f}"
        yield Finding(COUPLING_UNKNOWN, text)
    tc = summary.estimates["tc"]
    low, high = tc.interval_95
    if high - tc.value > MUCH_HIGHER:
        known = _in_words(relatives())
        beside = f"; the nearest in training are {known}" if known else ""
        lowest = f"{low:.2g}" if low >= NO_TC else "0"
        yield Finding(TC_UNCERTAIN, f"Tc may be anything from {lowest} to {high:.3g} K{beside}")


def _in_words(relatives: Sequence[tuple[str, float]]) -> str:
    """Formulas with their λ, the lowest and the highest where there are several."""
    found: dict[str, list[float]] = {}
    for formula, coupling in relatives:
        found.setdefault(formula, []).append(coupling)
    ends = {name: dict.fromkeys((f"{min(v):.2g}", f"{max(v):.2g}")) for name, v in found.items()}
    return ", ".join(f"{name} (λ = {' to '.join(values)})" for name, values in ends.items())
