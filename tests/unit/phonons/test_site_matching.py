from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from ase.build import make_supercell

from betenet.errors import StructureError
from betenet.phonon_dos import PhononDos
from betenet.phonons import match_sites
from betenet.structures import standardise

# P4/mmm with five atoms, three kinds of site; the two O of a plane are equivalent, the third is not
LAYERED = Atoms(
    "BaTiO3",
    scaled_positions=[(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)],
    cell=[3.9, 3.9, 4.3],
    pbc=True,
)
# rock salt, whose conventional cell has four primitive ones
SALT = Atoms(
    "Na4Cl4",
    scaled_positions=[
        (0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0),
        (0.5, 0.5, 0.5), (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5),
    ],
    cell=[5.6, 5.6, 5.6],
    pbc=True,
)  # fmt: skip


def tagged(atoms: Atoms, tags: list[float]) -> PhononDos:
    """A flat density of states that tells which site it is of."""
    sites = np.outer(tags, np.ones(3))
    return PhononDos(np.arange(3.0), sites.sum(axis=0), sites, tuple(atoms.get_chemical_symbols()))


def found_tags(dos: PhononDos) -> list[float]:
    assert dos.sites is not None
    return dos.sites[:, 0].tolist()


def turned(atoms: Atoms) -> Atoms:
    moved = atoms.copy()
    moved.rotate(51.0, (1.0, -2.0, 0.5), rotate_cell=True)
    moved.positions += [0.4, 1.1, -0.6]
    moved.wrap()
    return moved


def reflected(atoms: Atoms) -> Atoms:
    moved = atoms.copy()
    moved.set_cell(atoms.cell.array * [-1, 1, 1], scale_atoms=True)
    return moved


def doubled(atoms: Atoms) -> Atoms:
    return make_supercell(atoms, [[1, 1, 0], [-1, 1, 0], [0, 0, 2]])


def stretched(atoms: Atoms) -> Atoms:
    moved = atoms.copy()
    moved.set_cell(atoms.cell * 1.02, scale_atoms=True)
    moved.rattle(0.01, seed=1)
    return moved


LAYERED_TAGS = [1.0, 2.0, 3.0, 4.0, 4.0]


@pytest.mark.parametrize("change", [turned, reflected, doubled, stretched, lambda a: a[::-1]])
def test_sites_are_found_in_another_cell_and_back(change: object) -> None:
    assert callable(change)
    marked = LAYERED.copy()
    marked.set_tags([1, 2, 3, 4, 4])
    other = change(marked)
    there = match_sites(tagged(LAYERED, LAYERED_TAGS), LAYERED, other)
    # ASE carries the tags along: they say which site each atom is
    assert found_tags(there) == other.get_tags().tolist()
    assert there.symbols == tuple(other.get_chemical_symbols())
    assert there.n_states == pytest.approx(14.0 * len(other) / 5 * 2)
    back = match_sites(there, other, LAYERED)
    assert found_tags(back) == pytest.approx(LAYERED_TAGS)


def test_primitive_and_conventional_cell() -> None:
    primitive = standardise(SALT)
    assert len(primitive) == 2
    tags = [1.0 if symbol == "Na" else 2.0 for symbol in primitive.get_chemical_symbols()]
    there = match_sites(tagged(primitive, tags), primitive, turned(SALT))
    assert found_tags(there) == [1.0] * 4 + [2.0] * 4
    back = match_sites(there, turned(SALT), primitive)
    assert found_tags(back) == pytest.approx(tags)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda other: other.symbols.__setitem__(0, "Sr"), r"is that of .*Ba.*not of .*Sr"),
        (lambda other: other.set_cell([3.9, 3.9, 4.9], scale_atoms=True), "lattice"),
        (lambda other: other.positions[1].__iadd__([0, 0, 0.9]), r"without a partner: .*Ti at"),
    ],
)
def test_another_crystal_is_an_error(change: Callable[[Atoms], None], words: str) -> None:
    other = LAYERED.copy()
    change(other)
    with pytest.raises(StructureError, match=words):
        match_sites(tagged(LAYERED, LAYERED_TAGS), LAYERED, other)


def test_density_of_states_of_another_number_of_sites_is_an_error() -> None:
    with pytest.raises(StructureError, match="5 sites, its structure 8"):
        match_sites(tagged(LAYERED, LAYERED_TAGS), SALT, SALT)
