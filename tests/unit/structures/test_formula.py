import pytest

from betenet.structures.formula import LONGEST, formula_amounts


@pytest.mark.parametrize(
    "text",
    [
        "H" * LONGEST,
        "H" * (LONGEST + 1),
        "H" + "5" * 5000,
        "Nb1111111",
        "Nb3Sn!",
        "Nb.",
        "nb3",
        "H0",
    ],
    ids=lambda text: text[:9],
)
def test_no_formula(text: str) -> None:
    assert formula_amounts(text) == {}


def test_an_element_that_is_written_twice_is_added_up() -> None:
    assert formula_amounts("CH3CH2OH") == {"C": 2.0, "H": 6.0, "O": 1.0}
