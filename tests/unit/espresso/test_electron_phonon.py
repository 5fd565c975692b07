import math
from dataclasses import replace

import numpy as np
import pytest
from tests.espresso_runs import FIXTURES, PHONONS, dyn

from betenet.errors import DataError
from betenet.espresso.electron_phonon import read_elph, sum_over_q
from betenet.formats import read_a2f

ELPH = PHONONS / "q3" / "elph_dir" / "elph.inp_lambda.3"


def elph(index):
    return read_elph(PHONONS / f"q{index}" / "elph_dir" / f"elph.inp_lambda.{index}")


def test_numbers_as_printed():
    found = elph(3)
    assert found.q == pytest.approx([-0.707107, 0.0, 0.0])
    assert found.smearings.tolist() == [0.005, 0.010, 0.015, 0.020, 0.025]
    # 2.564409 states per spin and Ry
    assert found.fermi_dos[3] == pytest.approx(2.0 * 2.564409 / 13.605693)
    assert found.fermi_energy[3] == 11.244511
    assert found.coupling[3].tolist() == [1.7727, 1.2021, 0.1599]
    # 1 GHz is 4.135667696e-3 meV
    assert found.linewidths[3] == pytest.approx(np.array([27.66, 18.76, 33.64]) * 4.135667696e-3)


@pytest.mark.parametrize("index", [1, 2, 3])
def test_frequencies_are_those_of_the_dynamical_matrix(index):
    np.testing.assert_allclose(elph(index).frequencies, dyn(index).frequencies, rtol=3e-6)


@pytest.mark.parametrize("index", [2, 3])
def test_coupling_is_the_linewidth_over_the_states_of_one_spin(index):
    """λ = γ/(π N ω²), all in eV; both are printed, with four and two decimals."""
    found = elph(index)
    gamma, omega = found.linewidths * 1e-3, found.frequencies * 1e-3
    states = 0.5 * found.fermi_dos[:, None]
    expected = gamma / (math.pi * states * omega**2)
    rounding = 5e-5 + 0.005 * 4.135667696e-6 / (math.pi * states * omega**2)
    assert (np.abs(found.coupling - expected) <= rounding + 2e-4 * expected).all()
    assert (expected[3:] > 20 * rounding[3:]).all()


def test_the_sum_over_q_is_that_of_matdyn_on_the_same_points():
    """matdyn.x, told to interpolate onto the 2³ points that were computed, adds the same up."""
    points = [elph(index) for index in (1, 2, 3)]
    phonons = [dyn(index) for index in (1, 2, 3)]
    found = sum_over_q(points, [p.n_star for p in phonons], [p.translations for p in phonons])
    other = read_a2f(FIXTURES / "aluminium-on-its-q-grid" / "lambda").stated
    np.testing.assert_allclose(found, other["coupling"], atol=2e-4)
    # which is not what 12³ interpolated points give, but of its size
    finer = read_a2f(FIXTURES / "aluminium" / "fine-dos" / "lambda").stated
    assert (found / np.array(finer["coupling"]) < 2.0).all()
    assert (found / np.array(finer["coupling"]) > 1.0).all()
    per_spin = np.array(finer["fermi_dos"]) * 2.0 / 13.605693
    np.testing.assert_allclose(points[0].fermi_dos, per_spin, rtol=2e-5)


def test_translations_do_not_count_in_the_sum():
    none = np.zeros(3, dtype=bool)
    first = replace(elph(1), coupling=np.full((5, 3), 100.0))
    total = sum_over_q([first, elph(3)], [1, 3], [~none, none])
    np.testing.assert_allclose(total, 0.75 * elph(3).coupling.sum(axis=1))


def test_other_smearings_cannot_be_summed():
    none = np.zeros(3, dtype=bool)
    other = replace(elph(3), smearings=elph(3).smearings * 1.1)
    with pytest.raises(DataError, match="other smearings"):
        sum_over_q([elph(2), other], [1, 1], [none, none])


def test_a_field_that_overflowed_is_nan(altered):
    found = read_elph(altered(ELPH, ("lambda(    1)=  1.7727", "lambda(    1)=********")))
    assert np.isnan(found.coupling[3, 0])
    assert int(np.isnan(found.coupling).sum()) == 1
    assert np.isnan(
        read_elph(altered(ELPH, ("gamma=   27.66 GHz", "gamma=******** GHz"))).linewidths[3, 0]
    )


def test_an_imaginary_mode_is_negative(altered):
    text = (PHONONS / "q3" / "elph_dir" / "elph.inp_lambda.3").read_text().splitlines()[1]
    found = read_elph(altered(ELPH, (text, " -0.100000E-05  0.100000E-05  0.400000E-05")))
    # √1e-6 Ry = 1e-3 Ry
    assert found.frequencies == pytest.approx(np.array([-1.0, 1.0, 2.0]) * 13.605693)


def test_more_than_six_modes_wrap(tmp_path):
    """Six ω² stand on a line."""
    squares = [f"  {n / 10:.6f}E-05" for n in range(1, 10)]
    modes = [f"     lambda({n:5d})={0.1 * n:8.4f}   gamma={1.0 * n:8.2f} GHz" for n in range(1, 10)]
    path = tmp_path / "elph.inp_lambda.1"
    path.write_text(
        "\n".join(
            [
                "           0.100000      0.000000      0.000000     1     9",
                "".join(squares[:6]),
                "".join(squares[6:]),
                "     Gaussian Broadening:   0.020 Ry, ngauss=   0",
                "     DOS =  5.000000 states/spin/Ry/Unit Cell at Ef= 10.000000 eV",
                *modes,
            ]
        )
    )
    found = read_elph(path)
    assert found.coupling.shape == (1, 9)
    assert found.coupling[0, 8] == pytest.approx(0.9)
    assert found.frequencies[8] == pytest.approx(math.sqrt(0.9e-5) * 13605.693, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("     5     3", "     6     3"), "announces 6 smearings of 3 modes; there are 5"),
        (("     5     3", "     5     6"), "5 of 3"),
        (("     5     3", ""), "no list of coupling"),
        (("lambda(    2)=  1.2021", "lamb"), "2 of 3 modes"),
        (("     DOS =  2.564409", "     2.564409"), "line 18"),
    ],
)
def test_broken_files_are_located(altered, change, message):
    with pytest.raises(DataError, match=message):
        read_elph(altered(ELPH, change))


TETRAHEDRA = """    -0.12500000     0.12500000     0.12500000       3
  0.367416E-06  0.367416E-06  0.127126E-05
     Tetrahedron method
     DOS =  2.720593 states/spin/Ry/Unit Cell at Ef=  7.970584 eV
     lambda(    1)=  0.2178   gamma=    2.25 GHz
     lambda(    2)=  0.2178   gamma=    2.25 GHz
     lambda(    3)=  0.1554   gamma=    5.56 GHz
"""


def test_the_tetrahedron_method_has_no_smearing(tmp_path):
    path = tmp_path / "al.dyn1.elph.1"
    path.write_text(TETRAHEDRA)
    found = read_elph(path)
    assert found.smearings.tolist() == [0.0]
    assert found.coupling.tolist() == [[0.2178, 0.2178, 0.1554]]
    assert found.q.tolist() == [-0.125, 0.125, 0.125]
    assert found.fermi_energy.tolist() == [7.970584]
