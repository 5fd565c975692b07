"""``betenet tc --coupling …``: the critical temperature of typed-in numbers, by every formula."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

from betenet.cli.streams import CsvRows, FigureFolder
from betenet.cli.tc_analysis_text import band_lines, method_lines
from betenet.cli.tc_outputs import CSV_COLUMNS, numbers_row
from betenet.errors import ConfigError
from betenet.quantities import QUANTITIES, in_table_unit, table_unit
from betenet.superconductivity.analysis import Analysis, analyse_moments
from betenet.superconductivity.analysis_settings import AnalysisSettings
from betenet.superconductivity.comparison import NEEDS_OMEGA_2, NEEDS_OMEGA_LOG
from betenet.superconductivity.critical_temperature import METHODS
from betenet.superconductivity.mu_star_band import analyse_mu_star_band, band_to_dicts
from betenet.units import convert_frequency

_FLAGS = {NEEDS_OMEGA_2: "--omega-2", NEEDS_OMEGA_LOG: "--omega-log"}
_GIVEN = ("coupling", "omega_log", "omega_2")


def run_numbers(arguments: argparse.Namespace) -> int:
    """Print Tc by every method, and why one is missing or doubtful.

    Raises
    ------
    ConfigError
        If ω_2 is below ω_log, or an output cannot be written.
    """
    quantities = _quantities(arguments)
    settings = AnalysisSettings(
        mu_star=arguments.mu_star, methods=tuple(METHODS), debye_temperature=arguments.debye
    )
    found = analyse_moments(quantities, settings)
    band = analyse_mu_star_band(quantities, arguments.mu_star_band or (), settings)
    _write(arguments, found, band)
    shown = _as_json(arguments, found, band) if arguments.json else _as_text(arguments, found, band)
    sys.stdout.write(shown)
    return 0


def _quantities(arguments: argparse.Namespace) -> dict[str, float]:
    """λ, and the frequencies that were given [meV]."""
    unit: str = arguments.unit
    omega_log, omega_2 = arguments.omega_log, arguments.omega_2
    if omega_2 is not None and omega_2 < 0.999 * omega_log:
        # told in the user's unit, before the library does it in meV
        raise ConfigError(
            f"omega_2 ({omega_2:g} {unit}) is below omega_log ({omega_log:g} {unit}).",
            reason="No spectrum has such moments: ω_log is the smallest of the averages.",
            fix="Check whether the two were exchanged, or given in different units.",
        )
    given = {"omega_log": omega_log, "omega_2": omega_2}
    return {"coupling": arguments.coupling} | {
        key: float(convert_frequency(omega, unit, "meV"))
        for key, omega in given.items()
        if omega is not None
    }


def _write(arguments: argparse.Namespace, found: Analysis, band: Sequence[Analysis]) -> None:
    """The table and the figure, where they are asked for."""
    name: str = arguments.material
    if arguments.csv is not None:
        rows = CsvRows(arguments.csv, CSV_COLUMNS)
        for chosen, one in [("yes", found), *(("band", one) for one in band)]:
            origin = dict.fromkeys(CSV_COLUMNS, "") | {"material": name, "chosen": chosen}
            rows.write(origin | numbers_row(one))
        rows.close()
    if arguments.plot is not None:
        from betenet.plotting import plot_mu_star

        title = name or ", ".join(_inputs(found, arguments.table_unit or ""))
        figures = FigureFolder(arguments.plot)
        stem = figures.new_stem(name or "numbers")
        figures.draw(stem, "mu_star", lambda p: plot_mu_star(band, p, title=title))


def _inputs(found: Analysis, unit: str) -> Iterator[str]:
    """What was given, in words, with frequencies in a unit."""
    yield f"λ = {found.quantities['coupling']:g}"
    for key in _GIVEN[1:]:
        if key in found.quantities:
            value = float(in_table_unit(key, found.quantities[key], unit))
            yield f"{QUANTITIES[key].symbol} = {value:.4g} {table_unit(key, unit)}"
    if found.settings.debye_temperature is not None:
        yield f"Θ_D = {found.settings.debye_temperature:g} K"


def _remark(remark: str) -> str:
    """The reason, with the flag that removes it."""
    return f"{remark} ({_FLAGS[remark]})" if remark in _FLAGS else remark


def _as_text(arguments: argparse.Namespace, found: Analysis, band: Sequence[Analysis]) -> str:
    name = f"{arguments.material}: " if arguments.material else ""
    inputs = ", ".join(
        [*_inputs(found, arguments.table_unit or ""), f"μ* = {found.settings.mu_star:g}"]
    )
    rows = ((row.method, row.tc, _remark(row.remark)) for row in found.methods)
    lines = [f"{name}{inputs}", "", *method_lines(rows)]
    if band:
        lines += ["", *band_lines(band)]
    return "\n".join(lines) + "\n"


def _as_json(arguments: argparse.Namespace, found: Analysis, band: Sequence[Analysis]) -> str:
    exported: dict[str, object] = {"material": arguments.material or None}
    for key in _GIVEN:
        quantity, value = QUANTITIES[key], found.quantities.get(key)
        exported[quantity.export_key] = None if value is None else value * quantity.export_factor
    exported["mu_star"] = found.settings.mu_star
    exported["debye_temperature_kelvin"] = found.settings.debye_temperature
    exported["methods"] = {
        row.method: {
            "tc_kelvin": row.tc,
            "remark": _remark(row.remark),
            "source": row.source,
        }
        for row in found.methods
    }
    exported["mu_star_band"] = band_to_dicts(band)
    return json.dumps(exported, ensure_ascii=False, indent=2) + "\n"
