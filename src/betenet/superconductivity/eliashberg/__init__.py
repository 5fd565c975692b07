"""Isotropic Migdal-Eliashberg theory: Tc, gap, thermodynamics and what Tc depends on.

``kernel`` and ``matsubara`` → ``linearised`` → ``transition`` (Tc), ``response``, ``inverse`` (μ*);
``gap_equations`` → ``continuation`` → ``gap`` (Δ₀ of many); ``phonon_convolution`` → ``real_axis``
(Δ(ω)); ``thermodynamics``; all of these → ``state``.
"""

from betenet.superconductivity.eliashberg.conventions import (
    CONVENTIONS,
    DEFAULT_CONVENTION,
    Convention,
)
from betenet.superconductivity.eliashberg.coulomb import Coulomb, rescale
from betenet.superconductivity.eliashberg.gap import Gap, eliashberg_gap
from betenet.superconductivity.eliashberg.inverse import FittedRepulsion, fit_mu_star
from betenet.superconductivity.eliashberg.real_axis import RealAxis, continue_to_real_axis
from betenet.superconductivity.eliashberg.response import TcResponse, tc_response
from betenet.superconductivity.eliashberg.state import SuperconductingState, superconducting_state
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import Transition, eliashberg_tc

__all__ = [
    "CONVENTIONS",
    "DEFAULT_CONVENTION",
    "Convention",
    "Coulomb",
    "FittedRepulsion",
    "Gap",
    "RealAxis",
    "Status",
    "SuperconductingState",
    "TcResponse",
    "Transition",
    "continue_to_real_axis",
    "eliashberg_gap",
    "eliashberg_tc",
    "fit_mu_star",
    "rescale",
    "superconducting_state",
    "tc_response",
]
