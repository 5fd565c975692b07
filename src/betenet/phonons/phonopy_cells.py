"""Unit cell, supercell and units of a run of phonopy, from its YAML file or its older files."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Int

from betenet.errors import BetenetError, DataError
from betenet.phonons.extra import load
from betenet.phonons.force_files import Dataset, content_of
from betenet.phonons.supercell_layout import SupercellLayout, in_words
from betenet.structures import check_structure, read_structures
from betenet.structures.check import check_lattice
from betenet.yaml_input import check_yaml

UNIT_CELLS = ("POSCAR-unitcell", "POSCAR", "CONTCAR")
"""Looked for beside forces, in this order: where there is the first, the second may be another."""

SUPERCELL = "SPOSCAR"
"""Supercell that phonopy has written: tells or checks the matrix."""

_ANGSTROM = {None, "vasp", "aims", "castep", "crystal", "lammps", "pwmat"}
MOST_ATOMS = 20_000
"""Atoms of a supercell; forces of more have never been written by anybody."""
_SAME_PLACE = 0.05
_INTEGER = 1e-2


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells of a run, and what the file with them also holds.

    Attributes
    ----------
    phonopy
        Object of phonopy without force constants.
    constants
        Force constants of the same file, None if it has none.
    dataset
        Displacements and forces of the same file, None if it has no forces.
    primitive_is_given
        Whether the primitive cell is that of a file or of the user, not one that phonopy found.
    """

    phonopy: Any
    constants: np.ndarray | None = None
    dataset: Dataset | None = None
    primitive_is_given: bool = True


def cells_from_yaml(path: Path, layout: SupercellLayout, symprec: float) -> Cells:
    """Cells of ``phonopy.yaml`` and the like, perhaps compressed.

    Raises
    ------
    DataError
        If the file is broken or states no cells.
    """
    content = _parse_yaml(path)
    if content.unitcell is None or content.supercell_matrix is None:
        raise DataError(
            f"{path} states no unit cell, or no supercell matrix.",
            "It is no phonopy.yaml, or one that was written before the supercell was made.",
            "Give phonopy.yaml, phonopy_disp.yaml or phonopy_params.yaml of the forces.",
        )
    if layout.dim is not None or layout.calculator not in {None, content.calculator}:
        raise DataError(
            f"{path} states its supercell and units itself.",
            "--dim and --calculator are for structures without such a file.",
            "Leave them out.",
        )
    primitive = content.primitive_matrix if layout.primitive is None else layout.primitive
    phonon = make_phonopy(
        path,
        content.unitcell,
        content.supercell_matrix,
        primitive,
        calculator=content.calculator,
        symprec=symprec,
    )
    dataset = content.dataset if _has_forces(content.dataset) else None
    return Cells(phonon, content.force_constants, dataset, primitive is not None)


def cells_from_structure(path: Path, layout: SupercellLayout, symprec: float) -> Cells:
    """Cells of a unit cell and a supercell matrix; ``SPOSCAR`` in the same folder checks it.

    Raises
    ------
    DataError
        If there is no supercell matrix, or it is not that of ``SPOSCAR``.
    """
    cell = _unit_cell(path, layout.calculator)
    beside = path.parent / SUPERCELL
    supercell = None
    if layout.calculator in {None, "vasp"} and beside.is_file():
        supercell = _read_atoms(beside)
    dim = layout.dim
    if dim is None and supercell is not None:
        dim = _matrix_between(cell, supercell, beside)
    if dim is None:
        raise DataError(
            f"The supercell of the forces beside {path} is not known.",
            f"There is no phonopy.yaml and no {SUPERCELL} in {path.parent}.",
            'Give it as phonopy\'s DIM: --dim "2 2 2".',
        )
    phonon = make_phonopy(
        path, cell, dim, layout.primitive, calculator=layout.calculator, symprec=symprec
    )
    if supercell is not None:
        _check_supercell(phonon.supercell, supercell, beside, in_words(dim))
    return Cells(phonon, primitive_is_given=layout.primitive is not None)


def make_phonopy(
    path: Path,
    cell: Any,
    dim: Any,
    primitive: Any,
    *,
    calculator: str | None,
    symprec: float,
) -> Any:
    """Object of phonopy for a unit cell.

    Raises
    ------
    DataError
        If the cells do not fit each other.
    """
    numbers = (cell.cell, cell.scaled_positions, cell.masses, dim)
    if not all(np.isfinite(np.asarray(each, dtype=float)).all() for each in numbers):
        raise DataError(
            f"{path} states cells or masses that are not numbers.",
            "Nothing vibrates without them.",
            "Write the file again.",
        )
    if np.shape(cell.cell) != (3, 3) or np.shape(dim) != (3, 3):
        raise DataError(
            f"{path} states a cell or a supercell that is no matrix of 3 x 3 numbers.",
            "A line of it is missing.",
            "Write the file again.",
        )
    check_lattice(np.asarray(cell.cell, dtype=float), len(cell.numbers))
    n_atoms = len(cell.numbers) * abs(float(np.linalg.det(np.asarray(dim, dtype=float))))
    if n_atoms > MOST_ATOMS:
        raise DataError(
            f"{path} states a supercell of {n_atoms:,.0f} atoms; the limit is {MOST_ATOMS:,}.",
            f"It repeats the unit cell by {in_words(np.asarray(dim))}.",
            "Give the supercell of the forces.",
        )
    try:
        with warnings.catch_warnings():
            # of a supercell with less symmetry than the crystal, and spglib's of its next version
            warnings.simplefilter("ignore")
            return load("phonopy").Phonopy(
                cell,
                dim,
                primitive_matrix="auto" if primitive is None else primitive,
                calculator=calculator,
                symprec=symprec,
            )
    except BetenetError:
        raise
    except Exception as error:  # phonopy raises whatever the matrices lead it to
        raise DataError(
            f"The primitive cell or the supercell does not fit the unit cell of {path}.",
            f"Supercell {in_words(np.asarray(dim))}, primitive cell "
            f"{'auto' if primitive is None else np.asarray(primitive).tolist()}.",
            "Give the matrices that phonopy was run with, or --primitive P.",
        ) from error


def _parse_yaml(path: Path) -> Any:
    content = content_of(path)
    reader = load("phonopy.interface.phonopy_yaml").PhonopyYaml()
    try:
        _check_nesting(path, content)
        return reader.read(io.BytesIO(content))
    except DataError:
        raise
    except load("yaml").YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise DataError(
            f"{path}{where}: not valid YAML.",
            "The file is cut off, damaged, or none of phonopy's.",
            "Write or copy it again.",
        ) from error
    except Exception as error:  # a parser raises whatever its input leads it to
        reason = f"It lacks {error}." if isinstance(error, KeyError) else "Its layout is another."
        raise DataError(
            f"{path} is not laid out as phonopy.yaml.",
            reason,
            "Give phonopy.yaml, phonopy_disp.yaml or phonopy_params.yaml as phonopy writes it.",
        ) from error


def _check_nesting(path: Path, content: bytes) -> None:
    try:
        check_yaml(content)
    except ValueError as error:
        fix = "Give phonopy.yaml as phonopy writes it."
        raise DataError(f"{path} is not laid out as phonopy.yaml.", f"{error}.", fix) from error


def _has_forces(dataset: Any) -> bool:
    if not dataset:
        return False
    displaced = dataset.get("first_atoms", [dataset])
    return bool(displaced) and all("forces" in one for one in displaced)


def _unit_cell(path: Path, calculator: str | None) -> Any:
    """Unit cell as phonopy has it, in the unit of length of the calculator."""
    if calculator not in _ANGSTROM or calculator in {"crystal", "lammps"}:
        try:
            read = load("phonopy.interface.calculator").read_crystal_structure
            cell = read(str(path), interface_mode=calculator)[0]
        except Exception as error:
            raise _no_cell(path, str(calculator)) from error
        if cell is None:
            raise _no_cell(path, str(calculator))
        return cell
    atoms = _read_atoms(path)
    check_structure(atoms, max_atoms=None)
    cells = load("phonopy.structure.atoms")
    return cells.PhonopyAtoms(
        numbers=atoms.numbers,
        cell=atoms.cell.array,
        positions=atoms.positions,
        masses=atoms.get_masses() if atoms.has("masses") else None,
    )


def _read_atoms(path: Path) -> Atoms:
    """The one structure of a file, in the order of the file.

    Raises
    ------
    DataError
        If there are several, or the file is of a program whose forces have other units.
    """
    records = list(read_structures(path))
    first = records[0]
    if first.error is not None:
        raise first.error
    if len(records) > 1 or first.atoms is None:
        raise DataError(
            f"{path} holds {len(records)} structures.",
            "Forces belong to one unit cell.",
            "Give a file with the unit cell alone.",
        )
    if b"&system" in content_of(path).lower():
        raise DataError(
            f"{path} is an input of pw.x, whose forces phonopy keeps in Ry and bohr.",
            "Without the name of the program they would be read in eV and Å.",
            "Add --calculator qe.",
        )
    return first.atoms


def _no_cell(path: Path, calculator: str) -> DataError:
    return DataError(
        f"{path} cannot be read as a unit cell of {calculator}.",
        "Phonopy's interface to that program finds no structure in it.",
        "Give the input that phonopy was run with, or leave --calculator out for Å and eV.",
    )


def _matrix_between(cell: Any, supercell: Atoms, path: Path) -> Int[np.ndarray, "3 3"]:
    """Matrix whose columns are the vectors of the supercell in those of the unit cell."""
    exact = (supercell.cell.array @ np.linalg.inv(cell.cell)).T
    matrix = np.rint(exact).astype(int)
    if np.abs(exact - matrix).max() > _INTEGER or np.linalg.det(matrix) < 0.5:
        raise DataError(
            f"{path} is no supercell of the unit cell beside it.",
            "Its vectors are no sums of those of the unit cell.",
            'Give the supercell that the forces were computed in: --dim "2 2 2".',
        )
    return matrix


def _check_supercell(ours: Any, theirs: Atoms, path: Path, dim: str) -> None:
    """Refuse a supercell that is not the one that phonopy has written."""
    reason = "Forces are in the order of the atoms of the supercell that phonopy wrote."
    fix = f"Correct --dim or the unit cell; remove {path.name} if it is of another run."
    if len(ours) != len(theirs):
        raise DataError(
            f"{path} has {len(theirs)} atoms, --dim {dim} makes {len(ours)}.", reason, fix
        )
    apart = theirs.get_scaled_positions() - np.asarray(ours.scaled_positions)
    apart = (apart - np.rint(apart)) @ np.asarray(ours.cell)
    same_cell = np.allclose(theirs.cell.array, ours.cell, atol=_SAME_PLACE)
    same_atoms = np.array_equal(theirs.numbers, ours.numbers)
    if not same_cell or not same_atoms or np.linalg.norm(apart, axis=1).max() > _SAME_PLACE:
        raise DataError(
            f"{path} is not the supercell {dim} of the unit cell, or has its atoms in another "
            "order.",
            reason,
            fix,
        )


def find_beside(folder: Path, names: Sequence[str]) -> list[Path]:
    """Files of these names in a folder, compressed ones behind those that are not."""
    endings = ("", ".xz", ".gz", ".bz2")
    paths = [folder / f"{name}{ending}" for name in names for ending in endings]
    return [path for path in paths if path.is_file()]
