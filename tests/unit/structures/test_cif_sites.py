import numpy as np
import pytest

from betenet.errors import StructureError
from betenet.structures.cif_blocks import CifBlock
from betenet.structures.cif_sites import Sites, read_sites, stated_amounts


def sites_of(
    names: list[str],
    *,
    types: list[str] | None = None,
    formula: str = "",
    places: tuple[str, str, str] = ("0", "0", "0"),
    **values: list[str],
) -> Sites:
    block = CifBlock("x", {"_atom_site_label": names, "_chemical_formula_sum": [formula], **values})
    if types is not None:
        block.values["_atom_site_type_symbol"] = types
    for axis, place in zip("xyz", places, strict=True):
        block.values[f"_atom_site_fract_{axis}"] = [place] * len(names)
    return read_sites(block, 4.0 * np.eye(3))


@pytest.mark.parametrize(
    ("label", "formula", "element"),
    [
        ("Nb1", "", "Nb"),
        ("Nb(1)", "", "Nb"),
        ("Nb5+", "", "Nb"),
        ("O1A", "", "O"),
        ("HA2", "", "H"),
        ("NB1", "Nb", "Nb"),
        ("NB+5", "Nb O2", "Nb"),
        ("HF1", "HF1 C1", "Hf"),
        ("SN1", "Nb3Sn", "Sn"),
        ("CO1", "C O2", "C"),
        ("OW1", "H2 O", "O"),
        ("nb1", "Nb", "Nb"),
        ("D1", "H2 O", "D"),
    ],
)
def test_element_of_a_label(label: str, formula: str, element: str) -> None:
    assert sites_of([label], formula=formula).elements == [element]


@pytest.mark.parametrize(
    ("label", "formula", "words"),
    [
        ("NB1", "", "N or Nb, and no formula is stated"),
        ("CO1", "C Co", "C or Co, and the formula has C, Co"),
        ("SN1", "Nb C", "S or Sn, and the formula has C, Nb"),
        ("Wat1", "", "could be W"),
        ("?", "", "could be none"),
    ],
)
def test_element_that_is_not_clear(label: str, formula: str, words: str) -> None:
    with pytest.raises(StructureError) as refused:
        sites_of([label], formula=formula)
    assert repr(label) in str(refused.value)
    assert words in str(refused.value)


def test_elements_by_the_list_of_atom_types() -> None:
    sites = sites_of(["NB1", "SE1"], _atom_type_symbol=["Nb5+", "Se2-"])
    assert sites.elements == ["Nb", "Se"]


def test_type_symbols_come_before_labels() -> None:
    assert sites_of(["X1"], types=["Nb5+"]).elements == ["Nb"]
    assert sites_of(["X1"], types=["NB"], formula="Nb3 Sn").elements == ["Nb"]
    assert sites_of(["Nb1"], types=["."]).elements == ["Nb"]
    with pytest.raises(StructureError, match="Site 0 has the type symbol 'NB'"):
        sites_of(["X1"], types=["NB"])


def test_coordinates_and_their_precision() -> None:
    sites = sites_of(["Nb1"], places=("0.333(2)", "1/4", "0.5"))
    assert sites.positions.tolist() == [[0.333, 0.25, 0.5]]
    assert sites.precisions.tolist() == [[1e-3, 1e-3, 1e-2]]
    assert sites_of(["Nb1"], places=("0.33", "0", "0")).precisions[0, 0] == pytest.approx(7e-3)


@pytest.mark.parametrize("text", ["?", ".", "abc", "nan", "1/0"])
def test_coordinate_that_is_no_number(text: str) -> None:
    with pytest.raises(StructureError, match="Coordinate y of site Nb1"):
        sites_of(["Nb1"], places=("0", text, "0"))


def test_cartesian_coordinates() -> None:
    block = CifBlock("x", {"_atom_site_label": ["Nb1"]})
    for axis, place in zip("xyz", "123", strict=True):
        block.values[f"_atom_site_cartn_{axis}"] = [place]
    assert read_sites(block, 4.0 * np.eye(3)).positions.tolist() == [[0.25, 0.5, 0.75]]


def test_occupancies() -> None:
    sites = sites_of(["Nb1", "Nb2"], _atom_site_occupancy=[".", "0.50(1)"])
    assert sites.occupancies == [None, 0.5]
    with pytest.raises(StructureError, match="occupancy 'full'"):
        sites_of(["Nb1"], _atom_site_occupancy=["full"])


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Nb3 Sn", {"Nb": 3.0, "Sn": 1.0}),
        ("Nb3Sn", {"Nb": 3.0, "Sn": 1.0}),
        ("NB3 SN1", {"Nb": 3.0, "Sn": 1.0}),
        ("D2 O", {"H": 2.0, "O": 1.0}),
        ("Nb0.5 Ti.5", {"Nb": 0.5, "Ti": 0.5}),
        ("CO2", {}),
        ("BN", {}),
        ("C H4 1+", {}),
        ("?", {}),
        ("", {}),
    ],
)
def test_formulas(text: str, amounts: dict[str, float]) -> None:
    assert stated_amounts(CifBlock("x", {"_chemical_formula_sum": [text]})) == amounts
