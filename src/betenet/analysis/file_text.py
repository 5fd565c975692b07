"""What was found in a file as text: lines with units, a table for each question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from betenet.analysis.figures import series_number
from betenet.analysis.file_analysis import Chosen, FileAnalysis
from betenet.analysis.other_programs import compared_lines
from betenet.analysis.result import Analysis
from betenet.analysis.text import MOMENTS, analysis_lines, band_lines, mode_lines, moment
from betenet.analysis.words import four_digits, kelvin, wrapped
from betenet.errors import BetenetError
from betenet.formats import FORMATS, A2fFile
from betenet.quantities import QUANTITIES, heading, in_table_unit, table_unit
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, ELIASHBERG
from betenet.superconductivity.smearing import SETTLED

_MANY_METHODS = 2


def result_lines(result: FileAnalysis, unit: str = "") -> Iterator[str]:
    """Everything that is printed for one file, with phonon frequencies in a unit."""
    yield f"{result.material}: {result.name}" if result.material else result.name
    if result.file is None:
        return
    yield from _indented(_origin_lines(result.file))
    if len(result.columns) > 1:
        yield ""
        yield from _indented(_column_lines(result, unit))
    for number, chosen in enumerate(result.chosen):
        yield ""
        label = _chosen_because(result, chosen.column)
        if label:
            yield from _indented(wrapped(label))
        yield from _indented(analysis_lines(chosen.analysis, unit))
        yield from _indented(_stated_lines(result.file, chosen, unit))
        if chosen.modes is not None:
            yield ""
            yield from _indented(mode_lines(chosen.modes, unit))
        if chosen.band:
            yield ""
            yield from _indented(band_lines(chosen.band))
        if result.compared:
            yield ""
            yield from _indented(compared_lines(result.compared[number], unit))


def series_lines(results: Sequence[FileAnalysis], folder: Path, unit: str = "") -> Iterator[str]:
    """How λ and Tc move along the files of a series, one smearing in each."""
    ordered = sorted(results, key=series_number)
    rows = [(Path(result.name).name, result.columns[0]) for result in ordered]
    yield f"the smearings in {folder}"
    yield from (f"  {line}".rstrip() for line in table_lines(rows, "file", unit))


def table_lines(
    rows: Sequence[tuple[str, Analysis | BetenetError]], names: str, unit: str = ""
) -> Iterator[str]:
    """λ, ω_log, ω_2 and Tc of several spectra, one in each line.

    Parameters
    ----------
    rows
        Name of each spectrum, and what was found.
    names
        Heading of the names.
    unit
        Unit of phonon frequencies.
    """
    found = [entry for _, entry in rows if isinstance(entry, Analysis)]
    methods = _shown_methods(found[0]) if found else []
    width = max(len(names), *(len(name) for name, _ in rows))
    columns = [heading(key, unit) for key in MOMENTS] + [f"Tc {method} (K)" for method in methods]
    yield names.ljust(width) + "".join(f"  {column:>12}" for column in columns)
    for name, entry in rows:
        if isinstance(entry, BetenetError):
            yield f"{name:<{width}}  not usable: {entry.summary}"
            continue
        numbers = [moment(entry, key, unit) for key in MOMENTS]
        temperatures = [row.tc if (row := entry.method(m)) else None for m in methods]
        numbers += [kelvin(tc) for tc in temperatures]
        cells = (
            f"  {number:>{max(12, len(column))}}"
            for number, column in zip(numbers, columns, strict=True)
        )
        yield f"{name:<{width}}" + "".join(cells)


def _origin_lines(file: A2fFile) -> Iterator[str]:
    known = FORMATS[file.format]
    unit = f"; frequencies in {file.unit}, {file.unit_source}" if file.unit else ""
    yield f"format {file.format} ({known.program}){unit}"
    for warning in file.warnings:
        yield from wrapped(f"warning: {warning}")


def _stated_lines(file: A2fFile, chosen: Chosen, unit: str) -> Iterator[str]:
    """What the file itself says of λ, ω_log and Tc."""
    keys = ("tc",) if chosen.analysis.spectrum is None else ("coupling", "omega_log", "tc")
    index = 0 if chosen.column is None else chosen.column - 1
    parts: list[str] = []
    for key in (*keys, "mu_star"):
        values = file.stated.get(key, ())
        if index < len(values) and np.isfinite(values[index]):
            number = four_digits(float(in_table_unit(key, values[index], unit)))
            symbol, shown = QUANTITIES[key].symbol, table_unit(key, unit)
            parts.append(f"{symbol} = {number} {shown}".rstrip())
    if parts:
        yield f"the file states {'   '.join(parts)}"


def _column_lines(result: FileAnalysis, unit: str) -> Iterator[str]:
    if result.is_ensemble:
        yield from _spread_lines(result, unit)
        return
    assert result.file is not None  # there are columns
    chosen = {item.column for item in result.chosen}
    width = result.file.smearing_unit or "?"
    columns = "   column" + (f"  smearing ({width})" if result.file.smearings else "")
    names: list[str] = []
    for number in range(1, len(result.columns) + 1):
        mark = "*" if number in chosen and len(chosen) < len(result.columns) else " "
        smearing = result.smearing(number)
        value = "" if smearing is None else f"  {smearing:>{len(columns) - 11}g}"
        names.append(f" {mark} {number:>6}{value}")
    yield from table_lines(list(zip(names, result.columns, strict=True)), columns, unit)


def _spread_lines(result: FileAnalysis, unit: str) -> Iterator[str]:
    """Mean and 68 % interval over the members of an ensemble."""
    found = [analysis for _, analysis in result.usable]
    yield f"{'over the members':<20}  {'mean':>10}  {'68 % of them':>20}"
    rows = [
        (
            heading(key, unit),
            in_table_unit(key, [a.quantities.get(key, np.nan) for a in found], unit),
        )
        for key in MOMENTS
    ]
    rows += [
        (f"Tc {method} (K)", np.array([_tc(analysis, method) for analysis in found]))
        for method in _shown_methods(found[0])
    ]
    for what, values in rows:
        low, high = np.nanquantile(values, [0.16, 0.84])
        interval = f"{low:.4g} to {high:.4g}"
        yield f"{what:<20}  {np.nanmean(values):>10.4g}  {interval:>20}"


def _chosen_because(result: FileAnalysis, column: int | None) -> str:
    label = result.label(column)
    known = result.file is None or result.file.has_smearings or result.is_ensemble
    if label and not known:
        return f"{label}, which are not known to be smearings; --smearing takes another"
    if not label or result.change is None:
        return label
    change = f"{result.change:.1%}" if np.isfinite(result.change) else "unknown"
    text = (
        f"{label}, chosen because λ changes least from it to the next one (by {change}); "
        "--smearing takes another"
    )
    if not result.change <= SETTLED:
        text += ". warning: λ has not settled, it depends on the smearing: use denser k and q grids"
    return text


def _shown_methods(analysis: Analysis) -> list[str]:
    """Two methods at most: those that are quoted, else the first that have a Tc."""
    known = [row.method for row in analysis.methods if row.tc is not None]
    quoted = [method for method in (DEFAULT_METHOD, ELIASHBERG) if method in known]
    return quoted or known[:_MANY_METHODS]


def _tc(analysis: Analysis, method: str) -> float:
    row = analysis.method(method)
    return np.nan if row is None or row.tc is None else row.tc


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    return (f"  {line}".rstrip() for line in lines)
