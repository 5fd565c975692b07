"""Figures of spectra and of what is computed from them.

Everything is drawn with matplotlib's object interface: no window, no current figure, no global
style. Give a path to get a file, or axes to draw into.
"""

from __future__ import annotations

from betenet.plotting.canvas import FIGURE_SIZE
from betenet.plotting.gaps import plot_band_gaps, plot_gap_distributions
from betenet.plotting.modes import plot_modes
from betenet.plotting.phonons import plot_phonons
from betenet.plotting.spectrum import PredictedSpectrum, PrintedEstimate, plot_sites, plot_spectrum
from betenet.plotting.superconductivity import (
    plot_analysis,
    plot_mu_star,
    plot_resistivity,
    plot_smearings,
    plot_state,
)

__all__ = [
    "FIGURE_SIZE",
    "PredictedSpectrum",
    "PrintedEstimate",
    "plot_analysis",
    "plot_band_gaps",
    "plot_gap_distributions",
    "plot_modes",
    "plot_mu_star",
    "plot_phonons",
    "plot_resistivity",
    "plot_sites",
    "plot_smearings",
    "plot_spectrum",
    "plot_state",
]
