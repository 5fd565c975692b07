"""Read α²F from a file of any known program."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.a2f_file import UNIT_GIVEN, A2fFile
from betenet.formats.column_names import ANGULAR, plain
from betenet.formats.file_format import check_format, told_by_name
from betenet.formats.findings import findings
from betenet.formats.known_formats import FORMATS
from betenet.formats.phonon_range import (
    UNITS_TO_SUGGEST,
    check_phonon_range,
    highest_frequency,
    units_that_fit,
)
from betenet.formats.recognise import Recognition, check_words, recognise_content
from betenet.formats.text import as_text, broken, read_bytes
from betenet.units import convert_frequency

_OTHER_UNIT = (
    "Give the right unit (unit= in Python, --unit on the command line), with format table for a "
    "file that only looks like that of a program."
)


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
        told = Recognition(check_format(format, FORMATS))
        content = read_bytes(path)
        return _read_forced(path, content, told, unit)
    return _as_file(parsed, told, unit)


def _parse(path: str | Path, content: bytes, key: str) -> A2fFile:
    known = FORMATS[key]
    if known.read_binary is not None and content.startswith(known.magic):
        return known.read_binary(str(path), content)
    return known.read(as_text(path, content))


def _parse_named(
    path: str | Path, content: bytes, told: Recognition
) -> tuple[A2fFile, Recognition]:
    """Parse what only its name tells, and whose unit the user knows better: perhaps a table."""
    try:
        return _parse(path, content, told.format), told
    except DataError:
        return _parse(path, content, "table"), Recognition("table")


def _read_forced(path: str | Path, content: bytes, told: Recognition, unit: str | None) -> A2fFile:
    """Read as asked for; where that fails, say what the file looks like."""
    key = told.format
    if FORMATS[key].is_columns:
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


def _as_file(parsed: A2fFile, told: Recognition, unit: str | None) -> A2fFile:
    """Complete what a parser gives: its format, its unit, frequencies in meV, and warnings."""
    warnings = list(parsed.warnings)
    if told.by_name:
        warnings.append(told_by_name(told.format))
    used, source = parsed.unit, parsed.unit_source
    if parsed.frequencies.size:
        if unit is not None:
            if parsed.unit and not _are_equal(parsed.unit, unit):
                if FORMATS[told.format].unit is not None and not told.by_name:
                    raise _another_unit(parsed, told.format, unit)
                warnings.append(f"frequencies are taken in {unit} as given, not in {parsed.unit}")
            elif parsed.unknown_unit:
                warnings.append(
                    f"frequencies are taken in {unit} as given; the header says "
                    f"{parsed.unknown_unit!r}"
                )
            used, source = unit, UNIT_GIVEN
        if not used:
            raise _no_unit(parsed)
    frequencies = _in_mev(parsed, used)
    if used:
        highest = highest_frequency(frequencies, parsed.a2f)
        check_phonon_range(parsed.path, highest, used, _OTHER_UNIT)
    file = dataclasses.replace(
        parsed, format=told.format, unit=used, unit_source=source, frequencies=frequencies
    )
    return dataclasses.replace(file, warnings=(*warnings, *findings(file)))


def _are_equal(unit: str, other: str) -> bool:
    return float(convert_frequency(1.0, unit, other)) == 1.0


def _another_unit(parsed: A2fFile, key: str, unit: str) -> DataError:
    return DataError(
        f"{parsed.path} has its frequencies in {parsed.unit}, not in {unit}.",
        reason=f"That is the unit of every file of {FORMATS[key].program} ({key}).",
        fix="Leave out the unit (--unit). If the file only looks like that, and its columns are "
        "ω and α²F in another unit, say so with --format table and --unit.",
    )


def _in_mev(parsed: A2fFile, unit: str) -> Float[np.ndarray, " n_freq"]:
    """Frequencies in meV, checked to increase."""
    omega = parsed.frequencies
    if not unit:
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


def _no_unit(parsed: A2fFile) -> DataError:
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
