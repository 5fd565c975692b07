"""Atoms that are too near, and volumes to begin with."""

import pytest
from ase import Atoms
from ase.build import bulk

from betenet.search.crowding import (
    RELAXED_CLOSE,
    compressed_volume,
    is_crowded,
    nearer_volume,
)


def test_a_molecule_of_hydrogen_may_be_and_half_of_it_may_not() -> None:
    for distance, crowded in ((0.74, False), (0.4, True)):
        atoms = Atoms("H2", [(0, 0, 0), (0, 0, distance)], cell=[3, 3, 3], pbc=True)
        assert is_crowded(atoms) is crowded
        assert is_crowded(atoms, RELAXED_CLOSE) is crowded


def test_images_of_an_atom_count() -> None:
    assert is_crowded(Atoms("Nb", cell=[1.2, 6, 6], pbc=True))


@pytest.mark.parametrize("symbol", ["Nb", "Al", "Mg", "Si"])
def test_the_first_volume_is_about_that_of_the_element(symbol: str) -> None:
    atoms = bulk(symbol)
    known = atoms.get_volume() / len(atoms)
    assert compressed_volume({symbol: 1}, 0.0) == pytest.approx(known, rel=0.4)
    assert compressed_volume({symbol: 1}, 150.0) < 0.75 * known


@pytest.mark.parametrize(
    ("formula", "pressure", "known"),
    [
        ({"Ti": 1, "O": 2}, 0.0, 10.4),
        ({"Ti": 1, "N": 1}, 0.0, 9.6),
        ({"Nb": 1, "C": 1}, 0.0, 11.2),
        ({"Ca": 1, "H": 6}, 150.0, 3.1),  # PBE, as in the laboratory's notes
    ],
)
def test_compounds_are_denser_than_their_elements(
    formula: dict[str, int], pressure: float, known: float
) -> None:
    assert compressed_volume(formula, pressure) == pytest.approx(known, rel=0.35)


def test_a_step_towards_a_pressure_is_downhill_and_short() -> None:
    atoms = bulk("Al")
    for found, wanted in ((30.0, 0.0), (0.0, 50.0), (1e4, 0.0)):
        scaled = nearer_volume(atoms, found, wanted)
        ratio = scaled.cell.volume / atoms.cell.volume
        assert (ratio > 1.0) == (found > wanted)
        assert 0.69 < ratio < 1.41
    # aluminium has 76 GPa
    assert nearer_volume(atoms, 10.0, 0.0).cell.volume / atoms.cell.volume == pytest.approx(
        1.0 + 10.0 / 76.0, abs=0.1
    )
