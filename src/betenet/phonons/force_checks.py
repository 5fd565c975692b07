"""Whether forces and force constants are those of a supercell; refused in words where not."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.phonons.extra import load
from betenet.phonons.force_files import Dataset, ForceConstants, wrong_atoms

ASYMMETRY = 0.1
"""Error of force constants relative to the largest: Φ(i, j) against Φ(j, i) transposed. Beyond it
they are no second derivatives, or not of this supercell."""

SYMMETRY_BROKEN = 0.3
"""Error of force constants between different atoms: how far they may be from what operations of the
supercell make of them, in the root mean square. Noise of a calculation is a hundredth; those of
another supercell of the same crystal differ by as much as they are."""

NOT_HARMONIC = {"one": 0.2, "all": 0.3}
"""Share of the forces that force constants may leave unexplained, in the root mean square, where
one atom is displaced or all are. Forces of another supercell leave a third and more."""

_MOST_ATOMS = 1500
_OPERATIONS = 24
_SAME_RUN = "Check that both files are whole and of the same phonopy run."


def check_displacements(phonon: Any, dataset: Dataset, path: str) -> None:
    """Check that forces are for this supercell, and enough of them for its force constants.

    Raises
    ------
    DataError
        Naming what is missing or wrong.
    """
    n_atoms = len(phonon.supercell)
    if "first_atoms" in dataset:
        _check_one_displaced(phonon, dataset, n_atoms, path)
        return
    displacements, forces = (np.asarray(dataset[key]) for key in ("displacements", "forces"))
    if displacements.shape != forces.shape or forces.ndim != 3 or forces.shape[1:] != (n_atoms, 3):
        found = forces.shape[1] if forces.ndim == 3 else 0
        raise wrong_atoms(path, found, n_atoms)
    _check_finite(path, displacements, forces)
    missing = _missing_supercells(phonon, len(forces))
    if missing:
        raise DataError(
            f"{path} has {len(forces)} supercells, too few for the force constants.",
            f"Symmetry leaves more unknown numbers than there are forces; {missing} are needed.",
            "Compute the forces of more supercells.",
        )


def check_fit(phonon: Any, dataset: Dataset, path: str) -> float:
    """Share of the forces that the force constants do not explain, in the root mean square.

    Forces on the atoms at their places, which a structure that is not relaxed has, do not count.

    Raises
    ------
    DataError
        If it is so large that the forces are not those of this supercell.
    """
    constants = np.asarray(phonon.force_constants)
    if "first_atoms" in dataset:
        cells = dataset["first_atoms"]
        forces = np.array([cell["forces"] for cell in cells])
        atoms = [cell["number"] for cell in cells]
        moved = np.array([cell["displacement"] for cell in cells])
        expected = -np.einsum("ciab,cb->cia", constants[:, atoms].transpose(1, 0, 2, 3), moved)
        limit = NOT_HARMONIC["one"]
    else:
        forces = np.asarray(dataset["forces"])
        expected = -np.einsum("ijab,cjb->cia", constants, np.asarray(dataset["displacements"]))
        limit = NOT_HARMONIC["all"]
    static = _static_forces(phonon, (forces - expected).mean(axis=0))
    size = float(np.linalg.norm(forces - static)) if forces.any() else 0.0
    left = float(np.linalg.norm(forces - expected - static)) / size if size > 0.0 else 1.0
    if not left <= limit:
        raise DataError(
            f"The forces of {path} are not those of this supercell.",
            "All of them are zero."
            if size == 0.0
            else f"Force constants with its symmetry leave {left:.0%} of them unexplained.",
            "Give the phonopy.yaml or --dim that they were computed with; forces far from harmonic "
            "need smaller displacements.",
        )
    return left


def check_constants(phonon: Any, found: ForceConstants, path: str) -> None:
    """Check that force constants are of this supercell, and second derivatives.

    Parameters
    ----------
    phonon
        Object of phonopy with the cells.
    found
        Force constants of a file.
    path
        Where they are from.

    Raises
    ------
    DataError
        Naming what is wrong.
    """
    constants, atoms = found.values, found.atoms
    n_atoms = len(phonon.supercell)
    if constants.shape[1:] != (n_atoms, 3, 3):
        raise wrong_atoms(path, constants.shape[1], n_atoms)
    _check_finite(path, constants)
    own = np.asarray(phonon.primitive.p2s_map)
    compact = len(constants) != n_atoms
    rows = own if compact else np.arange(n_atoms)
    if len(constants) != len(rows) or (atoms is not None and not np.array_equal(atoms, rows)):
        raise DataError(
            f"{path} has force constants of {len(constants)} atoms of a primitive cell, which here "
            f"has {len(own)}.",
            "They are not the atoms of this primitive cell.",
            "Give the primitive cell that phonopy was run with: --primitive P, F, I, auto or a "
            "matrix.",
        )
    block = constants[:, own] if compact else constants
    worst = float(np.abs(block - block.transpose(1, 0, 3, 2)).max())
    if worst > ASYMMETRY * float(np.abs(block).max()):
        raise DataError(
            f"The force constants of {path} are not those of this supercell.",
            f"They change by {worst:.3g} when their two atoms are exchanged.",
            _SAME_RUN,
        )
    if n_atoms <= _MOST_ATOMS:
        _check_symmetry(phonon, constants, compact=compact, path=path)


def _static_forces(phonon: Any, left: Float[np.ndarray, "atom 3"]) -> Float[np.ndarray, "atom 3"]:
    """What of the unexplained forces has the symmetry of the crystal, as those at rest have."""
    symmetry, lattice = phonon.symmetry, np.asarray(phonon.supercell.cell).T
    turned = np.asarray(symmetry.symmetry_operations["rotations"], dtype=float)
    rotations = lattice @ turned @ np.linalg.inv(lattice)
    total = np.zeros_like(left)
    for rotation, image in zip(rotations, np.asarray(symmetry.atomic_permutations), strict=True):
        total += left[image] @ rotation
    return total / len(rotations)


def _check_symmetry(phonon: Any, constants: np.ndarray, *, compact: bool, path: str) -> None:
    """Operations of the supercell must leave force constants as they are."""
    if compact:
        fill = load("phonopy.harmonic.force_constants").compact_fc_to_full_fc
        constants = fill(phonon.primitive, constants)
    symmetry = phonon.symmetry
    turned = np.asarray(symmetry.symmetry_operations["rotations"], dtype=float)
    images = np.asarray(symmetry.atomic_permutations)
    lattice = np.asarray(phonon.supercell.cell).T
    between = constants.copy()
    between[np.arange(len(constants)), np.arange(len(constants))] = 0.0
    size = float(np.linalg.norm(between))
    chosen = np.unique(np.linspace(0, len(turned) - 1, _OPERATIONS).astype(int))
    for operation in chosen:
        rotation = lattice @ turned[operation] @ np.linalg.inv(lattice)
        image = images[operation]
        moved = rotation @ between @ rotation.T
        change = between[np.ix_(image, image)] - moved
        if float(np.linalg.norm(change)) > SYMMETRY_BROKEN * size:
            raise DataError(
                f"The force constants of {path} are not those of this supercell.",
                "They do not have its symmetry.",
                f"{_SAME_RUN} Without phonopy.yaml, check --dim and the order of the atoms.",
            )


def _check_one_displaced(phonon: Any, dataset: Dataset, n_atoms: int, path: str) -> None:
    symmetry, lattice = phonon.symmetry, np.asarray(phonon.supercell.cell).T
    moved: dict[int, list[Float[np.ndarray, "op 3"]]] = {}
    for cell in dataset["first_atoms"]:
        forces, atom = np.asarray(cell["forces"]), int(cell["number"])
        if forces.shape != (n_atoms, 3):
            raise wrong_atoms(path, len(forces), n_atoms)
        _check_finite(path, forces, np.asarray(cell["displacement"]))
        if not 0 <= atom < n_atoms:
            raise DataError(
                f"{path} displaces atom {atom + 1}.",
                f"The supercell has {n_atoms}.",
                _SAME_RUN,
            )
        turned = np.asarray(symmetry.get_site_symmetry(atom), dtype=float)
        rotations = lattice @ turned @ np.linalg.inv(lattice)
        moved.setdefault(atom, []).append(rotations @ np.asarray(cell["displacement"]))
    orbits = np.asarray(symmetry.get_map_atoms())
    left = set(np.unique(orbits).tolist()) - {int(orbits[atom]) for atom in moved}
    flat = [
        atom
        for atom, ways in moved.items()
        if np.linalg.matrix_rank(np.concatenate(ways), tol=1e-4) < 3
    ]
    if left or flat:
        blamed = sorted(int(atom) + 1 for atom in (left or flat))
        raise DataError(
            f"{path} lacks displacements of atom {', '.join(map(str, blamed))} of the supercell.",
            "Each atom that symmetry makes different is displaced in three directions, or in as "
            "many as symmetry does not make equal.",
            "Compute the forces of all displaced supercells and write FORCE_SETS again.",
        )


def _missing_supercells(phonon: Any, n_cells: int) -> int:
    """Supercells that force constants need at least; 0 if there are enough."""
    n_atoms = len(phonon.supercell)
    if 2 * n_cells >= 3 * len(phonon.primitive):  # 9 N n / 2 numbers at most, of 3 N each
        return 0
    symfc = load("symfc")
    atoms = load("symfc.utils.utils").SymfcAtoms(
        cell=phonon.supercell.cell,
        scaled_positions=phonon.supercell.scaled_positions,
        numbers=phonon.supercell.numbers,
    )
    basis = symfc.Symfc(atoms, symprec=phonon.symmetry.tolerance).compute_basis_set(2).basis_set[2]
    needed = -(-basis.basis_set.shape[1] // (3 * n_atoms))
    return needed if needed > n_cells else 0


def _check_finite(path: str, *arrays: np.ndarray) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise DataError(
            f"{path}: some displacements, forces or force constants are not numbers.",
            "A calculation has failed, or the file is damaged.",
            "Repeat the calculation that they come from.",
        )
