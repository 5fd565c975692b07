"""Outputs of pw.x (Quantum ESPRESSO): every geometry of a run, also of one that broke off."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile

import numpy as np
from ase import Atoms
from ase.units import Bohr
from jaxtyping import Float

from betenet.errors import StructureError
from betenet.formats.text import to_number
from betenet.structures.convert import crystal
from betenet.structures.pw_input import element_of

_ALAT = re.compile(r"celldm\(1\)=\s*(\S+)")
_AXES = re.compile(r"\s*a\(\d\) = \(([^)]*)\)")
_SITE = re.compile(r"\s*\d+\s+(\S+)\s+tau\(\s*\d+\) = \(([^)]*)\)")
_COUNT = re.compile(r"number of atoms/cell\s*=\s*(\d+)")
_UNIT = re.compile(r"[\s({]*(\w*)(?:\s*=\s*([\d.]+))?")
SAME = 1e-4
"""Coordinates and vectors this close [Å] are one geometry that is printed again."""

Vectors = Float[np.ndarray, "3 3"]
Site = tuple[str, Sequence[str]]


def pw_output_frames(lines: Sequence[str]) -> Iterator[Callable[[], Atoms]]:
    """Each geometry of an output: that at its start, and one for each step of a relaxation.

    Parameters
    ----------
    lines
        Lines of the output.

    Raises
    ------
    StructureError
        If no cell with atoms is there; and of a frame, when it is called for, if the output breaks
        off in it.

    Warns
    -----
    UserWarning
        With the last frame, if the run did not come to its end.
    """
    run = _Run(lines)
    last: Atoms | None = None
    pending: Callable[[], Atoms] | None = None
    for place in run.places():
        try:
            atoms = run.geometry(place)
        except StructureError as error:
            if pending is not None:
                yield pending
            yield partial(_refuse, error)
            return
        if atoms is None or (last is not None and _is_same(atoms, last)):
            continue
        if pending is not None:
            yield pending
        pending, last = partial(_given, atoms, ""), atoms
    if last is None:
        raise StructureError(
            "The output of pw.x ends before it lists the cell and the atoms.",
            "The run was stopped at its start, or an error ended it.",
            "Give the input of pw.x, or the output of a run that went on.",
        )
    if not any("JOB DONE" in line for line in lines[-200:]):
        note = (
            "The output of pw.x does not end with JOB DONE: the run was stopped or goes on. This "
            "is its last geometry."
        )
        pending = partial(_given, last, note)
    assert pending is not None
    yield pending


def _given(atoms: Atoms, note: str) -> Atoms:
    if note:
        warnings.warn(note, stacklevel=2)
    return atoms


def _refuse(error: StructureError) -> Atoms:
    raise error


def _is_same(one: Atoms, other: Atoms) -> bool:
    """Whether a geometry is printed again, as the final one of a relaxation is."""
    if len(one) != len(other) or not np.allclose(one.cell.array, other.cell.array, atol=SAME):
        return False
    apart = one.get_scaled_positions(wrap=False) - other.get_scaled_positions(wrap=False)
    return bool(np.allclose((apart - np.round(apart)) @ one.cell.array, 0, atol=SAME))


class _Run:
    """Settings that a run states before a place: they hold until they are stated anew."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._alat = 0.0
        self._cell: Vectors | None = None
        self._count = 0
        self._masses: dict[str, str] = {}

    def places(self) -> Iterator[int]:
        """Lines that begin a part of a geometry."""
        marks = ("celldm(1)=", "number of atoms/cell", "atomic species  ", "crystal axes:")
        marks += ("site n.", "CELL_PARAMETERS", "ATOMIC_POSITIONS")
        for n, line in enumerate(self._lines):
            if any(mark in line for mark in marks):
                yield n

    def geometry(self, n: int) -> Atoms | None:
        """Take up what begins at a line; a crystal if its positions do."""
        line, below = self._lines[n], self._lines[n + 1 :]
        if found := _ALAT.search(line):
            self._alat = self._number(found[1]) * Bohr
        elif found := _COUNT.search(line):
            self._count = int(found[1])
        elif "atomic species  " in line:
            rows = (row.split() for row in below[:20])
            self._masses |= {row[0]: row[2] for row in rows if len(row) > 3}
        elif "crystal axes:" in line:
            rows = [found[1] for row in below[:3] if (found := _AXES.match(row))]
            self._cell = self._vectors(rows) * self._alat
        elif "site n." in line and ("alat" in line or "a_0" in line):
            found = takewhile(lambda site: site is not None, map(_SITE.match, below))
            sites = [(site[1], site[2].split()) for site in found if site is not None]
            return self._crystal(sites, "alat")
        elif line.startswith("CELL_PARAMETERS"):
            self._cell = self._vectors(below[:3]) * self._length(line, "CELL_PARAMETERS")
        elif line.startswith("ATOMIC_POSITIONS"):
            rows = takewhile(lambda words: len(words) > 3, (row.split() for row in below))
            sites = [(row[0], row[1:4]) for row in rows]
            return self._crystal(sites, line.removeprefix("ATOMIC_POSITIONS"))
        return None

    def _crystal(self, sites: Sequence[Site], unit: str) -> Atoms:
        if len(sites) < self._count or not sites or self._cell is None:
            raise _cut_off()
        labels = [element_of(label, self._masses.get(label, "")) for label, _ in sites]
        places = np.array([[self._number(word) for word in place] for _, place in sites])
        if "crystal" in unit.lower():
            return crystal(labels, self._cell, places, cartesian=False)
        return crystal(labels, self._cell, places * self._length(unit, ""), cartesian=True)

    def _vectors(self, rows: Sequence[str]) -> Vectors:
        vectors = [[self._number(word) for word in row.split()[:3]] for row in rows]
        if [len(row) for row in vectors] != [3, 3, 3]:
            raise _cut_off()
        return np.array(vectors)

    def _length(self, line: str, name: str) -> float:
        """Unit that a card is printed in [Å]."""
        found = _UNIT.match(line.removeprefix(name))
        unit = "" if found is None else found[1].lower()
        if unit == "alat" and found is not None and found[2]:
            return self._number(found[2]) * Bohr
        lengths = {"alat": self._alat, "bohr": Bohr, "angstrom": 1.0}
        if unit not in lengths:
            raise StructureError(
                f"The output of pw.x has lengths in an unknown unit: {line.strip()[:60]!r}.",
                "Known are alat, bohr, angstrom and crystal.",
                "Give the input of pw.x instead.",
            )
        return lengths[unit]

    def _number(self, word: str) -> float:
        number = to_number(word)
        if number is None:
            raise StructureError(
                f"The output of pw.x has {word[:30]!r} where a coordinate should be.",
                "The file is damaged, or the number did not fit its field.",
                "Give the input of pw.x instead.",
            )
        return number


def _cut_off() -> StructureError:
    return StructureError(
        "The output of pw.x breaks off in the middle of a cell or of positions.",
        "Fewer lines follow than there are vectors and atoms.",
        "Take the geometry before it, or let the run come to its end.",
    )
