import itertools

import pytest
from ase import Atoms
from ase.build import bulk

ELEMENTS = ("Al", "V", "Nb", "Mo", "Pd", "Ta", "W", "Pb")
KINDS = (("rocksalt", 4.6), ("cesiumchloride", 3.1), ("zincblende", 5.1))


@pytest.fixture(scope="session")
def crystals() -> list[Atoms]:
    """28 cells of 1 to 16 atoms, slightly out of place, some of them outside the cell."""
    found: list[Atoms] = []
    for index, pair in enumerate(itertools.combinations(ELEMENTS, 2)):
        kind, length = KINDS[index % 3]
        atoms = bulk("".join(pair), kind, a=length + 0.01 * index)
        atoms = bulk(pair[0]) if index % 5 == 0 else atoms.repeat((1, 1 + index % 2, 1 + index % 4))
        atoms.rattle(0.05, seed=index)
        if index % 4 == 0:
            atoms.positions += 2.0 * atoms.cell.array[0] - 3.0 * atoms.cell.array[2]
        found.append(atoms)
    return found
