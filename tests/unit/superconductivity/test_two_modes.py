"""The formula of two modes: its limits, its order, and the Eliashberg equations as the judge."""

import numpy as np
import pytest

from betenet.superconductivity.comparison import compare_methods
from betenet.superconductivity.eliashberg import eliashberg_tc
from betenet.superconductivity.moments import moments
from betenet.superconductivity.tc_formulas import Inputs, allen_dynes
from betenet.superconductivity.two_modes import (
    FITTED,
    WEAK_LIMIT,
    equivalent_modes,
    error_of_two_modes,
    modes_tc,
    moments_assumed,
    one_mode_tc,
    stronger_than_fitted,
    two_modes,
)
from betenet.units import MEV_TO_KELVIN

ONE_MODE = {"omega_log": 10.0, "omega_1": 10.0, "omega_2": 10.0, "omega_max": 10.0}
UNIT = 10.0 * MEV_TO_KELVIN


def pairs(count, seed=0):
    """Shares, frequencies and moments of pairs of modes; ω_log is 1 meV."""
    rng = np.random.default_rng(seed)
    share, width = rng.uniform(0.02, 0.98, count), np.exp(rng.uniform(-3.0, 1.3, count))
    modes = np.stack([np.exp(-width * (1.0 - share)), np.exp(width * share)], axis=-1)
    shares = np.stack([share, 1.0 - share], axis=-1)
    first, second = ((shares * modes**n).sum(axis=-1) ** (1.0 / n) for n in (1, 2))
    return shares, modes, first, second


def test_two_modes_are_found_from_their_moments():
    shares, modes, first, second = pairs(500)
    found_shares, found_modes = equivalent_modes(np.ones(500), first, second)
    np.testing.assert_allclose(found_shares, shares, atol=1e-6)
    np.testing.assert_allclose(found_modes, modes, rtol=1e-6)


@pytest.mark.parametrize("first", [0.9, 1.0])
def test_moments_without_width_give_one_frequency(first):
    shares, modes = equivalent_modes(np.ones(1), np.array([first]), np.ones(1))
    np.testing.assert_allclose((shares * modes).sum(), first, rtol=1e-9)


def test_one_mode_by_the_eliashberg_equations():
    """Tc/Ω of the reference table of this project: λ 0.5 to 10, and 100, without repulsion."""
    known = {0.5: 0.0394, 1.0: 0.1146, 2.0: 0.2117, 5.0: 0.3799, 10.0: 0.5578, 100.0: 1.821}
    for coupling, expected in known.items():
        tc = float(two_modes(coupling, mu_star=0.0, **ONE_MODE)) / UNIT
        assert tc == pytest.approx(expected, rel=0.012)
    omega = np.linspace(9.9, 10.1, 41)
    shape = np.maximum(0.1 - np.abs(omega - 10.0), 0.0)
    a2f = np.array([0.5, 1.0, 3.0])[:, None] * shape / moments(omega, shape)["coupling"]
    exact = eliashberg_tc(omega, a2f, 0.1, check_cutoff=False).tc
    np.testing.assert_allclose(
        two_modes([0.5, 1.0, 3.0], mu_star=0.1, **ONE_MODE), exact, rtol=0.02
    )


def test_strong_limit_is_that_of_the_second_moment():
    _, modes, first, second = pairs(50)
    tc = two_modes(1e7, 1.0, second, 0.0, omega_1=first, omega_max=modes[:, 1])
    np.testing.assert_allclose(tc / MEV_TO_KELVIN, 0.1827 * np.sqrt(1e7) * second, rtol=2e-3)


def test_weak_limit_is_that_of_one_mode():
    coupling = np.array([0.02, 0.01])
    reduced, relative = one_mode_tc(coupling, np.zeros(2))
    limit = WEAK_LIMIT * np.exp(-(1.0 + coupling) / coupling)
    assert abs(reduced[1] / limit[1] - 1.0) < abs(reduced[0] / limit[0] - 1.0) < 0.01
    np.testing.assert_allclose(relative, 1.0)


def test_tc_scales_with_the_frequencies():
    _, modes, first, second = pairs(20)
    known = {"coupling": 1.3, "omega_log": 1.0, "omega_2": second, "mu_star": 0.12}
    tc = two_modes(**known, omega_1=first, omega_max=modes[:, 1])
    scaled = {key: 37.0 * known[key] for key in ("omega_log", "omega_2")}
    other = two_modes(**{**known, **scaled}, omega_1=37.0 * first, omega_max=37.0 * modes[:, 1])
    np.testing.assert_allclose(other, 37.0 * tc, rtol=1e-7)


def test_tc_grows_with_coupling_and_falls_with_repulsion():
    coupling = np.geomspace(0.05, 100.0, 120)[:, None]
    mu_star = np.linspace(0.0, 0.3, 16)
    _, modes, first, second = pairs(25, seed=4)
    for row in range(25):
        known = {"omega_1": first[row], "omega_max": 1.3 * modes[row, 1]}
        tc = two_modes(coupling, 1.0, second[row], mu_star, **known)
        assert np.all(np.isfinite(tc))
        there = tc > 1e-250
        assert np.all(np.diff(tc, axis=0)[there[1:]] > 0.0)
        assert np.all(np.diff(tc, axis=1)[there[:, :-1]] < 0.0)


def test_modes_far_apart_and_moments_of_no_spectrum_leave_it_finite_and_monotonic():
    coupling, mu_star = np.geomspace(0.05, 100.0, 60)[:, None], np.linspace(0.0, 0.3, 6)
    for ratio, share in ((60.0, 0.9), (1e3, 0.5), (1e6, 0.05), (1e8, 0.999)):
        modes = np.array([ratio ** (share - 1.0), ratio**share])
        first, second = (((1 - share) * modes[0] ** n + share * modes[1] ** n) for n in (1, 2))
        tc = two_modes(coupling, 1.0, np.sqrt(second), mu_star, omega_1=first, omega_max=modes[1])
        assert np.all(np.isfinite(tc))
        there = tc > 1e-250
        assert np.all(np.diff(tc, axis=0)[there[1:]] > 0.0)
        assert np.all(np.diff(tc, axis=1)[there[:, :-1]] < 0.0)
    rng = np.random.default_rng(0)
    for first, highest in ((0.1, 0.01), (np.inf, np.inf), (np.nan, 0.0), (50.0, 1e6)):
        second = np.exp(rng.uniform(-0.1, 6.0, 50))
        tc = two_modes(rng.uniform(0.05, 90.0, 50), 1.0, second, 0.1, omega_1=first,
                       omega_max=highest)  # fmt: skip
        assert np.all(np.isfinite(tc) & (tc >= 0.0))


def test_derivatives_are_smooth():
    """Second differences of ln Tc fall with the square of the step: there is no kink or pole."""
    _, modes, first, second = pairs(30, seed=2)
    for step in (1e-2, 5e-3):
        log = np.arange(np.log(0.6), np.log(20.0), step)[:, None]
        tc = two_modes(np.exp(log), 1.0, second, 0.1, omega_1=first, omega_max=modes[:, 1])
        curvature = np.diff(np.log(tc), 2, axis=0) / step**2
        jumps = np.abs(np.diff(curvature, axis=0)).max()
        assert jumps < 60.0 * step


def test_the_equations_themselves_for_broad_spectra():
    """Hidden to the fit: α²F of two wide bands, an acoustic one and one at 3 to 6 times its end."""
    omega = np.linspace(0.2, 130.0, 650)
    coupling, mu_star = np.array([0.6, 1.0, 1.8, 3.5])[:, None], 0.1
    rms = []
    for ratio, weight in ((3.0, 0.5), (3.0, 0.8), (6.0, 0.3), (6.0, 0.7)):
        low = np.where(omega < 20.0, omega**2 * np.sqrt(np.maximum(1 - (omega / 20.0) ** 2, 0)), 0)
        high = np.exp(-0.5 * ((omega - 20.0 * ratio) / (1.5 * ratio)) ** 2)
        parts = [shape / moments(omega, shape)["coupling"] for shape in (low, high)]
        a2f = coupling * ((1.0 - weight) * parts[0] + weight * parts[1])
        exact = eliashberg_tc(omega, a2f, mu_star, check_cutoff=False).tc
        known = moments(omega, a2f)
        known.pop("omega_3")
        tc = two_modes(mu_star=mu_star, **known)
        old = allen_dynes(known["coupling"], known["omega_log"], known["omega_2"], mu_star)
        rms.append([np.sqrt(np.mean((one / exact - 1.0) ** 2)) for one in (tc, old)])
    new, old = np.sqrt(np.mean(np.square(rms), axis=0))
    assert new < 0.04
    assert new < old / 4.0


def test_what_is_not_known_is_taken_from_a_usual_spectrum():
    bare = two_modes(1.0, 10.0, 12.0, 0.1)
    known = two_modes(1.0, 10.0, 12.0, 0.1, omega_1=np.nan, omega_max=np.nan)
    assert float(bare) == float(known)
    lead = two_modes(1.55, 56.0 / MEV_TO_KELVIN, 65.0 / MEV_TO_KELVIN, 0.105)
    assert float(lead) == pytest.approx(7.2, rel=0.05)


def test_doubts():
    known = {"omega_log": 10.0, "omega_2": 12.0, "debye_temperature": None}
    usual = Inputs(1.0, mu_star=0.1, **known)
    assert stronger_than_fitted(usual) == ""
    assert "μ* up to 0.25" in stronger_than_fitted(usual._replace(mu_star=0.3))
    assert "below the Tc" in stronger_than_fitted(usual._replace(coupling=0.2))
    assert moments_assumed(usual) == "ω_1 and ω_max taken from a usual spectrum"
    assert moments_assumed(usual._replace(omega_1=11.0, omega_max=20.0)) == ""


def test_error_grows_with_the_width_and_is_larger_where_moments_are_assumed():
    known = {"omega_log": 10.0, "debye_temperature": None, "omega_1": 11.0, "omega_max": 20.0}
    inputs = [Inputs(1.0, omega_2=second, mu_star=0.1, **known) for second in (10.0, 12.0, 30.0)]
    narrow, usual, wide = map(error_of_two_modes, inputs)
    assert (
        0.005 < narrow < usual < 0.03 < wide < error_of_two_modes(inputs[1]._replace(omega_1=None))
    )
    repelled = inputs[1]._replace(coupling=0.4)
    assert error_of_two_modes(repelled) > error_of_two_modes(repelled._replace(mu_star=0.0)) + 0.01
    assert error_of_two_modes(repelled._replace(coupling=0.05)) == 0.9
    row = compare_methods(coupling=1.0, omega_log=10.0, omega_2=12.0, omega_1=11.0, omega_max=20.0)
    found = row[-1].to_dict()
    assert found["relative_error_95"] == pytest.approx(usual)
    assert found["tc_kelvin_low_95"] * (1.0 + usual) == pytest.approx(found["tc_kelvin"])
    assert found["tc_kelvin_high_95"] * (1.0 - usual) == pytest.approx(found["tc_kelvin"])
    assert "relative_error_95" not in row[1].to_dict()


def test_the_error_covers_what_it_says_for_spectra_that_nobody_fitted_to():
    """Parabolic bands and tails, not among the makers; judged by the equations."""
    omega = np.geomspace(0.5, 100.0, 400)
    rng = np.random.default_rng(11)
    a2f = np.zeros((60, omega.size))
    for k in range(60):
        for _ in range(rng.integers(1, 4)):
            low, wide = omega[rng.integers(80, 340)], rng.uniform(0.05, 0.8)
            place = (omega - low) / (wide * low)
            a2f[k] += rng.uniform(0.1, 1.0) * np.clip(place * (1.0 - place), 0.0, None) ** 0.5
    coupling = np.exp(rng.uniform(np.log(0.4), np.log(6.0), 60))
    a2f *= (coupling / moments(omega, a2f)["coupling"])[:, None]
    exact = eliashberg_tc(omega, a2f, 0.12, check_cutoff=False).tc
    known = moments(omega, a2f)
    known.pop("omega_3")
    tc = two_modes(mu_star=0.12, **known)
    stated = np.array(
        [
            error_of_two_modes(
                Inputs(mu_star=0.12, debye_temperature=None, **{k: v[i] for k, v in known.items()})
            )
            for i in range(60)
        ]
    )
    within = np.abs(tc / exact - 1.0) < stated
    assert within.mean() >= 0.9
    assert np.sqrt(np.mean((tc / exact - 1.0) ** 2)) < 0.025
    assert np.median(stated) < 0.05


def test_other_numbers_give_another_formula():
    row = [np.array([value]) for value in (1.0, 10.0, 12.0, 11.0, 20.0, 0.1)]
    assert modes_tc(*row, FITTED) != modes_tc(*row, FITTED._replace(bump=0.6))
