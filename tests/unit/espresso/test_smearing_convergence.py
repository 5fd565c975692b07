import numpy as np
import pytest

from betenet.espresso.smearing_convergence import find_plateau, rescaled_coupling

SIGMA = np.arange(1, 31) * 0.001


def test_a_flat_part_between_two_slopes():
    coupling = 1.0 + np.maximum(0.010 - SIGMA, 0.0) * 100.0 + np.maximum(SIGMA - 0.022, 0.0) * 50.0
    plateau = find_plateau(SIGMA, coupling, 0.02)
    # middle m and λ within 5 % of it: 1.0 … 1.105, reached 1 or 2 steps beyond the flat part
    assert plateau.lowest == pytest.approx(0.009)
    assert plateau.highest == pytest.approx(0.024)
    assert plateau.coupling == pytest.approx(1.05)
    assert plateau.spread <= 0.05
    assert plateau.holds_used
    assert not find_plateau(SIGMA, coupling, 0.028).holds_used


def test_small_steps_do_not_make_a_plateau_of_a_slope():
    """Each step is 2 %, far below the tolerance; five of them leave the range."""
    plateau = find_plateau(SIGMA, 1.02 ** np.arange(30.0), 0.02)
    assert plateau.highest - plateau.lowest == pytest.approx(0.005)
    assert plateau.spread <= 0.05


def test_of_equally_wide_ones_the_narrowest_smearings():
    plateau = find_plateau(np.arange(1, 7) * 0.01, np.array([1.0, 1, 1, 9, 9, 9]), 0.02)
    assert (plateau.lowest, plateau.highest) == (0.01, 0.03)


@pytest.mark.parametrize(
    "coupling",
    [[1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 2.0, 2.0], [1.0, 1.0], [-1.0, -1.0, -1.0], [np.nan] * 4],
)
def test_none(coupling):
    values = np.array(coupling)
    assert find_plateau(0.01 * np.arange(1, values.size + 1), values, 0.02) is None


def test_nan_ends_a_range():
    coupling = np.ones(30)
    coupling[10] = np.nan
    plateau = find_plateau(SIGMA, coupling, 0.02)
    assert plateau.lowest == pytest.approx(0.012)
    assert plateau.highest == pytest.approx(0.030)


def test_rescaling_undoes_a_double_delta_of_a_wrong_density_of_states():
    """Free electrons with a constant |g|²: λ = 2 |g|² N/ω, with N as counted by each smearing."""
    counted = np.array([0.5, 1.0, 1.7])
    double_sum = counted**2  # pairs of states
    coupling = 2.0 * 0.3 * double_sum / counted
    np.testing.assert_allclose(rescaled_coupling(coupling, counted, 1.2), 2.0 * 0.3 * 1.2)


def test_no_states_cannot_be_rescaled():
    found = rescaled_coupling(np.array([1.0, 1.0]), np.array([0.0, 2.0]), 1.0)
    assert np.isnan(found[0])
    assert found[1] == 0.5
