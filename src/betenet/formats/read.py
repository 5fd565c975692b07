"""Read α²F from a file of any known program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats import (
    abinit,
    csv_file,
    elk,
    elph,
    epw,
    epw_output,
    json_file,
    qe,
    qe_lambda,
    table,
)
from betenet.formats.a2f_file import UNIT_GIVEN, A2fFile
from betenet.formats.column_names import ANGULAR, plain
from betenet.formats.findings import findings
from betenet.formats.known_formats import FORMATS, check_format
from betenet.formats.marks import told_by_name
from betenet.formats.parsed import Parsed
from betenet.formats.phonon_range import (
    UNITS_TO_SUGGEST,
    check_phonon_range,
    highest_frequency,
    units_that_fit,
)
from betenet.formats.recognise import Recognition, check_words, recognise_content
from betenet.formats.text import TextFile, as_text, broken, read_bytes
from betenet.units import convert_frequency

_TEXT_PARSERS: Mapping[str, Callable[[TextFile], Parsed]] = {
    "qe-a2f-dos": qe.parse_a2f_dos,
    "qe-lambda": qe_lambda.parse_lambda,
    "qe-alpha2f-dat": qe.parse_alpha2f_dat,
    "qe-alpha2f": qe.parse_alpha2f,
    "epw-a2f": epw.parse_a2f,
    "elk": elk.parse_alpha2f,
    "abinit": abinit.parse_text,
    "json": json_file.parse_json,
    "csv": csv_file.parse_csv,
    "table": table.parse_table,
    "qe-elph": elph.parse_elph,
    "epw-out": epw_output.parse_output,
}

_OTHER_UNIT = (
    "Give the right unit (unit= in Python, --unit on the command line), with format table for a "
    "file that only looks like that of a program."
)
_COLUMNS = ("table", "csv", "elk", "epw-a2f", "qe-a2f-dos", "qe-alpha2f-dat", "qe-alpha2f")


def read_a2f(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the word that users know
    unit: str | None = None,
) -> A2fFile:
    """α²F of a file, with its unit and what the file states of itself.

    Parameters
    ----------
    path
        The file.
    format
        Key of :data:`~betenet.formats.known_formats.FORMATS`; None recognises it from the content.
    unit
        Unit of the frequencies, a key of :data:`~betenet.units.FREQUENCY_UNITS_IN_MEV`. A table
        that states none needs it. It overrules what a table states and what the name of a file
        tells, which is said in the result; a format with a unit of its own allows no other.

    Returns
    -------
    A2fFile
        Raw columns in meV; ``spectrum()`` gives what can be computed with.

    Raises
    ------
    DataError
        If the file cannot be read, is not what it should be, or has no unit. The message names
        the file, the line, what was found and the remedy.
    ConfigError
        If the format or the unit is unknown.
    """
    if unit is not None:
        convert_frequency(1.0, unit, "meV")  # an unknown unit is told before the file is read
    if format is None:
        content = read_bytes(path)
        told = recognise_content(path, content)
        if told.by_name and unit not in {None, FORMATS[told.format].unit}:
            parsed, told = _parse_named(path, content, told)
        else:
            parsed = _parse(path, content, told.format)
    else:
        told = Recognition(check_format(format))
        content = read_bytes(path)
        return _read_forced(path, content, told, unit)
    return _as_file(parsed, told, unit)


def _parse(path: str | Path, content: bytes, key: str) -> Parsed:
    if key == "abinit" and content.startswith((abinit.CLASSIC_MAGIC, abinit.HDF5_MAGIC)):
        return abinit.parse_netcdf(str(path), content)
    return _TEXT_PARSERS[key](as_text(path, content))


def _parse_named(path: str | Path, content: bytes, told: Recognition) -> tuple[Parsed, Recognition]:
    """Parse what only its name tells, and whose unit the user knows better: perhaps a table."""
    try:
        return _parse(path, content, told.format), told
    except DataError:
        return _parse(path, content, "table"), Recognition("table")


def _read_forced(path: str | Path, content: bytes, told: Recognition, unit: str | None) -> A2fFile:
    """Read as asked for; where that fails, say what the file looks like."""
    key = told.format
    if key in _COLUMNS:
        check_words(as_text(path, content))
    try:
        return _as_file(_parse(path, content, key), told, unit)
    except DataError as error:
        try:
            likely = recognise_content(path, content).format
        except DataError as other:
            raise DataError(error.summary, error.reason or other.summary, error.fix) from error
        if likely == key:
            raise
        raise DataError(
            error.summary,
            reason=f"It was read as {key}, but looks like {likely} ({FORMATS[likely].text}).",
            fix=f'Leave out the format, or give format="{likely}" (--format {likely}).',
        ) from error


def _as_file(parsed: Parsed, told: Recognition, unit: str | None) -> A2fFile:
    warnings = list(parsed.warnings)
    if told.by_name:
        warnings.append(told_by_name(told.format))
    used, source = parsed.unit, parsed.unit_source
    if parsed.frequencies.size:
        if unit is not None:
            if parsed.unit is not None and not _are_equal(parsed.unit, unit):
                if FORMATS[told.format].unit is not None and not told.by_name:
                    raise _another_unit(parsed, told.format, unit)
                warnings.append(f"frequencies are taken in {unit} as given, not in {parsed.unit}")
            elif parsed.unknown_unit:
                warnings.append(
                    f"frequencies are taken in {unit} as given; the header says "
                    f"{parsed.unknown_unit!r}"
                )
            used, source = unit, UNIT_GIVEN
        if used is None:
            raise _no_unit(parsed)
    frequencies = _in_mev(parsed, used)
    if used is not None:
        highest = highest_frequency(frequencies, parsed.a2f)
        check_phonon_range(parsed.path, highest, used, _OTHER_UNIT)
    file = A2fFile(
        path=parsed.path,
        format=told.format,
        unit=used or "",
        unit_source=source,
        frequencies=frequencies,
        a2f=parsed.a2f,
        smearings=parsed.smearings,
        smearing_unit=parsed.smearing_unit,
        modes=parsed.modes,
        names=parsed.names,
        stated=parsed.stated,
        lines=parsed.lines,
        rule=parsed.rule,
    )
    return dataclasses.replace(file, warnings=(*warnings, *findings(file)))


def _are_equal(unit: str, other: str) -> bool:
    return float(convert_frequency(1.0, unit, other)) == 1.0


def _another_unit(parsed: Parsed, key: str, unit: str) -> DataError:
    return DataError(
        f"{parsed.path} has its frequencies in {parsed.unit}, not in {unit}.",
        reason=f"That is the unit of every file of {FORMATS[key].program} ({key}).",
        fix="Leave out the unit (--unit). If the file only looks like that, and its columns are "
        "ω and α²F in another unit, say so with --format table and --unit.",
    )


def _in_mev(parsed: Parsed, unit: str | None) -> Float[np.ndarray, " n_freq"]:
    """Frequencies in meV, checked to increase."""
    omega = parsed.frequencies
    if unit is None:
        return omega
    bad = ~np.isfinite(omega)
    bad[1:] |= ~(np.diff(omega) > 0.0)
    if np.any(bad):
        index = int(np.argmax(bad))
        before = f" after {omega[index - 1]:.10g}" if index else ""
        what = f"frequency {omega[index]:.10g}{before}."
        fix = "Sort the rows and remove repeated ones; check that the file is a single spectrum."
        if parsed.lines:
            raise broken(
                parsed.path,
                parsed.lines[index],
                what,
                reason="Frequencies must increase from row to row.",
                fix=fix,
            )
        raise DataError(f"{parsed.path}: {what}", "Frequencies must increase.", fix)
    if omega.size < 2:
        raise DataError(
            f"{parsed.path} has {omega.size} row.",
            reason="A spectrum needs at least two.",
            fix="Check that the run which wrote it has finished.",
        )
    return convert_frequency(omega, unit, "meV")


def _no_unit(parsed: Parsed) -> DataError:
    highest = float(np.nanmax(parsed.frequencies))
    fitting = units_that_fit(highest)
    guess = f"; the highest, {highest:.6g}, would be {', '.join(fitting)}" if fitting else ""
    stated = parsed.unknown_unit
    unknown = f"Its header says {stated!r}, from which none can be told" if stated else ""
    angular = "Divide angular frequencies by 2π, and call them `omega (THz)`. " * bool(
        ANGULAR.search(plain(stated))
    )
    return DataError(
        f"{parsed.path} does not say in which unit its frequencies are.",
        reason=f"{unknown or 'Rows of numbers are ambiguous'}{guess}.",
        fix=f'{angular}Give the unit: unit="THz" in Python, --unit THz on the command line '
        f"(or {', '.join(u for u in UNITS_TO_SUGGEST if u != 'THz')}).",
    )
