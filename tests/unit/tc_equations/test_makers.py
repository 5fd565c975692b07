"""Makers give what they promise: the same spectra again, the ranges, the materials' own moments."""

from pathlib import Path

import numpy as np
import pytest

from betenet.datasets.rows import data_folder
from betenet.errors import ConfigError, DataError
from betenet.superconductivity.eliashberg import eliashberg_tc
from betenet.superconductivity.moments import moments
from betenet.tc_equations.made_spectra import GRID, TOP, coupling_weights, on_grid
from betenet.tc_equations.makers import BLOCK, MAKERS, make_spectra
from betenet.tc_equations.real_spectra import Sources, known_spectra
from betenet.units import MEV_TO_KELVIN

MODELS = [name for name, maker in MAKERS.items() if not maker.real]
REAL = [name for name, maker in MAKERS.items() if maker.real]


@pytest.mark.parametrize("maker", MODELS)
def test_a_longer_set_begins_with_a_shorter_one(maker):
    longer = make_spectra(maker, BLOCK + 20, seed=3)
    shorter = make_spectra(maker, 30, seed=3, first=BLOCK - 10)
    np.testing.assert_array_equal(shorter.a2f, longer.a2f[BLOCK - 10 : BLOCK + 20])
    np.testing.assert_array_equal(shorter.mu_star, longer.mu_star[BLOCK - 10 : BLOCK + 20])
    assert shorter.names == longer.names[BLOCK - 10 : BLOCK + 20]


@pytest.mark.parametrize("maker", MODELS)
def test_another_seed_makes_other_spectra_in_the_same_ranges(maker):
    one, other = (make_spectra(maker, 200, seed=seed) for seed in (0, 1))
    assert not np.allclose(one.a2f, other.a2f)
    for made in (one, other):
        found = moments(made.frequencies, made.a2f)
        assert np.all((found["coupling"] > 0.099) & (found["coupling"] < 10.01))
        assert np.all(found["omega_max"] < 1.02 * TOP)
        assert np.all((made.mu_star >= 0.0) & (made.mu_star <= 0.25))
        assert np.all(made.a2f >= 0.0)


def test_a_mode_of_one_sample_is_an_einstein_mode():
    a2f = np.zeros_like(GRID)
    top = int(np.argmin(np.abs(GRID - TOP)))
    a2f[top] = 1.0 / coupling_weights()[top]
    found = moments(GRID, a2f)
    assert float(found["coupling"]) == pytest.approx(1.0, rel=1e-12)
    assert float(found["omega_2"]) == pytest.approx(TOP, rel=1e-4)
    # Tc of an Einstein mode with λ = 1 and μ* = 0 is 0.1146 Ω
    tc = float(eliashberg_tc(GRID, a2f, 0.0).tc) / (TOP * MEV_TO_KELVIN)
    assert tc == pytest.approx(0.1146, abs=1e-4)


def test_a_spectrum_on_the_grid_keeps_coupling_and_shape():
    omega = np.linspace(0.1, 31.0, 311)
    a2f = omega**2 * np.exp(-((omega / 15.0) ** 4))
    on, scale = on_grid(omega, a2f)
    own, moved = moments(omega, a2f), moments(GRID, on)
    assert float(moved["coupling"]) == pytest.approx(float(own["coupling"]), rel=1e-9)
    for key in ("omega_log", "omega_2", "omega_3"):
        assert scale * float(moved[key]) == pytest.approx(float(own[key]), rel=2e-3)
    assert float(moved["omega_max"]) == pytest.approx(TOP, rel=0.02)


def test_a_spectrum_without_weight_stays_without():
    on, scale = on_grid([1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    assert scale == 1.0
    assert not np.any(on)


def test_what_cannot_be_made_is_named():
    with pytest.raises(ConfigError, match="Unknown maker of spectra: 'trimodal'"):
        make_spectra("trimodal", 1)
    with pytest.raises(ConfigError, match="count is -1"):
        make_spectra("gaussian", -1)
    with pytest.raises(DataError, match="cannot be read"):
        make_spectra("maximum_entropy", 1, sources=Sources(data=Path("nowhere")))


@pytest.mark.data
def test_maximum_entropy_spectra_have_the_ratios_of_moments_of_a_row():
    made = make_spectra("maximum_entropy", 4)
    lines = (data_folder() / "bete_net" / "moments_train.csv").read_text().splitlines()[1:]
    rows = np.array([[float(x) for x in line.split(",")[3:7]] for line in lines])
    ratios = rows[:, 3] / rows[:, 0]
    found = moments(made.frequencies, made.a2f)
    for ratio in found["omega_3"] / found["omega_log"]:
        assert np.min(np.abs(ratios / ratio - 1.0)) < 1e-6


@pytest.mark.data
@pytest.mark.parametrize("maker", ["first_principles", "hydrides"])
def test_spectra_of_materials_come_as_they_are_at_first(maker):
    known = {one.name: one for one in known_spectra(Sources())}
    made = make_spectra(maker, BLOCK)
    count = len(set(made.names))
    found = moments(made.frequencies, made.a2f)
    for row in range(count):
        own = moments(known[made.names[row]].spectrum.frequencies,
                      known[made.names[row]].spectrum.a2f)  # fmt: skip
        assert float(found["coupling"][row]) == pytest.approx(float(own["coupling"]), rel=1e-6)
        assert made.mu_star[row] == 0.10
        scaled = float(found["omega_2"][row] * made.scale[row])
        assert scaled == pytest.approx(float(own["omega_2"]), rel=0.02)
    assert not np.allclose(made.mu_star[count:], 0.10)
