"""What given moments ask of a sampled α²F, and which of them contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.quantities import QUANTITIES
from betenet.superconductivity.integration import log_moment_weights, moment_weights

ORDERS: Mapping[str, int] = {"omega_log": 0, "omega_1": 1, "omega_2": 2, "omega_3": 3}
"""The moments that are averages over 2α²F/(λω), in the order in which they must increase."""


class MomentAverages:
    """Moments of spectra on one grid as averages over the distribution 2α²F/(λω) dω.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].

    Attributes
    ----------
    first
        The first sample that the rule ``"onset"`` gives a weight.
    coupling_weights
        λ is their sum with α²F, from that sample on [1].
    """

    def __init__(self, frequencies: Float[np.ndarray, " n_freq"]) -> None:
        half_coupling = moment_weights(frequencies, 0)
        self.first = int(np.argmax(half_coupling > 0.0))
        weights = half_coupling[self.first :]
        self.coupling_weights = 2.0 * weights
        self._averaged = {"omega_log": log_moment_weights(frequencies)[self.first :] / weights}
        for key, order in ORDERS.items():
            if order > 0:
                self._averaged[key] = moment_weights(frequencies, order)[self.first :] / weights

    def deviations(
        self, known: Mapping[str, float], kept: slice | np.ndarray
    ) -> Float[np.ndarray, "sample moment"]:
        """What must average to zero for the known moments: ln(ω/ω_log), (ω/ω_n)^n - 1.

        Parameters
        ----------
        known
            Moments by their keys [meV].
        kept
            Which samples, counted from the first.
        """
        columns = [
            self._averaged[key][kept] - np.log(value)
            if key == "omega_log"
            else self._averaged[key][kept] / value ** ORDERS[key] - 1.0
            for key, value in known.items()
        ]
        n_kept = self.coupling_weights[kept].size
        return np.stack(columns, axis=1) if columns else np.empty((n_kept, 0))


def check_order(known: Mapping[str, float]) -> None:
    """Moments must be positive, and in the order that every spectrum obeys.

    Parameters
    ----------
    known
        λ, moments and ω_max by their keys, those that are given [1 and meV].

    Raises
    ------
    SpectrumError
        If one is not a positive number, or two or three contradict each other; they are named.

    Notes
    -----
    ω_log < ω_1 < ω_2 < ω_3 < ω_max (Jensen's inequality), and ω_2⁴ ≤ ω_1 ω_3³ (Cauchy's: of the
    averages, ⟨ω²⟩² ≤ ⟨ω⟩⟨ω³⟩). What else can be wrong, the search for the spectrum finds.
    """
    for key, value in known.items():
        if not (np.isfinite(value) and value > 0.0):
            raise SpectrumError(
                f"{QUANTITIES[key].symbol} is {value}.",
                reason="It is a positive number for every spectrum.",
                fix="Leave it out if it is not known.",
            )
    present = [key for key in (*ORDERS, "omega_max") if key in known]
    for lower, upper in pairwise(present):
        if known[lower] >= known[upper]:
            raise SpectrumError(
                f"{describe(known, lower)} is not below {describe(known, upper)}.",
                reason="No spectrum has such moments: ω_log < ω_1 < ω_2 < ω_3 < ω_max.",
                fix="Check their units (meV), and that they belong to one spectrum.",
            )
    if {"omega_1", "omega_2", "omega_3"} <= set(present):
        middle, outer = known["omega_2"] ** 4, known["omega_1"] * known["omega_3"] ** 3
        if middle > outer:
            named = ", ".join(describe(known, key) for key in ("omega_1", "omega_2", "omega_3"))
            raise SpectrumError(
                f"{named}: ω_2⁴ is above ω_1 ω_3³.",
                reason="No spectrum has such moments (Cauchy's inequality).",
                fix="Check that they belong to one spectrum.",
            )


def describe(known: Mapping[str, float], key: str) -> str:
    """Symbol and value of a moment, as errors name it."""
    return f"{QUANTITIES[key].symbol} ({known[key]:g} meV)"
