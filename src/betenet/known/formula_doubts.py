"""Readings of a formula that somebody may have meant instead."""

from __future__ import annotations

import re

from ase.data import chemical_symbols

_COMMON = frozenset(chemical_symbols[1:95])
"""Elements up to plutonium."""
_WATER = re.compile(r"[A-Za-z)](\d+)\.(\d{1,2})H2O\)?$")


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
    return found


def _elements(pairs: list[str]) -> str:
    from ase.data import atomic_names, atomic_numbers

    names = [
        (atomic_names[atomic_numbers[one.capitalize()]].lower(), one.capitalize()) for one in pairs
    ]
    first, *rest = names
    told = [f"{first[0]} would be {first[1]}", *(f"{name} {symbol}" for name, symbol in rest)]
    return ", ".join(told)
