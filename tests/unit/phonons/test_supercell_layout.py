import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.phonons import SupercellLayout

pytest.importorskip("phonopy")


@pytest.mark.parametrize(
    ("text", "matrix"),
    [
        ("2 2 2", np.diag([2, 2, 2])),
        (" 3  1 4 ", np.diag([3, 1, 4])),
        ("2,2,1", np.diag([2, 2, 1])),
        ("2x2x1", np.diag([2, 2, 1])),
        ("2 0 0 0 2 0 0 0 2", np.diag([2, 2, 2])),
        ("-1 1 1 1 -1 1 1 1 -1", [[-1, 1, 1], [1, -1, 1], [1, 1, -1]]),
    ],
)
def test_dim(text: str, matrix: np.ndarray) -> None:
    assert np.array_equal(SupercellLayout.from_text(dim=text).dim, matrix)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "2 2", "2 2 2 2", "a b c", "2 2 0", "-2 2 2", "2.5 2 2", "nan 1 1", "1e9 1 1"),
        *(
            "1 0 0 0 1 0 0 0 0",
            "0 1 0 1 0 0 0 0 1",
            "9999 9999 9999",
            "1 1 1/0",
            f"2 2 2 {'9' * 5000}",
        ),
    ],
)
def test_dim_that_is_no_supercell(text: str) -> None:
    with pytest.raises(ConfigError, match="is no supercell"):
        SupercellLayout.from_text(dim=text)


@pytest.mark.parametrize("text", ["auto", "AUTO", "P", "f", "I", "R"])
def test_primitive_cells_with_a_name(text: str) -> None:
    found = SupercellLayout.from_text(primitive=text).primitive
    assert found == (text.lower() if text.lower() == "auto" else text.upper())


def test_primitive_cell_as_a_matrix() -> None:
    found = SupercellLayout.from_text(primitive="0 1/2 1/2 0.5 0 .5 1/2 1/2 0").primitive
    assert np.array_equal(found, (1.0 - np.eye(3)) / 2.0)


@pytest.mark.parametrize("text", ["", "X", "1 1 1", "0 1 1 1 0 1 1 1 0", "0 0 0 0 0 0 0 0 0"])
def test_what_is_no_primitive_cell(text: str) -> None:
    with pytest.raises(ConfigError, match="is no primitive cell"):
        SupercellLayout.from_text(primitive=text)


def test_calculators_are_those_of_phonopy() -> None:
    assert SupercellLayout.from_text(calculator="QE").calculator == "qe"
    with pytest.raises(ConfigError, match=r"not known(.|\n)*abinit.*vasp"):
        SupercellLayout.from_text(calculator="gaussian")


def test_nothing_is_stated_unless_it_is_given() -> None:
    layout = SupercellLayout.from_text()
    assert (layout.dim, layout.primitive, layout.calculator) == (None, None, None)
