"""Statements of a document on its structure beside the sites: formula and number of sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from ase.data import atomic_numbers

from betenet.structures.formula import MOST_ATOMS, formula_amounts

FORMULAS = (
    *("chemical_formula_reduced", "chemical_formula_descriptive", "formula_pretty"),
    *("pretty_formula", "full_formula", "formula"),
)
"""Keys of formulas: OPTIMADE's, the Materials Project's, JARVIS's and pymatgen's."""
COMPOSITIONS = ("composition", "composition_reduced", "unit_cell_formula")
NUMBERS = ("nsites", "n_sites", "num_sites", "nat")
SAME = 1e-3
"""Difference of an element's share up to which two compositions are the same."""

Composition = Mapping[str, float]


def stated_otherwise(tables: Iterable[Mapping[str, Any]], symbols: Iterable[str]) -> Iterator[str]:
    """Notes where a document states another composition or number of sites than its sites make.

    Parameters
    ----------
    tables
        The document, and what it holds.
    symbols
        Element of each site that was read.

    Examples
    --------
    >>> list(stated_otherwise([{"formula_pretty": "NbC", "nsites": 2}], ["Nb", "Nb"]))
    ['formula_pretty says NbC, the sites are Nb2: which is right?']
    """
    counts = Counter(symbols)
    read = "".join(name + (str(n) if n > 1 else "") for name, n in sorted(counts.items()))
    said: set[str] = set()
    for table in tables:
        for key in (*FORMULAS, *COMPOSITIONS):
            found = _composition(table.get(key))
            if found and key not in said and not _same(found, counts):
                said.add(key)
                text = table[key] if isinstance(table[key], str) else _formula(found)
                yield f"{key} says {text}, the sites are {read}: which is right?"
        for key in NUMBERS:
            number = table.get(key)
            if type(number) is int and number != counts.total() and key not in said:
                said.add(key)
                yield f"{key} says {number} sites, {counts.total()} are there: is the list whole?"


def _composition(stated: object) -> Composition | None:
    """Counts by element; None if it is no composition that can be understood."""
    if isinstance(stated, Mapping):
        table = cast("Mapping[object, object]", stated)
        counts = {
            str(name): float(number)
            for name, number in table.items()
            if isinstance(number, int | float) and 0 <= number < MOST_ATOMS
        }
        known = len(counts) == len(table) and all(map(atomic_numbers.get, counts))
        return counts if known else None
    return formula_amounts(stated) if isinstance(stated, str) else None


def _same(stated: Composition, counts: Counter[str]) -> bool:
    total = sum(stated.values())
    if not total > 0.0:
        return True
    shares = {element: number / total for element, number in stated.items() if number}
    read = {element: number / counts.total() for element, number in counts.items()}
    return shares.keys() == read.keys() and all(
        abs(shares[element] - read[element]) < SAME for element in read
    )


def _formula(stated: Composition) -> str:
    return "".join(f"{name}{number:g}" for name, number in stated.items())
