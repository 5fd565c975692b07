import numpy as np
import pytest

from betenet.formats.a2f_file import A2fFile
from betenet.formats.findings import findings
from betenet.superconductivity.moments import coupling_constant, omega_log


@pytest.fixture
def file_of(layouts):
    def build(omega=layouts.omega, a2f=layouts.a2f, **more):
        return A2fFile(
            path="a.dat",
            format="table",
            unit="meV",
            unit_source="given by the user",
            frequencies=omega,
            a2f=np.atleast_2d(a2f),
            **more,
        )

    return build


def test_a_good_file_has_none(file_of, layouts, coupling):
    stated = {
        "coupling": (1.03 * coupling,),
        "omega_log": (0.97 * float(omega_log(layouts.omega, layouts.a2f)),),
    }
    assert findings(file_of(stated=stated)) == ()


@pytest.mark.parametrize("factor", [0.5, 0.94, 1.07, 2.0])
def test_stated_numbers_that_do_not_fit(file_of, layouts, factor):
    coupling = float(coupling_constant(layouts.omega, layouts.a2f))
    log = float(omega_log(layouts.omega, layouts.a2f))
    (found,) = findings(file_of(stated={"coupling": (factor * coupling,)}))
    assert found.startswith(f"λ of column 1 is {coupling:.4g}")
    (found,) = findings(file_of(stated={"omega_log": (factor * log,)}))
    assert found.startswith(f"ω_log of column 1 is {log:.4g}")


def test_only_a_wrong_unit_of_omega_log_can_be_seen_in_it(file_of, layouts, coupling):
    """λ has no unit: frequencies that are twice too high leave it as it is."""
    log = float(omega_log(layouts.omega, layouts.a2f))
    stated = {"coupling": (coupling,), "omega_log": (log,)}
    (found,) = findings(file_of(omega=2.0 * layouts.omega, stated=stated))
    assert found.startswith("ω_log")


def test_numbers_that_cannot_be_compared_are_left_alone(file_of, layouts):
    assert findings(file_of(stated={"coupling": (float("nan"),)})) == ()
    assert findings(file_of(stated={"coupling": (0.0,)})) == ()
    assert findings(file_of(stated={"coupling": (1.0, 2.0)})) == ()
    nan = np.full_like(layouts.a2f, np.nan)
    (found,) = findings(file_of(a2f=nan, stated={"coupling": (1.0,)}))
    assert "column 1 cannot be used" in found


@pytest.mark.parametrize(("scale", "warned"), [(0.05, True), (0.2, False), (10, False), (30, True)])
def test_where_no_phonons_end(file_of, layouts, scale, warned):
    found = findings(file_of(omega=scale * layouts.omega))
    assert bool(found) == warned
    if warned:
        assert "check the unit (meV, given by the user)" in found[0]


@pytest.mark.parametrize(("reach", "imaginary"), [(1.0, False), (10.0, True)])
def test_weak_soft_imaginary_modes_are_no_tail_of_a_smearing(file_of, layouts, reach, imaginary):
    """λ weighs them with 1/ω: they are some per cent of it, with α²F below 1 % of its peak."""
    omega = np.concatenate([np.arange(-10.0, 0.0, 0.25) - 0.125, layouts.omega])
    below = np.where(omega > -reach, 0.004, 0.0)
    a2f = np.where(omega < 0.0, below, np.interp(omega, layouts.omega, layouts.a2f))
    coupling = float(coupling_constant(layouts.omega, layouts.a2f))
    found = findings(file_of(omega=omega, a2f=a2f, stated={"coupling": (1.1 * coupling,)}))
    assert ("imaginary modes carry weight" in found[0]) == imaginary
    assert found[1].endswith("counts imaginary modes, too") == imaginary


def test_lists_without_a_spectrum_tell_what_is_no_number(file_of):
    nan = float("nan")
    stated = {"coupling": (1.0, 2.0), "omega_log": (10.0, nan), "tc": (nan, nan)}
    found = findings(file_of(omega=np.empty(0), a2f=np.empty((2, 0)), stated=stated))
    assert [text[: text.index(":")] for text in found] == [
        "omega_log is not a number at smearing 2",
        "tc is not a number at every smearing",
    ]


def test_weight_at_zero_and_below(file_of, layouts):
    omega = np.concatenate([[0.0], layouts.omega])
    (found,) = findings(file_of(omega=omega, a2f=np.concatenate([[0.2], layouts.a2f])))
    assert "should vanish" in found
    omega[0] = -1.0
    (found,) = findings(file_of(omega=omega, a2f=np.concatenate([[0.2], layouts.a2f])))
    assert "imaginary modes carry weight" in found
