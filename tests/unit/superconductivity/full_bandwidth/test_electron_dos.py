import numpy as np
import pytest

from betenet.errors import SpectrumError
from betenet.superconductivity.full_bandwidth import ElectronDos

ENERGIES = np.arange(-6000.0, 6001.0, 10.0)
PEAK = 1.0 + 2.0 * np.exp(-(((ENERGIES - 40.0) / 90.0) ** 2))


@pytest.mark.parametrize("z", [3.0 + 2.0j, 60.0 + 20.0j, 1.0 + 700.0j, -5.0 + 2e4j])
def test_the_transform_is_the_integral(z):
    dos = ElectronDos(ENERGIES, PEAK, "nothing")
    fine = np.linspace(-6000.0, 6000.0, 1_200_001)
    values = np.interp(fine, ENERGIES, PEAK) / dos.at_fermi
    expected = np.trapezoid(values / (fine - z), fine)
    assert complex(dos.transform(np.array([z]))[0]) == pytest.approx(expected, rel=2e-5)


def test_few_samples_stand_for_many_far_from_the_fermi_level():
    # a density of states with structure at every sample
    rough = PEAK * (1.0 + 0.5 * np.sin(ENERGIES / 17.0) ** 2)
    fine = np.linspace(-6000.0, 6000.0, 1_200_001)
    dos = ElectronDos(ENERGIES, rough, "nothing")
    values = np.interp(fine, ENERGIES, rough) / dos.at_fermi
    for z in (2.0 + 5.0j, 30j, 400j, 3000j):
        expected = np.trapezoid(values / (fine - z), fine)
        assert complex(dos.transform(np.array([z]))[0]) == pytest.approx(expected, rel=2e-4)


def test_flat_beyond_the_samples_is_the_limit_of_a_wide_band():
    short = ElectronDos(ENERGIES, PEAK)
    wide = np.concatenate([[-1e9], ENERGIES, [1e9]])
    long = ElectronDos(wide, np.concatenate([[1.0], PEAK, [1.0]]), "nothing")
    z = np.array([10.0j, 500.0j, 4e4j])
    assert short.transform(z) == pytest.approx(long.transform(z), abs=1e-4)


def test_electrons_that_a_shift_and_a_temperature_add():
    assert ElectronDos.constant().added_electrons(7.0, 3.0) == pytest.approx(7.0)
    # a line N = 1 + s ε: Sommerfeld's expansion is exact, μ + s (μ² + (π T)²/3)/2
    line = ElectronDos(np.array([-1e3, 1e3]), np.array([0.5, 1.5]), "nothing")
    expected = 2.0 + 0.5 * 5e-4 * (4.0 + np.pi**2 * 9.0 / 3.0)
    assert line.added_electrons(2.0, 3.0) == pytest.approx(expected, rel=1e-9)


def test_the_logarithm_of_a_constant_density_of_states():
    assert ElectronDos.constant().logarithm(20.0, 600.0) == pytest.approx(np.log(30.0))
    # a band of half-width W screens as ∫ (2/π) arctan(W/ω) dω/ω; from 0 to ∞ a log ends at W
    band = ElectronDos(np.array([-500.0, 500.0]), np.ones(2), "nothing")
    assert band.logarithm(1.0, 5e5) == pytest.approx(np.log(500.0), abs=2e-3)


@pytest.mark.parametrize(
    ("energies", "dos", "told"),
    [
        (ENERGIES, np.where(np.abs(ENERGIES) < 300.0, 0.0, 1.0), "gap at the Fermi level"),
        (ENERGIES + 7000.0, PEAK, "not inside"),
        (ENERGIES[::-1], PEAK, "do not grow"),
        (ENERGIES, PEAK - 1.5, "by tetrahedra"),
        (ENERGIES, PEAK * np.nan, "is nan at -6 eV"),
    ],
)
def test_what_cannot_be_used_is_named(energies, dos, told):
    with pytest.raises(SpectrumError) as caught:
        ElectronDos(energies, dos)
    assert told in str(caught.value)


def test_the_reach_is_ten_times_the_phonons_or_the_whole_band():
    dos = ElectronDos(ENERGIES, PEAK)
    dos.check_reach(600.0)
    with pytest.raises(SpectrumError, match="units"):
        dos.check_reach(601.0)
    ended = PEAK.copy()
    ended[0] = ended[-1] = 0.0
    ElectronDos(ENERGIES, ended).check_reach(1e4)
