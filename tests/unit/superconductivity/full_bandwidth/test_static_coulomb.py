import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense

from betenet.errors import SpectrumError
from betenet.superconductivity.eliashberg import Status, eliashberg_tc
from betenet.superconductivity.full_bandwidth import (
    ElectronDos,
    StaticKernel,
    band_tc,
    kernel_tc,
)

GRID, A2F = dense.SPECTRA["acoustic"]
WIDTH = 20_000.0
BAND = ElectronDos(np.array([-WIDTH, WIDTH]), np.array([2.0, 2.0]), "nothing")


def constant(mu, reach=WIDTH):
    return StaticKernel(np.array([-reach, 0.0, reach]), np.full((3, 3), 1e3 * mu))


def test_a_constant_interaction_in_a_flat_band_is_morel_and_andersons():
    found = kernel_tc(GRID, A2F, BAND, constant(0.4))
    assert found.mu == pytest.approx(0.4)
    ladder = eliashberg_tc(GRID, A2F, 0.4, mu_star_frequency=WIDTH, convention="ladder")
    assert found.tc == pytest.approx(float(ladder.tc), rel=3e-3)


def test_without_repulsion_it_is_tc_of_the_bands():
    energies = np.arange(-4000.0, 4001.0, 8.0)
    dos = ElectronDos(energies, 1.0 + 2.0 * np.exp(-(((energies - 40.0) / 70.0) ** 2)), "nothing")
    found = kernel_tc(GRID, A2F, dos, constant(0.0, 4000.0))
    assert found.tc == pytest.approx(float(band_tc(GRID, A2F, dos, 0.0, check=False).tc), rel=1e-4)
    assert found.status is Status.CONVERGED


def test_repulsion_from_far_bands_is_screened_away():
    # the gap changes sign far from E_F and evades a repulsion that couples near with far
    x = np.linspace(-WIDTH, WIDTH, 81)
    near = np.exp(-((x / 2000.0) ** 2))
    local = StaticKernel(x, 400.0 * np.outer(near, near))
    everywhere = kernel_tc(GRID, A2F, BAND, constant(0.4)).tc
    assert kernel_tc(GRID, A2F, BAND, local).tc < everywhere


@pytest.mark.parametrize(
    ("energies", "values", "told"),
    [
        ([-1.0, 0.5, 1.0], np.arange(9.0).reshape(3, 3), "not symmetric"),
        ([1.0, 2.0, 3.0], np.ones((3, 3)), "E_F must be inside"),
        ([-1.0, 0.5, 0.5], np.ones((3, 3)), "do not grow"),
    ],
)
def test_what_cannot_be_used_is_named(energies, values, told):
    with pytest.raises(SpectrumError, match=told):
        StaticKernel(np.array(energies), values)


def test_an_interaction_that_ends_too_soon():
    with pytest.raises(SpectrumError, match="are needed"):
        kernel_tc(GRID, A2F, BAND, constant(0.3, 100.0))


@pytest.mark.parametrize("mu", [-0.2, 400.0])
def test_a_repulsion_of_other_units_is_refused(mu):
    with pytest.raises(SpectrumError, match=r"N\(0\)W\(0, 0\)"):
        kernel_tc(GRID, A2F, BAND, constant(mu))
