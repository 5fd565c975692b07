"""Relaxed crystals of a search: how they are kept, and which of them are the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from ase import Atoms

from betenet import extras
from betenet.search.composition import Counts, counts_of, reduced
from betenet.search.random_crystals import EXTRA
from betenet.structures.find_space_group import find_space_group
from betenet.structures.standardise import standardise

SAME_ENTHALPY = 4e-3
"""Enthalpy for each atom within which two crystals may be the same [eV]."""
SAME_VOLUME = 0.02
"""Share of the volume within which they may be."""
SYMPREC = 0.05
"""Tolerance of the space groups of a search [Å]: forces are relaxed to 0.02 eV/Å."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Phase:
    """A crystal of a search, at rest under its pressure.

    Attributes
    ----------
    number
        Number of the candidate within its search.
    origin
        How the candidate was made.
    parents
        Numbers of the crystals that it was made of.
    atoms
        Primitive cell.
    enthalpy
        Energy and PV for each atom [eV].
    converged
        Whether forces fell below the tolerance.
    steps
        Steps of the relaxation.
    space_group
        Symbol of the space group.
    space_group_number
        Its number; 0 if it is not known.
    """

    number: int
    origin: str
    parents: tuple[int, ...] = ()
    atoms: Atoms
    enthalpy: float
    converged: bool
    steps: int
    space_group: str
    space_group_number: int

    @property
    def counts(self) -> Counts:
        """Atoms of each element in the primitive cell."""
        return counts_of(self.atoms.get_chemical_symbols())

    @property
    def composition(self) -> str:
        """Reduced formula, elements in alphabetical order: the key of the composition."""
        return "".join(f"{one}{n if n > 1 else ''}" for one, n in reduced(self.counts).items())

    @property
    def formula(self) -> str:
        """Reduced formula as chemists write it."""
        return str(self.atoms.get_chemical_formula("metal", empirical=True))

    @property
    def volume(self) -> float:
        """Volume for each atom [Å³]."""
        return float(self.atoms.cell.volume) / len(self.atoms)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings for JSON; `from_dict` gives it back to the last bit."""
        return {
            "number": self.number,
            "origin": self.origin,
            "parents": list(self.parents),
            "formula": self.formula,
            "space_group": self.space_group,
            "space_group_number": self.space_group_number,
            "enthalpy_ev_per_atom": self.enthalpy,
            "volume_per_atom_angstrom3": self.volume,
            "converged": self.converged,
            "relaxation_steps": self.steps,
            "symbols": self.atoms.get_chemical_symbols(),
            "cell_angstrom": self.atoms.cell.array.tolist(),
            "positions_angstrom": self.atoms.positions.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Phase:
        """Build from what `to_dict` returns.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        atoms = Atoms(
            data["symbols"],
            cell=np.array(data["cell_angstrom"], dtype=float),
            positions=np.array(data["positions_angstrom"], dtype=float),
            pbc=True,
        )
        return cls(
            number=int(data["number"]),
            origin=str(data["origin"]),
            parents=tuple(int(one) for one in data["parents"]),
            atoms=atoms,
            enthalpy=float(data["enthalpy_ev_per_atom"]),
            converged=bool(data["converged"]),
            steps=int(data["relaxation_steps"]),
            space_group=str(data["space_group"]),
            space_group_number=int(data["space_group_number"]),
        )


def symmetry_of(atoms: Atoms) -> tuple[str, int]:
    """Symbol and number of the space group within `SYMPREC`; empty and 0 if there is none."""
    return find_space_group(standardise(atoms, symprec=SYMPREC), SYMPREC)


def is_same(one: Phase, other: Phase) -> bool:
    """Whether two crystals are the same: composition, enthalpy and volume, then the structure.

    Parameters
    ----------
    one, other
        Crystals of one force field and pressure.

    Raises
    ------
    ConfigError
        If the extra ``search`` is not installed.
    """
    if abs(one.enthalpy - other.enthalpy) > SAME_ENTHALPY or one.composition != other.composition:
        return False
    if abs(one.volume / other.volume - 1.0) > SAME_VOLUME:
        return False
    adaptor = _structures()
    return bool(
        _matcher().fit(adaptor.get_structure(one.atoms), adaptor.get_structure(other.atoms))
    )


@cache
def _matcher() -> Any:
    matching = extras.load(EXTRA, "pymatgen.analysis.structure_matcher")
    return matching.StructureMatcher(ltol=0.1, stol=0.15, angle_tol=4.0)


@cache
def _structures() -> Any:
    return extras.load(EXTRA, "pymatgen.io.ase").AseAtomsAdaptor


class DistinctPhases:
    """Crystals of a search without repetitions, the lowest of each kept.

    Attributes
    ----------
    found
        How often each was found, by its number.
    """

    def __init__(self) -> None:
        self.found: dict[int, int] = {}
        self._kept: dict[str, list[Phase]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    def copy(self) -> DistinctPhases:
        """Crystals to which others can be added without a change here."""
        other = DistinctPhases()
        other.found = dict(self.found)
        other._kept = {key: list(alike) for key, alike in self._kept.items()}
        return other

    def add(self, phases: Iterable[Phase]) -> None:
        """Take crystals, in the order of their numbers."""
        for one in phases:
            alike = self._kept.setdefault(one.composition, [])
            for place, other in enumerate(alike):
                if is_same(one, other):
                    best = min(one, other, key=lambda each: (each.enthalpy, each.number))
                    alike[place] = best
                    self.found[best.number] = self.found.pop(other.number) + 1
                    break
            else:
                alike.append(one)
                self.found[one.number] = 1

    def all(self) -> Sequence[Phase]:
        """Every crystal, the lowest enthalpy of each composition first."""
        return [
            one
            for _, alike in sorted(self._kept.items())
            for one in sorted(alike, key=lambda each: (each.enthalpy, each.number))
        ]
