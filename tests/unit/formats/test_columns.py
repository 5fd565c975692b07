import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.columns import choose_columns
from betenet.formats.header import columns_of


def chosen(table, header=""):
    table = np.array(table).T
    return choose_columns("file", table, columns_of(header, table.shape[1]) if header else ())


def test_unnamed_running_coupling_is_left_out_and_kept_for_comparison(layouts, running):
    found = chosen([layouts.omega, layouts.a2f, running])
    np.testing.assert_array_equal(found.a2f, [layouts.a2f])
    assert found.stated["coupling"] == pytest.approx((running[-1],))
    assert any("column 3 is λ(ω), the integral of column 2" in w for w in found.warnings)


def test_unnamed_integral_of_another_definition_is_no_spectrum(layouts, running):
    found = chosen([layouts.omega, layouts.a2f, 0.5 * running])
    np.testing.assert_array_equal(found.a2f, [layouts.a2f])
    assert any("column 3 never falls" in warning for warning in found.warnings)


def test_unnamed_columns_are_told(layouts):
    found = chosen([layouts.omega, layouts.a2f, 1.1 * layouts.a2f])
    assert len(found.a2f) == 2
    assert any("nothing tells what they are" in warning for warning in found.warnings)


def test_numbers_of_the_rows_are_no_frequencies(layouts, running):
    numbers = np.arange(1.0, layouts.omega.size + 1)
    found = chosen([numbers, layouts.omega + 0.1, layouts.a2f])
    np.testing.assert_array_equal(found.frequencies, layouts.omega + 0.1)
    assert any("column 1 numbers the rows" in warning for warning in found.warnings)
    whole = chosen([numbers, running, layouts.a2f])
    np.testing.assert_array_equal(whole.frequencies, numbers)


def test_only_columns_of_that_name_are_spectra(layouts, running):
    table = [layouts.omega, running, layouts.a2f, 0.1 * layouts.a2f, 200.0 + 0.0 * layouts.a2f]
    found = chosen(table, "omega lambda a2F a2F_err wlog")
    np.testing.assert_array_equal(found.a2f, [layouts.a2f])
    assert found.stated["coupling"] == pytest.approx((running[-1],))
    assert found.warnings == ()


def test_shares_of_a_total_are_no_spectra_of_their_own(layouts):
    table = [layouts.omega, layouts.a2f, 0.4 * layouts.a2f, 0.6 * layouts.a2f]
    assert len(chosen(table, "omega a2f_total a2f_Nb a2f_N").a2f) == 1
    assert len(chosen(table, "omega a2f_Al a2f_Nb a2f_N").a2f) == 3
    assert len(chosen(table, "omega a2f_1 a2f_2 a2f_3").a2f) == 3


@pytest.mark.parametrize(
    ("header", "smearings", "unit"),
    [
        ("omega,a2f (0.01 Ry),a2f (0.02 Ry)", (0.01, 0.02), "Ry"),
        ("omega,a2f sigma=0.01,a2f sigma=0.02", (0.01, 0.02), None),
        ("omega 0.005 0.010", (0.005, 0.01), None),
        ("omega,a2f (lambda),a2f (gamma)", None, None),
    ],
)
def test_smearings_in_names(layouts, header, smearings, unit):
    found = chosen([layouts.omega, layouts.a2f, 1.1 * layouts.a2f], header)
    assert (found.smearings, found.smearing_unit) == (smearings, unit)


def test_no_column_of_a2f(layouts, running):
    with pytest.raises(DataError, match=r"is named α²F.\n  Reason: Its columns are omega, lam"):
        chosen([layouts.omega, running], "omega lambda")


def test_an_integral_as_of_a_density_of_states_is_told(layouts):
    states = 3.0 * layouts.a2f / np.trapezoid(layouts.a2f, layouts.omega)
    assert any(
        "density of states of 3 phonons" in w for w in chosen([layouts.omega, states]).warnings
    )
    assert chosen([layouts.omega, states], "omega a2F").warnings == ()
