"""One list of held-out formulas, and one way of writing them."""

from pathlib import Path

import pytest

from betenet.datasets.folds import reduced_formula
from betenet.datasets.held_out_formulas import HELD_OUT, formula_key, held_out_formulas
from betenet.errors import DataError


@pytest.mark.parametrize(
    "line", ["H" + "5" * 5000, "x" * 5000, "Nb3Sn!", "H" * 200, "Nb" + "1" * 7, "\x1b[2J"]
)
def test_a_line_that_is_no_formula_is_cut_in_the_message(line: str, tmp_path: Path) -> None:
    path = tmp_path / "held_out.txt"
    path.write_text(f"H3S1\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match="which is no formula") as caught:
        held_out_formulas(path)
    assert len(caught.value.summary) < 300 + len(str(path))


def test_formulas_are_compared_as_compositions(tmp_path: Path) -> None:
    path = tmp_path / "held_out.txt"
    path.write_text("﻿H3S1\nNb3Sn\nCa2 H12\n", encoding="utf-8")
    assert formula_key("S2H6") in held_out_formulas(path)
    assert formula_key("H" + "5" * 5000)  # of a list of somebody else: no error


@pytest.mark.parametrize("formula", ["H3S1", "S1H3", "H3S", "S2H6", "H6 S2", "D3S"])
def test_every_way_of_writing_a_formula_is_the_one_of_rows(formula: str, tmp_path: Path) -> None:
    (tmp_path / HELD_OUT).write_text(f"{formula}\n", encoding="utf-8")
    key = reduced_formula(["S", "H", "H", "H"])
    assert formula_key(formula) == key
    assert held_out_formulas(tmp_path) == held_out_formulas(tmp_path / HELD_OUT) == {key}


def test_a_folder_without_the_list_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=HELD_OUT):
        held_out_formulas(tmp_path)
