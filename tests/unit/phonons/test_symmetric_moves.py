import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111
from ase.calculators.emt import EMT
from ase.spacegroup import crystal

from betenet.phonons.space_group import find_space_group, in_cell
from betenet.phonons.symmetric_moves import SymmetricMoves

# free parameters by the International Tables: of the lattice, and of the atoms' coordinates less
# one for each direction in which the origin is free
CASES = {
    "fcc": (bulk("Cu"), 1, 0),
    "hcp": (bulk("Mg", "hcp", a=3.2, c=5.2), 2, 0),
    "wurtzite": (bulk("ZnO", "wurtzite", a=3.2, c=5.2, u=0.38), 2, 1),
    "pyrite": (
        crystal("FeS", [(0, 0, 0), (0.385,) * 3], spacegroup=205, cellpar=[5.42] * 3 + [90] * 3),
        1,
        1,
    ),
    "triclinic": (
        Atoms(
            "CuAg",
            scaled_positions=[(0, 0, 0), (0.4, 0.45, 0.52)],
            cell=[[3, 0, 0], [0.3, 4, 0], [0.2, 0.4, 5]],
            pbc=True,
        ),
        6,
        3,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_free_parameters_of_the_international_tables(name: str) -> None:
    atoms, strains, displacements = CASES[name]
    group = find_space_group(atoms, 1e-3)
    moves = SymmetricMoves.from_group(group, cell_too=True)
    assert (len(moves.strains), len(moves.displacements)) == (strains, displacements)
    assert len(SymmetricMoves.from_group(group, cell_too=False)) == displacements
    amounts = np.linspace(0.02, 0.05, len(moves))
    moved = moves.moved(atoms, amounts)
    assert not np.allclose(moved.cell.array, atoms.cell.array)
    assert in_cell(group, moved).errors.max() < 1e-9


def test_layer_is_strained_in_its_plane() -> None:
    sheet = fcc111("Cu", (1, 1, 3), vacuum=6.0)
    sheet.pbc = True
    group = find_space_group(sheet, 1e-3)
    moves = SymmetricMoves.from_group(group, cell_too=True, normal=np.array([0.0, 0.0, 1.0]))
    # a, and the distance of the outer planes from the inner one
    assert (len(moves.strains), len(moves.displacements)) == (1, 1)
    moved = moves.moved(sheet, np.array([0.05, 0.0]))
    assert moved.cell.array[2, 2] == pytest.approx(sheet.cell.array[2, 2])
    assert abs(moved.cell.array[0, 0] / sheet.cell.array[0, 0] - 1) > 0.02


def test_slopes_are_derivatives_of_the_energy() -> None:
    atoms = bulk("CuAu", "wurtzite", a=4.0, c=6.4, u=0.39)
    moves = SymmetricMoves.from_group(find_space_group(atoms, 1e-3), cell_too=True)

    def energy(amounts: np.ndarray) -> float:
        moved = moves.moved(atoms, amounts)
        moved.calc = EMT()
        return moved.get_potential_energy()

    atoms.calc = EMT()
    virial = atoms.get_stress(voigt=False) * atoms.get_volume()
    slopes = moves.slopes(virial, atoms.get_forces())
    steps = 1e-4 * np.eye(len(moves))
    known = [(energy(step) - energy(-step)) / 2e-4 for step in steps]
    assert slopes == pytest.approx(known, abs=1e-5)
    # nothing of the forces is lost: they have the symmetry of the crystal
    largest = np.linalg.norm(atoms.get_forces(), axis=1).max()
    on_cell = np.linalg.norm(virial / len(atoms), axis=1).max()
    assert moves.largest_force(slopes) == pytest.approx(max(largest, on_cell), rel=1e-5)
