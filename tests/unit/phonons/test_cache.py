import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.phonons.cache import phonon_key


def crystal() -> Atoms:
    atoms = bulk("NbN", "rocksalt", a=4.4)
    atoms.rattle(0.05, seed=3)
    return atoms


def test_key_is_that_of_the_content() -> None:
    atoms = crystal()
    key = phonon_key(atoms, "settings")
    assert phonon_key(atoms.copy(), "settings") == key
    again = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
    assert phonon_key(again, "settings") == key
    assert len(key) == 32


@pytest.mark.parametrize("change", ["number", "position", "cell", "pbc", "order", "settings"])
def test_any_change_is_another_key(change: str) -> None:
    atoms, settings = crystal(), "settings"
    if change == "number":
        atoms.numbers[0] += 1
    elif change == "position":
        atoms.positions[1, 2] = np.nextafter(atoms.positions[1, 2], 9.0)
    elif change == "cell":
        atoms.cell[0, 1] = np.nextafter(atoms.cell[0, 1], 9.0)
    elif change == "pbc":
        atoms.pbc[1] = False
    elif change == "order":
        atoms = atoms[::-1]
    else:
        settings = "others"
    assert phonon_key(atoms, settings) != phonon_key(crystal(), "settings")
