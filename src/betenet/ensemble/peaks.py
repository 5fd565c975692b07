"""Spectra with the moments of networks and the peaks of a phonon density of states."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.network.phonon_shares import phonon_shares
from betenet.phonon_dos import PhononDos
from betenet.superconductivity.moments import moments
from betenet.superconductivity.stretching import stretched
from betenet.superconductivity.tilting import tilted

HELD = ("coupling", "omega_log", "omega_2")
"""Moments that a spectrum keeps."""


def on_vibrations(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "member n_freq"],
    sites: Float[np.ndarray, "site n_freq"],
    dos: PhononDos,
    corrections: Float[np.ndarray, " 3"] | None = None,
) -> tuple[Float[np.ndarray, "member n_freq"], Float[np.ndarray, "site n_freq"]]:
    """Spectra of the members, and what the sites contribute, on the vibrations of the cell.

    The spectrum of each member becomes the one nearest to the phonon density of states that has its
    λ, ω_log and ω_2 (`superconductivity.tilting`): α²F(ω) = c(ω) Σ_s g_s(ω). A member whose moments
    these vibrations cannot have keeps the peaks of its network; one without a spectrum has none.

    Parameters
    ----------
    frequencies
        Grid of the network [meV].
    a2f
        α²F of each member [1].
    sites
        Contribution of each site to their mean [1].
    dos
        Phonon density of states, with the share of each site or without.
    corrections
        Added to ln λ, ln ω_log and ln ω_2 of each member; nothing if absent.
    """
    added = np.zeros(len(HELD)) if corrections is None else corrections
    known = moments(frequencies, a2f)
    targets = np.stack([known[name] for name in HELD], axis=-1) * np.exp(added)
    vibrations = phonon_shares(frequencies, dos) / frequencies
    some = a2f.any(1)
    spectra, reached = np.zeros_like(a2f), np.ones(len(a2f), dtype=bool)
    spectra[some], reached[some] = tilted(frequencies, vibrations.sum(0), targets[some])
    factors = (float(np.exp(added[0])), float(np.exp(added[1])), float(np.exp(added[2])))
    for member in np.flatnonzero(~reached).tolist():
        spectra[member] = stretched(frequencies, a2f[[member]], a2f[member], factors)[0]
    return spectra, _site_shares(vibrations, sites) * spectra.mean(0)


def _site_shares(
    vibrations: Float[np.ndarray, "vibrating n_freq"], sites: Float[np.ndarray, "site n_freq"]
) -> Float[np.ndarray, "site n_freq"]:
    """Share of each site at each frequency: that of its vibrations, or as the networks say."""
    known = vibrations if len(vibrations) == len(sites) and vibrations.any() else sites
    total = known.sum(0)
    of_all = known.sum(1, keepdims=True) / known.sum()
    return np.where(total > 0.0, known / np.where(total > 0.0, total, 1.0), of_all)
