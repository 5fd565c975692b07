"""Header of a table: names of its columns, and the unit of its frequencies.

A header is every line before the first row of numbers, remark or not: ``# omega [meV]  a2F``,
``"freqs, THz","a2f (lambda), THz",lambda``, ``E(cm-1)``, ``@ xaxis label "Frequency (THz)"``, a
sentence such as ``# frequencies in THz``, or a line for each column: ``# col 2: a2F``. Names
decide wherever they stand. A header whose names do not fit the columns gives no unit either.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from betenet.errors import DataError
from betenet.formats.a2f_name import A2fName, a2f_in_words
from betenet.formats.column_names import (
    ANGULAR,
    UNIT_PATTERN,
    UNITS,
    Column,
    column,
    letters,
    plain,
    without_brackets_of_exponents,
)
from betenet.formats.text import COMMENT_MARKS, TextFile, starts_with_number, to_number

_HEAD = 60
LONGEST_LINE = 4000
"""Length of a line that may be part of a header [characters]: longer ones name nothing."""
_SENTENCE = re.compile(
    rf"(?:frequenc(?:y|ies)|freqs?|energ(?:y|ies)|omega|units?)(?:\s+(?:of|for)\s+\w+)?\s*"
    rf"(?:(?:is|are)\s+)?(?:given\s+)?(?:in|:|=|[\[(])\s*(?:in\s+)?({UNIT_PATTERN})"
    r"(?![\w/^*×·-])"
)
_UNIT_WORD = re.compile(rf"(?<![\w/^-])({UNIT_PATTERN})(?![\w/^-])")
_CONVERTED = re.compile(
    r"convert|rescal|multipl|divided|originally|instead|before|previously|formerly|"
    r"\b(?:was|were|not|from)\b"
)
_LABEL = re.compile(r"([xy])(?:axis\s+|_?)label\s*[=:(]?\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_GRACE = re.compile(r"(?:label|title|legend|string def)\s*[\"']")
_OTHER_ENERGY = re.compile(
    r"angular|fermi|\be_?f\b|cut-?off|smear|broaden|width|window|temperature|\bgap\b"
)
_LISTED = re.compile(
    r"(?:col(?:umn)?s?\.?\s*#?\s*(\d{1,3})\s*(?:[:.)=,-]+|\bis\b)?|(\d{1,3})\s*[:.)=])\s*"
    r"(?!.*\b\d{1,3}\s*[:=])(\S.*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Header:
    """Content of a header.

    Parameters
    ----------
    columns
        Columns of numbers by their names; empty if the header does not name so many.
    unit
        Unit of the frequencies; None if it is not stated.
    unknown_unit
        Words of the header on a unit from which none can be told.
    """

    columns: tuple[Column, ...] = ()
    unit: str | None = None
    unknown_unit: str = ""


def header_lines(text: TextFile) -> list[str]:
    """Lines before the first row of numbers, without blank ones and marks of remarks.

    Settings of Grace, of which there are hundreds, are left out; its labels and titles are kept.
    """
    lines: list[str] = []
    seen = 0
    for line in text.lines:
        bare = line.strip()
        is_grace = bare.startswith("@")
        seen += not is_grace
        if starts_with_number(line) or seen > _HEAD:
            break
        if len(bare) > LONGEST_LINE:
            continue
        while bare.startswith(COMMENT_MARKS):
            bare = bare[1:].strip()
        if bare and not (is_grace and not _GRACE.search(bare) and not names_columns(bare)):
            lines.append(bare)
    return lines


def read_header(text: TextFile, width: int, columns: tuple[Column, ...] = ()) -> Header:
    """Names and unit that the header of a table of ``width`` columns states.

    Parameters
    ----------
    text
        The file.
    width
        Number of its columns.
    columns
        Names of its columns where they are known; else they are looked for.

    Raises
    ------
    DataError
        If it states two units, or names columns that are not those of the table.
    """
    lines = header_lines(text)
    if not columns:
        columns = _names(text.path, lines, width)
    firsts = [name for line in lines for name in _first_names(line)]
    firsts += [one for one in columns if one.role == "frequency"][: 0 if firsts else 1]
    units = {name.unit for name in firsts if name.unit is not None}
    unknown = next((name.unknown_unit for name in firsts if name.unknown_unit), "")
    if not units and not unknown:
        units = {unit for line in lines for unit in _units_in_words(line)}
    if len(units) > 1:
        raise DataError(
            f"{text.path} states its frequencies in {' and in '.join(sorted(units))}.",
            reason="Its header holds both, and only one can be right.",
            fix="Leave only the right one in the header.",
        )
    unit = units.pop() if units else None
    named = any(one.role == "frequency" and one.unit for one in columns)
    doubt = _angular(lines) if unit in {"THz", "cm-1"} or not (unit or unknown) else ""
    if doubt := doubt or ("" if named or unit is None else _converted(lines)):
        return Header(columns, None, doubt)
    return Header(columns, unit, unknown)


def _names(path: str, lines: Sequence[str], width: int) -> tuple[Column, ...]:
    """Columns that the lines of a header name; empty if they do not.

    Raises
    ------
    DataError
        If they name columns that are not those of the table.
    """
    named = [columns for line in lines if (columns := columns_of(line, width))]
    columns = _listed(lines, width) or (named[-1] if named else _labels(lines, width))
    if not columns:
        _check_names(path, lines, width)
    return columns


def columns_of(line: str, width: int) -> tuple[Column, ...]:
    """Columns that a line of a header names; empty if it does not name ``width`` of them.

    Examples
    --------
    >>> [column.role for column in columns_of("omega [meV] a2F lambda(omega)", 3)]
    ['frequency', 'a2f', 'coupling']
    """
    for _, fields in splittings(line):
        if len(fields) == width and (columns := named_columns(fields)):
            return columns
    return ()


def names_columns(line: str) -> bool:
    """Whether a line starts with the name of frequencies, as the names of columns do."""
    return any(named_columns(fields) for _, fields in splittings(line) if len(fields) > 1)


def names_a2f(line: str) -> bool:
    """Whether a line speaks of α²F, other than that of transport."""
    return bool(re.search(r"a2w?f(?!tr)|eliashberg(?:spectral)?function", letters(plain(line))))


def named_columns(fields: Sequence[str]) -> tuple[Column, ...]:
    """Roles of the names; empty if they name no frequency. Only one is of role frequency."""
    columns = [column(field) for field in fields]
    place = _place_of_frequency(columns)
    if place is None:
        return ()
    numbers = [to_number(field) for field in fields[place + 1 :]]
    labels = [
        Column(field, "a2f", label=field, about_a2f=A2fName("smearing", field, smearing=number))
        for field, number in zip(fields[place + 1 :], numbers, strict=True)
        if number is not None
    ]
    if len(labels) == len(numbers):
        return (*columns[: place + 1], *labels)
    return tuple(columns)


def place_of_frequency(columns: Sequence[Column]) -> int:
    """Place of the frequencies among columns that name some."""
    place = _place_of_frequency(columns)
    return 0 if place is None else place


def _place_of_frequency(columns: Sequence[Column]) -> int | None:
    """Place of the frequencies: the first, or where a name is sure, as ``f`` and ``e`` are not.

    Elsewhere than at the start a line of names is told from a sentence by α²F or a unit in it.
    """
    if not columns:
        return None
    sure = [i for i, found in enumerate(columns) if found.is_surely_frequency]
    some = [i for i, found in enumerate(columns) if found.role == "frequency"]
    place = next(iter(sure or some), None)
    if place is None or place == 0 or all(found.is_index for found in columns[:place]):
        return place
    speaks = any(found.role == "a2f" or found.about_a2f is not None for found in columns)
    in_sentence = _OTHER_ENERGY.search(" ".join(found.name.lower() for found in columns)) or (
        " in " in columns[place].name
    )
    if speaks or (place in sure and columns[place].unit and not in_sentence):
        return place
    return 0 if columns[0].role == "frequency" else None


def _listed(lines: Sequence[str], width: int) -> tuple[Column, ...]:
    """Columns that are listed, one on each line: ``col 1: omega (meV)``."""
    found: dict[int, str] = {}
    for line in lines:
        match = _LISTED.fullmatch(line)
        if match is not None:
            found[int(match.group(1) or match.group(2))] = match.group(3).strip(" '\"")
    if len(found) < 2 or not set(found) <= set(range(1, width + 1)):
        return ()
    if 1 not in found:
        found[1] = "frequency"
    return named_columns([found.get(i, f"column {i}") for i in range(1, width + 1)])


def _labels(lines: Sequence[str], width: int) -> tuple[Column, ...]:
    """Columns by the labels of axes, or by two lines, of which the second names α²F."""
    axes = {m.group(1).lower(): m.group(2) for line in lines for m in _LABEL.finditer(line)}
    if width == 2 and {"x", "y"} <= set(axes):
        return named_columns([axes["x"], axes["y"]])
    if len(lines) >= width:
        columns = named_columns(lines[-width:])
        if sum(found.role == "a2f" for found in columns) and columns[0].role == "frequency":
            return columns
    return ()


def _check_names(path: str, lines: Sequence[str], width: int) -> None:
    """Refuse a header that names columns which are not those of the table."""
    for line in lines:
        if why := a2f_in_words(plain(line)):
            raise DataError(
                f"{path} has no column that is α²F.",
                reason=f"{line[:60]!r} {why}.",
                fix="Give α²F itself, without factors, below a header such as `# omega [meV]  "
                "a2F`.",
            )
        for exact, fields in _lists(line):
            columns = named_columns(fields)
            one_for_the_rest = len(fields) == 2 < width and columns and columns[1].role == "a2f"
            if not columns or len(fields) == width or one_for_the_rest:
                continue
            known = all(found.role != "other" or found.about_a2f for found in columns)
            speaks = any(found.role == "a2f" for found in columns)
            if (exact and speaks) or (known and len(fields) > 2):
                raise DataError(
                    f"{path} names {len(fields)} columns and has {width}.",
                    reason=f"Its header is {line[:60]!r}; nothing tells which is which.",
                    fix="Name each column, such as `# omega [meV]  a2F  lambda`.",
                )
        first = next(_first_names(line), None)
        if first is not None and not _LABEL.search(line) and _is_about_else(line):
            raise no_a2f(path, f"Its header is {line[:60]!r}.")


def no_a2f(path: str, reason: str) -> DataError:
    """The error for a table whose columns have names, none of them that of α²F."""
    return DataError(
        f"No column of {path} is named α²F.",
        reason=reason,
        fix="If one of them is α²F, name it a2F, such as `# omega [meV]  a2F`; else give the file "
        "with α²F.",
    )


def _lists(line: str) -> Iterator[tuple[bool, list[str]]]:
    """Ways to take a line of names apart, and whether more than single blanks part them."""
    *exact, single = (fields for _, fields in splittings(line))
    yield from ((len(fields) > 1, fields) for fields in exact)
    yield False, single


def _is_about_else(line: str) -> bool:
    """Whether names follow that of the frequencies, and none of them is α²F or a number."""
    if names_a2f(line):
        return False
    for _, fields in splittings(line):
        if column(fields[0]).role == "frequency":
            rest = [field for field in fields[1:] if field]
            return bool(rest) and not all(to_number(field) is not None for field in rest)
    return False


def _first_names(line: str) -> Iterator[Column]:
    """The column of frequencies in a line that starts with its name, or is a label of an axis."""
    label = _LABEL.search(line)
    if label is not None and label.group(1) in "yY":
        return
    for _, fields in [("", [label.group(2)])] if label else splittings(line):
        columns = [column(field) for field in fields[:2]]
        first = next((one for one in columns if not one.is_index), columns[0])
        if first.role == "frequency" and (first.unit or first.unknown_unit):
            yield first
            return


def _converted(lines: Sequence[str]) -> str:
    """The sentence that leaves it open in which unit frequencies are now, if there is one."""
    for line in lines:
        words = plain(line)
        if _CONVERTED.search(words) and (_UNIT_WORD.search(words) or "convert" in words):
            return line[:60]
    return ""


def _units_in_words(line: str) -> Iterator[str]:
    """Units of frequencies that a sentence states, or a line of units below one of names."""
    for clause in re.split(r"[,;]\s", plain(line)):
        if not _OTHER_ENERGY.search(clause):
            yield from (UNITS[match.group(1)] for match in _SENTENCE.finditer(clause))
    words = plain(line)
    first = re.match(rf"[\[(]?({UNIT_PATTERN})[\])]?(?:[\s,;|]|$)", words)
    if first is not None and not _OTHER_ENERGY.search(words):
        yield UNITS[first.group(1)]


def _angular(lines: Sequence[str]) -> str:
    """The line that says that frequencies are angular ones, 2π times as large."""
    return next((line[:60] for line in lines if ANGULAR.search(plain(line))), "")


def splittings(line: str) -> Iterator[tuple[str, list[str]]]:
    """Ways to take a line of names apart: at a mark, at wide gaps, at each blank.

    The mark is empty for the last two. Quotes are taken away; marks in brackets part nothing.
    """
    if len(line) > LONGEST_LINE:
        return
    for mark in ";\t,|":
        if mark in line:
            in_brackets = re.findall(r"[\[(][^\[\]()\"]*[\])]", line)
            hidden = line
            for part in in_brackets:
                hidden = hidden.replace(part, part.replace(mark, "\0"))
            fields = next(csv.reader([hidden], delimiter=mark, skipinitialspace=True))
            yield mark, [field.strip().replace("\0", mark) for field in fields]
    yield "", re.split(r"\s{2,}|\t", line.strip())
    glued = r"[^\s,;|\[(]+(?:\s*[\[(][^\[\]()]*[\])][^\s,;|\[(]*)*"
    yield "", re.findall(glued, without_brackets_of_exponents(line))
