"""Eliashberg theory with the electrons' density of states N(ε) and a moving chemical potential.

``electron_dos`` → ``normal_state`` (Z, χ, μ) → ``transition`` (Tc) → ``state`` (below Tc);
``static_coulomb``: Tc with W(ε, ε′) instead of μ*.
"""

from betenet.superconductivity.full_bandwidth.electron_dos import ElectronDos
from betenet.superconductivity.full_bandwidth.state import (
    REDUCED_TEMPERATURES,
    BandSolution,
    BandState,
    band_state,
)
from betenet.superconductivity.full_bandwidth.static_coulomb import (
    KernelTransition,
    StaticKernel,
    kernel_tc,
)
from betenet.superconductivity.full_bandwidth.transition import BandTransition, band_tc

__all__ = [
    "REDUCED_TEMPERATURES",
    "BandSolution",
    "BandState",
    "BandTransition",
    "ElectronDos",
    "KernelTransition",
    "StaticKernel",
    "band_state",
    "band_tc",
    "kernel_tc",
]
