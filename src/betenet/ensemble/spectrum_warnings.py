"""What is suspicious in a predicted spectrum itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from betenet.superconductivity.moments import CheckedMoments

TOP_BINS = 4
TOP_SHARE = 0.01
"""Share of α²F in the last bins from which modes are said to be cut off."""
SOFT = 0.1
"""Frequencies below this share of ω_2 are soft."""
SOFT_SHARE = 0.1
"""Share of λ from soft modes that is told. Of ten first-principles spectra of stable crystals none
has more than 0.02; 1 % of the training structures are predicted to have more than 0.107."""


def spectrum_warnings(
    frequencies: Float[np.ndarray, " n_freq"], a2f: Float[np.ndarray, " n_freq"]
) -> Iterator[str]:
    """Warnings where α²F does not end before the grid does, or soft modes carry much of λ.

    Parameters
    ----------
    frequencies
        Grid, valid [meV].
    a2f
        Mean of the members' α²F, finite [1].
    """
    weights = np.gradient(frequencies) * a2f
    share = weights[-TOP_BINS:].sum() / max(weights.sum(), 1e-300)
    if share >= TOP_SHARE:
        yield (
            f"{share:.0%} of α²F lies at the top of the grid, {frequencies[-1]:.0f} meV: "
            "higher modes may be cut off"
        )
    found = CheckedMoments(frequencies, a2f)
    coupling = found.cumulative_coupling()
    edge = SOFT * float(found.omega_n(2))
    if not coupling[-1] > 0.0:
        return
    soft = float(np.interp(edge, frequencies, coupling) / coupling[-1])
    if soft >= SOFT_SHARE:
        yield (
            f"{soft:.0%} of λ comes from below {edge:.2g} meV, a tenth of ω_2, where stable "
            "crystals have next to none: neither λ nor ω_log is sure"
        )
