import re

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from betenet.errors import StructureError
from betenet.phonons import ForceField, PhononResult, PhononSettings, make_force_field, phonons
from betenet.phonons.cache import phonon_key
from betenet.phonons.isotopes import isotope_masses, isotope_remark, with_isotopes
from betenet.structures import standardise


def hydride(mass: float | None = None) -> Atoms:
    """Rock salt, whose conventional cell has four formula units."""
    atoms = bulk("PdH", "rocksalt", a=4.09, cubic=True)
    if mass is not None:
        masses = atoms.get_masses()
        masses[atoms.numbers == 1] = mass
        atoms.set_masses(masses)
    return atoms


@pytest.mark.parametrize(
    ("symbols", "masses", "expected"),
    [
        ("PdH", (106.42, 2.014), {"H": 2.014}),
        ("PdH", (106.42, 3.016), {"H": 3.016}),
        ("MgB2", (24.305, 10.013, 10.013), {"B": 10.013}),
        ("LiH", (6.015, 1.008), {"Li": 6.015}),
        # other tables of natural masses
        ("NbSe2", (92.906, 78.96, 78.96), {}),
        ("PdH", (106.4, 1.0), {}),
    ],
)
def test_isotopes_are_told_from_natural_masses(
    symbols: str, masses: tuple[float, ...], expected: dict[str, float]
) -> None:
    assert isotope_masses(Atoms(symbols, masses=masses)) == expected
    assert isotope_masses(Atoms(symbols)) == {}


@pytest.mark.parametrize("masses", [(1.0, 1.0), (106.42, 4.5), (106.42, 0.0), (80.0, 1.008)])
def test_masses_of_no_isotope_are_refused(masses: tuple[float, float]) -> None:
    with pytest.raises(StructureError, match=r"states .* u as the mass of"):
        isotope_masses(Atoms("PdH", masses=masses))


def test_two_isotopes_of_an_element_are_refused() -> None:
    with pytest.raises(StructureError, match=r"H have masses of 1.008 to 2.014 u"):
        isotope_masses(Atoms("PdH2", masses=(106.42, 1.008, 2.014)))


def test_primitive_cell_gets_the_isotopes_of_the_cell_that_was_read() -> None:
    given = hydride(2.014)
    primitive = standardise(given)
    assert not primitive.has("masses")
    heavy = with_isotopes(primitive, given)
    assert sorted(heavy.get_masses()) == pytest.approx([2.014, 106.42])
    assert not primitive.has("masses")
    assert with_isotopes(primitive, hydride()) is primitive
    assert with_isotopes(primitive, None) is primitive


def test_names_of_hydrogens_isotopes_are_said() -> None:
    assert "H 2.014 u (deuterium)" in isotope_remark({"H": 2.014})
    assert "H 3.016 u (tritium)" in isotope_remark({"H": 3.016})
    assert isotope_remark({"B": 10.013}).endswith("B 10.013 u")


@pytest.fixture
def results(quick: PhononSettings) -> list[PhononResult]:
    field: ForceField = make_force_field(EMT())
    return [phonons(hydride(mass), field, quick) for mass in (None, 2.014)]


def test_frequencies_of_hydrogen_fall_with_the_root_of_the_mass(
    results: list[PhononResult],
) -> None:
    _, heavy = results
    # the mean square of a site is the trace of its on-site force constants over its mass
    squares = []
    for result in results:
        assert result.dos.sites is not None
        assert result.dos.symbols is not None
        site = result.dos.sites[result.dos.symbols.index("H")]
        signed = np.sign(result.dos.frequencies) * result.dos.frequencies**2
        squares.append(float(site @ signed))
    assert squares[0] / squares[1] == pytest.approx(2.014 / 1.008, rel=0.02)
    light_words, heavy_words = (
        [re.sub(r"-[0-9.]+ meV", "# meV", text) for text in result.warnings] for result in results
    )
    assert light_words == [text for text in heavy_words if "isotopes" not in text]
    assert "computed with the masses of isotopes: H 2.014 u (deuterium)" in heavy.warnings
    assert heavy.facts.isotopes == {"H": 2.014}


def test_isotopes_survive_the_cache(results: list[PhononResult]) -> None:
    again = PhononResult.from_bytes(results[1].to_bytes())
    assert again.facts == results[1].facts
    assert sorted(again.atoms.get_masses()) == pytest.approx([2.014, 106.42])
    assert not PhononResult.from_bytes(results[0].to_bytes()).atoms.has("masses")
    keys = {
        phonon_key(with_isotopes(hydride(), hydride(mass)), "x") for mass in (None, 2.014, 3.016)
    }
    assert len(keys) == 3
