"""Rows of a table: one for each column of a file, each μ* of a band, each analysis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from betenet.analysis import experiments
from betenet.errors import BetenetError
from betenet.quantities import QUANTITIES, export
from betenet.superconductivity.comparison import MethodResult, error_is_known
from betenet.superconductivity.critical_temperature import ALL_METHODS
from betenet.tables import as_cell

if TYPE_CHECKING:
    from betenet.analysis.file_analysis import Chosen, FileAnalysis
    from betenet.analysis.result import Analysis
    from betenet.superconductivity.full_bandwidth import BandState

_MOMENTS = ("coupling", "omega_log", "omega_1", "omega_2", "omega_3", "omega_max")
_STATE = ("gap", "gap_ratio", "specific_heat_jump", "isotope_coefficient")
_BANDS = (
    *("full_bandwidth_tc_kelvin", "full_bandwidth_constant_tc_kelvin", "full_bandwidth_gap_mev"),
    *("full_bandwidth_gap_ratio", "chemical_potential_mev", "beyond_change"),
    *("kernel_tc_kelvin", "kernel_mu"),
)
_EQUATIONS = ("mu_star_frequency", "cutoff", "mu_star_cutoff")

BAND = "band"
"""What the column ``chosen`` holds in the rows of a band of μ*."""

_ENDS = ("low_95", "high_95")


def _tc_columns(method: str) -> tuple[str, ...]:
    """Column of a method's Tc, and of the ends of its interval where its error is known."""
    first = f"tc_kelvin_{method}"
    return (first, *(f"{first}_{end}" for end in _ENDS)) if error_is_known(method) else (first,)


COLUMNS = (
    *("name", "material", "format", "unit", "column", "smearing", "smearing_unit", "chosen"),
    *(QUANTITIES[key].export_key for key in _MOMENTS),
    *("tc_kelvin", "tc_method"),
    *(column for method in ALL_METHODS for column in _tc_columns(method)),
    *("mu_star", "debye_temperature_kelvin", *(QUANTITIES[key].export_key for key in _EQUATIONS)),
    *(QUANTITIES[key].export_key for key in _STATE),
    *_BANDS,
    *experiments.COLUMNS,
    *("measured_tc_kelvin", "fitted_mu_star", "coupling_by_mode"),
    *("quality", "rule", "remarks", "warnings", "error"),
)
"""Columns of the table; a quantity's unit is part of its column's name."""


def analysis_row(analysis: Analysis) -> dict[str, object]:
    """Numbers and words of one analysis, by column."""
    values = {key: analysis.quantities.get(key, math.nan) for key in _MOMENTS}
    if analysis.transition is not None:
        repulsion = analysis.transition.coulomb
        values |= {key: float(getattr(repulsion, key)[0]) for key in _EQUATIONS}
    if analysis.state is not None:
        values |= {key: float(getattr(analysis.state, key)) for key in _STATE[:3]}
    if analysis.response is not None:
        values["isotope_coefficient"] = analysis.response.isotope_coefficient
    row: dict[str, object] = {key: float(value) for key, value in export(values).items()}
    if analysis.bands is not None:
        row |= _band_cells(analysis.bands)
    if analysis.kernel_transition is not None:
        row["kernel_tc_kelvin"] = analysis.kernel_transition.tc
        row["kernel_mu"] = analysis.kernel_transition.mu
    if analysis.observed is not None:
        row |= experiments.observed_row(analysis.observed)
    for found in analysis.methods:
        row |= _tc_cells(found)
    if analysis.fitted is not None:
        row["fitted_mu_star"] = float(analysis.fitted.mu_star)
    return row | {
        "tc_kelvin": analysis.best.tc,
        "tc_method": analysis.best.method,
        "mu_star": analysis.mu_star,
        "debye_temperature_kelvin": analysis.settings.debye_temperature,
        "measured_tc_kelvin": analysis.settings.measured_tc,
        "quality": "" if analysis.quality is None else analysis.quality.severity,
        "rule": "" if analysis.spectrum is None else analysis.spectrum.rule,
        "remarks": "; ".join(f"{r.method}: {r.remark}" for r in analysis.methods if r.remark),
    }


def _band_cells(bands: BandState) -> dict[str, object]:
    """Tc and gap with N(ε)."""
    found = bands.transition
    return {
        "full_bandwidth_tc_kelvin": float(found.tc),
        "full_bandwidth_constant_tc_kelvin": float(found.constant_tc),
        "full_bandwidth_gap_mev": bands.gap,
        "full_bandwidth_gap_ratio": bands.gap_ratio,
        "chemical_potential_mev": float(found.chemical_potential),
        "beyond_change": float(found.beyond_change),
    }


def _tc_cells(found: MethodResult) -> dict[str, object]:
    values = (found.tc, *(found.interval_95 or ()))
    return dict(zip(_tc_columns(found.method), values, strict=False))


def file_rows(result: FileAnalysis) -> Iterator[dict[str, object]]:
    """One row for each column of a file, and for each μ* of the band of one."""
    origin: dict[str, object] = {"name": result.name, "material": result.material}
    if result.file is None:
        yield origin | {"error": "" if result.error is None else result.error.in_one_line()}
        return
    origin |= {
        "format": result.file.format,
        "unit": result.file.unit,
        "smearing_unit": result.file.smearing_unit or "",
        "warnings": "; ".join(result.file.warnings),
    }
    in_full = {item.column: item for item in result.chosen}
    if None in in_full:
        yield from _chosen_rows(origin | {"column": "mean"}, in_full[None])
    for number, entry in enumerate(result.columns, start=1):
        row = origin | {"column": number, "smearing": result.smearing(number)}
        if number in in_full and not isinstance(entry, BetenetError):
            yield from _chosen_rows(row, in_full[number])
        elif isinstance(entry, BetenetError):
            chosen = "yes" if number in in_full else "no"
            yield row | {"chosen": chosen, "error": entry.in_one_line()}
        else:
            yield row | {"chosen": "no"} | analysis_row(entry)


def _chosen_rows(row: dict[str, object], chosen: Chosen) -> Iterator[dict[str, object]]:
    """Rows of a spectrum that was looked at in full, and of its band."""
    if chosen.modes is not None:
        row["coupling_by_mode"] = " ".join(as_cell(float(x)) for x in chosen.modes.coupling)
    yield row | {"chosen": "yes"} | analysis_row(chosen.analysis)
    yield from band_rows(row, chosen.band)


def band_rows(row: Mapping[str, object], band: tuple[Analysis, ...]) -> Iterator[dict[str, object]]:
    """A row for each μ* of a band."""
    return ({**row, "chosen": BAND, **analysis_row(found)} for found in band)


def as_cells(row: Mapping[str, object]) -> dict[str, str]:
    """The cells of a row of a CSV file: six digits, and nothing where a number is not known."""
    return {column: as_cell(row.get(column)) for column in COLUMNS}
