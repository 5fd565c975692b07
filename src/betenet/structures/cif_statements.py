"""Statements of a CIF about its crystal besides sites and symmetry, held against what was built."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Any, cast

import numpy as np
from ase.data import atomic_masses, atomic_numbers, covalent_radii
from jaxtyping import Float

from betenet.structures.check import check_lattice
from betenet.structures.cif_blocks import CifBlock
from betenet.structures.cif_sites import Sites, stated_amounts
from betenet.structures.orbits import FilledCell

FORMULA_TOLERANCE = 1e-2
"""Tolerance on the share of an element; formulas are written with two or three digits."""

VOLUME_TOLERANCE = 1e-2
"""Tolerance on the volume, relative; volumes are often of another temperature, or rounded."""

DENSITY_TOLERANCE = 0.1
"""Tolerance on the density, relative; half of the atoms, or twice as many, are far beyond."""

GRAMS_PER_CUBIC_CENTIMETRE = 1.66053906660
"""Density of one atomic mass unit per Å³ [g/cm³] (CODATA 2018)."""

CLOSE = 0.6
"""Share of the sum of covalent radii: a setting that brings atoms closer gives way to one that
keeps them beyond `APART`."""

APART = 0.75


@dataclass(frozen=True)
class Statements:
    """Formula, number of formula units, volume, density and multiplicities as a block states them.

    Attributes
    ----------
    block
        The block.
    sites
        Sites that it lists.
    lattice
        Cell vectors as rows [Å].
    """

    block: CifBlock
    sites: Sites
    lattice: Float[np.ndarray, "3 3"]

    @cached_property
    def amounts(self) -> dict[str, float]:
        """Atoms of each element in the stated formula."""
        return stated_amounts(self.block)

    @property
    def formula(self) -> str:
        """The formula as it is written."""
        return self.block.text("_chemical_formula_sum")

    @property
    def volume(self) -> float:
        """Volume of the cell [Å³]."""
        return abs(float(np.linalg.det(self.lattice)))

    def elements(self, cell: FilledCell) -> list[str]:
        """Element of each atom; deuterium and tritium are hydrogen."""
        plain = ["H" if element in {"D", "T"} else element for element in self.sites.elements]
        return [plain[kind] for kind in cell.kinds.tolist()]

    def formula_of(self, cell: FilledCell) -> str:
        """Formula of the atoms in the cell, such as ``Nb6 Sn2``."""
        counts = Counter(self.elements(cell))
        return " ".join(f"{element}{count}" for element, count in sorted(counts.items()))

    def contradictions(self, cell: FilledCell) -> list[str]:
        """Sentences on what the built cell has otherwise than the file states."""
        found = self._composition(cell) or self._count(cell)
        stated = self.block.number("_exptl_crystal_density_diffrn")
        if stated is not None and stated > 0.0 and self._is_full(cell):
            masses = [atomic_masses[atomic_numbers[element]] for element in self.elements(cell)]
            density = float(sum(masses)) * GRAMS_PER_CUBIC_CENTIMETRE / self.volume
            if abs(density / stated - 1.0) > DENSITY_TOLERANCE:
                found.append(
                    f"The CIF states a density of {stated:g} g/cm³, but its cell has {density:.3g}."
                )
        return found

    def wrong_volume(self) -> list[str]:
        """A sentence if the stated volume is not that of the cell."""
        stated = self.block.number("_cell_volume")
        if stated is None or stated <= 0.0:
            return []
        if abs(self.volume / stated - 1.0) <= VOLUME_TOLERANCE:
            return []
        told = f"The CIF states a cell volume of {stated:g} Å³"
        return [f"{told}, but its edges and angles give {self.volume:.5g} Å³."]

    def multiplicities_agree(self, cell: FilledCell) -> bool:
        """Whether each site has as many images as stated; True if nothing is stated."""
        stated = self.block.column(
            "_atom_site_symmetry_multiplicity", "_atom_site_site_symmetry_multiplicity"
        )
        counts = Counter(int(kind) for kind in cell.kinds)
        return all(
            not text.isdigit() or index not in counts or int(text) == counts[index]
            for index, text in enumerate(stated)
        )

    def closeness(self, cell: FilledCell) -> float:
        """Shortest distance over the sum of covalent radii; 1 or more says no more."""
        from ase import neighborlist

        numbers = [atomic_numbers[element] for element in self.elements(cell)]
        check_lattice(self.lattice, len(numbers))
        radii = np.asarray(covalent_radii)[numbers]
        first, second, distance = cast("Any", neighborlist).primitive_neighbor_list(
            "ijd", [True] * 3, self.lattice, cell.positions @ self.lattice, radii
        )
        if len(distance) == 0:
            return 1.0
        return float((distance / (radii[first] + radii[second])).min())

    def _is_full(self, cell: FilledCell) -> bool:
        shares = (share for site in cell.shares.values() for share in site.values())
        return all(abs(share - 1.0) < 1e-2 for share in shares)

    def _composition(self, cell: FilledCell) -> list[str]:
        if not self.amounts or not self._is_full(cell):
            return []
        elements = self.elements(cell)
        total = sum(self.amounts.values())
        if all(
            abs(self.amounts.get(element, 0.0) / total - elements.count(element) / len(elements))
            <= FORMULA_TOLERANCE
            for element in {*self.amounts, *elements}
        ):
            return []
        told = f"The CIF states the composition {self.formula}"
        return [f"{told}, but its sites hold {self.formula_of(cell)}."]

    def _count(self, cell: FilledCell) -> list[str]:
        """A sentence if the cell has more or fewer atoms than formula and Z say.

        By the dictionary the cell holds Z times the formula; where some programs write the formula
        of the whole cell beside Z, the two fit each other, and that is accepted.
        """
        total = sum(self.amounts.values())
        whole = all(amount.is_integer() for amount in self.amounts.values())
        if total == 0.0 or not whole or not self._is_full(cell):
            return []
        atoms = len(cell.kinds)
        told = f"The CIF states the formula {self.formula}"
        has = f"its cell has {atoms} atoms: {self.formula_of(cell)}."
        units = self.block.number("_cell_formula_units_z")
        if units is None or units <= 0.0:
            if atoms % total == 0:
                return []
            return [f"{told} ({total:g} atoms), but {has}"]
        unit = total / gcd(*(round(amount) for amount in self.amounts.values()))
        counts = {units * total, *([total] if total == units * unit else [])}
        if any(abs(atoms - count) < 0.5 for count in counts):
            return []
        stated = " or ".join(f"{count:g}" for count in sorted(counts))
        return [f"{told} with Z = {units:g} ({stated} atoms), but {has}"]
