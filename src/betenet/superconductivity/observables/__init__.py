"""What experiments see, from α²F and numbers of the bands: fields, lengths, tunnelling.

``electrodynamics`` (γ, ξ₀, penetration depth), ``upper_critical_field``, ``tunnelling`` (dI/dV,
d²I/dV²) and its ``inversion`` (α²F from N(ω)); ``experiment`` has all that the known numbers
suffice for.
"""

from betenet.superconductivity.observables.electrodynamics import (
    clean_penetration_depth,
    dirty_penetration_depth,
    pippard_length,
    sommerfeld_constant,
)
from betenet.superconductivity.observables.experiment import (
    BandNumbers,
    Observed,
    Tunnelling,
    observe,
)
from betenet.superconductivity.observables.inversion import Inversion, invert_tunnelling
from betenet.superconductivity.observables.tunnelling import conductance, density_of_states
from betenet.superconductivity.observables.upper_critical_field import (
    UpperCriticalField,
    diffusion_constant,
    upper_critical_field,
)

__all__ = [
    "BandNumbers",
    "Inversion",
    "Observed",
    "Tunnelling",
    "UpperCriticalField",
    "clean_penetration_depth",
    "conductance",
    "density_of_states",
    "diffusion_constant",
    "dirty_penetration_depth",
    "invert_tunnelling",
    "observe",
    "pippard_length",
    "sommerfeld_constant",
    "upper_critical_field",
]
