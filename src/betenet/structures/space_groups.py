"""Settings of the space groups, found by the symbols that people write."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from betenet.structures.cell import call_spglib
from betenet.structures.hall_symbols import hall_operations
from betenet.structures.symmetry_operations import Operations

N_SETTINGS = 530
OLD_CUBIC = frozenset((*range(200, 207), *range(221, 231)))
"""Space groups whose symbols had 3 where -3 is written today: F m 3 m."""

_ORIGIN = re.compile(r"\(?,?origin(?:choice|at)?:?([12])\)?$")
_AXES = re.compile(r"\(?(hexagonal|rhombohedral)(?:axes|setting)?\)?$")


@dataclass(frozen=True, slots=True)
class Setting:
    """One description of a space group: axes, cell and origin.

    Attributes
    ----------
    hall
        Number of the setting in spglib, 1 to 530; 0 for the centred triclinic cells it lacks.
    number
        Number of the space group in International Tables.
    symbol
        Hermann-Mauguin symbol, full where it names the unique axis.
    choice
        Axes, cell and origin as International Tables code them: ``b1``, ``cab``, ``2``, ``H``.
    hall_symbol
        Hall symbol.
    """

    hall: int
    number: int
    symbol: str
    choice: str
    hall_symbol: str

    def __str__(self) -> str:
        shared = self.number == 67 or re.fullmatch(r"[12HR].*", self.choice)
        return f"{self.symbol}:{self.choice}" if shared and self.choice else self.symbol

    @property
    def operations(self) -> Operations:
        """Operations of the setting's cell."""
        if self.hall:
            return Operations.of_hall_number(self.hall)
        return hall_operations(self.hall_symbol)

    @property
    def is_standard(self) -> bool:
        """Whether International Tables describe the group so first, in either origin or axes."""
        return self.choice in {"", "b", "b1", "1", "2", "H", "R"}

    @property
    def unique_axis(self) -> str:
        """Unique axis of a monoclinic setting, ``""`` of others."""
        found = re.fullmatch(r"-?([abc])\d?", self.choice)
        return found[1] if found else ""


@cache
def all_settings() -> tuple[Setting, ...]:
    """Settings that spglib has, and the centred cells of P 1 and P -1."""
    found = [
        Setting(0, number, f"{letter} {sign}1", "centred", f"{sign}{letter} 1")
        for letter in "ABCFI"
        for number, sign in ((1, ""), (2, "-"))
    ]
    for hall in range(1, N_SETTINGS + 1):
        kind = call_spglib("get_spacegroup_type", hall)
        long = kind.number < 16 and kind.number > 2
        symbol = kind.international_full if long else kind.international.split(" = ")[0]
        symbol = symbol.replace("_", "").replace("B b c b", "B b e b")  # spglib's slip in No. 68
        found.append(Setting(hall, kind.number, symbol, kind.choice, kind.hall_symbol))
    return tuple(found)


def settings_of_number(number: int) -> list[Setting]:
    """Return all settings of a space group number."""
    return [setting for setting in all_settings() if setting.number == number]


def settings_of_hall_symbol(text: str) -> list[Setting]:
    """Return the setting with a Hall symbol; none if spglib has none."""
    return _by_hall_symbol().get(_plain_hall(text), [])


def settings_of_schoenflies(text: str) -> list[Setting]:
    """Return all settings of a space group named as ``Oh^5``; none if there is no such group."""
    plain = re.sub(r"[\s_^{}']", "", text).lower()
    symbols = {
        setting: str(call_spglib("get_spacegroup_type", setting.hall).schoenflies)
        for setting in all_settings()
        if setting.hall
    }
    return [item for item, symbol in symbols.items() if symbol.replace("^", "").lower() == plain]


def settings_of_symbol(text: str) -> list[Setting]:
    """Return the settings that a Hermann-Mauguin symbol can mean; none if it is unknown.

    Parameters
    ----------
    text
        Full, short or old, with or without blanks, underscores and a mark of the setting: ``:2``,
        ``:R``, ``H``, and ICSD's ``Z`` (second origin) and ``S`` (first origin).

    Examples
    --------
    >>> [str(setting) for setting in settings_of_symbol("F d 3 m Z")]
    ['F d -3 m:2']
    >>> [str(setting) for setting in settings_of_symbol("P2_1/n")]
    ['P 1 21/n 1', 'P 1 1 21/n', 'P 21/n 1 1']
    """
    if re.fullmatch(r"\w\s+1\s+2_?1", text.strip()):
        return []  # P 1 21 is cut, and not P 1 2 1
    symbol, code = _without_mark(text)
    settings = list(_by_symbol().get(symbol, ()))
    if not settings and symbol[-1:] in {"1", "2"} and code == "":
        shorter = _by_symbol().get(symbol[:-1], ())
        return [setting for setting in shorter if setting.choice[:1] == symbol[-1]]
    return of_code(settings, code)


def of_code(settings: list[Setting], code: str) -> list[Setting]:
    """Return those of the settings that a code of International Tables names; all if it names none.

    Parameters
    ----------
    code
        Code as the end of a symbol or ``_space_group_IT_coordinate_system_code`` has it: ``2``,
        ``b1``, ``-cba``, ``1abc``, ``h``. Behind the symbol of a standard setting it may name
        another setting of that group: P n m a with cab is P b n m.
    """
    plain = code.lower().strip().replace("abc", "").lstrip(":")
    exact = [setting for setting in settings if setting.choice.lower() == plain]
    if not exact and plain in {"a", "b", "c"}:
        exact = [setting for setting in settings if setting.unique_axis == plain]
    if not exact and any(setting.is_standard for setting in settings):
        group = settings_of_number(settings[0].number)
        exact = [setting for setting in group if plain and setting.choice.lower() == plain]
    return (exact if code.strip() else []) or settings


@cache
def _by_hall_symbol() -> dict[str, list[Setting]]:
    return {_plain_hall(setting.hall_symbol): [setting] for setting in reversed(all_settings())}


def _plain_hall(text: str) -> str:
    return " ".join(text.replace("_", " ").replace("''", '"').lower().split())


def _without_mark(text: str) -> tuple[str, str]:
    """Split a symbol into its bare form and the code of the setting."""
    bar = unicodedata.normalize("NFD", text)
    bar = re.sub(r"(\d)[\u0304\u0305]", r"-\1", bar)
    bar = re.sub(r"(?<=[2346])\(([1-5])\)", r"\1", bar)  # SHELX's P2(1)/n
    bar = re.sub(r"[\u2010-\u2015\u2212]", "-", bar)
    bare = re.sub(r"[\s_'\"\\{}$]|</?sub>|</?i>", "", bar).lower()
    bare = re.sub(r"\(?(no|#)\.?\d+\)?$|\(\d+\)$", "", bare)
    bare, colon, code = bare.partition(":")
    for pattern in (_ORIGIN, _AXES):
        found = pattern.search(bare)
        if found:
            bare, code = bare[: found.start()], found[1][:1]
    axes = re.fullmatch(r"(.*)\((-?[abc]{1,2}-?[abc]?-?[abc]?\d?)\)", bare)
    if axes and not colon:
        return axes[1], axes[2]
    mark = re.fullmatch(r"(.*?[\da-e,mn])\(?(hr|h|r|s|z)\)?", bare)
    if mark and not colon:
        bare, code = mark[1], {"hr": "", "s": "1", "z": "2"}.get(mark[2], mark[2])
    return bare, code


@cache
def _by_symbol() -> dict[str, tuple[Setting, ...]]:
    """Bare symbol to the settings that it can mean."""
    found: dict[str, dict[Setting, None]] = defaultdict(dict)
    for setting in all_settings():
        kind = call_spglib("get_spacegroup_type", setting.hall or 1)
        full = str(kind.international_full).replace("_", "") if setting.hall else setting.symbol
        spellings = {setting.symbol, full, *_doubled_glides(setting, full)}
        if setting.unique_axis:
            spellings |= {" ".join(part for part in full.split() if part != "1")}
        if 127 <= setting.number <= 130:
            spellings.add(re.sub(r" ([mc])$", r" 2/\1", full))
        if setting.number in OLD_CUBIC:
            spellings |= {spelling.replace("-3", "3") for spelling in spellings}
        if setting.choice == "H":
            spellings |= {spelling.replace("R", "H") for spelling in spellings}
        for spelling in spellings:
            found["".join(spelling.split()).lower()][setting] = None
    return {symbol: tuple(settings) for symbol, settings in found.items()}


def _doubled_glides(setting: Setting, full: str) -> list[str]:
    """Symbols of the time before 1992, with one of the two glides that e stands for.

    In No. 67 and 68 the letter tells two settings apart that share the symbol with e.
    """
    symbols = [setting.symbol, full.replace("B 2/b 2/c 2/b", "B 2/b 2/e 2/b")]
    if "e" not in setting.symbol:
        return []
    normal = [("e" in part) for part in setting.symbol.split()[1:]].index(True)
    letters = [letter for letter in "abc" if letter != "abc"[normal]]
    if setting.number in {67, 68}:
        axes = re.sub(r"[-12]", "", setting.choice) or "abc"
        letters = ["abc"[axes.index("a")]]
    return [symbol.replace("e", letter) for symbol in symbols for letter in letters]
