import dataclasses
import json

import numpy as np
import pytest

from betenet.errors import SpectrumError
from betenet.phonon_dos import PhononDos, _check_dos, _check_frequencies

OMEGA = np.linspace(-2.0, 30.0, 321)
DEBYE = np.where(OMEGA > 0.0, 9.0 * OMEGA**2 / 30.0**3, 0.0)  # one atom


def two_sites():
    sites = np.stack([DEBYE, 0.5 * DEBYE])
    return PhononDos(OMEGA, sites.sum(axis=0), sites, ("Mg", "B"))


def test_arrays_are_copied_and_read_only():
    omega, total = OMEGA.copy(), DEBYE.copy()
    dos = PhononDos(omega, total, total[None])
    omega[0], total[0] = -9.0, 9.0
    assert (dos.frequencies[0], dos.total[0], dos.n_freq) == (-2.0, 0.0, 321)
    for array in (dos.frequencies, dos.total, dos.sites):
        with pytest.raises(ValueError, match="read-only"):
            array[..., 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        dos.symbols = ("H",)


def test_debye_atom_has_three_states():
    dos = PhononDos(OMEGA, DEBYE)
    assert dos.n_states == pytest.approx(3.0, rel=1e-4)
    assert dos.imaginary_fraction == 0.0


def test_imaginary_fraction_of_a_box():
    # a constant from -4 to 12 meV has a quarter of its states below zero, also off the grid
    for step in (1.0, 0.3):
        omega = np.arange(-4.0, 12.0 + 1e-9, step)
        dos = PhononDos(omega, np.ones(omega.size))
        assert dos.imaginary_fraction == pytest.approx(4.0 / np.ptp(omega), rel=1e-12)
    only = PhononDos(np.array([-3.0, -2.0, -1.0]), np.ones(3))
    assert only.imaginary_fraction == pytest.approx(1.0)
    assert PhononDos(np.array([-1.0, 1.0]), np.zeros(2)).imaginary_fraction == 0.0


def test_positive_keeps_what_belongs_to_real_frequencies():
    dos = two_sites().positive()
    assert dos.frequencies[0] > 0.0
    assert dos.sites.shape == (2, dos.n_freq)
    assert dos.symbols == ("Mg", "B")
    assert dos.n_states == pytest.approx(two_sites().n_states, rel=1e-6)


def test_normalised_to_three_states_per_atom():
    dos = two_sites()
    assert dos.normalised().n_states == pytest.approx(6.0, rel=1e-12)
    assert dos.normalised(5).n_states == pytest.approx(15.0, rel=1e-12)
    ratio = dos.normalised().sites[1, 200] / dos.normalised().sites[0, 200]
    assert ratio == pytest.approx(0.5)
    with pytest.raises(SpectrumError, match="number of atoms"):
        PhononDos(OMEGA, DEBYE).normalised()
    with pytest.raises(SpectrumError, match="number of atoms"):
        dos.normalised(0)
    with pytest.raises(SpectrumError, match="zero everywhere"):
        PhononDos(OMEGA, 0.0 * OMEGA).normalised(1)


@pytest.mark.parametrize("dos", [two_sites(), PhononDos(OMEGA, DEBYE)])
def test_json_round_trip_is_exact(dos):
    again = PhononDos.from_json(dos.to_json())
    for field in dataclasses.fields(dos):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(dos, field.name))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frequencies": np.r_[OMEGA[:-1], 0.0]}, "Frequency 320 .0 meV. is not a number above"),
        ({"frequencies": np.r_[OMEGA[:-1], np.nan]}, "Frequency 320"),
        ({"total": np.where(OMEGA > 29.95, -0.1, DEBYE)}, "total is -0.1 at 30 meV"),
        ({"sites": np.where(OMEGA > 29.95, np.nan, DEBYE)[None]}, "sites is nan at 30 meV"),
        ({"symbols": ("H",)}, "1 symbols for 0 sites"),
        ({"sites": DEBYE[None], "symbols": ("H", "O")}, "2 symbols for 1 sites"),
    ],
)
def test_bad_input(change, words):
    with pytest.raises(SpectrumError, match=words):
        PhononDos(**({"frequencies": OMEGA, "total": DEBYE} | change))


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("total", DEBYE[:-1], r"total has shape \(320,\), but there are 321 frequencies"),
        ("total", DEBYE[None], r"total has shape \(1, 321\)"),
        ("sites", np.ones((2, 3)), r"sites has shape \(2, 3\)"),
        ("sites", DEBYE, "sites come before it"),
    ],
)
def test_shapes_that_do_not_match(name, values, words):
    # the annotations of the class refuse them too where they are checked, as in these tests
    with pytest.raises(SpectrumError, match=words):
        _check_dos(name, values, OMEGA)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not valid JSON"),
        ("[1, 2]", "top level"),
        ('{"frequencies_mev": [1, 2]}', "missing keys"),
        ('{"frequencies_mev": [1, 2], "total_per_mev": [1, 2], "x": 1}', "unknown keys"),
        ('{"frequencies_mev": [1, 2], "total_per_mev": ["a", 2]}', "not an array of numbers"),
        ('{"frequencies_mev": [1, 2], "total_per_mev": [1, 2], "symbols": 3}', "not a list"),
    ],
)
def test_json_that_is_no_density_of_states(text, words):
    with pytest.raises(SpectrumError, match=words):
        PhononDos.from_json(text)


@pytest.mark.parametrize("frequencies", [np.array([1.0]), OMEGA[None], np.array(1.0)])
def test_frequencies_that_are_no_axis(frequencies):
    with pytest.raises(SpectrumError, match="at least two frequencies"):
        _check_frequencies(frequencies)


def test_keys_carry_the_unit():
    data = json.loads(two_sites().to_json())
    assert set(data) == {"frequencies_mev", "total_per_mev", "sites_per_mev", "symbols"}


def test_mean_frequencies_of_debye():
    dos = PhononDos(OMEGA, DEBYE)
    assert dos.omega_log == pytest.approx(30.0 * np.exp(-1.0 / 3.0), rel=5e-3)
    assert dos.omega_2 == pytest.approx(30.0 * np.sqrt(3.0 / 5.0), rel=5e-3)


def test_mean_frequencies_leave_imaginary_ones_out():
    omega = np.array([-3.0, -2.0, -1.0, 0.0, 9.0, 10.0, 11.0])
    mixed, imaginary = (np.array([0.0, 5.0, 0.0, 0.0, 0.0, top, 0.0]) for top in (1.0, 0.0))
    assert PhononDos(omega, mixed).omega_log == pytest.approx(10.0)
    assert PhononDos(omega, mixed).omega_2 == pytest.approx(10.0)
    assert np.isnan(PhononDos(omega, imaginary).omega_2)
