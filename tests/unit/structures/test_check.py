import re
import time

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.errors import StructureError
from betenet.structures import check, check_structure


def refusal(atoms: Atoms, **limits: int) -> str:
    with pytest.raises(StructureError) as caught:
        check_structure(atoms, **limits)
    assert caught.value.reason
    assert caught.value.fix
    return caught.value.summary


def niobium(**changes: object) -> Atoms:
    atoms = bulk("Nb", cubic=True)
    for name, value in changes.items():
        setattr(atoms, name, value)
    return atoms


def test_no_atoms() -> None:
    assert "no atoms" in refusal(Atoms(cell=np.eye(3), pbc=True))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_position_that_is_not_a_number_is_named(value: float) -> None:
    atoms = niobium()
    atoms.positions[1, 2] = value
    assert "site 1 (Nb) is not a number" in refusal(atoms)


def test_cell_that_is_not_a_number() -> None:
    atoms = niobium()
    atoms.cell.array[0, 0] = np.nan
    assert "cell holds a value that is not a number" in refusal(atoms)


def test_missing_periodicity_says_which_directions() -> None:
    assert "(a, b, c: yes, yes, no)" in refusal(niobium(pbc=(True, True, False)))


@pytest.mark.parametrize(
    "cell",
    [[[3, 0, 0], [0, 3, 0], [3, 3, 0]], [[3, 0, 0], [0, 3, 0], [3, 3, 1e-6]], np.zeros((3, 3))],
)
def test_cell_without_volume(cell: object) -> None:
    assert "cell has no volume" in refusal(Atoms("Nb", cell=cell, pbc=True))


NEEDLES = ([1e6, 0.01, 0.01], [2000, 0.01, 0.01], [0.3, 300, 300])
SKEWED = [[100, 0, 0], [100, 1e-3, 0], [0, 0, 100]]


@pytest.mark.parametrize("cell", [*(np.diag(edges) for edges in NEEDLES), SKEWED])
def test_needle_is_refused_before_its_images_are_counted(cell: np.ndarray) -> None:
    started = time.perf_counter()
    message = refusal(Atoms("Nb", cell=cell, pbc=True))
    assert "Å long" in message or "the cell repeats every" in message
    assert time.perf_counter() - started < 0.2


@pytest.mark.parametrize("length", [1e300, 1e155, 1e6])
def test_vector_without_end_is_refused_by_its_length_and_without_a_warning(length: float) -> None:
    message = refusal(Atoms("Nb", cell=[[length, 0, 0], [0, 3, 0], [0, 0, 3]], pbc=True))
    assert message == f"A lattice vector is {length:.3g} Å long; the limit is 100,000 Å."


def test_long_cell_that_no_crystal_has() -> None:
    assert "5,000 Å long; the limit is 3,000 Å" in refusal(
        Atoms("Cs", cell=[4.0, 4.0, 5000.0], pbc=True)
    )


@pytest.mark.parametrize(("atoms", "edge"), [("Nb2000", 3.3), ("Nb", 0.33)])
def test_cell_that_is_too_small_for_its_atoms(atoms: str, edge: float) -> None:
    message = refusal(Atoms(atoms, cell=np.eye(3) * edge, pbc=True))
    assert "far too small for what it holds" in message
    assert "no volume" not in message


def test_empty_box_of_a_thousand_angstrom() -> None:
    assert "far too large for what it holds: 1e+09 Å³ for 1 atom." in refusal(
        Atoms("Nb", cell=np.eye(3) * 1000, pbc=True)
    )


def test_badly_reduced_cell_is_refused_by_what_to_write_instead() -> None:
    atoms = Atoms("Nb", cell=[[3, 0, 0], [0, 3, 0], [30000, 9000, 3]], pbc=True)
    with pytest.raises(StructureError, match="too skewed") as caught:
        check_structure(atoms)
    words = re.search(r"this lattice: (.*) \(Å\)", caught.value.fix)
    assert words is not None
    shorter = [[float(x) for x in row.split()] for row in words[1].split(";")]
    check_structure(Atoms("Nb", cell=shorter, pbc=True))
    assert np.allclose(np.linalg.norm(shorter, axis=1), 3.0)
    inside = np.linalg.solve(np.array(shorter).T, atoms.cell.array.T)
    assert np.allclose(inside, np.round(inside))
    assert abs(np.linalg.det(inside)) == pytest.approx(1.0)


def test_skewed_cell_of_a_crystal_is_accepted() -> None:
    check_structure(Atoms("Nb", cell=[[3, 0, 0], [0, 3, 0], [60, 18, 3]], pbc=True))


@pytest.mark.parametrize("place", [1e300, -1e17, 2e6])
def test_atom_that_is_cells_away_has_no_place(place: float) -> None:
    atoms = niobium()
    atoms.positions[1, 0] = place * 3.3
    with np.errstate(over="ignore"):
        assert f"Site 1 (Nb) is {abs(place):.3g} cells away" in refusal(atoms)
    atoms.positions[1] = [3.3 * 1000.5, 1.65, 1.65]
    check_structure(atoms)


@pytest.mark.parametrize("number", [0, 104, 118])
def test_dummy_and_superheavy_elements_are_named(number: int) -> None:
    atoms = niobium(numbers=[41, number])
    message = refusal(atoms)
    assert message.startswith("Site 1 (")
    assert f"(atomic number {number})" in message
    assert "0.5000, 0.5000, 0.5000" in message


def test_partial_occupancy_of_the_cif_reader_is_named() -> None:
    atoms = niobium()
    atoms.info["occupancy"] = {"0": {"Nb": 1.0}, "1": {"Nb": 0.9, "Ti": 0.1}}
    atoms.new_array("spacegroup_kinds", np.array([0, 1]))
    message = refusal(atoms)
    assert "site 1 (Nb at 0.5000, 0.5000, 0.5000): Nb 0.9 + Ti 0.1" in message


def test_partial_occupancy_as_an_array_is_named() -> None:
    atoms = niobium()
    atoms.new_array("occupancies", np.array([1.0, 0.5]))
    assert "site 1 (Nb" in refusal(atoms)
    atoms.arrays["occupancies"][:] = 1.0
    check_structure(atoms)


def test_colliding_atoms_are_named_with_their_distance() -> None:
    atoms = niobium()
    atoms.positions[1] = [0.2, 0.0, 3.3 - 0.1]
    message = refusal(atoms)
    assert "site 0 (Nb" in message
    assert "site 1 (Nb" in message
    assert "0.224 Å" in message


def test_collision_with_its_own_image() -> None:
    atoms = Atoms("Nb", cell=[0.9, 8.0, 8.0], pbc=True)
    assert "site 0 (Nb at 0.0000, 0.0000, 0.0000) is 0.900 Å from its own image" in refusal(atoms)


@pytest.mark.parametrize(("distance", "collides"), [(0.49, True), (0.51, False), (0.74, False)])
def test_hydrogen_may_be_as_close_as_in_its_molecule(distance: float, collides: bool) -> None:
    atoms = Atoms("H2", positions=[[0, 0, 0], [0, 0, distance]], cell=np.eye(3) * 2.5, pbc=True)
    if collides:
        assert f"{distance:.3f} Å" in refusal(atoms)
    else:
        check_structure(atoms)


def test_collision_is_found_in_a_very_skewed_cell_and_outside_the_cell() -> None:
    atoms = Atoms("Nb2", positions=[[0, 0, 0], [0.3, 0, 0]], cell=np.eye(3) * 5, pbc=True)
    atoms.positions[1] += [50, -25, 10]
    atoms.set_cell([[5, 0, 0], [45, 5, 0], [-80, 30, 5]])
    assert "0.300 Å" in refusal(atoms)


def test_size_limit_is_named_and_counts_the_primitive_cell() -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.64).repeat(3)  # 54 atoms, 2 in the primitive cell
    check_structure(atoms, max_atoms=2)
    atoms.symbols[0] = "K"
    message = refusal(atoms, max_atoms=50)
    assert "at least 54 atoms" in message
    assert "limit is 50" in message


def test_no_limit() -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.64).repeat(5)
    atoms.symbols[0] = "K"
    assert "limit is 200" in refusal(atoms)
    check_structure(atoms, max_atoms=None)


def test_small_cells_are_judged_as_by_a_general_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random cells, skewed ones too, about half of them with atoms that collide."""
    random = np.random.default_rng(0)
    verdicts: list[bool] = []
    for _ in range(300):
        count = int(random.integers(1, 6))
        atoms = Atoms(
            random.choice([1, 6, 13, 55], count),
            scaled_positions=random.uniform(-1, 2, (count, 3)),
            cell=random.normal(size=(3, 3)) * random.uniform(1.0, 6.0) + np.eye(3),
            pbc=True,
        )
        if atoms.get_volume() < 3.0:
            continue
        found: list[str] = []
        for small in (check.SMALL, 0):
            monkeypatch.setattr(check, "SMALL", small)
            try:
                check_structure(atoms)
            except StructureError as error:
                found.append(str(error))
            else:
                found.append("")
        assert found[0] == found[1]
        verdicts.append(bool(found[0]))
    assert 50 < sum(verdicts) < len(verdicts) - 50


def test_a_cell_of_a_million_atoms_is_refused_at_once():
    atoms = Atoms("Nb", cell=[3.0, 3.0, 3.0], pbc=True).repeat(22)
    began = time.monotonic()
    with pytest.raises(StructureError, match="10,648 atoms; the limit is 10,000"):
        check_structure(atoms)
    assert time.monotonic() - began < 1.0
