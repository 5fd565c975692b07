"""Starts of one symmetry with nothing free are one crystal; others may be tried more often."""

import numpy as np
from ase import Atoms
from ase.build import bulk

from betenet.search.repeats import Tried, description_of


def test_a_description_does_not_depend_on_the_cell_or_its_size() -> None:
    salt = bulk("NaCl", "rocksalt", a=5.6)
    other = bulk("NaCl", "rocksalt", a=6.1, cubic=True)
    other.rotate(30.0, (1, 2, 3), rotate_cell=True)
    assert description_of(salt) == description_of(other)
    caesium = bulk("CsCl", "cesiumchloride", a=4.1)
    assert description_of(caesium)[0] != description_of(salt)[0]


def test_what_is_free_is_counted_at_constant_volume(rng: np.random.Generator) -> None:
    assert description_of(bulk("Cu"))[1] == 0
    assert description_of(bulk("Mg"))[1] == 1  # c/a
    # 6 strains and 12 coordinates, but for the volume and the three of the whole crystal
    atoms = Atoms("CuAuAgPt", cell=np.diag([3.0, 4.0, 5.0]) + 0.4 * rng.random((3, 3)), pbc=True)
    atoms.set_scaled_positions(rng.random((4, 3)))
    assert description_of(atoms)[1] == 6 + 12 - 1 - 3


def test_what_was_tried_often_enough() -> None:
    tried = Tried()
    copper, magnesium = description_of(bulk("Cu")), description_of(bulk("Mg"))
    assert not tried.is_worn(*copper)
    tried.add([copper[0], magnesium[0], ""])
    assert tried.is_worn(*copper)
    assert not tried.is_worn(*magnesium)
    other = tried.copy()
    other.add([magnesium[0]])
    assert other.is_worn(*magnesium)
    assert not tried.is_worn(*magnesium)
    assert not tried.is_worn("", 0)
