"""Every element has a place of its own, where chemists look for it."""

import numpy as np
import pytest
from ase.data import chemical_symbols

from betenet.evaluation.periodic_table import FEWEST, draw_elements, place


@pytest.mark.parametrize(
    ("column", "group"),
    [
        (1, "H Li Na K Rb Cs Fr"),
        (2, "Be Mg Ca Sr Ba Ra"),
        (3, "Sc Y"),
        (4, "Ti Zr Hf Rf"),
        (11, "Cu Ag Au"),
        (13, "B Al Ga In Tl"),
        (17, "F Cl Br I At"),
        (18, "He Ne Ar Kr Xe Rn"),
    ],
)
def test_groups_are_columns(column: int, group: str) -> None:
    assert {place(symbol)[1] for symbol in group.split()} == {column}


def test_f_elements_stand_below_in_order() -> None:
    rows = [[place(s) for s in chemical_symbols[first : first + 15]] for first in (57, 89)]
    for row in rows:
        assert len({height for height, _ in row}) == 1
        assert [column for _, column in row] == list(range(3, 18))
    assert rows[0][0][0] > 7
    assert rows[1][0][0] > rows[0][0][0]


def test_no_two_elements_share_a_place() -> None:
    places = [place(symbol) for symbol in chemical_symbols[1:]]
    assert len(set(places)) == len(places) == 118


def test_colour_grows_with_the_value_and_needs_enough_compounds() -> None:
    figure = draw_elements({"Nb": (9, 0.5), "Ta": (9, 0.1), "V": (FEWEST - 1, 0.5)}, "mean Δ")
    axes = figure.axes[0]
    middle = {(box.get_x() + 0.48, box.get_y() + 0.48): box for box in axes.patches}
    colours = {
        symbol: next(
            box.get_facecolor()
            for at, box in middle.items()
            if np.allclose(at, (place(symbol)[1], place(symbol)[0]))
        )
        for symbol in ("Nb", "Ta", "V", "Al")
    }
    assert sum(colours["Nb"][:3]) < sum(colours["Ta"][:3])
    assert colours["V"] == colours["Al"] == (1.0, 1.0, 1.0, 1.0)
    texts = [text.get_text() for text in axes.texts]
    assert "n=9" in texts
    assert "0.50" in texts
