"""Where ``betenet tc FILE`` puts what it found in each file: text, rows of a table, figures.

Each output takes one file at a time and has put it away when ``write`` returns, so that an
interrupt loses nothing that was done.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from betenet.cli.streams import FigureFolder
from betenet.cli.tc_chosen import Chosen
from betenet.cli.tc_result import FileResult
from betenet.cli.tc_text import result_lines, table_lines
from betenet.errors import BetenetError
from betenet.formats import A2fFile
from betenet.quantities import QUANTITIES, export
from betenet.superconductivity.analysis import Analysis
from betenet.superconductivity.analysis_settings import ALL_METHODS
from betenet.superconductivity.mode_coupling import ModeCoupling

_MOMENTS = ("coupling", "omega_log", "omega_1", "omega_2", "omega_3", "omega_max")
_STATE = ("gap", "gap_ratio", "specific_heat_jump", "isotope_coefficient")
_EQUATIONS = ("mu_star_frequency", "cutoff", "mu_star_cutoff")
_NAMES_OF_PROGRAMS = r"(?i)a2F\.dos\d*|alpha2f\.(dat|out)|a2F\.dat|lambda(\.\w+)?|epw\.out"
"""Files that are called the same whatever the material."""

_BAND = "band"
"""What the column ``chosen`` holds in the rows of a band of μ*."""

_SUFFIX = r"(?i)\.(a2f|a2fw?|csv|dat|json|nc|out|txt)$"

CSV_COLUMNS = (
    *("name", "material", "format", "unit", "column", "smearing", "smearing_unit", "chosen"),
    *(QUANTITIES[key].export_key for key in _MOMENTS),
    *("tc_kelvin", "tc_method"),
    *(f"tc_kelvin_{method}" for method in ALL_METHODS),
    *("mu_star", "debye_temperature_kelvin", *(QUANTITIES[key].export_key for key in _EQUATIONS)),
    *(QUANTITIES[key].export_key for key in _STATE),
    *("measured_tc_kelvin", "fitted_mu_star", "coupling_by_mode"),
    *("quality", "rule", "remarks", "warnings", "error"),
)
"""Columns of the table; a quantity's unit is part of its column's name."""


class TextOutput:
    """Text for people, on stdout.

    Parameters
    ----------
    unit
        Unit of phonon frequencies.
    """

    def __init__(self, unit: str = "") -> None:
        self._unit = unit
        self._started = False
        self._series: dict[Path, list[FileResult]] = {}

    def write(self, result: FileResult) -> None:
        """Print what was found; errors are told on stderr instead."""
        folder = series_folder(result)
        if folder is not None:
            self._series.setdefault(folder, []).append(result)
        if result.error is not None:
            return
        text = "\n".join(result_lines(result, self._unit))
        sys.stdout.write(("\n" if self._started else "") + text + "\n")
        sys.stdout.flush()
        self._started = True

    def close(self) -> None:
        """Print how λ and Tc move along each series of files."""
        for folder, results in self._series.items():
            if len(results) > 1:
                ordered = sorted(results, key=series_number)
                rows = [(Path(r.name).name, _entry(r)) for r in ordered]
                table = table_lines(rows, "file", self._unit)
                lines = "\n".join(f"  {line}".rstrip() for line in table)
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
            title, x = figure_title(result), values if known else numbers
            self._draw_smearings(stem, x, found, label if known else "column", title)
        for chosen in result.chosen:
            column = chosen.column if len(result.chosen) > 1 else None
            title = figure_title(result, "" if column is None else result.label(column))
            self._draw(stem + ("" if column is None else f"_{column}"), chosen, title)
            if chosen.modes is not None and result.file is not None:
                self._draw_modes(stem, result.file, chosen.modes, title)

    def close(self) -> None:
        """Draw how λ and Tc move along each series of files."""
        for folder, results in self._series.items():
            usable = [r for r in sorted(results, key=series_number) if r.usable]
            if len(usable) > 1:
                stem = self._figures.new_stem(folder.resolve().name or "files", suffix="$^")
                numbers = [series_number(r) for r in usable]
                found = [r.usable[0][1] for r in usable]
                title = usable[0].material or stem
                self._draw_smearings(stem, numbers, found, "number of the smearing", title)

    def _draw(self, stem: str, chosen: Chosen, title: str) -> None:
        from betenet.plotting import plot_analysis, plot_mu_star, plot_resistivity, plot_state

        analysis, band, draw = chosen.analysis, chosen.band, self._figures.draw
        state, rho = analysis.state, analysis.resistivity
        if analysis.spectrum is not None:
            draw(stem, "a2f", lambda p: plot_analysis(analysis, p, title=title))
        if state is not None and state.temperatures.size:
            draw(stem, "state", lambda p: plot_state(state, p, title=title))
        if rho is not None:
            draw(stem, "resistivity", lambda p: plot_resistivity(rho, p, title=title))
        if band:
            draw(stem, "mu_star", lambda p: plot_mu_star(band, p, title=title))

    def _draw_modes(self, stem: str, file: A2fFile, found: ModeCoupling, title: str) -> None:
        from betenet.plotting import plot_modes

        assert file.modes is not None  # they were integrated
        keep = file.frequencies > 0.0
        omega, modes = file.frequencies[keep], file.modes[:, keep]
        self._figures.draw(stem, "modes", lambda p: plot_modes(omega, modes, found, p, title=title))

    def _draw_smearings(
        self, stem: str, values: object, found: Sequence[Analysis], label: str, title: str
    ) -> None:
        from betenet.plotting import plot_smearings

        x = np.asarray(values, dtype=np.float64)
        self._figures.draw(
            stem, "smearings", lambda p: plot_smearings(x, found, p, label=label, title=title)
        )


def figure_title(result: FileResult, label: str = "") -> str:
    """What a figure is of: the material, else its file, with the folder where that says nothing.

    Parameters
    ----------
    result
        Results of one file.
    label
        Which of its spectra, where there are several.

    Examples
    --------
    >>> [figure_title(FileResult(name=name)) for name in ("runs/Nb.a2f", "runs/Nb/a2F.dos10")]
    ['Nb', 'Nb, a2F.dos10']
    >>> figure_title(FileResult(name="runs/1/a2F.dos10", material="Nb3Sn"), "column 2 of 5")
    'Nb3Sn, a2F.dos10, column 2 of 5'
    """
    path = Path(result.name)
    named = re.sub(_SUFFIX, "", path.name)
    if re.fullmatch(_NAMES_OF_PROGRAMS, path.name):
        folder = path.resolve().parent.name
        named = f"{folder}, {path.name}" if folder else path.name
    title = result.material or named
    if result.material and re.fullmatch(r"(?i)a2F\.dos\d+", path.name):
        title += f", {path.name}"  # one of a series
    return f"{title}, {label}" if label else title


def csv_rows(result: FileResult) -> Iterator[dict[str, str]]:
    """One flat row for each column of a file; what is not known stays empty."""
    empty = dict.fromkeys(CSV_COLUMNS, "")
    empty |= {"name": result.name, "material": result.material}
    if result.file is None:
        yield empty | {"error": _one_line(result.error)}
        return
    origin = empty | {
        "format": result.file.format,
        "unit": result.file.unit,
        "smearing_unit": result.file.smearing_unit or "",
        "warnings": "; ".join(result.file.warnings),
    }
    in_full = {item.column: item for item in result.chosen}
    if None in in_full:
        mean = origin | {"column": "mean", "chosen": "yes"}
        yield mean | numbers_row(in_full[None].analysis)
        yield from _band_rows(mean, in_full[None])
    for number, entry in enumerate(result.columns, start=1):
        smearing = result.smearing(number)
        row = origin | {
            "column": str(number),
            "smearing": "" if smearing is None else f"{smearing:.6g}",
            "chosen": "yes" if number in in_full else "no",
        }
        chosen = in_full.get(number)
        found = entry if chosen is None else chosen.analysis
        if isinstance(found, BetenetError):
            yield row | {"error": _one_line(found)}
            continue
        by_mode = None if chosen is None else chosen.modes
        if by_mode is not None:
            row["coupling_by_mode"] = " ".join(_cell(float(x)) for x in by_mode.coupling)
        yield row | numbers_row(found)
        if chosen is not None:
            yield from _band_rows(row, chosen)


def _band_rows(row: dict[str, str], chosen: Chosen) -> Iterator[dict[str, str]]:
    """A row for each μ* of the band."""
    for found in chosen.band:
        yield row | {"chosen": _BAND} | numbers_row(found)


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


def numbers_row(analysis: Analysis) -> dict[str, str]:
    """The cells of what was computed, by column."""
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
        "debye_temperature_kelvin": _cell(analysis.settings.debye_temperature),
        "measured_tc_kelvin": _cell(analysis.settings.measured_tc),
        "quality": "" if analysis.quality is None else analysis.quality.severity,
        "rule": "" if analysis.spectrum is None else analysis.spectrum.rule,
        "remarks": "; ".join(f"{r.method}: {r.remark}" for r in analysis.methods if r.remark),
    }


def _cell(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


def _one_line(error: BetenetError | None) -> str:
    return "" if error is None else error.in_one_line()
