import pytest

from betenet.errors import StructureError
from betenet.structures.element_names import element_of_label, element_of_type


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("Nb", "Nb"),
        ("Nb5+", "Nb"),
        ("NB", "Nb"),
        ("NB+5", "Nb"),
        ("nb", "Nb"),
        ("O2-", "O"),
        ("O-2", "O"),
        ("Fe2.5+", "Fe"),
        ("Fe(3+)", "Fe"),
        ("Nb1", "Nb"),
        ("ZR", "Zr"),
        ("2H", "D"),
        ("13C", "C"),
    ],
)
def test_type_symbols(text: str, element: str) -> None:
    assert element_of_type(0, text, {"Nb"} if text.startswith("NB") else set()) == element


@pytest.mark.parametrize(
    "text",
    ["Nb,Ti", "Nb+Ti", "Nb0.5Ti0.5", "Al/Si", "Fe.5Mn.5", "Tl3+/Bi3+", "Nb Ti", "(Nb,Ti)", "FeCo"],
)
def test_mixed_type_symbols_are_refused(text: str) -> None:
    for named in (set[str](), {"Nb", "Ti", "Al", "Si", "Fe", "Mn", "Tl", "Bi", "Co"}):
        with pytest.raises(StructureError, match=r"not one element, but \w+ and \w+"):
            element_of_type(0, text, named)


@pytest.mark.parametrize(
    "text", ["Nb1-x", "Nbx", "Nb*", "Nb?", "Vac", "Va", "REE", "Cval", "Siva", "NbVac", "OH", "?"]
)
def test_type_symbols_of_no_element(text: str) -> None:
    with pytest.raises(StructureError, match="not an element"):
        element_of_type(3, text, set())


@pytest.mark.parametrize(
    ("label", "element"),
    [
        ("Nb1", "Nb"),
        ("Nb1A", "Nb"),
        ("O2W", "O"),
        ("Fe1_2", "Fe"),
        ("C1'", "C"),
        ("H12B", "H"),
        ("HN1", "H"),
        ("O1B", "O"),
        ("SiT1", "Si"),
        ("Fe_up", "Fe"),
        ("OW", "O"),
        ("ZR1", "Zr"),
        ("Re1", "Re"),
        ("Fe3+", "Fe"),
        ("Nb(1)", "Nb"),
    ],
)
def test_usual_labels(label: str, element: str) -> None:
    assert element_of_label(label, set()) == element


@pytest.mark.parametrize(
    "label",
    [
        *("Fe/Co", "FeNi1", "AlSi1", "(NbTa)1", "Nb_Ti", "NbTi", "Nb1/Ti1", "Cs/K", "YBa1"),
        *("Nb0.5Ti0.5", "Fe1Co1", "Nb1-x", "C_N"),
    ],
)
def test_labels_of_several_elements(label: str) -> None:
    with pytest.raises(StructureError, match=r"more than one element|is not clear"):
        element_of_label(label, set())


@pytest.mark.parametrize(
    "label",
    [
        *("RE1", "VA1", "VAC1", "Vac", "DUM1", "HAL1", "OCT1", "TET1", "Ln1", "M1", "Me1", "X1"),
        *("Q1", "A1", "R1", "TM1", "Wat1"),
    ],
)
def test_labels_of_no_element(label: str) -> None:
    with pytest.raises(StructureError, match=r"names no element|is not clear"):
        element_of_label(label, set())


@pytest.mark.parametrize("label", ["VAC1", "DUM1", "HAL1", "OCT1", "Wat1"])
def test_dummies_stay_dummies_beside_a_formula(label: str) -> None:
    with pytest.raises(StructureError, match=r"names no element|is not clear"):
        element_of_label(label, {"V", "D", "H", "O", "W"})


def test_a_formula_tells_what_capitals_mean() -> None:
    assert element_of_label("RE1", {"Re", "O"}) == "Re"
    assert element_of_label("VA1", {"V", "Si"}) == "V"
    assert element_of_label("OW1", {"H", "O"}) == "O"
