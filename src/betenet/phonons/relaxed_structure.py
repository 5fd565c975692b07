"""What became of a structure that was relaxed to a pressure, for people and programs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import write

from betenet.errors import BetenetError
from betenet.json_output import finite_or_none
from betenet.runs import replacing
from betenet.structures import AsRead
from betenet.text_table import TextTable

SYMPREC = 1e-2
"""Tolerance of the space group after a relaxation [Å]."""
SUFFIXES = {"cif": ".cif", "poscar": ".vasp", "extxyz": ".extxyz"}
"""Formats that relaxed cells are written in, and the ends of their files' names."""
CSV_COLUMNS = (
    *("name", "formula", "pressure_gpa", "force_field", "converged", "relaxation_steps"),
    *("n_atoms", "volume_before_angstrom3", "volume_angstrom3", "volume_change"),
    *("pressure_before_gpa", "enthalpy_ev_per_atom", "space_group_before", "space_group"),
    *("file", "warnings", "error"),
)
"""Columns of the table; volumes are those of the primitive cell."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RelaxedStructure:
    """A primitive cell at rest under a pressure, or the error that took its place.

    Attributes
    ----------
    name
        Name of the structure and its pressure.
    pressure
        Pressure [GPa].
    force_field
        Name of the force field.
    given, atoms
        Primitive cell before and after the relaxation; None if there is an error.
    converged
        Whether forces fell below the tolerance.
    steps
        Number of steps.
    pressure_before
        Pressure of the cell that the relaxation began with, by the force field [GPa].
    enthalpy
        Energy of the force field and PV for each atom [eV].
    warnings
        What a user should know of the structure and of the force field.
    error
        Why there is no relaxed cell.
    as_read
        The crystal as it was understood.
    """

    name: str
    pressure: float
    force_field: str
    given: Atoms | None = None
    atoms: Atoms | None = None
    converged: bool = False
    steps: int = 0
    pressure_before: float = math.nan
    enthalpy: float = math.nan
    warnings: tuple[str, ...] = ()
    error: BetenetError | None = None
    as_read: AsRead | None = None

    @property
    def formula(self) -> str:
        """Reduced formula; empty if there is an error."""
        return self.atoms.get_chemical_formula("metal", empirical=True) if self.atoms else ""

    @property
    def volumes(self) -> tuple[float, float]:
        """Volumes of the primitive cell before and after [Å³]; nan if there is an error."""
        if self.given is None or self.atoms is None:
            return math.nan, math.nan
        return float(self.given.get_volume()), float(self.atoms.get_volume())

    @property
    def volume_change(self) -> float:
        """Share by which the volume for each atom has changed [1]; nan if there is an error."""
        if self.given is None or self.atoms is None:
            return math.nan
        before, after = self.volumes
        return after / len(self.atoms) / (before / len(self.given)) - 1.0

    @property
    def space_group(self) -> str:
        """Symbol and number of the space group after the relaxation."""
        if self.atoms is None:
            return ""
        return AsRead.of(self.atoms, self.atoms, SYMPREC).symmetry

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings for JSON; what is not known is None."""
        before, after = self.volumes
        return {
            "name": self.name,
            "formula": self.formula,
            "pressure_gpa": finite_or_none(self.pressure),
            "force_field": self.force_field,
            "converged": self.converged,
            "relaxation_steps": self.steps,
            "n_atoms": None if self.atoms is None else len(self.atoms),
            "volume_before_angstrom3": finite_or_none(before),
            "volume_angstrom3": finite_or_none(after),
            "volume_change": finite_or_none(self.volume_change),
            "pressure_before_gpa": finite_or_none(self.pressure_before),
            "enthalpy_ev_per_atom": finite_or_none(self.enthalpy),
            "space_group_before": "" if self.as_read is None else self.as_read.symmetry,
            "space_group": self.space_group,
            "cell_angstrom": None if self.atoms is None else self.atoms.cell.array.tolist(),
            "symbols": [] if self.atoms is None else self.atoms.get_chemical_symbols(),
            "positions": [] if self.atoms is None else self.atoms.get_scaled_positions().tolist(),
            "warnings": list(self.warnings),
            "error": None if self.error is None else self.error.to_dict(),
        }

    def csv_row(self, file: str = "") -> dict[str, str]:
        """One flat row with the columns of `CSV_COLUMNS`; what is not known stays empty.

        Parameters
        ----------
        file
            File that the cell was written to.
        """
        row = {key: one for key, one in self.to_dict().items() if key in CSV_COLUMNS}
        text = {key: "" if one is None else f"{one}" for key, one in row.items()}
        error = "" if self.error is None else self.error.in_one_line()
        return text | {"file": file, "warnings": "; ".join(self.warnings), "error": error}

    def rows(self, short: Callable[[str], str] = str) -> list[str]:
        """Row of `relaxation_table`, and below it the warnings; none of an error."""
        if self.atoms is None or self.as_read is None:
            return []
        before, after = self.volumes
        cells = (
            *(short(self.name), self.formula, f"{self.pressure:g}"),
            *(f"{before:.2f}", f"{after:.2f}", f"{self.volume_change:+.1%}"),
            *(f"{self.enthalpy:.4f}", self.as_read.symmetry, self.space_group),
            "yes" if self.converged else "NO",
        )
        return [relaxation_table().row(cells), *(f"    warning: {one}" for one in self.warnings)]

    def write(self, path: Path) -> None:
        """Write the relaxed cell, with all its digits.

        Parameters
        ----------
        path
            The file, with one of the ends of `SUFFIXES`; it is replaced.

        Raises
        ------
        DataError
            If it cannot be written.
        """
        assert self.atoms is not None
        write_cell(path, self.atoms)


def write_cell(path: Path, atoms: Atoms) -> None:
    """Write a crystal, with all its digits, in the format that its file's name ends with.

    Parameters
    ----------
    path
        The file, with one of the ends of `SUFFIXES`; it is replaced.
    atoms
        The crystal.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    kind = path.suffix.removeprefix(".")
    options = {"direct": True} if kind == "vasp" else {}
    with replacing(path) as unfinished:
        write(unfinished, atoms, format=kind, **options)


def relaxation_table() -> TextTable:
    """Columns of the structures' rows."""
    return TextTable(
        (
            ("structure", "<27"),
            ("formula", "<10"),
            ("GPa", ">6"),
            ("V before (Å³)", ">13"),
            ("V after (Å³)", ">12"),
            ("change", ">7"),
            ("H (eV/atom)", ">11"),
            ("group before", "<15"),
            ("group after", "<15"),
            ("at rest", "<7"),
        )
    )
