from itertools import product

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT

from betenet.errors import StructureError
from betenet.phonons import ForceField, PhononSettings, make_force_field
from betenet.phonons.force_constants import force_constants
from betenet.units import convert_frequency


class Broken(Calculator):
    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=None, system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": 0.0, "forces": np.full((len(self.atoms), 3), np.nan)}


def plain_frequencies(atoms: Atoms) -> np.ndarray:
    """Every mode of a periodic cell from the Hessian of all its atoms, without symmetry [meV]."""
    hessian = np.empty((3 * len(atoms), 3 * len(atoms)))
    for row in range(3 * len(atoms)):
        forces = []
        for step in (0.005, -0.005):
            moved = atoms.copy()
            moved.positions[row // 3, row % 3] += step
            moved.calc = EMT()
            forces.append(moved.get_forces().ravel())
        hessian[row] = (forces[1] - forces[0]) / 0.01
    root = np.repeat(np.sqrt(atoms.get_masses()), 3)
    squares = np.linalg.eigvalsh((hessian + hessian.T) / 2 / np.outer(root, root))
    # √(eV/Å²/u) = 15.633302 THz · 4.135667696 meV/THz
    return np.sign(squares) * np.sqrt(np.abs(squares)) * 15.633302 * 4.135667696


def test_frequencies_at_commensurate_points_are_those_of_the_plain_hessian(
    emt: ForceField, cu3au: Atoms
) -> None:
    crystal = force_constants(cu3au, emt, PhononSettings(distance=7.5))
    matrix = crystal.phonopy.supercell_matrix.T
    assert crystal.n_atoms == 4 * round(abs(np.linalg.det(matrix))) == 32
    points = np.array(list(product((0.0, 0.5), repeat=3)))
    found = crystal.phonopy.run_qpoints(points).frequencies
    mine = np.sort(convert_frequency(np.ravel(found), "THz", "meV"))
    # a displacement of 0.01 Å to one side against two of 0.005 Å
    assert np.abs(mine - np.sort(plain_frequencies(make_supercell(cu3au, matrix)))).max() < 0.05


def test_sum_rule_and_exchange(emt: ForceField, cu3au: Atoms) -> None:
    constants = force_constants(cu3au, emt, PhononSettings(distance=6.0)).force_constants
    assert np.abs(constants).max() > 1.0
    assert np.abs(constants.sum(axis=1)).max() < 1e-10
    assert np.abs(constants.sum(axis=0)).max() < 1e-10
    assert np.allclose(constants, constants.transpose(1, 0, 3, 2), atol=1e-10)


@pytest.mark.parametrize(
    ("atoms", "displacements"), [(bulk("Al", "fcc", a=4.0), 1), (bulk("Cu", "bcc", a=2.9), 1)]
)
def test_cubic_element_needs_one_displacement(
    atoms: Atoms, displacements: int, emt: ForceField
) -> None:
    crystal = force_constants(atoms, emt, PhononSettings(distance=6.0))
    assert crystal.n_displacements == displacements
    assert crystal.image_distance >= 6.0


def test_force_that_is_not_a_number_is_an_error() -> None:
    field = make_force_field(Broken())
    with pytest.raises(StructureError, match="Broken gives a force on Al"):
        force_constants(bulk("Al"), field, PhononSettings(distance=4.0))
