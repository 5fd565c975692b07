"""What is searched: one composition, or every composition of a set of elements."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ase.data import atomic_numbers

from betenet.errors import ConfigError
from betenet.phonons import ForceField
from betenet.structures.formula import formula_amounts

MOST_ELEMENTS = 5
"""Elements of a search: hulls of more need thousands of relaxations."""
MOST_ATOMS = 60
"""Atoms of a cell from which on a search finds nothing in reasonable time."""
_SYSTEM = re.compile(r"[A-Z][a-z]?(-[A-Z][a-z]?)*")
_UNITS = (0.4, 0.35, 0.1, 0.15)
"""Shares of cells with one to four formula units."""

Counts = dict[str, int]
"""Atoms of each element in a cell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchSpace:
    """Compositions and sizes of the cells of a search.

    Attributes
    ----------
    target
        Formula or chemical system, as it was written.
    elements
        Elements, in alphabetical order.
    unit
        Atoms of each element in a formula unit; none for a whole system.
    most_atoms
        Most atoms of a primitive cell.
    """

    target: str
    elements: tuple[str, ...]
    unit: tuple[tuple[str, int], ...]
    most_atoms: int

    @property
    def is_system(self) -> bool:
        """Whether every composition of the elements is searched."""
        return not self.unit

    def random_counts(self, rng: np.random.Generator) -> Counts:
        """Atoms of a cell, by chance.

        Parameters
        ----------
        rng
            Source of chance.
        """
        if self.unit:
            size = sum(count for _, count in self.unit)
            units = int(rng.integers(1, self.most_atoms // size + 1))
            return {symbol: count * units for symbol, count in self.unit}
        units = 1 + int(rng.choice(len(_UNITS), p=_UNITS))
        size = int(rng.integers(1, max(1, self.most_atoms // units) + 1))
        return self._divided(size, units, rng)

    def _divided(self, size: int, units: int, rng: np.random.Generator) -> Counts:
        """Formula units of a size, divided among the elements by chance; some may be absent."""
        cuts = np.sort(rng.integers(0, size + 1, size=len(self.elements) - 1))
        shares = np.diff([0, *cuts.tolist(), size]) * units
        return {
            symbol: int(share)
            for symbol, share in zip(self.elements, shares, strict=True)
            if share > 0
        }

    def allows(self, counts: Mapping[str, int]) -> bool:
        """Whether a cell of these atoms belongs to the search."""
        if not 1 <= sum(counts.values()) <= self.most_atoms or not set(counts) <= set(
            self.elements
        ):
            return False
        return self.is_system or reduced(counts) == dict(self.unit)


def reduced(counts: Mapping[str, int]) -> Counts:
    """Atoms of each element in a formula unit, in alphabetical order.

    Examples
    --------
    >>> reduced({"H": 12, "Ca": 2})
    {'Ca': 1, 'H': 6}
    """
    divisor = math.gcd(*counts.values()) if counts else 1
    return {symbol: counts[symbol] // divisor for symbol in sorted(counts) if counts[symbol]}


def counts_of(symbols: list[str]) -> Counts:
    """Atoms of each element in a list of symbols, in alphabetical order."""
    return dict(sorted(Counter(symbols).items()))


def search_space(target: str, most_atoms: int) -> SearchSpace:
    """What a formula or a chemical system asks for.

    Parameters
    ----------
    target
        Such as ``"CaH6"`` for one composition, or ``"Ca-H"`` for all of a system; one element is
        both.
    most_atoms
        Most atoms of a primitive cell.

    Raises
    ------
    ConfigError
        If it is neither, has amounts that are no whole numbers, or does not fit the limits.

    Examples
    --------
    >>> search_space("Ca2H12", 16).unit
    (('Ca', 1), ('H', 6))
    >>> search_space("Ca-H", 16).is_system
    True
    """
    if not 1 <= most_atoms <= MOST_ATOMS:
        raise ConfigError(
            f"There cannot be {most_atoms} atoms in a cell.",
            f"A search takes 1 to {MOST_ATOMS}.",
            "Give --most-atoms in that range.",
        )
    if "-" in target:
        return _system(target, most_atoms)
    amounts = formula_amounts(target)
    counts = {symbol: round(amount) for symbol, amount in amounts.items()}
    if not counts or any(abs(amounts[one] - count) > 1e-6 for one, count in counts.items()):
        raise ConfigError(
            f"{target!r} is no formula with whole numbers, and no chemical system.",
            "A search is told what to look for by one of them.",
            "Write a formula such as CaH6, or elements with hyphens between them, such as Ca-H.",
        )
    unit = reduced(counts)
    _check_elements(target, tuple(unit))
    if sum(unit.values()) > most_atoms:
        raise ConfigError(
            f"A formula unit of {target} has {sum(unit.values())} atoms.",
            f"Cells of the search have at most {most_atoms}.",
            f"Give --most-atoms {sum(unit.values())} or more.",
        )
    return SearchSpace(
        target=target,
        elements=tuple(unit),
        unit=tuple(unit.items()),
        most_atoms=max(most_atoms, sum(unit.values())),
    )


def _system(target: str, most_atoms: int) -> SearchSpace:
    elements = tuple(sorted(target.split("-")))
    if not _SYSTEM.fullmatch(target) or any(one not in atomic_numbers for one in elements):
        raise ConfigError(
            f"{target!r} is no chemical system.",
            "It has elements with hyphens between them, and nothing else.",
            "Write Ca-H, say.",
        )
    _check_elements(target, elements)
    if len(elements) > most_atoms:
        raise ConfigError(
            f"{target} has {len(elements)} elements, and cells have at most {most_atoms} atoms.",
            "No cell can have all of them.",
            f"Give --most-atoms {len(elements)} or more.",
        )
    return SearchSpace(target=target, elements=elements, unit=(), most_atoms=most_atoms)


def _check_elements(target: str, elements: tuple[str, ...]) -> None:
    if len(set(elements)) != len(elements):
        raise ConfigError(
            f"{target} names an element twice.", "Each counts once.", "Leave one out."
        )
    if len(elements) > MOST_ELEMENTS:
        raise ConfigError(
            f"{target} has {len(elements)} elements.",
            f"A search takes {MOST_ELEMENTS} at most.",
            "Search a smaller system.",
        )


def check_known(space: SearchSpace, field: ForceField) -> None:
    """Check that a force field knows the elements.

    Raises
    ------
    ConfigError
        If it does not know one of them.
    """
    known = field.known_elements
    unknown = [one for one in space.elements if known and atomic_numbers[one] not in known]
    if unknown:
        raise ConfigError(
            f"{field.name} does not know {' and '.join(unknown)}.",
            "It has never met them in its training.",
            "Search without them, or name another force field with --force-field.",
        )
