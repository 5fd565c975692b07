import csv

import numpy as np
import pytest
from tests.real_spectra import OURS, needs_data, our_spectrum

from betenet.errors import SpectrumError
from betenet.phonon_dos import PhononDos
from betenet.superconductivity.maximum_entropy import maximum_entropy_spectrum
from betenet.superconductivity.moments import moments

FINE = np.arange(0.25, 60.0, 0.1)
BINS = np.arange(0.25, 101.0, 2.0)
# niobium (literature_a2f.json, Nb_c15), rounded
SIX = {
    "coupling": 0.9377,
    "omega_log": 13.503,
    "omega_1": 14.886,
    "omega_2": 15.942,
    "omega_3": 16.758,
    "omega_max": 26.43,
}


def moments_of(grid, a2f):
    return {key: float(value) for key, value in moments(grid, a2f).items()}


@pytest.mark.parametrize("grid", [FINE, BINS, np.geomspace(0.5, 60.0, 90)])
@pytest.mark.parametrize(
    "keys",
    [
        tuple(SIX),
        ("coupling", "omega_log"),
        ("coupling", "omega_max"),
        ("coupling", "omega_log", "omega_2"),
        ("coupling", "omega_1", "omega_3", "omega_max"),
    ],
)
def test_has_the_moments_given(grid, keys):
    known = {key: SIX[key] for key in keys}
    a2f = maximum_entropy_spectrum(grid, **known).spectrum.a2f
    found = moments_of(grid, a2f)
    for key in set(keys) - {"omega_max"}:
        assert found[key] == pytest.approx(known[key], rel=1e-9)
    if "omega_max" in known:
        assert found["omega_max"] == pytest.approx(grid[grid <= 26.43].max())


@pytest.mark.parametrize(("power", "rate"), [(0.0, 0.0), (1.0, -0.05), (-0.5, 0.02)])
def test_finds_a_smooth_coupling_on_a_density_of_states(power, rate):
    # α²F = α²(ω) g(ω) with ln α² in the family of the solution must come back as it was
    dos = np.where(FINE < 30.0, FINE**2 * (1.2 + np.sin(FINE)), 0.0)
    truth = dos * FINE**power * np.exp(rate * FINE) / 3e4
    known = moments_of(FINE, truth)
    found = maximum_entropy_spectrum(FINE, prior=PhononDos(FINE, dos), **known)
    # only nearly: the tilt is of averages over a step of the grid, not of values at its ends
    assert found.a2f == pytest.approx(truth, abs=2e-3 * truth.max())


def test_a_gaussian_comes_back_from_three_moments():
    truth = np.exp(-0.5 * ((FINE - 25.0) / 4.0) ** 2)
    known = {key: moments_of(FINE, truth)[key] for key in ("coupling", "omega_1", "omega_2")}
    found = maximum_entropy_spectrum(FINE, prior=np.ones(FINE.size), **known)
    assert found.a2f == pytest.approx(truth, abs=2e-3)


def test_a_prior_that_has_the_moments_is_the_answer():
    prior = np.random.default_rng(1).uniform(0.0, 1.0, FINE.size)
    found = maximum_entropy_spectrum(FINE, prior=17.0 * prior, **moments_of(FINE, prior))
    assert found.a2f == pytest.approx(prior, abs=1e-9)
    assert float(found.relative_entropy) == pytest.approx(0.0, abs=1e-9)


def test_scales_with_frequency_and_coupling():
    doubled = {key: (3.0 if key == "coupling" else 2.0) * value for key, value in SIX.items()}
    found = maximum_entropy_spectrum(2.0 * FINE, **doubled)
    assert found.a2f == pytest.approx(3.0 * maximum_entropy_spectrum(FINE, **SIX).a2f, rel=1e-6)


@pytest.mark.parametrize("prior", [None, np.ones(FINE.size), np.ones((2, 1, FINE.size))])
def test_a_batch_is_its_spectra_and_names_the_one_that_fails(prior):
    omega_2 = np.array([15.942, 13.0, 15.94])  # the second is below ω_1
    found = maximum_entropy_spectrum(FINE, prior=prior, **{**SIX, "omega_2": omega_2})
    single = maximum_entropy_spectrum(FINE, prior=None if prior is None else FINE**0, **SIX)
    assert found.found.shape == ((3,) if prior is None or prior.ndim == 1 else (2, 3))
    rows = found.a2f.reshape(-1, 3, FINE.size)
    errors = found.errors.reshape(-1, 3)
    assert np.array_equal(rows[0, 0], single.a2f)
    assert np.all(np.isnan(rows[:, 1]))
    assert [error is None for error in errors[0]] == [True, False, True]
    with pytest.raises(SpectrumError, match=r"ω_1 .* is not below ω_2"):
        _ = found.spectrum


def test_a_sample_that_no_moment_sees_follows_the_onset():
    a2f = maximum_entropy_spectrum(BINS, **SIX).a2f
    assert a2f[0] == pytest.approx(a2f[1] * (0.25 / 2.25) ** 2)
    assert a2f[0] > 0.0


def test_weak_weight_at_omega_max_still_counts():
    # λ sits at 14 meV, but modes reach to 55 meV
    known = {**SIX, "omega_max": 55.0}
    a2f = maximum_entropy_spectrum(FINE, **known).a2f
    found = moments_of(FINE, a2f)
    assert all(found[key] == pytest.approx(known[key], rel=1e-9) for key in list(SIX)[:-1])
    assert found["omega_max"] == pytest.approx(FINE[FINE <= 55.0].max())
    assert a2f[FINE <= 55.0][-1] == pytest.approx(0.03 * a2f.max(), rel=0.05)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"omega_max": 70.0}, "ω_max .* lies above the grid"),
        ({"omega_log": 14.88}, "Without ω_log, there is one"),
        ({"omega_1": 15.3}, "ithout ω_1"),
        ({"omega_3": 17.01, "omega_max": 17.1}, "ithout ω_max"),
        ({"coupling": 0.0}, "λ is 0.0"),
    ],
)
def test_names_the_moments_that_contradict(changed, named):
    with pytest.raises(SpectrumError, match=named):
        maximum_entropy_spectrum(FINE, **{**SIX, **changed})


def test_a_grid_too_coarse_for_the_moments_is_refused():
    soft = {"coupling": 1.0, "omega_log": 3.74, "omega_1": 4.15, "omega_2": 4.59, "omega_3": 5.02}
    assert maximum_entropy_spectrum(FINE, omega_max=9.75, **soft).found
    with pytest.raises(SpectrumError, match="No spectrum on this grid"):
        maximum_entropy_spectrum(BINS, omega_max=9.75, **soft)


def test_a_prior_above_omega_max_leaves_nothing():
    prior = np.where(FINE > 40.0, 1.0, 0.0)
    with pytest.raises(SpectrumError, match="0 samples"):
        maximum_entropy_spectrum(FINE, prior=prior, **SIX)


@pytest.mark.parametrize("known", [{}, {"omega_log": np.ones(2), "omega_2": np.ones(3)}])
def test_refuses_what_is_no_question(known):
    with pytest.raises(SpectrumError):
        maximum_entropy_spectrum(FINE, coupling=1.0, **known)


def test_an_empty_batch():
    found = maximum_entropy_spectrum(FINE, coupling=np.empty(0), omega_log=np.empty(0))
    assert found.a2f.shape == (0, FINE.size)


def moments_of_ours(_):
    """Moments of each of our own spectra, in one array by key."""
    each = [moments(spectrum.frequencies, spectrum.a2f) for spectrum in map(our_spectrum, OURS)]
    return {key: np.array([float(row[key]) for row in each]) for key in SIX}


def moments_of_the_training_rows(request):
    """Moments of each sixteenth training row, in one array by key."""
    path = request.getfixturevalue("data_folder") / "bete_net" / "moments_train.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::16]
    return {
        key: np.array([float(row[key if key == "coupling" else f"{key}_mev"]) for row in rows])
        for key in SIX
    }


@pytest.mark.parametrize("source", [moments_of_ours, needs_data(moments_of_the_training_rows)])
def test_every_real_crystal_has_a_spectrum_on_a_fine_grid(source, request):
    known = source(request)
    grid = np.arange(0.25, 201.0, 0.1)
    found = moments(grid, maximum_entropy_spectrum(grid, **known).spectrum.a2f)
    for key in list(SIX)[:-1]:
        assert found[key] == pytest.approx(known[key], rel=1e-9)
    assert np.all(known["omega_max"] - found["omega_max"] < 0.1)
    assert np.all(known["omega_max"] - found["omega_max"] > -1e-6)
