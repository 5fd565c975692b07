from collections.abc import Callable

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, make_supercell
from tests.reference.mattersim_network import plain_energies
from torch import Tensor
from vesin import NeighborList

from betenet.phonons.mattersim.derivatives import derivatives
from betenet.phonons.mattersim.network import MatterSim


def energy(network: MatterSim, atoms: Atoms) -> float:
    return derivatives(network, [atoms])[0].energy


def test_network_is_the_one_that_is_written_down(
    network: MatterSim, parameters: dict[str, Tensor], crystal: Atoms
) -> None:
    i, j, d = NeighborList(cutoff=5.0, full_list=True).compute(
        points=crystal.positions, box=crystal.cell.array, periodic=True, quantities="ijD"
    )
    edges = (torch.as_tensor(i.astype(np.int64)), torch.as_tensor(j.astype(np.int64)))
    vectors = torch.as_tensor(d).requires_grad_()
    numbers = torch.as_tensor(crystal.numbers)
    known = plain_energies(network.architecture, parameters, numbers, edges, vectors).sum()
    (slopes,) = torch.autograd.grad(known, vectors)
    forces = np.zeros((3, 3))
    np.add.at(forces, i, slopes.numpy())
    np.add.at(forces, j, -slopes.numpy())
    found = derivatives(network, [crystal])[0]
    assert found.energy == pytest.approx(known.item(), abs=1e-10)
    assert np.abs(forces).max() > 0.01
    assert found.forces == pytest.approx(forces, abs=1e-10)
    single = derivatives(MatterSim(network.architecture, parameters), [crystal])[0]
    assert single.energy == pytest.approx(known.item(), abs=3e-5)
    assert single.forces == pytest.approx(forces, abs=3e-5)


def turned(atoms: Atoms) -> Atoms:
    other = atoms.copy()
    other.rotate(53.0, (1.0, -2.0, 0.5), rotate_cell=True)
    return other


def shifted(atoms: Atoms) -> Atoms:
    other = atoms.copy()
    other.positions += [0.4, -7.1, 2.2]
    return other


@pytest.mark.parametrize(
    ("change", "times"),
    [
        (turned, 1),
        (shifted, 1),
        (lambda atoms: atoms[[2, 0, 1]], 1),
        (lambda atoms: make_supercell(atoms, [[1, 1, 0], [-1, 1, 0], [0, 0, 1]]), 2),
        (lambda atoms: atoms * (3, 2, 2), 12),
    ],
    ids=["turned", "shifted", "permuted", "supercell", "large supercell"],
)
def test_same_crystal_same_energy(
    change: Callable[[Atoms], Atoms], times: int, network: MatterSim, crystal: Atoms
) -> None:
    other = change(crystal)
    assert energy(network, other) == pytest.approx(times * energy(network, crystal), abs=1e-9)
    norms = [
        np.sort(np.linalg.norm(derivatives(network, [one])[0].forces, axis=1))
        for one in (crystal, other)
    ]
    assert norms[1] == pytest.approx(np.repeat(norms[0], times), abs=1e-9)


def test_forces_are_slopes_of_the_energy(network: MatterSim, crystal: Atoms) -> None:
    found = derivatives(network, [crystal])[0]
    for atom, axis in [(0, 0), (1, 2), (2, 1)]:
        ends = []
        for step in (1e-4, -1e-4):
            moved = crystal.copy()
            moved.positions[atom, axis] += step
            ends.append(energy(network, moved))
        assert found.forces[atom, axis] == pytest.approx(
            (ends[1] - ends[0]) / 2e-4, rel=1e-6, abs=1e-8
        )
    assert found.forces.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)])
def test_stress_is_the_slope_with_strain(
    first: int, second: int, network: MatterSim, crystal: Atoms
) -> None:
    found = derivatives(network, [crystal])[0]
    assert found.stress is not None
    ends = []
    for step in (1e-5, -1e-5):
        strain = np.eye(3)
        strain[first, second] += step / 2
        strain[second, first] += step / 2
        moved = crystal.copy()
        moved.set_cell(crystal.cell.array @ strain, scale_atoms=True)
        ends.append(energy(network, moved))
    slope = (ends[0] - ends[1]) / 2e-5 / crystal.get_volume()
    assert found.stress[first, second] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("cutoff", [5.0, 4.0], ids=["edges", "angles"])
def test_energy_and_forces_are_continuous_at_the_cutoffs(cutoff: float, network: MatterSim) -> None:
    found = []
    for step in (-1e-5, 1e-5):
        # a third atom, so that there are angles; the box is too large for images to matter
        chain = Atoms("NbC2", positions=[(0, 0, 0), (cutoff + step, 0, 0), (0.5, 1.9, 0)])
        chain.set_cell([30.0] * 3)
        chain.pbc = True
        found.append(derivatives(network, [chain])[0])
    assert found[0].energy == pytest.approx(found[1].energy, abs=1e-4)
    slope = (found[0].energy - found[1].energy) / 2e-5
    assert slope == pytest.approx(found[0].forces[1, 0], abs=1e-5)
    assert found[0].forces == pytest.approx(found[1].forces, abs=1e-3)


def test_lonely_atom(network: MatterSim, crystal: Atoms) -> None:
    lonely = Atoms("Nb", cell=[20.0] * 3, pbc=True)
    found = derivatives(network, [lonely, crystal, lonely])
    assert found[0].energy == found[2].energy
    assert found[1].energy == pytest.approx(energy(network, crystal), abs=1e-10)
    assert np.array_equal(found[0].forces, np.zeros((1, 3)))
    apart = derivatives(network, [lonely])[0]
    assert apart.energy == found[0].energy
    molecule = derivatives(network, [Atoms("NbC", positions=[(0, 0, 0), (2, 0, 0)])])[0]
    assert molecule.stress is None
    assert molecule.forces[0, 0] == pytest.approx(-molecule.forces[1, 0])


def test_several_crystals_at_once_are_each_by_itself(network: MatterSim, crystal: Atoms) -> None:
    crystals = [bulk("Al"), crystal, bulk("Nb", cubic=True) * 2, bulk("MgO", "rocksalt", a=4.2)]
    crystals[2].positions[3] += 0.1
    for together, atoms in zip(derivatives(network, crystals), crystals, strict=True):
        alone = derivatives(network, [atoms])[0]
        assert together.energy == pytest.approx(alone.energy, abs=1e-10)
        assert together.forces == pytest.approx(alone.forces, abs=1e-10)
        assert together.stress == pytest.approx(alone.stress, abs=1e-10)
