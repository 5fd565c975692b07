"""The composition that a written formula states."""

from __future__ import annotations

import re

from betenet.structures.element_names import ELEMENTS, HYDROGEN_ISOTOPES

MOST_ATOMS = 1_000_000
"""Number of atoms of an element from which on a formula is not looked at."""
LONGEST = 200
"""Length of a formula that is looked at [characters]."""
_TERM = r"([A-Z][a-z]?)(\d+\.?\d*|\.\d+|)"
_FORMULA = re.compile(rf"(?:{_TERM}){{1,40}}")


def formula_amounts(text: str) -> dict[str, float]:
    """Atoms of each element in a formula of element symbols and numbers, with or without blanks.

    Parameters
    ----------
    text
        Formula; deuterium and tritium in it count as hydrogen.

    Returns
    -------
    dict[str, float]
        Number of atoms by element; empty where the text is no plain formula, has no atoms, or
        more than :data:`MOST_ATOMS` of an element.

    Examples
    --------
    >>> formula_amounts("Nb3Sn"), formula_amounts("Nb0.5 Ti.5"), formula_amounts("D2O")
    ({'Nb': 3.0, 'Sn': 1.0}, {'Nb': 0.5, 'Ti': 0.5}, {'H': 2.0, 'O': 1.0})
    >>> formula_amounts("C H4 1+"), formula_amounts("a remark"), formula_amounts("Xx2")
    ({}, {}, {})
    """
    plain = text.replace(" ", "")
    if len(text) > LONGEST or not _FORMULA.fullmatch(plain):
        return {}
    amounts: dict[str, float] = {}
    for symbol, number in re.findall(_TERM, plain):
        if symbol not in ELEMENTS:
            return {}
        element = "H" if symbol in HYDROGEN_ISOTOPES else symbol
        amounts[element] = amounts.get(element, 0.0) + float(number or 1)
    return amounts if sum(amounts.values()) > 0.0 and max(amounts.values()) < MOST_ATOMS else {}
