"""Crystal of a file as it was understood, for people to compare with theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ase import Atoms

from betenet.structures.find_space_group import find_space_group

LENGTHS = ("a_angstrom", "b_angstrom", "c_angstrom")
ANGLES = ("alpha_degrees", "beta_degrees", "gamma_degrees")
"""Columns of the cell that was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsRead:
    """A crystal as it was understood.

    Attributes
    ----------
    formula
        Reduced formula.
    n_sites
        Sites of the cell that was given.
    n_primitive_sites
        Sites of its primitive cell.
    space_group
        Short Hermann–Mauguin symbol; empty if it is not known.
    space_group_number
        Number of the space group; 0 if it is not known.
    symprec
        Tolerance of the space group [Å].
    lengths
        a, b and c of the cell that was given [Å].
    angles
        α, β and γ of the cell that was given [°].
    volume_per_atom
        Volume per atom of the cell that was given [Å³].
    """

    formula: str
    n_sites: int
    n_primitive_sites: int
    space_group: str
    space_group_number: int
    symprec: float
    lengths: tuple[float, float, float]
    angles: tuple[float, float, float]
    volume_per_atom: float

    @classmethod
    def of(cls, given: Atoms, primitive: Atoms, symprec: float) -> AsRead:
        """Describe a crystal by the cell that was given and what `standardise` made of it."""
        symbol, number = find_space_group(primitive, symprec)
        a, b, c, alpha, beta, gamma = map(float, given.cell.cellpar())
        return cls(
            formula=str(primitive.get_chemical_formula(mode="metal", empirical=True)),
            n_sites=len(given),
            n_primitive_sites=len(primitive),
            space_group=symbol,
            space_group_number=number,
            symprec=symprec,
            lengths=(a, b, c),
            angles=(alpha, beta, gamma),
            volume_per_atom=float(given.get_volume()) / len(given),
        )

    def as_text(self) -> str:
        """One line for people.

        Examples
        --------
        >>> from ase.build import bulk
        >>> from betenet.structures import standardise
        >>> cubic = bulk("Nb", cubic=True)
        >>> print(AsRead.of(cubic, standardise(cubic), 1e-3).as_text())
        Nb, 2 sites (1 in the primitive cell), Im-3m (229), 3.300 3.300 3.300 Å, 90 90 90°, ...
        """
        return f"{self.formula}, {self.details}"

    @property
    def details(self) -> str:
        """The line without the formula."""
        sites = f"{self.n_sites} site{'s' if self.n_sites != 1 else ''}"
        if self.n_primitive_sites != self.n_sites:
            sites += f" ({self.n_primitive_sites} in the primitive cell)"
        lengths = " ".join(f"{length:.3f}" for length in self.lengths)
        angles = " ".join(f"{round(angle, 2):g}" for angle in self.angles)
        volume = f"{self.volume_per_atom:.2f} Å³/atom"
        return f"{sites}, {self.symmetry}, {lengths} Å, {angles}°, {volume}"

    @property
    def symmetry(self) -> str:
        """Symbol and number of the space group."""
        if not self.space_group_number:
            return "no space group"
        return f"{self.space_group} ({self.space_group_number})"

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings for JSON, with keys that carry the unit."""
        return {
            "formula": self.formula,
            "n_sites": self.n_sites,
            "n_primitive_sites": self.n_primitive_sites,
            "space_group": self.space_group,
            "space_group_number": self.space_group_number,
            "symprec_angstrom": self.symprec,
            "cell_lengths_angstrom": list(self.lengths),
            "cell_angles_degrees": list(self.angles),
            "volume_per_atom_angstrom3": self.volume_per_atom,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AsRead:
        """Build from what `to_dict` returns.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        a, b, c = map(float, data["cell_lengths_angstrom"])
        alpha, beta, gamma = map(float, data["cell_angles_degrees"])
        return cls(
            formula=str(data["formula"]),
            n_sites=int(data["n_sites"]),
            n_primitive_sites=int(data["n_primitive_sites"]),
            space_group=str(data["space_group"]),
            space_group_number=int(data["space_group_number"]),
            symprec=float(data["symprec_angstrom"]),
            lengths=(a, b, c),
            angles=(alpha, beta, gamma),
            volume_per_atom=float(data["volume_per_atom_angstrom3"]),
        )

    def columns(self) -> dict[str, float | str]:
        """Values of `COLUMNS`, for a table that has the formula and the primitive cell already."""
        values = (
            self.n_sites,
            self.space_group,
            self.space_group_number,
            self.symprec,
            *self.lengths,
            *self.angles,
            self.volume_per_atom,
        )
        return dict(zip(COLUMNS, values, strict=True))

    def cells(self) -> dict[str, str]:
        """Texts of all fields, numbers with six digits."""
        return {
            key: value if isinstance(value, str) else f"{value:.6g}"
            for key, value in self.columns().items()
        }


COLUMNS = (
    "n_sites",
    "space_group",
    "space_group_number",
    "symprec_angstrom",
    *LENGTHS,
    *ANGLES,
    "volume_per_atom_angstrom3",
)
"""Columns of what was read in a table; the unit is part of the name."""
