"""What experiments see of one spectrum: as text, as tables for JSON, as cells of a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from betenet.analysis.words import four_digits, wrapped

if TYPE_CHECKING:
    from betenet.superconductivity.observables import Observed, UpperCriticalField

COLUMNS = (
    "sommerfeld_mj_per_mol_k2",
    "critical_field_clean_tesla",
    "critical_field_dirty_tesla",
    "critical_slope_clean_tesla_per_kelvin",
    "critical_slope_dirty_tesla_per_kelvin",
    "coherence_length_nm",
    "penetration_depth_clean_nm",
    "penetration_depth_dirty_nm",
)
"""Columns of the table: values at T = 0, with the unit in the name."""

_LIMITS = ("clean", "dirty")
_SHOWN_STEP = 3  # of the sweeps of temperature, in text


def observed_row(found: Observed) -> dict[str, object]:
    """Values at T = 0 by column."""
    row: dict[str, object] = {
        "sommerfeld_mj_per_mol_k2": found.sommerfeld,
        "coherence_length_nm": found.coherence_length,
    }
    for limit, depths in zip(_LIMITS, (found.clean_depths, found.dirty_depths), strict=True):
        field = found.field_of(limit)
        if field is not None:
            row[f"critical_field_{limit}_tesla"] = field.at_zero
            row[f"critical_slope_{limit}_tesla_per_kelvin"] = field.slope
        if depths.size:
            row[f"penetration_depth_{limit}_nm"] = float(depths[0])
    return row


def observed_to_dict(found: Observed) -> dict[str, object]:
    """Numbers of the bands, values at T = 0, and every curve."""
    bands, tunnelling = found.bands, found.tunnelling
    data: dict[str, object] = {
        "fermi_dos_per_ev": bands.fermi_dos,
        "formula_units": bands.formula_units,
        "fermi_velocity_1e6_m_per_s": bands.fermi_velocity,
        "residual_resistivity_micro_ohm_cm": bands.residual_resistivity,
        "cell_volume_cubic_angstrom": bands.volume,
        "plasma_energy_ev": bands.plasma_energy,
        **dict.fromkeys(COLUMNS),
        **observed_row(found),
        "pauli_limit_tesla": found.pauli_limit,
        "upper_critical_field": {field.limit: _field_to_dict(field) for field in found.fields},
        "penetration_depth": {
            "temperatures_kelvin": found.temperatures.tolist(),
            "clean_nm": found.clean_depths.tolist(),
            "dirty_nm": found.dirty_depths.tolist(),
        },
        "tunnelling": None,
        "notes": list(found.notes),
    }
    if tunnelling is not None:
        data["tunnelling"] = {
            "temperature_kelvin": tunnelling.temperature,
            "broadening_mev": tunnelling.broadening,
            "voltages_mv": tunnelling.voltages.tolist(),
            "conductance": tunnelling.conductance.tolist(),
            "derivative_per_mv": tunnelling.derivative.tolist(),
        }
    return data


def _field_to_dict(field: UpperCriticalField) -> dict[str, object]:
    return {
        "temperatures_kelvin": field.temperatures.tolist(),
        "fields_tesla": field.fields.tolist(),
        "slope_tesla_per_kelvin": field.slope,
        "ginzburg_landau_length_nm": field.coherence_length,
        "reduced": field.reduced,
    }


def observed_lines(found: Observed) -> Iterator[str]:
    """What experiments see, with the approximation of each."""
    yield "what experiments see"
    bands = found.bands
    if np.isfinite(found.sommerfeld):
        share = "" if bands.formula_units == 1.0 else f", {bands.formula_units:g} of them a cell"
        yield (
            f"  γ = {found.sommerfeld:.4g} mJ mol⁻¹ K⁻²   "
            f"(N(E_F) = {bands.fermi_dos:.4g} per eV and cell, both spins{share})"
        )
    for field in found.fields:
        yield (
            f"  μ₀H_c2(0) = {four_digits(field.at_zero)} T in the {field.limit} limit   "
            f"ξ(0) = {four_digits(field.coherence_length)} nm   "
            f"-μ₀dH_c2/dT = {four_digits(field.slope)} T/K at Tc"
        )
    if np.isfinite(found.coherence_length):
        yield f"  ξ₀ = {four_digits(found.coherence_length)} nm of the clean metal (Pippard)"
    for limit, depths in zip(_LIMITS, (found.clean_depths, found.dirty_depths), strict=True):
        if depths.size:
            yield f"  λ(0) = {four_digits(float(depths[0]))} nm in the {limit} local limit"
    yield from _sweep_lines(found)
    if found.tunnelling is not None:
        height = float(np.max(found.tunnelling.conductance))
        at = float(found.tunnelling.voltages[int(np.argmax(found.tunnelling.conductance))])
        yield (
            f"  dI/dV at {found.tunnelling.temperature:g} K: {found.tunnelling.conductance[0]:.3g} "
            f"of the normal metal at zero bias, {height:.3g} at {four_digits(at)} mV "
            f"(Γ = {found.tunnelling.broadening:g} meV)"
        )
    if found.fields:
        yield from wrapped(
            "Fields are those of orbits on a spherical Fermi surface; spins alone would break "
            f"pairs at {found.pauli_limit:.3g} T (Pauli), which is not in them."
        )
    for note in found.notes:
        yield from wrapped(f"note: {note}")


def _sweep_lines(found: Observed) -> Iterator[str]:
    """H_c2 by temperature; all limits have the same temperatures."""
    chosen = slice(None, None, _SHOWN_STEP)
    for number, field in enumerate(found.fields):
        if number == 0:
            shown = (four_digits(t) for t in field.temperatures[chosen].tolist())
            yield f"  {'T (K)':<18}" + "".join(f"{text:>9}" for text in shown)
        shown = (four_digits(value) for value in field.fields[chosen].tolist())
        name = f"μ₀H_c2 (T), {field.limit}"
        yield f"  {name:<18}" + "".join(f"{text:>9}" for text in shown)
