"""What the header of a table says: names of its columns, and the unit of its frequencies.

A header is every line before the first row of numbers, remark or not: ``# omega [meV]  a2F``,
``"freqs, THz","a2f (lambda), THz",lambda``, ``E(cm-1)``, ``@ xaxis label "Frequency (THz)"``, or a
sentence such as ``# frequencies in THz``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from betenet.errors import DataError
from betenet.formats.text import COMMENT_MARKS, TextFile, starts_with_number, to_number

Role = Literal["frequency", "a2f", "coupling", "other"]

UNITS = {
    **dict.fromkeys(("mev", "millielectronvolt", "millielectronvolts"), "meV"),
    **dict.fromkeys(("ev", "electronvolt", "electronvolts"), "eV"),
    **dict.fromkeys(("k", "kelvin"), "K"),
    **dict.fromkeys(("thz", "terahertz"), "THz"),
    **dict.fromkeys(("cm-1", "cm^-1", "cm**-1", "1/cm", "/cm", "wavenumbers"), "cm-1"),
    **dict.fromkeys(("ry", "ryd", "rydberg", "rydbergs"), "Ry"),
    **dict.fromkeys(("ha", "hartree", "hartrees"), "Ha"),
}
"""Units of frequencies by their spellings in small letters."""

_HEAD = 60
_SYMBOLS = str.maketrans(
    {"α": "alpha", "ω": "omega", "λ": "lambda", "ν": "nu", "ħ": "hbar ", "²": "2", "⁻": "-"}
    | {"¹": "1", "−": "-"}
    | dict.fromkeys("\"'$\\{}`", "")
)
_UNIT = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))
_IN_BRACKETS = re.compile(r"(.*?)\s*[\[(]\s*(?:in\s+)?([^\[\]()]*?)\s*[\])]?")
_BEHIND = re.compile(rf"(.+?)(?:\s*[,/:]\s*|[\s_]+in\s+|[\s_-]+)({_UNIT})")
_NUMBERING = re.compile(r"^\s*(?:col(?:umn)?\.?\s*)?\d+\s*[:.)=]\s*")
_INDEX = re.compile(r"|#|i|n|id|no\.?|index|unnamed: \d+")
_FREQUENCY = re.compile(
    r"(?:hbar[ *_]*)?(?:(?:phonon|ph|boson|vibrational)[ _]*)?"
    r"(?:freq(?:s|uency|uencies)?|omega(?:_?(?:ph|q|qnu))?|w|hw|e|en|energy|energies|nu|f|wavenumbers?)"
)
_A2F = re.compile(r"(?:total|tot|sum|iso|isotropic)?(?:a2w?f|eliashberg(?:spectral)?function)")
_NOT_A_TOTAL = re.compile(
    r"(?<![a-z])(?:tr|transport|err\w*|std\w*|sd|sem|unc\w*|var\w*|mode\w*|branch\w*|proj\w*|"
    r"partial|cumul\w*|int|integra\w*|low|lower|high|upper|min|max)(?![a-z])"
)
_COUPLING = re.compile(
    r"(?:lambda|lam(?![a-z])|coupling|cumul|int(?![a-z])|integra|2(?:int|integral)|2a2f/)"
)
_SENTENCE = re.compile(
    rf"(?:frequenc(?:y|ies)|freqs?|energ(?:y|ies)|omega|units?)(?:\s+(?:of|for)\s+\w+)?\s*"
    rf"(?:(?:is|are)\s+)?(?:given\s+)?(?:in|:|=|[\[(])\s*(?:in\s+)?({_UNIT})(?![\w/^-])"
)
_LABEL = re.compile(r"x(?:axis\s+|_?)label\s*[=:(]?\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
_OTHER_ENERGY = re.compile(
    r"angular|fermi|\be_?f\b|cut-?off|smear|broaden|window|temperature|\bgap\b"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name.

    Parameters
    ----------
    name
        As the file has it.
    role
        What it holds.
    unit
        Of frequencies, as in :data:`UNITS`; None if the name has none.
    unknown_unit
        What stands where a unit is expected and is none that is known.
    label
        Of α²F: what tells it from others, in small letters; empty for a total.
    """

    name: str
    role: Role
    unit: str | None = None
    unknown_unit: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What was found out of a header.

    Parameters
    ----------
    columns
        One for each column of numbers; empty if no line of the header names so many.
    unit
        Unit of the frequencies; None if it is not stated.
    unknown_unit
        As for :class:`Column`.
    """

    columns: tuple[Column, ...] = ()
    unit: str | None = None
    unknown_unit: str = ""


def header_lines(text: TextFile) -> list[str]:
    """Lines before the first row of numbers, without blank ones and marks of remarks."""
    lines: list[str] = []
    for line in text.lines[:_HEAD]:
        if starts_with_number(line):
            break
        bare = line.strip()
        while bare.startswith(COMMENT_MARKS):
            bare = bare[1:].strip()
        if bare:
            lines.append(bare)
    return lines


def read_header(text: TextFile, width: int) -> Header:
    """Names and unit that the header of a table of ``width`` columns states.

    Raises
    ------
    DataError
        If it states two units.
    """
    lines = header_lines(text)
    named = [columns for line in lines if (columns := columns_of(line, width))]
    firsts = [name for line in lines for name in _first_names(line)]
    units = {name.unit for name in firsts if name.unit is not None}
    if not units:
        units = {unit for line in lines for unit in _units_in_words(line)}
    if len(units) > 1:
        raise DataError(
            f"{text.path} states its frequencies in {' and in '.join(sorted(units))}.",
            reason="Its header holds both, and only one can be right.",
            fix="Leave only the right one in the header.",
        )
    return Header(
        columns=named[-1] if named else (),
        unit=units.pop() if units else None,
        unknown_unit=next((name.unknown_unit for name in firsts if name.unknown_unit), ""),
    )


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


def column(name: str) -> Column:
    """What a name says of its column.

    Examples
    --------
    >>> [(c.role, c.unit) for c in map(column, ("Frequency/THz", "E(cm^-1)", "α²F(ω)", "λ"))]
    [('frequency', 'THz'), ('frequency', 'cm-1'), ('a2f', None), ('coupling', None)]
    """
    plain = _plain(name)
    bare, unit = _split_unit(plain)
    if unit is None and (foreign := re.fullmatch(r"(freq(?:s|uency|uencies)?)[ _](\S+)", bare)):
        bare, unit = foreign.groups()
    if _FREQUENCY.fullmatch(bare):
        default = "cm-1" if bare.startswith("wavenumber") else None
        if unit is None or unit in UNITS:
            return Column(name, "frequency", default if unit is None else UNITS[unit])
        return Column(name, "frequency", default, unknown_unit=unit)
    letters = _letters(plain)
    found = _A2F.match(letters)
    if found is not None:
        role: Role = "other" if _NOT_A_TOTAL.search(plain) else "a2f"
        return Column(name, role, label=letters[found.end() :])
    return Column(name, "coupling" if _COUPLING.match(letters) else "other")


def names_columns(line: str) -> bool:
    """Whether a line starts with the name of frequencies, as the names of columns do."""
    return any(named_columns(fields) for _, fields in splittings(line) if len(fields) > 1)


def names_a2f(line: str) -> bool:
    """Whether a line speaks of α²F, other than that of transport."""
    return bool(re.search(r"a2w?f(?!tr)|eliashberg(?:spectral)?function", _letters(_plain(line))))


def named_columns(fields: Sequence[str]) -> tuple[Column, ...]:
    """Roles of the names; empty if they do not start with a frequency."""
    columns = [column(field) for field in fields]
    place = _place_of_frequency(columns)
    if place is None:
        return ()
    if all(to_number(field) is not None for field in fields[place + 1 :]):
        labels = [Column(field, "a2f", label=field) for field in fields[place + 1 :]]
        return (*columns[: place + 1], *labels)
    return tuple(columns)


def _place_of_frequency(columns: Sequence[Column]) -> int | None:
    """Place of the frequencies: the first, or the second behind numbers of the rows."""
    for place, found in enumerate(columns[:2]):
        if found.role == "frequency":
            return place
        if not _INDEX.fullmatch(found.name.strip().lower()):
            break
    return None


def _first_names(line: str) -> Iterator[Column]:
    """The column of frequencies in a line that starts with its name, or is a label of an axis."""
    label = _LABEL.search(line)
    for _, fields in [("", [label.group(1)])] if label else splittings(line):
        columns = [column(field) for field in fields[:2]]
        place = _place_of_frequency(columns)
        if place is not None and (columns[place].unit or columns[place].unknown_unit):
            yield columns[place]
            return


def _units_in_words(line: str) -> Iterator[str]:
    """Units of frequencies that a sentence states, or a line of units below one of names."""
    plain = _plain(line)
    if _OTHER_ENERGY.search(plain):
        return
    yield from (UNITS[match.group(1)] for match in _SENTENCE.finditer(plain))
    first = re.match(rf"[\[(]?({_UNIT})[\])]?(?:[\s,;|]|$)", plain)
    if first is not None:
        yield UNITS[first.group(1)]


def splittings(line: str) -> Iterator[tuple[str, list[str]]]:
    """Ways to take a line of names apart: at a mark, at wide gaps, at each blank.

    The mark is empty for the last two. Quotes are taken away.
    """
    for mark in ";\t,|":
        if mark in line:
            fields = next(csv.reader([line], delimiter=mark, skipinitialspace=True))
            yield mark, [field.strip() for field in fields]
    yield "", re.split(r"\s{2,}|\t", line.strip())
    glued = r"[^\s,;|\[(]+(?:\s*[\[(][^\[\]()]*[\])][^\s,;|\[(]*)*"
    yield "", re.findall(glued, _outer(line))


def _split_unit(plain: str) -> tuple[str, str | None]:
    """Name and unit, which need not be a known one where it stands in brackets."""
    match = _BEHIND.fullmatch(plain) or _IN_BRACKETS.fullmatch(plain)
    if match is None:
        return plain, None
    return match.group(1).rstrip(" _,:/"), match.group(2) or None


def _plain(name: str) -> str:
    """In small letters without quotes and typesetting, ω and α spelt out."""
    return _NUMBERING.sub("", _outer(name.strip().lower().translate(_SYMBOLS)), count=1).strip()


def _outer(text: str) -> str:
    """The same with exponents that have no brackets of their own."""
    return re.sub(r"\^\s*[({]\s*-\s*1\s*[)}]", "^-1", text)


def _letters(plain: str) -> str:
    """Letters, digits and slashes, with a for alpha, w for omega and 2 for squared."""
    short = plain.replace("alpha", "a").replace("omega", "w").replace("squared", "2")
    return re.sub(r"[^a-z0-9/]", "", short)
