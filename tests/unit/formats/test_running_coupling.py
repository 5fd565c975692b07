import numpy as np
import pytest

from betenet.formats.running_coupling import never_falls, running_couplings


@pytest.mark.parametrize("digits", [3, 4, 8])
@pytest.mark.parametrize("factor", [1.0, 4.13567, 8.06554])
def test_coupling_is_found_in_any_unit_and_with_few_digits(layouts, running, digits, factor):
    columns = np.round([layouts.a2f, running, 1.1 * layouts.a2f, 1.1 * running], digits)
    omega = np.round(factor * layouts.omega, 3)
    assert running_couplings(omega, columns) == {1: 0, 3: 2}
    assert running_couplings(omega, columns[::-1]) == {0: 1, 2: 3}


def test_frequencies_that_start_at_zero(layouts, running):
    omega = np.append(0.0, layouts.omega)
    columns = np.array([np.append(0.0, layouts.a2f), np.append(0.0, running)])
    assert running_couplings(omega, columns) == {1: 0}


def test_another_definition_is_no_running_coupling(layouts, running):
    columns = np.array([layouts.a2f, 0.5 * running])
    assert running_couplings(layouts.omega, columns) == {}
    assert never_falls(columns).tolist() == [False, True]


def test_smearings_are_none(layouts):
    columns = np.array([layouts.a2f, 1.1 * layouts.a2f, 1.2 * layouts.a2f])
    assert running_couplings(layouts.omega, columns) == {}
    assert not never_falls(columns).any()


def test_few_rows_and_values_that_are_no_numbers(layouts, running):
    assert running_couplings(np.array([1.0, 2.0]), np.ones((2, 2))) == {}
    spoilt = np.array([layouts.a2f, running])
    spoilt[0, 3] = np.nan
    assert running_couplings(layouts.omega, spoilt) == {}


def test_a_spectrum_that_is_cut_off_at_its_peak_is_no_integral():
    omega = np.linspace(0.1, 30.0, 60)
    assert not never_falls(omega[None] ** 2).any()
