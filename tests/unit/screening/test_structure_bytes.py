import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.errors import DataError
from betenet.screening.structure_bytes import structure_from_bytes, structure_to_bytes


def test_every_bit_comes_back() -> None:
    random = np.random.default_rng(0)
    atoms = Atoms(
        "NbTiN3",
        positions=random.normal(size=(5, 3)),
        cell=random.normal(size=(3, 3)),
        pbc=(True, False, True),
    )
    again = structure_from_bytes(structure_to_bytes(atoms))
    assert again.positions.tobytes() == atoms.positions.tobytes()
    assert again.cell.array.tobytes() == atoms.cell.array.tobytes()
    assert again.get_chemical_symbols() == ["Nb", "Ti", "N", "N", "N"]
    assert again.pbc.tolist() == [True, False, True]
    assert not again.has("masses")


def test_masses_of_isotopes_come_back() -> None:
    atoms = Atoms("PdH", masses=(106.42, 2.014), cell=[3, 3, 3], pbc=True)
    assert structure_from_bytes(structure_to_bytes(atoms)).get_masses().tolist() == [106.42, 2.014]


@pytest.mark.parametrize("damage", [slice(0, 5), slice(0, -4), slice(2, None)])
def test_damage_is_an_error(damage: slice) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        structure_from_bytes(structure_to_bytes(bulk("Nb"))[damage])
