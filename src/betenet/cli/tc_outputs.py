"""Where ``betenet tc FILE`` puts what it found in each file: text, rows of a table, figures.

Each output takes one file at a time and has put it away when ``write`` returns, so that an
interrupt loses nothing that was done.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from betenet.cli.streams import FigureFolder
from betenet.cli.tc_result import FileResult
from betenet.cli.tc_text import result_lines, table_lines
from betenet.errors import BetenetError
from betenet.quantities import QUANTITIES, export
from betenet.superconductivity.analysis import Analysis
from betenet.superconductivity.analysis_settings import ALL_METHODS

_MOMENTS = ("coupling", "omega_log", "omega_1", "omega_2", "omega_3", "omega_max")
_STATE = ("gap", "gap_ratio", "specific_heat_jump", "isotope_coefficient")
_EQUATIONS = ("mu_star_frequency", "cutoff", "mu_star_cutoff")
_SUFFIX = r"(?i)\.(a2f|a2fw?|csv|dat|json|nc|out|txt)$"

CSV_COLUMNS = (
    *("name", "format", "unit", "column", "smearing", "smearing_unit", "chosen"),
    *(QUANTITIES[key].export_key for key in _MOMENTS),
    *("tc_kelvin", "tc_method"),
    *(f"tc_kelvin_{method}" for method in ALL_METHODS),
    *("mu_star", *(QUANTITIES[key].export_key for key in _EQUATIONS)),
    *(QUANTITIES[key].export_key for key in _STATE),
    *("measured_tc_kelvin", "fitted_mu_star", "quality", "rule", "remarks", "warnings", "error"),
)
"""Columns of the table; a quantity's unit is part of its column's name."""


class TextOutput:
    """Text for people, on stdout."""

    def __init__(self) -> None:
        self._started = False
        self._series: dict[Path, list[FileResult]] = {}

    def write(self, result: FileResult) -> None:
        """Print what was found; errors are told on stderr instead."""
        folder = series_folder(result)
        if folder is not None:
            self._series.setdefault(folder, []).append(result)
        if result.error is not None:
            return
        text = "\n".join(result_lines(result))
        sys.stdout.write(("\n" if self._started else "") + text + "\n")
        sys.stdout.flush()
        self._started = True

    def close(self) -> None:
        """Print how λ and Tc move along each series of files."""
        for folder, results in self._series.items():
            if len(results) > 1:
                ordered = sorted(results, key=series_number)
                rows = [(Path(r.name).name, _entry(r)) for r in ordered]
                lines = "\n".join(f"  {line}".rstrip() for line in table_lines(rows, "file"))
                sys.stdout.write(f"\nthe smearings in {folder}\n{lines}\n")


class FigureOutput:
    """Figures of each spectrum: α²F, smearings, superconducting state, resistivity.

    Parameters
    ----------
    folder
        Folder of the figures; it is made if it is missing.

    Raises
    ------
    ConfigError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._figures = FigureFolder(folder)
        self._series: dict[Path, list[FileResult]] = {}

    def write(self, result: FileResult) -> None:
        """Draw the figures of one file."""
        folder = series_folder(result)
        if folder is not None:
            self._series.setdefault(folder, []).append(result)
        if result.error is not None:
            return
        stem = self._figures.new_stem(result.name, suffix=_SUFFIX)
        if len(result.usable) > 1 and not result.is_ensemble:
            numbers, found = zip(*result.usable, strict=True)
            values = [result.smearing(number) for number in numbers]
            unit = result.file.smearing_unit if result.file is not None else None
            known = all(value is not None for value in values)
            label = f"smearing ({unit})" if unit else "smearing"
            self._draw_smearings(
                stem, values if known else numbers, found, label if known else "column"
            )
        for chosen in result.chosen:
            column = chosen.column if len(result.chosen) > 1 else None
            self._draw(stem + ("" if column is None else f"_{column}"), chosen.analysis)

    def close(self) -> None:
        """Draw how λ and Tc move along each series of files."""
        for folder, results in self._series.items():
            usable = [r for r in sorted(results, key=series_number) if r.usable]
            if len(usable) > 1:
                stem = self._figures.new_stem(folder.resolve().name or "files", suffix="$^")
                numbers = [series_number(r) for r in usable]
                found = [r.usable[0][1] for r in usable]
                self._draw_smearings(stem, numbers, found, "number of the smearing")

    def _draw(self, stem: str, analysis: Analysis) -> None:
        from betenet.plotting import plot_analysis, plot_resistivity, plot_state

        if analysis.spectrum is not None:
            title = stem.replace("_", " ")
            self._figures.draw(stem, "a2f", lambda p: plot_analysis(analysis, p, title=title))
        state, rho = analysis.state, analysis.resistivity
        if state is not None and state.temperatures.size:
            self._figures.draw(stem, "state", lambda p: plot_state(state, p))
        if rho is not None:
            self._figures.draw(stem, "resistivity", lambda p: plot_resistivity(rho, p))

    def _draw_smearings(
        self, stem: str, values: object, found: tuple[Analysis, ...] | list[Analysis], label: str
    ) -> None:
        from betenet.plotting import plot_smearings

        x = np.asarray(values, dtype=np.float64)
        self._figures.draw(stem, "smearings", lambda p: plot_smearings(x, found, p, label=label))


def csv_rows(result: FileResult) -> Iterator[dict[str, str]]:
    """One flat row for each column of a file; what is not known stays empty."""
    empty = dict.fromkeys(CSV_COLUMNS, "") | {"name": result.name}
    if result.file is None:
        yield empty | {"error": _one_line(result.error)}
        return
    origin = empty | {
        "format": result.file.format,
        "unit": result.file.unit,
        "smearing_unit": result.file.smearing_unit or "",
        "warnings": "; ".join(result.file.warnings),
    }
    in_full = {item.column: item.analysis for item in result.chosen}
    if None in in_full:
        yield origin | {"column": "mean", "chosen": "yes"} | _numbers(in_full[None])
    for number, entry in enumerate(result.columns, start=1):
        smearing = result.smearing(number)
        row = origin | {
            "column": str(number),
            "smearing": "" if smearing is None else f"{smearing:.6g}",
            "chosen": "yes" if number in in_full else "no",
        }
        found = in_full.get(number, entry)
        yield row | (
            _numbers(found) if isinstance(found, Analysis) else {"error": _one_line(found)}
        )


def series_folder(result: FileResult) -> Path | None:
    """Folder of a file that holds one smearing of a series (``a2F.dosN``), else None."""
    if result.file is None or result.file.format != "qe-a2f-dos":
        return None
    return Path(result.name).parent


def series_number(result: FileResult) -> int:
    """Number at the end of the file's name."""
    match = re.search(r"(\d+)$", result.name)
    return int(match.group(1)) if match else 0


def _entry(result: FileResult) -> Analysis | BetenetError:
    return result.columns[0]


def _numbers(analysis: Analysis) -> dict[str, str]:
    values = {key: analysis.quantities.get(key, math.nan) for key in _MOMENTS}
    if analysis.transition is not None:
        repulsion = analysis.transition.coulomb
        values |= {key: float(getattr(repulsion, key)[0]) for key in _EQUATIONS}
    if analysis.state is not None:
        values |= {key: float(getattr(analysis.state, key)) for key in _STATE[:3]}
    if analysis.response is not None:
        values["isotope_coefficient"] = analysis.response.isotope_coefficient
    row = {key: _cell(float(value)) for key, value in export(values).items()}
    row |= {f"tc_kelvin_{found.method}": _cell(found.tc) for found in analysis.methods}
    best = analysis.best
    if analysis.fitted is not None:
        row["fitted_mu_star"] = _cell(float(analysis.fitted.mu_star))
    return row | {
        "tc_kelvin": _cell(best.tc),
        "tc_method": best.method,
        "mu_star": f"{analysis.settings.mu_star:g}",
        "measured_tc_kelvin": _cell(analysis.settings.measured_tc),
        "quality": "" if analysis.quality is None else analysis.quality.severity,
        "rule": "" if analysis.spectrum is None else analysis.spectrum.rule,
        "remarks": "; ".join(f"{r.method}: {r.remark}" for r in analysis.methods if r.remark),
    }


def _cell(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


def _one_line(error: BetenetError | None) -> str:
    return "" if error is None else error.in_one_line()
