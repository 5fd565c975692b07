import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense
from tests.reference import plain_full_bandwidth as plain

from betenet.errors import SpectrumError
from betenet.superconductivity.eliashberg import Status, eliashberg_tc
from betenet.superconductivity.full_bandwidth import ElectronDos, band_tc
from betenet.units import KELVIN_TO_MEV

GRID, A2F = dense.SPECTRA["acoustic"]
ENERGIES = np.arange(-4000.0, 4001.0, 8.0)


def peak(width, height=2.0, at=0.0):
    return ElectronDos(ENERGIES, 1.0 + height * np.exp(-(((ENERGIES - at) / width) ** 2)))


def test_a_flat_wide_band_is_the_constant_density_of_states():
    # three ways to have no band edge: none, flat beyond the samples, edges a kilometre away
    spectra = A2F * np.array([0.5, 1.5, 6.0])[:, None]
    expected = eliashberg_tc(GRID, spectra, 0.12).tc
    for dos in (
        ElectronDos.constant(),
        ElectronDos(ENERGIES, np.full(ENERGIES.size, 0.7)),
        ElectronDos(np.array([-1e10, 1e10]), np.ones(2), "nothing"),
    ):
        found = band_tc(GRID, spectra, dos, 0.12, check=False)
        assert found.tc == pytest.approx(expected, rel=1e-6)
        assert found.chemical_potential == pytest.approx(0.0, abs=1e-9)


def test_the_error_of_a_flat_band_falls_with_its_width():
    expected = float(eliashberg_tc(GRID, A2F, 0.0).tc)
    bands = [ElectronDos(np.array([-w, w]), np.ones(2), "nothing") for w in (2e4, 4e4)]
    wide, wider = (float(band_tc(GRID, A2F, band, 0.0, check=False).tc) for band in bands)
    assert 1e-5 < abs(wide / expected - 1.0) < 1e-3
    assert (wide - expected) / (wider - expected) == pytest.approx(2.0, rel=0.05)


def test_the_eigenvalue_of_plain_sums_is_one_at_tc():
    dos = ElectronDos(ENERGIES, peak(60.0, at=25.0).dos, "nothing")
    options = {"cutoff": 300.0, "mu_star_frequency": 300.0, "check": False}
    found = band_tc(GRID, 3.0 * A2F, dos, 0.1, **options)
    kt = float(found.tc) * KELVIN_TO_MEV
    kernel = dense.sampled_kernel(GRID, 3.0 * A2F)
    fine = np.arange(-4000.0, 4000.5, 2.0)
    values = np.interp(fine, ENERGIES, dos.dos)
    n = round(300.0 / (2 * np.pi * kt))
    rho, mu = plain.eigenvalue(kernel, fine, values, dos.at_fermi, kt, n, 0.1, 4 * n)
    assert rho == pytest.approx(1.0, abs=1.5e-3)
    assert float(found.chemical_potential) == pytest.approx(mu, rel=0.01)


def test_tc_does_not_hang_on_the_cutoff():
    dos = peak(300.0, at=150.0)
    found = band_tc(GRID, A2F, dos, 0.12)
    assert found.status[()] is Status.CONVERGED
    assert abs(found.cutoff_change) < 1e-3
    assert abs(found.beyond_change) < 3e-3
    twice = band_tc(
        GRID, A2F, dos, 0.12, cutoff=2.0 * found.coulomb.cutoff[0],
        mu_star_frequency=found.coulomb.mu_star_frequency[0], check=False,
    )  # fmt: skip
    change = float(twice.tc / found.tc) - 1.0
    assert change == pytest.approx(float(found.cutoff_change), abs=3e-5)


def test_a_narrow_peak_helps_less_than_its_height_says():
    # α²F belongs to N(0): the narrower the peak, the fewer states there are to pair with
    constant = float(eliashberg_tc(GRID, A2F, 0.0).tc)
    at_peak = [float(band_tc(GRID, A2F, peak(w), 0.0, check=False).tc) for w in (20.0, 60.0)]
    assert at_peak[0] < at_peak[1] < constant
    beside = band_tc(GRID, A2F, peak(60.0, at=60.0), 0.0, check=False)
    assert float(beside.tc) > constant


def test_electrons_are_conserved_towards_the_side_with_more_states():
    found, mirrored = (
        band_tc(GRID, 2.0 * A2F, peak(100.0, at=at), 0.1, check=False) for at in (100.0, -100.0)
    )
    assert float(found.chemical_potential) < 0.0
    assert found.tc == pytest.approx(float(mirrored.tc), rel=1e-6)
    assert found.chemical_potential == pytest.approx(-mirrored.chemical_potential, rel=1e-4)


def test_a_batch_is_its_rows():
    spectra = A2F * np.array([0.0, 4.0])[:, None]
    found = band_tc(GRID, spectra, peak(80.0), 0.1, check=False)
    assert found.status[0] is Status.NO_COUPLING
    alone = band_tc(GRID, spectra[1], peak(80.0), 0.1, check=False)
    assert found.tc[1] == pytest.approx(float(alone.tc), rel=1e-7)


def test_a_density_of_states_that_ends_too_soon():
    short = np.abs(ENERGIES) < 150.0
    with pytest.raises(SpectrumError, match="are needed"):
        band_tc(GRID, A2F, ElectronDos(ENERGIES[short], peak(50.0).dos[short]))
