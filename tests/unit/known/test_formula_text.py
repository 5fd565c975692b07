"""Characters of formulas keep the place that they had in the text."""

from betenet.known.formula_text import characters_of, split_values


def test_places_are_those_of_the_text_that_was_given() -> None:
    text = r"YBa$_2$CuO$_{7-\delta}$"
    for one in characters_of(text):
        if one.text.isascii() and one.text.isalnum():
            assert text[one.place - 1] == one.text


def test_raised_and_apart() -> None:
    found = characters_of("H2¹⁸O SO4^{2-}<sup>3</sup>")
    assert [one.text for one in found if one.raised] == ["1", "8", "2", "-", "3"]
    assert [one.text for one in found if one.apart] == ["S"]


def test_braces_of_groups_stay_and_those_of_levels_go() -> None:
    assert "".join(one.text for one in characters_of("{Nb}_{3}Sn")) == "(Nb)3Sn"


def test_values_are_only_taken_from_the_end() -> None:
    assert split_values("La2-xSrxCuO4, x=0.15")[1] == {"x": 0.15}
    assert split_values("x=0.15 La2-xSrxCuO4")[1] == {}
