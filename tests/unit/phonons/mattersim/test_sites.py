import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.errors import StructureError
from betenet.phonons.mattersim import sites
from betenet.phonons.mattersim.derivatives import derivatives
from betenet.phonons.mattersim.network import MatterSim
from betenet.phonons.mattersim.sites import find_sites
from betenet.structures import find_symmetry

MGB2 = Atoms(
    "MgB2",
    scaled_positions=[(0, 0, 0), (1 / 3, 2 / 3, 0.5), (2 / 3, 1 / 3, 0.5)],
    cell=[3.086, 3.086, 3.524, 90, 90, 120],
    pbc=True,
)


def displaced(name: str) -> Atoms:
    cells = {
        "Al": bulk("Al", cubic=True) * (2, 2, 2),
        "Nb": bulk("Nb") * (3, 3, 3),
        "MgB2": MGB2 * (3, 3, 2),
    }
    atoms = cells[name]
    atoms.positions[0] += {"Al": [0.1, 0, 0], "Nb": [0.1, 0.1, 0], "MgB2": [0, 0, 0.1]}[name]
    return atoms


# which atoms the point group of the displacement leaves: 4mm, mm2 and 6mm
@pytest.mark.parametrize(("name", "operations"), [("Al", 8), ("Nb", 4), ("MgB2", 12)])
def test_equivalent_atoms_are_computed_once(
    name: str, operations: int, network: MatterSim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "WORTHWHILE", 1)
    atoms = displaced(name)
    found = find_sites(atoms, 5.0)
    assert len(found.symmetry.rotations) == operations
    assert len(found.atoms) < len(atoms) / 1.8
    assert found.counts.sum() == len(atoms)
    assert np.array_equal(found.numbers[found.site_of], atoms.numbers)
    with_it, without = (derivatives(network, [atoms], use_symmetry=s)[0] for s in (True, False))
    assert np.abs(without.forces).max() > 1e-3
    assert with_it.energy == pytest.approx(without.energy, abs=1e-8)
    assert with_it.forces == pytest.approx(without.forces, abs=1e-8)
    assert with_it.stress == pytest.approx(without.stress, abs=1e-9)


def test_nearly_symmetric_is_not_symmetric(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "WORTHWHILE", 1)
    atoms = displaced("Al")
    atoms.rattle(1e-4, seed=2)
    assert len(find_sites(atoms, 5.0).atoms) == len(atoms)


def test_thousands_of_operations_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    atoms = bulk("Al", cubic=True) * (2, 2, 2)
    assert len(find_sites(atoms, 5.0).atoms) == len(atoms)
    monkeypatch.setattr(sites, "MOST_COMPARISONS", 1e8)
    assert len(find_sites(atoms, 5.0).atoms) == 1


def test_atoms_on_each_other_are_an_error() -> None:
    atoms = Atoms("Al2", positions=[(0, 0, 0), (0, 0, 0.1)], cell=[4.0] * 3, pbc=True)
    with pytest.raises(StructureError, match="closer than"):
        find_sites(atoms, 5.0)


def test_edges_that_symmetry_makes_equal_are_computed_once(network: MatterSim) -> None:
    # rock salt: shells of 6, 12, 8, 6 and 24 neighbours within 5 Å
    atoms = bulk("MgO", "rocksalt", a=4.2)
    symmetry = find_symmetry(atoms)
    found = find_sites(atoms, 5.0, symmetry=symmetry)
    assert sorted(found.repeats.tolist()) == sorted(2 * [6, 12, 8, 6, 24])
    assert found.repeats.sum() == len(found.vectors)
    lengths = np.linalg.norm(found.vectors[found.chosen], axis=1)
    assert np.unique(lengths.round(4), return_counts=True)[1].tolist() == [2] * 5
    once = derivatives(network, [atoms], symmetries=[symmetry])[0]
    each = derivatives(network, [atoms], use_symmetry=False)[0]
    assert once.energy == pytest.approx(each.energy, abs=1e-9)
    assert once.stress == pytest.approx(each.stress, abs=1e-9)


def test_mirror_halves_the_edges_of_the_atoms_on_it(network: MatterSim) -> None:
    atoms = displaced("MgB2")
    symmetry = find_symmetry(atoms)
    found = find_sites(atoms, 5.0, symmetry=symmetry)
    assert len(found.chosen) < 0.8 * len(found.vectors)
    sums = np.bincount(found.centres[found.chosen], weights=found.repeats)
    assert np.array_equal(sums, np.bincount(found.centres))
    once = derivatives(network, [atoms], symmetries=[symmetry])[0]
    each = derivatives(network, [atoms], use_symmetry=False)[0]
    assert np.abs(each.forces).max() > 1e-3
    assert once.forces == pytest.approx(each.forces, abs=1e-9)
    assert once.stress == pytest.approx(each.stress, abs=1e-10)
