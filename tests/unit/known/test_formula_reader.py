"""The grammar of formulas, on characters alone."""

import pytest

from betenet.known.formula_reader import FormulaReader, UnclearFormulaError
from betenet.known.formula_text import characters_of


def test_letters_take_their_values() -> None:
    reader = FormulaReader(characters_of("La2-xSrxO4-y"), {"x": 0.5})
    assert reader.read() == {"La": 1.5, "Sr": 0.5, "O": 4.0}
    assert reader.undetermined == {"O"}


def test_a_bracket_with_a_letter_leaves_all_in_it_undetermined() -> None:
    reader = FormulaReader(characters_of("(BaO)2-xCu"), {})
    assert reader.read() == {"Ba": 2.0, "O": 2.0, "Cu": 1.0}
    assert reader.undetermined == {"Ba", "O"}


def test_the_inner_bracket_is_named_that_is_not_closed() -> None:
    with pytest.raises(UnclearFormulaError) as caught:
        FormulaReader(characters_of("(Nb(Sn"), {}).read()
    assert caught.value.place == 4
