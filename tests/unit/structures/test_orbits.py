import numpy as np
import pytest

from betenet.errors import StructureError
from betenet.structures.cif_sites import Sites
from betenet.structures.orbits import FilledCell, fill_cell
from betenet.structures.symmetry_operations import Operations

HEXAGONAL = np.array([[3.086, 0.0, 0.0], [-1.543, 2.672554, 0.0], [0.0, 0.0, 3.524]])
P6MMM, FM3M = 485, 523


def fill(
    hall: int,
    *listed: tuple[str, tuple[float, float, float]],
    digits: int = 3,
    lattice: np.ndarray = HEXAGONAL,
    occupancies: list[float | None] | None = None,
) -> FilledCell:
    sites = Sites(
        labels=[f"{element}{n}" for n, (element, _) in enumerate(listed)],
        elements=[element for element, _ in listed],
        positions=np.array([place for _, place in listed]),
        precisions=np.full((len(listed), 3), max(0.7 * 10.0**-digits, 1e-3)),
        occupancies=occupancies or [None] * len(listed),
    )
    return fill_cell(sites, Operations.of_hall_number(hall), lattice)


@pytest.mark.parametrize(
    ("x", "y", "digits"),
    [
        (1 / 3, 2 / 3, 5),
        (0.3333, 0.6667, 4),
        (0.333, 0.667, 3),
        (0.333, 0.666, 3),
        (0.33, 0.67, 2),
        (0.33, 0.66, 2),
    ],
)
def test_few_digits_are_completed_to_the_special_position(x: float, y: float, digits: int) -> None:
    cell = fill(P6MMM, ("B", (x, y, 0.5)), digits=digits)
    exact = [[1 / 3, 2 / 3, 0.5], [2 / 3, 1 / 3, 0.5]]
    np.testing.assert_allclose(sorted(cell.positions.tolist()), exact, atol=1e-12)
    assert bool(cell.notes) == (digits < 4)
    assert cell.problem is None


def test_what_the_digits_do_not_allow_is_a_problem() -> None:
    cell = fill(P6MMM, ("B", (0.333, 0.665, 0.5)))
    assert "Site B0 (0.333, 0.665, 0.5) lies" in str(cell.problem)
    assert "Å from its own image by symmetry" in str(cell.problem)


def test_a_free_coordinate_is_not_moved() -> None:
    cell = fill(P6MMM, ("B", (0.1, 0.2, 0.3)), digits=1, lattice=3 * HEXAGONAL)
    assert len(cell.positions) == 12
    assert cell.notes == []


def test_multiplicities() -> None:
    cubic = 4.4 * np.eye(3)
    cell = fill(FM3M, ("Nb", (0.0, 0.0, 0.0)), ("C", (0.5, 0.5, 0.5)), lattice=cubic)
    assert np.bincount(cell.kinds).tolist() == [4, 4]
    assert len(fill(FM3M, ("Nb", (0.25, 0.25, 0.25)), lattice=cubic).positions) == 8
    assert len(fill(FM3M, ("Nb", (0.11, 0.22, 0.34)), lattice=3 * cubic).positions) == 192


def test_sites_listed_twice() -> None:
    cell = fill(FM3M, ("Nb", (0, 0, 0)), ("Nb", (0.5, 0.5, 0)), lattice=4.4 * np.eye(3))
    assert len(cell.positions) == 4
    assert "equivalent by symmetry to others and are taken once: Nb1" in cell.notes[0]


def test_two_elements_on_a_site() -> None:
    with pytest.raises(StructureError, match=r"0\.5000, 0\.5000, 0\.0000: Nb and Ti are both"):
        fill(FM3M, ("Nb", (0, 0, 0)), ("Ti", (0.5, 0.5, 0)), lattice=4.4 * np.eye(3))


def test_shares_of_one_element_add_up() -> None:
    places = (("Fe", (0.0, 0.0, 0.0)), ("Fe", (0.0, 0.0, 0.0)))
    half = fill(FM3M, *places, lattice=4.4 * np.eye(3), occupancies=[0.5, 0.5])
    assert half.shares == {0: {"Fe": 1.0}}
    less = fill(FM3M, *places, lattice=4.4 * np.eye(3), occupancies=[0.5, 0.25])
    assert less.shares == {0: {"Fe": 0.75}}


def test_huge_cells_are_refused() -> None:
    with pytest.raises(StructureError, match="3000 sites and 192 operations"):
        fill(FM3M, *[("Nb", (0.0, 0.0, 0.0))] * 3000)
