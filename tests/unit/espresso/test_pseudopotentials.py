from collections.abc import Callable
from pathlib import Path

import pytest

from betenet.errors import ConfigError
from betenet.espresso.pseudopotentials import find_pseudopotentials, read_pseudopotential

Maker = Callable[..., Path]


def test_each_element_is_found_once_with_its_electrons(pseudopotentials: Maker) -> None:
    folder = pseudopotentials({"Nb": 13.0, "C": 4.0, "Al": 11.0})
    found = find_pseudopotentials(folder, ["Nb", "C", "Nb"])
    assert list(found) == ["Nb", "C"]
    assert (found["Nb"].valence, found["C"].valence) == (13.0, 4.0)
    assert found["Nb"].path.name == "Nb_ONCV_PBE_sr.upf"
    assert found["Nb"].sha256 != found["C"].sha256


def test_all_missing_elements_are_named_and_where_to_get_them(pseudopotentials: Maker) -> None:
    with pytest.raises(ConfigError, match="no pseudopotential of Mg, B") as caught:
        find_pseudopotentials(pseudopotentials({"Al": 11.0}), ["Mg", "Al", "B"])
    assert "quantum-simulation.org" in caught.value.fix


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        find_pseudopotentials(tmp_path / "nowhere", ["Al"])


def test_two_files_of_an_element_are_not_chosen_between(pseudopotentials: Maker) -> None:
    folder = pseudopotentials({"Al": 3.0})
    (folder / "Al.pbe-n-kjpaw.UPF").write_text((folder / "Al_ONCV_PBE_sr.upf").read_text())
    with pytest.raises(ConfigError, match="2 pseudopotentials of Al"):
        find_pseudopotentials(folder, ["Al"])


def test_a_file_of_another_element_is_seen(pseudopotentials: Maker) -> None:
    folder = pseudopotentials({"Al": 3.0})
    (folder / "Al_ONCV_PBE_sr.upf").rename(folder / "Nb_ONCV_PBE_sr.upf")
    with pytest.raises(ConfigError, match="named after Nb, but is of Al"):
        find_pseudopotentials(folder, ["Nb"])


def test_spinors_are_refused(pseudopotentials: Maker) -> None:
    with pytest.raises(ConfigError, match="fully relativistic"):
        find_pseudopotentials(pseudopotentials({"Pb": 14.0}, relativistic="full"), ["Pb"])


def test_a_file_with_spinors_beside_one_without_is_passed_over(pseudopotentials: Maker) -> None:
    full = pseudopotentials({"Pb": 14.0}, relativistic="full") / "Pb_ONCV_PBE_sr.upf"
    full.rename(full.with_name("Pb_ONCV_PBE_fr.upf"))
    found = find_pseudopotentials(pseudopotentials({"Pb": 14.0}), ["Pb"])
    assert found["Pb"].path.name == "Pb_ONCV_PBE_sr.upf"


def test_the_bare_potential_is_refused(pseudopotentials: Maker) -> None:
    path = pseudopotentials({"H": 1.0}) / "H_ONCV_PBE_sr.upf"
    path.write_text(path.read_text().replace('"NC"', '"1/r"'))
    with pytest.raises(ConfigError, match="bare Coulomb"):
        find_pseudopotentials(path.parent, ["H"])


def test_what_is_no_pseudopotential_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Al.upf"
    path.write_text("<html>Not found</html>")
    with pytest.raises(ConfigError, match="is no pseudopotential"):
        read_pseudopotential(path)


FIRST_VERSION = """<PP_HEADER>
   0                   Version Number
  {element}                  Element
   {kind}                  Ultrasoft pseudopotential
    T                  Nonlinear Core Correction
 SLA  PW   PBE  PBE    PBE  Exchange-Correlation functional
    {valence}      Z valence
</PP_HEADER>
"""


def headers(element: str, kind: str, valence: str) -> tuple[str, str]:
    """A header of either version of UPF."""
    second = f'<PP_HEADER element="{element}" pseudo_type="{kind}" z_valence="{valence}"/>'
    return FIRST_VERSION.format(element=element, kind=kind, valence=valence), second


@pytest.mark.parametrize("valence", ["abc", "-3.0", "0", "0.0", "nan", "inf", "1.2.3", "1e9"])
def test_electrons_that_cannot_be_are_refused(tmp_path: Path, valence: str) -> None:
    path = tmp_path / "Al.upf"
    refused = 0
    for text in headers("Al", "NC", valence):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"Al\.upf (has|is no pseudopotential)") as caught:
            read_pseudopotential(path)
        refused += f"Al.upf has {valence} valence electrons" in str(caught.value)
    assert refused >= 1


@pytest.mark.parametrize("element", ["Qq", "X", "Jj"])
def test_an_element_that_does_not_exist_is_refused(tmp_path: Path, element: str) -> None:
    path = tmp_path / f"{element}.upf"
    for text in headers(element, "NC", "3.0"):
        path.write_text(text)
        with pytest.raises(ConfigError, match=f"{element}.upf is of {element}, which is no elem"):
            find_pseudopotentials(tmp_path, [element])


def test_kind_and_electrons_in_either_spelling(tmp_path: Path) -> None:
    path = tmp_path / "Al.upf"
    for text in headers("al", "paw", "0.3D+01"):
        path.write_text(text)
        found = read_pseudopotential(path)
        assert (found.element, found.kind, found.valence) == ("Al", "PAW", 3.0)


@pytest.mark.data
def test_the_headers_of_the_real_ones_are_read(data_folder: Path) -> None:
    found = find_pseudopotentials(data_folder / "pseudopotentials" / "sg15", ["Al", "Ta", "H"])
    assert [one.valence for one in found.values()] == [11.0, 27.0, 1.0]
    assert {one.kind for one in found.values()} == {"NC"}
