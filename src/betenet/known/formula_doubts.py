"""Readings of a formula that somebody may have meant instead."""

from __future__ import annotations

import re

from ase.data import chemical_symbols

from betenet.known.formula_refusals import UnclearFormulaError

_COMMON = frozenset(chemical_symbols[1:95])
"""Elements up to plutonium."""
_WATER = re.compile(r"[A-Za-z)](\d+)\.(\d{1,2})H2O\)?$")
_ISOTOPE = re.compile(r"([A-Z][a-z]?) ?((?<!\d)(?:10|11)(?=B(?![a-z]))|18(?=O(?![a-z])))")
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
_ELEMENT = re.compile(r"[A-Z][a-z]?")
_KELVIN = re.compile(
    r"(?:[A-Za-z)\]}]\d\S*|[A-Z][a-z]?[A-Z][a-z]?)[\s@(,]+(?:at\s+)?(\d+\.?\d*\s*K)\)?\s*$"
)
"""A temperature behind a formula that has amounts, or two elements."""
_CHARGED = re.compile(r"(?<![\d.])([A-Z][a-z]?)(\d)([1-4])([+-])$")
"""An amount of two digits before a sign at the end, of which the second may be a charge."""
_BEFORE = re.compile(r"\s*(?:\d*\.\d+\s*[A-Z][a-z]?\s*){2,}")
"""Decimals that all stand before the elements."""


def check_blanks(text: str) -> None:
    """Refuse a number that is no amount, or stands before its element.

    A number behind a blank at the end of a formula that has its amounts otherwise, a temperature,
    and decimals before all elements.

    Raises
    ------
    UnclearFormulaError
        With the place: ``Nb3Sn 17.9`` is a formula and its Tc rather than a compound.

    Examples
    --------
    >>> check_blanks("Nb 3 Sn 1"), check_blanks("MgB 2")
    (None, None)
    """
    if found := _KELVIN.search(text):
        raise UnclearFormulaError(
            found.start(1) + 1,
            f"{found[1]} is a temperature, or an amount and potassium.",
            "Leave it out, or write potassium before its amount.",
        )
    if _BEFORE.fullmatch(text):
        raise UnclearFormulaError(
            len(text) - len(text.lstrip()) + 1,
            "The amounts stand before the elements.",
            "Write them behind: Nb0.5Ti0.5.",
        )
    *before, last = text.split() or [""]
    if _NUMBER.fullmatch(last) and any(re.search(r"[A-Za-z)\]}]_?\d", one) for one in before):
        raise UnclearFormulaError(
            len(text.rstrip()) - len(last) + 1,
            f"{last} stands apart from the formula.",
            "Leave it out, or write it without a blank if it is an amount.",
        )


def other_readings(text: str) -> list[str]:
    """Sentences on other readings; mostly none.

    Examples
    --------
    >>> other_readings("NB3SN")
    ['NB is read as N and B, SN as S and N: niobium would be Nb, tin Sn']
    >>> other_readings("CuSO4.5H2O")
    ['4.5 is read as one number: with water in the crystal it would be 4·5H2O']
    >>> other_readings("Nb3Sn")
    []
    """
    found: list[str] = []
    pairs = [] if re.search("[a-z]", text) else re.findall(r"(?=([A-Z][A-Z]))", text)
    meant = [pair for pair in dict.fromkeys(pairs) if pair.capitalize() in _COMMON]
    if meant:
        read = ", ".join(
            f"{pair} {'is read ' if place == 0 else ''}as {pair[0]} and {pair[1]}"
            for place, pair in enumerate(meant)
        )
        found.append(f"{read}: {_elements(meant)}")
    if water := _WATER.search(text):
        found.append(
            f"{water[1]}.{water[2]} is read as one number: with water in the crystal it would be "
            f"{water[1]}·{water[2]}H2O"
        )
    if ion := _CHARGED.search(text):
        symbol, amount, charge, sign = ion.groups()
        found.append(
            f"{amount}{charge} is read as the amount of {symbol}: an ion would be "
            f"{symbol}{amount}^{charge}{sign}"
        )
    return found + _of_blanks(text) + _of_isotopes(text)


def _of_blanks(text: str) -> list[str]:
    """Sentences on compounds with blanks between, and on a number apart from all elements."""
    found: list[str] = []
    parts = text.split()
    if sum(len(_ELEMENT.findall(one)) > 1 for one in parts) > 1:
        found.append("the parts of the formula with blanks between are one compound")
    *before, last = parts or [""]
    whole = len(before) == 1 and len(_ELEMENT.findall(before[0])) > 1
    if whole and _NUMBER.fullmatch(last):
        found.append(f"{last} behind the blank is read as an amount")
    return found


def _of_isotopes(text: str) -> list[str]:
    """Sentences on amounts that may be the mass of the next element."""
    return [
        f"{mass} is read as the amount of {symbol}: an isotope would be ({mass}{text[found.end()]})"
        for found in _ISOTOPE.finditer(text)
        for symbol, mass in [found.groups()]
    ]


def _elements(pairs: list[str]) -> str:
    from ase.data import atomic_names, atomic_numbers

    names = [
        (atomic_names[atomic_numbers[one.capitalize()]].lower(), one.capitalize()) for one in pairs
    ]
    first, *rest = names
    told = [f"{first[0]} would be {first[1]}", *(f"{name} {symbol}" for name, symbol in rest)]
    return ", ".join(told)
