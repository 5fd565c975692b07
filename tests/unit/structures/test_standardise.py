from pathlib import Path

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.io import read
from ase.neighborlist import neighbor_list
from tests.fixture_types import Patch

from betenet.errors import StructureError
from betenet.structures import check_structure, standardise

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SPACE_GROUPS = {  # file: space group number, atoms in the primitive cell
    "Al": (225, 1),
    "CaH6": (229, 7),
    "LaH10": (225, 11),
    "MgB2": (191, 3),
    "Nb": (229, 1),
    "Nb3Sn": (223, 8),
    "NbC": (225, 2),
    "Pb": (225, 1),
    "V3Si": (223, 8),
}
SKEW = np.array([[1, 1, 0], [0, 2, 1], [3, 0, 1]])  # determinant 5


def example(name: str) -> Atoms:
    return read(EXAMPLES / f"{name}.cif")


def fingerprint(atoms: Atoms) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Every pair of elements and distance up to 5.03 Å, sorted; independent of cell and order."""
    i, j, distance = neighbor_list("ijd", atoms, 5.03)
    pairs = np.stack([atoms.numbers[i], atoms.numbers[j]])
    order = np.lexsort((distance, pairs[1], pairs[0]))
    return list(zip(*pairs[:, order].tolist(), strict=True)), distance[order]


def assert_same_crystal(one: Atoms, other: Atoms, rtol: float = 1e-6, what: str = "") -> None:
    assert one.numbers.tolist() == other.numbers.tolist()
    assert one.get_volume() == pytest.approx(other.get_volume(), rel=3 * rtol)
    pairs, distances = fingerprint(one)
    other_pairs, other_distances = fingerprint(other)
    assert len(distances) > 10
    assert pairs == other_pairs
    np.testing.assert_allclose(distances, other_distances, rtol=rtol, err_msg=what)


def changed_copies(atoms: Atoms, rng: np.random.Generator) -> dict[str, Atoms]:
    rotated = atoms.copy()
    rotated.rotate(40.0, (1, 2, 3), rotate_cell=True)
    translated = atoms.copy()
    translated.positions += rng.normal(size=3) * 5
    unwrapped = atoms.copy()
    unwrapped.positions += rng.integers(-3, 4, size=(len(atoms), 3)) @ atoms.cell[:]
    mirrored = atoms.copy()
    mirrored.set_cell(-atoms.cell[:])
    return {
        "itself": atoms,
        "2x2x2": atoms.repeat(2),
        "1x3x1": atoms.repeat((1, 3, 1)),
        "skewed supercell": make_supercell(atoms, SKEW),
        "sheared": Atoms(
            atoms.numbers, positions=atoms.positions, cell=SHEAR @ atoms.cell[:], pbc=1
        ),
        "rotated": rotated,
        "translated": translated,
        "unwrapped": unwrapped,
        "left-handed cell": mirrored,
        "permuted": atoms[rng.permutation(len(atoms))],
        "everything": make_supercell(rotated, SKEW)[rng.permutation(5 * len(atoms))],
    }


SHEAR = np.array([[1, 0, 0], [4, 1, 0], [-3, 7, 1]])


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
@pytest.mark.parametrize("name", SPACE_GROUPS)
def test_example_has_its_space_group_and_primitive_cell(name: str) -> None:
    number, n_atoms = SPACE_GROUPS[name]
    primitive = standardise(example(name))
    cell = (primitive.cell[:], primitive.get_scaled_positions(), primitive.numbers)
    dataset = spglib.get_symmetry_dataset(cell, symprec=1e-3)
    assert dataset is not None
    assert dataset.number == number
    assert len(primitive) == n_atoms


@pytest.mark.parametrize("name", SPACE_GROUPS)
def test_same_crystal_whatever_the_cell(name: str) -> None:
    atoms = example(name)
    primitive = standardise(atoms)
    for what, copy in changed_copies(atoms, np.random.default_rng(7)).items():
        check_structure(copy)
        assert_same_crystal(standardise(copy), primitive, what=what)


@pytest.mark.parametrize("name", ["MgB2", "LaH10"])
def test_standardising_again_changes_nothing(name: str) -> None:
    once = standardise(example(name))
    twice = standardise(once)
    np.testing.assert_allclose(twice.cell[:], once.cell[:], atol=1e-9)
    np.testing.assert_allclose(twice.positions, once.positions, atol=1e-9)


def test_order_of_atoms_is_fixed() -> None:
    atoms = example("LaH10")
    shuffled = atoms[np.random.default_rng(1).permutation(len(atoms))]
    one, other = standardise(atoms), standardise(shuffled)
    np.testing.assert_array_equal(one.numbers, np.sort(one.numbers))
    np.testing.assert_allclose(one.positions, other.positions, atol=1e-9)
    np.testing.assert_allclose(one.cell[:], other.cell[:], atol=1e-9)


def test_low_symmetry_crystal_keeps_its_geometry() -> None:
    rng = np.random.default_rng(3)
    atoms = example("Nb3Sn")
    atoms.positions += rng.normal(scale=0.05, size=atoms.positions.shape)
    atoms.set_cell(atoms.cell[:] @ (np.eye(3) + rng.normal(scale=0.02, size=(3, 3))), True)
    assert_same_crystal(standardise(atoms.repeat((2, 1, 1))), standardise(atoms))
    assert_same_crystal(standardise(atoms), atoms[np.argsort(atoms.numbers)])


@pytest.mark.parametrize("digits", [5, 4])
def test_rounded_coordinates_are_averaged(digits: int) -> None:
    atoms = make_supercell(example("NbC"), SKEW)
    rounded = atoms.copy()
    rounded.set_scaled_positions(np.round(atoms.get_scaled_positions(), digits))
    assert_same_crystal(standardise(rounded), standardise(example("NbC")), rtol=2e-4)


def test_noise_beyond_symprec_is_another_crystal() -> None:
    atoms = bulk("Al", cubic=True)
    atoms.positions[1] += 0.02
    assert len(standardise(atoms)) == 4
    assert len(standardise(atoms, symprec=0.1)) == 1


def test_only_numbers_positions_and_cell_are_kept() -> None:
    atoms = example("Nb")
    atoms.set_initial_magnetic_moments([1.0, -1.0])
    atoms.set_velocities(np.ones((2, 3)))
    atoms.set_tags([1, 2])
    primitive = standardise(atoms)
    assert set(primitive.arrays) == {"numbers", "positions"}
    assert primitive.info == {}
    assert len(primitive) == 1
    assert np.linalg.det(primitive.cell[:]) > 0


def test_input_is_not_changed() -> None:
    atoms = example("NbC").repeat(2)
    before = atoms.copy()
    standardise(atoms)
    assert atoms == before


def test_size_limit_is_exact_after_standardisation() -> None:
    atoms = bulk("Si").repeat(3)  # 54 atoms, 2 in the primitive cell, counts alone allow 1
    assert len(standardise(atoms, max_atoms=2)) == 2
    with pytest.raises(StructureError, match="has 2 atoms; the limit is 1"):
        standardise(atoms, max_atoms=1)


def test_spglib_failure_is_an_error() -> None:
    atoms = Atoms("H2", positions=[[0, 0, 0], [0, 0, 1e-5]], cell=np.eye(3) * 4, pbc=True)
    with pytest.raises(StructureError, match=r"symprec = 0\.001"):
        standardise(atoms)


def test_a_large_cell_without_translations_is_refused_before_the_search(monkeypatch: Patch) -> None:
    generator = np.random.default_rng(0)
    assert len(standardise(bulk("Nb", cubic=True).repeat(5))) == 1
    large = bulk("Nb", cubic=True).repeat(10)
    large.positions += generator.normal(scale=0.05, size=large.positions.shape)
    # the search takes half a minute for such a cell: it is not to be asked for
    for name in ("find_primitive", "get_symmetry_dataset", "get_symmetry", "standardize_cell"):
        monkeypatch.setattr(spglib, name, _not_to_be_called)
    with pytest.raises(StructureError, match="has 2000 atoms; the limit is 200"):
        standardise(large)


def _not_to_be_called(*_: object, **__: object) -> None:
    raise AssertionError("the search of spglib was asked for")
