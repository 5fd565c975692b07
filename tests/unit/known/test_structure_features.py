import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, graphene
from ase.spacegroup import crystal

from betenet.known.structure_features import STRUCTURE_FEATURES, bonds, structure_features


def two_in_a_row(cation: str, anion: str, a: float, c: float, z: float) -> Atoms:
    """Structure of CaC₂."""
    return crystal(
        [cation, anion],
        basis=[(0, 0, 0), (0, 0, z)],
        spacegroup=139,
        cellpar=[a, a, c, 90, 90, 90],
        primitive_cell=True,
    )


def feature(atoms: Atoms, name: str) -> float:
    found = structure_features(atoms)
    assert len(found) == len(STRUCTURE_FEATURES)
    return float(found[STRUCTURE_FEATURES.index(name)])


def test_bonds_of_an_ionic_crystal_have_the_valence_of_its_charges() -> None:
    salt = bulk("MgO", "rocksalt", a=4.212)
    first, second, valences = bonds(salt)
    unlike = salt.numbers[first] != salt.numbers[second]
    assert valences[unlike & (first == 0)].sum() == pytest.approx(2.0, abs=0.4)
    assert abs(feature(salt, "saturation_cation_mean")) < 0.2
    assert abs(feature(salt, "saturation_anion_mean")) < 0.2


def test_a_compressed_crystal_is_oversaturated_and_small() -> None:
    loose, tight = (bulk("MgO", "rocksalt", a=a) for a in (4.2, 3.6))
    for name, sign in (("saturation_cation_mean", 1), ("log_volume_ratio", -1)):
        assert sign * (feature(tight, name) - feature(loose, name)) > 0.2


def test_tetrahedral_and_octahedral_neighbours_are_told_apart() -> None:
    four, six = bulk("InP", "zincblende", a=5.87), bulk("InP", "rocksalt", a=5.47)
    assert feature(four, "neighbours_cation_mean") < 6.0 < feature(six, "neighbours_cation_mean")
    assert feature(six, "like_share") > feature(four, "like_share")


def test_electrons_of_the_formula() -> None:
    assert feature(bulk("Nb"), "odd_valence_electrons") == 1.0
    assert feature(bulk("Si"), "odd_valence_electrons") == 0.0
    assert feature(bulk("Si"), "valence_electrons_per_atom") == 4.0
    assert feature(bulk("AlN", "wurtzite", a=3.11, c=4.98), "odd_valence_electrons") == 0.0
    vacancy = bulk("NaCl", "rocksalt", a=5.64).repeat(3)[1:]
    assert np.isnan(feature(vacancy, "odd_valence_electrons"))


@pytest.mark.parametrize(
    "atoms",
    [
        bulk("Nb"),
        bulk("Mg"),
        bulk("ZnO", "wurtzite", a=3.25, c=5.2),
        two_in_a_row("Ca", "C", 3.89, 6.38, 0.406),
    ],
    ids=lambda atoms: atoms.get_chemical_formula(),
)
@pytest.mark.parametrize("times", [(2, 1, 1), (2, 2, 1), (1, 3, 2)])
def test_the_cell_that_it_is_written_in_does_not_matter(
    atoms: Atoms, times: tuple[int, int, int]
) -> None:
    one, many = structure_features(atoms), structure_features(atoms.repeat(times))
    np.testing.assert_allclose(one, many, atol=1e-5)


def test_orientation_and_order_do_not_matter() -> None:
    atoms = bulk("ZnO", "wurtzite", a=3.25, c=5.2)
    turned = atoms[[2, 0, 3, 1]]
    turned.rotate(33.0, (1, 2, 3), rotate_cell=True)
    np.testing.assert_allclose(structure_features(atoms), structure_features(turned), atol=1e-6)


def test_vacuum_beside_a_layer_does_not_matter() -> None:
    sheets = [graphene("BN", a=2.504, vacuum=vacuum) for vacuum in (8.0, 15.0)]
    for sheet in sheets:
        sheet.pbc = True
    near, far = map(structure_features, sheets)
    np.testing.assert_allclose(near, far, atol=1e-6)
    layered = bulk("BN", "wurtzite", a=2.504, c=6.656, u=0.5)
    place = STRUCTURE_FEATURES.index("volume_per_atom")
    assert near[place] == pytest.approx(structure_features(layered)[place], rel=0.15)
