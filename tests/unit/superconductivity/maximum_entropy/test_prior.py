import numpy as np
import pytest

from betenet.errors import SpectrumError
from betenet.phonon_dos import PhononDos
from betenet.superconductivity.maximum_entropy.prior import (
    debye_like_prior,
    given_prior,
    not_above,
    soft_debye_like_prior,
)
from betenet.superconductivity.moments import omega_max

GRID = np.arange(0.25, 101.0, 0.1)


@pytest.mark.parametrize("highest", [8.0, 39.95, 100.95])
def test_debye_like_prior(highest):
    prior = np.exp(debye_like_prior(GRID, highest))
    inside = not_above(GRID, highest)
    assert not np.any(prior[~inside])
    assert np.all(prior[inside] > 0.0)
    # Debye's law far below the edge: twice the frequency, four times α²F
    assert prior[8] / prior[3] == pytest.approx((GRID[8] / GRID[3]) ** 2, rel=0.02)
    assert float(omega_max(GRID, prior)) == pytest.approx(highest, abs=0.11)


def test_the_edge_is_a_square_root():
    prior = np.exp(debye_like_prior(GRID, 80.0)) / GRID**2
    below = [prior[np.argmin(np.abs(GRID - (80.0 - distance)))] for distance in (1.0, 4.0)]
    assert below[1] / below[0] == pytest.approx(2.0, rel=0.05)


def test_a_frequency_of_the_grid_is_not_above_itself():
    grid = np.arange(0.25, 101.0, 0.2)
    tabulated = np.round(grid, 2)
    assert np.any(tabulated < grid)
    for index, frequency in enumerate(tabulated.tolist()):
        assert int(not_above(grid, frequency).sum()) == index + 1


@pytest.mark.parametrize("known", [{"omega_log": 10.0}, {"omega_2": 12.0, "omega_log": 10.0}])
def test_without_omega_max_the_prior_reaches_every_frequency(known):
    log_prior = soft_debye_like_prior(GRID, known)
    assert np.all(np.isfinite(log_prior))
    prior = np.exp(log_prior)
    assert 15.0 < float(omega_max(GRID, prior)) < 45.0


def test_the_highest_moment_sets_the_cut():
    both = soft_debye_like_prior(GRID, {"omega_log": 3.0, "omega_3": 14.0})
    assert np.array_equal(both, soft_debye_like_prior(GRID, {"omega_3": 14.0}))


def test_nothing_to_go_by():
    with pytest.raises(SpectrumError, match="Nothing tells the frequencies"):
        soft_debye_like_prior(GRID, {"coupling": 1.0})


@pytest.mark.data
def test_the_ratios_are_those_of_the_training_spectra(data_folder):
    import csv

    from betenet.superconductivity.maximum_entropy.prior import OMEGA_MAX_RATIO

    with (data_folder / "bete_net" / "moments_train.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for key, ratio in OMEGA_MAX_RATIO.items():
        found = [float(row["omega_max_mev"]) / float(row[f"{key}_mev"]) for row in rows]
        assert np.median(found) == pytest.approx(ratio, abs=1e-4)


def test_density_of_states_as_prior():
    omega = np.linspace(-2.0, 30.0, 321)
    dos = PhononDos(omega, np.where(omega > 0.0, omega**2, 0.1))
    prior = np.exp(given_prior(GRID, dos))
    assert prior[GRID < 29.9] == pytest.approx(GRID[GRID < 29.9] ** 2, abs=0.01)
    assert not np.any(prior[GRID > 30.0])


@pytest.mark.parametrize("prior", [np.zeros(GRID.size), -np.ones(GRID.size)])
def test_a_prior_that_is_none(prior):
    with pytest.raises(SpectrumError):
        given_prior(GRID, prior)
