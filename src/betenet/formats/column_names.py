"""Meaning of the name of a column: its content, and the unit of frequencies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from betenet.formats.a2f_name import A2fName, a2f_name

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

UNIT_PATTERN = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))

_SYMBOLS = str.maketrans(
    {"α": "alpha", "ω": "omega", "Ω": "omega", "λ": "lambda", "ν": "nu", "ħ": "hbar ", "ℏ": "hbar "}
    | {"²": "2", "⁻": "-", "¹": "1", "−": "-", "π": "pi"}
    | dict.fromkeys("\"'$\\{}`", "")
)
# how Grace writes what is raised, and letters of its font Symbol
_GRACE_RAISED = re.compile(r"\\S(.*?)\\N")
_GRACE_GREEK = re.compile(r"\\x(.)(?:\\f\{\w*\}|\\[04])?")
_GRACE_LETTERS = {"w": "omega", "a": "alpha", "l": "lambda", "n": "nu"}
_IN_BRACKETS = re.compile(r"(.*?)\s*[\[(]\s*(?:in\s+)?([^\[\]()]*?)\s*[\])]?")
_BEHIND = re.compile(rf"(.+?)(?:\s*[,/:]\s*|[\s_]+in\s+|[\s_-]+)({UNIT_PATTERN})")
_NUMBERING = re.compile(r"^\s*(?:col(?:umn)?\.?\s*)?\d+\s*[:.)=]\s*")
_INDEX = re.compile(r"|#|i|n|id|no\.?|index|unnamed: \d+")
_FREQUENCY = re.compile(
    r"(?:hbar[ *_]*)?(?:(?:angular|phonon|ph|boson|vibrational)[ _]*)*"
    r"(?P<name>freq(?:s|uency|uencies)?|omega(?:_?(?:ph|q|qnu))?|energy|energies|wavenumbers?"
    r"|(?P<short>w|hw|e|en|nu|f))"
)
_COUPLING = re.compile(
    r"(?:lambda|lam(?![a-z])|coupling|cumul|int(?![a-z])|integra|2(?:int|integral))"
)
ANGULAR = re.compile(r"angular|(?<![a-z])t?rad(?:ians?)?(?![a-z])|2\s*\*?\s*pi|pi\s*\*?\s*2")
"""Words by which a frequency is 2π times as large."""


LONGEST_NAME = 100
"""Length of the name of a column that is looked at [characters]."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name.

    Parameters
    ----------
    name
        Name as the file has it.
    role
        Content of the column.
    unit
        Unit of frequencies, as in :data:`UNITS`; None if the name has none.
    unknown_unit
        Words that stand where a unit is expected, if the unit is not known.
    label
        Mark of α²F that tells it from others, in small letters; empty for a total.
    about_a2f
        Meaning of a name that speaks of α²F; None for others.
    """

    name: str
    role: Role
    unit: str | None = None
    unknown_unit: str = ""
    label: str = ""
    about_a2f: A2fName | None = None

    @property
    def is_index(self) -> bool:
        """Whether it numbers the rows by its name."""
        return _INDEX.fullmatch(self.name.strip().lower()) is not None

    @property
    def is_surely_frequency(self) -> bool:
        """Whether it is a frequency wherever it stands: by a word or a unit, not one letter."""
        if self.role != "frequency":
            return False
        if self.unit or self.unknown_unit:
            return True
        found = _FREQUENCY.fullmatch(_split_unit(plain(self.name))[0])
        return found is not None and found.group("short") is None


def column(name: str) -> Column:
    """Column by its name.

    Examples
    --------
    >>> [(c.role, c.unit) for c in map(column, ("Frequency/THz", "E(cm^-1)", "α²F(ω)", "λ"))]
    [('frequency', 'THz'), ('frequency', 'cm-1'), ('a2f', None), ('coupling', None)]
    """
    if len(name) > LONGEST_NAME:
        return Column(name, "other")
    words = plain(name)
    bare, unit = _split_unit(words)
    if unit is None and (foreign := re.fullmatch(r"(freq(?:s|uency|uencies)?)[ _](\S+)", bare)):
        bare, unit = foreign.groups()
    if _FREQUENCY.fullmatch(bare):
        if unit is None:
            return Column(name, "frequency", "cm-1" if bare.startswith("wavenumber") else None)
        if unit in UNITS:
            return Column(name, "frequency", UNITS[unit])
        return Column(name, "frequency", unknown_unit=unit)
    if _COUPLING.match(letters(words)):
        return Column(name, "coupling")
    found = a2f_name(words)
    if found is None:
        return Column(name, "other")
    is_a2f = found.kind not in {"other", "mode"}
    return Column(name, "a2f" if is_a2f else "other", label=found.label, about_a2f=found)


def plain(name: str) -> str:
    """A name in small letters without quotes and typesetting, ω and α spelt out."""
    grace = _GRACE_RAISED.sub(r"^\1", name)
    grace = _GRACE_GREEK.sub(lambda m: _GRACE_LETTERS.get(m.group(1), m.group(1)), grace)
    small = without_brackets_of_exponents(grace.strip().lower().translate(_SYMBOLS))
    return _NUMBERING.sub("", small, count=1).strip()


def without_brackets_of_exponents(text: str) -> str:
    """A name whose exponents have no brackets of their own."""
    return re.sub(r"\^\s*[({]\s*-\s*1\s*[)}]", "^-1", text)


def letters(words: str) -> str:
    """Letters, digits and slashes, with a for alpha, w for omega and 2 for squared."""
    short = words.replace("alpha", "a").replace("omega", "w").replace("squared", "2")
    return re.sub(r"[^a-z0-9/]", "", short)


def _split_unit(words: str) -> tuple[str, str | None]:
    """Name and unit, which need not be a known one where it stands in brackets."""
    match = _BEHIND.fullmatch(words) or _IN_BRACKETS.fullmatch(words)
    if match is None:
        return words, None
    return match.group(1).rstrip(" _,:/"), match.group(2) or None
