"""Hulls at pressures, with ASE's effective medium theory and a pair potential."""

from pathlib import Path

import numpy as np
import pytest
from ase import units
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.calculators.morse import MorsePotential

from betenet.errors import ConfigError
from betenet.phonon_dos import PhononDos
from betenet.phonons import ForceField, PhononSettings, phonons
from betenet.search import SearchSettings, hulls_at_pressures, run_search
from betenet.search.pressure_results import hulls_text, write_hulls
from betenet.search.pressures import zero_point_energy


def morse() -> Calculator:
    """Pairs with a minimum at the distance of copper's neighbours."""
    return MorsePotential(epsilon=0.4, r0=2.6, rho0=4.0, rcut1=4.0, rcut2=5.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("search")
    settings = SearchSettings(
        target="Cu",
        force_field="ase.calculators.emt:EMT",
        relaxations=8,
        most_atoms=2,
        generation=8,
        first=1,
    )
    run_search(settings, place)
    return place


def test_enthalpies_rise_with_pressure_as_volumes_say(folder: Path) -> None:
    low, high = hulls_at_pressures(folder, [0.0, 2.0], window=0.5)
    assert len(low.entries) > 1
    after = {one.phase.number: one.phase for one in high.entries}
    for one in low.entries:
        if one.phase.number in after and one.phase.space_group in {"Fm-3m", "Im-3m"}:
            rise = after[one.phase.number].enthalpy - one.phase.enthalpy
            mean = (after[one.phase.number].volume + one.phase.volume) / 2.0
            assert rise == pytest.approx(2.0 * units.GPa * mean, rel=0.01)
    kept = sorted((folder / "pressures").iterdir())
    again = hulls_at_pressures(folder, [2.0], window=0.5)[0]
    assert sorted((folder / "pressures").iterdir()) == kept
    assert [one.above for one in again.entries] == [one.above for one in high.entries]


def test_two_force_fields_tell_how_sure_the_hull_is(folder: Path, tmp_path: Path) -> None:
    name = f"{__name__}:morse"
    (hull,) = hulls_at_pressures(folder, [7.0], window=0.02, second=name)
    assert len(hull.warnings) == 2  # neither says what pressures it knows
    both = [one for one in hull.entries if one.phase.number in hull.second]
    assert len(both) > 1
    for one in both:
        assert hull.uncertainty(one) == abs(hull.second[one.phase.number] - one.above)
    assert "±" in hulls_text([hull])
    write_hulls([hull], ["Cu"], tmp_path)
    assert "uncertainty_ev_per_atom" in (tmp_path / "hulls.csv").read_text()
    with pytest.raises(ConfigError, match="already"):
        hulls_at_pressures(folder, [0.0], second="ase.calculators.emt:EMT")


def test_zero_point_energies_leave_unstable_phases_out(folder: Path) -> None:
    (hull,) = hulls_at_pressures(folder, [0.0], window=0.5, zero_point=True)
    numbers = {one.phase.number for one in hull.entries}
    assert numbers == set(hull.zero_point)
    assert not numbers & hull.unstable
    assert all(0.01 < energy < 0.06 for energy in hull.zero_point.values())
    assert any("P6_3/mmc" in one.phase.space_group for one in hull.entries)


def test_one_frequency_has_half_its_energy_in_each_of_three_modes(emt: ForceField) -> None:
    result = phonons(bulk("Cu"), emt, PhononSettings(distance=6.0, q_length=30.0))
    frequencies = np.linspace(19.0, 21.0, 201)
    peak = np.exp(-(((frequencies - 20.0) / 0.1) ** 2))
    narrow = PhononDos(frequencies, 3.0 * peak / np.trapezoid(peak, frequencies))
    object.__setattr__(result, "dos", narrow)
    assert zero_point_energy(result) == pytest.approx(0.030, rel=1e-3)
