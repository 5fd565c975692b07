"""Results of the Eliashberg equations as plain tables for JSON, with keys that carry the unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from betenet.json_output import finite_or_none
from betenet.quantities import export
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import Transition

if TYPE_CHECKING:
    from betenet.superconductivity.eliashberg.inverse import FittedRepulsion
    from betenet.superconductivity.eliashberg.response import TcResponse
    from betenet.superconductivity.eliashberg.state import SuperconductingState
    from betenet.superconductivity.full_bandwidth import BandState, KernelTransition


def transition_to_dict(transition: Transition) -> dict[str, object]:
    """Tc of one spectrum with its cutoff, repulsion and status."""
    repulsion = transition.coulomb
    return {
        "tc_kelvin": float(np.ravel(transition.tc)[0]),
        **_numbers(
            cutoff=repulsion.cutoff[0],
            mu_star_frequency=repulsion.mu_star_frequency[0],
            mu_star_cutoff=repulsion.mu_star_cutoff[0],
        ),
        "cutoff_change": float(np.ravel(transition.cutoff_change)[0]),
        "status": status_name(status_of(transition.status)),
    }


def state_to_dict(state: SuperconductingState) -> dict[str, object]:
    """Gap, sweep of temperatures, density of states."""
    return {
        **_numbers(
            gap=state.gap, gap_ratio=state.gap_ratio, specific_heat_jump=state.specific_heat_jump
        ),
        "condensation_ratio": state.condensation_ratio,
        "gap_spread": state.gap_spread,
        "gap_status": status_name(state.gap_status),
        "problems": list(state.problems),
        "temperatures_kelvin": state.temperatures.tolist(),
        "gaps_mev": state.gaps.tolist(),
        "imaginary_gaps_mev": [float(solution.gap[0]) for solution in state.solutions],
        "gap_statuses": [status_name(status) for status in state.gap_statuses],
        "free_energy_mev2": state.free_energy.tolist(),
        "critical_field_ratio": state.critical_field_ratio.tolist(),
        "deviation": state.deviation.tolist(),
        "dos_energies_mev": state.dos_energies.tolist(),
        "dos": state.dos.tolist(),
    }


def response_to_dict(response: TcResponse) -> dict[str, object]:
    """Isotope coefficient and δTc/δα²F."""
    return {
        **_numbers(isotope_coefficient=response.isotope_coefficient),
        "derivative_kelvin_per_mev": response.derivative.tolist(),
    }


def bands_to_dict(
    bands: BandState, with_kernel: KernelTransition | None = None
) -> dict[str, object]:
    """Tc and gap with N(ε), beside Tc with a constant density of states, and with W(ε, ε′)."""
    found = bands.transition
    kernel: dict[str, object] = {}
    if with_kernel is not None:
        kernel = {
            "kernel_tc_kelvin": with_kernel.tc,
            "kernel_mu": with_kernel.mu,
            "kernel_status": status_name(with_kernel.status),
        }
    return {
        **kernel,
        "tc_kelvin": float(found.tc),
        "constant_tc_kelvin": float(found.constant_tc),
        **_numbers(cutoff=found.coulomb.cutoff[0], mu_star_cutoff=found.coulomb.mu_star_cutoff[0]),
        "chemical_potential_mev": float(found.chemical_potential),
        "cutoff_change": float(found.cutoff_change),
        "beyond_change": float(found.beyond_change),
        "status": status_name(status_of(found.status)),
        **_numbers(gap=bands.gap, gap_ratio=bands.gap_ratio),
        "gap_status": status_name(bands.gap_status),
        "temperatures_kelvin": [solution.temperature for solution in bands.solutions],
        "imaginary_gaps_mev": [float(solution.gap[0]) for solution in bands.solutions],
        "chemical_potentials_mev": [solution.mu for solution in bands.solutions],
    }


def fitted_to_dict(fitted: FittedRepulsion, tc: float) -> dict[str, object]:
    """The measured Tc, and the repulsion that reproduces it."""
    return {
        "tc_kelvin": tc,
        **_numbers(
            mu_star=fitted.mu_star,
            mu_star_frequency=fitted.mu_star_frequency,
            cutoff=fitted.cutoff,
            mu_star_cutoff=fitted.mu_star_cutoff,
        ),
        "status": status_name(status_of(fitted.status)),
    }


def status_of(statuses: np.ndarray) -> Status:
    """The status of a result for one spectrum."""
    return cast("Status", np.ravel(statuses)[0])


def status_name(status: Status) -> str:
    """A status in one word, as ``cutoff_too_low``."""
    return status.name.lower()


def without_nan(value: object) -> object:
    """A value with None for every number that is not finite, inside lists and tables too."""
    if isinstance(value, float):
        return finite_or_none(value)
    if isinstance(value, Mapping):
        table = cast("Mapping[object, object]", value)
        return {str(key): without_nan(item) for key, item in table.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in cast("Sequence[object]", value)]
    return value


def _numbers(**values: object) -> dict[str, object]:
    """Quantities by key, renamed and in the units of files."""
    arrays = {key: np.asarray(value, dtype=np.float64) for key, value in values.items()}
    return {key: float(value) for key, value in export(arrays).items()}
