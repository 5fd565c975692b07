"""How a calculation ended: each status says what to make of the number, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import numpy as np


class Status(Enum):
    """How a solution of the Eliashberg equations ended; the text names the remedy."""

    CONVERGED = "converged"
    NO_COUPLING = (
        "α²F carries no positive weight (λ ≤ 0), so nothing pairs: check the spectrum, "
        "its sign and its unit"
    )
    NOT_SUPERCONDUCTING = (
        "no superconductivity above the lowest temperature that was looked at (1 mK if no other "
        "was given): the repulsion wins, or Tc is smaller still"
    )
    CUTOFF_TOO_LOW = (
        "Tc still moves by more than 0.1 % when the cutoff ω_c of the sums is doubled: give a "
        "higher cutoff, or take that change as an error of Tc"
    )
    NOT_CONVERGED = (
        "the iteration did not settle: look at the spectrum's quality report (negative weight, "
        "spikes), or smooth it"
    )
    ABOVE_TC = "the temperature lies at or above Tc, where the gap is zero: choose a lower one"
    CONTINUATION_UNSTABLE = (
        "two ways to find the gap at real frequencies (the exact continuation from the imaginary "
        "axis, and Padé approximants) differ by more than 1 %: compare with Δ(iπT), the gap "
        "function at the lowest Matsubara frequency"
    )
    NO_EDGE = (
        "thermal phonons blur the gap at this temperature until it has no edge (no ω solves "
        "Re Δ(ω) = ω), so Δ(iπT) is given, the gap function at the lowest Matsubara frequency: "
        "choose a lower temperature for an edge"
    )
    NEEDS_ATTRACTION = (
        "the spectrum's Tc stays below the given one even without repulsion (μ* = 0): "
        "λ is too small or the phonons are too soft for it; check both"
    )
    NO_REPULSION_SUFFICES = (
        "the spectrum's Tc stays above the given one whatever the repulsion: λ is too large or "
        "the phonons are too hard for it; check both"
    )

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def is_good(self) -> bool:
        """Whether the number can be used as it is: also a Tc of zero is an answer."""
        return self in {Status.CONVERGED, Status.NOT_SUPERCONDUCTING, Status.ABOVE_TC}


def first_status(cases: Sequence[tuple[np.ndarray, Status]]) -> np.ndarray:
    """The status of the first case that holds, for each row; ``CONVERGED`` where none does."""
    found = np.full(cases[0][0].shape, Status.CONVERGED, dtype=object)
    for holds, status in reversed(cases):
        found[holds] = status
    return found
