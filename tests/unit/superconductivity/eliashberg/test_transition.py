import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense

from betenet.errors import BetenetError, ConfigError, SpectrumError
from betenet.superconductivity.critical_temperature import critical_temperature
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.matsubara import matsubara_nodes
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.eliashberg.transition import chunks, eigenvalues, eliashberg_tc
from betenet.superconductivity.moments import moments
from betenet.units import KELVIN_TO_MEV

GRID, A2F = dense.SPECTRA["acoustic"]
COUPLING = float(moments(GRID, A2F)["coupling"])


def of_coupling(*couplings):
    return A2F * np.array(couplings)[:, None] / COUPLING


# --------------------------------------------------------------------------------------- the number


@pytest.mark.parametrize("mu_star", [0.0, 0.13])
@pytest.mark.parametrize("name", dense.SPECTRA)
def test_the_same_cutoff_with_every_frequency(name, mu_star):
    # 1e-4 holds down to the 9 frequencies that strong coupling leaves below the default cutoff;
    # with 20 and more, 1e-5 would do
    grid, a2f = dense.SPECTRA[name]
    shares = np.array([0.4, 1.0, 5.0, 50.0])
    found = eliashberg_tc(grid, shares[:, None] * a2f, mu_star)
    temperature = found.tc * KELVIN_TO_MEV
    kernel = dense.sampled_kernel(grid, a2f)
    for row, share in enumerate(shares):
        cutoff, mu = found.coulomb.cutoff[row], found.coulomb.mu_star_cutoff[row]
        if dense.count(temperature[row], cutoff) > 1000:
            continue

        def scaled(nu, share=share):
            return share * kernel(nu)

        expected = dense.critical_temperature(scaled, cutoff, mu, float(temperature[row]))
        assert temperature[row] == pytest.approx(expected, rel=1.5e-4)


@pytest.mark.parametrize("name", dense.SPECTRA)
def test_converged_with_the_cutoff(name):
    # against 16 times the default cutoff: 0.1 % with repulsion, a tenth of that without;
    # what is said of doubling the cutoff is true to first order
    grid, a2f = dense.SPECTRA[name]
    spectra = np.array([0.4, 1.0, 5.0, 50.0])[:, None] * a2f
    for mu_star, accuracy in ((0.0, 1e-4), (0.1, 1e-3)):
        found = eliashberg_tc(grid, spectra, mu_star)
        for row, a2f_row in enumerate(spectra):
            frequency, cutoff = (
                float(found.coulomb.mu_star_frequency[row]), float(found.coulomb.cutoff[row])
            )  # fmt: skip
            wide, twice = (
                eliashberg_tc(
                    grid, a2f_row, mu_star, mu_star_frequency=frequency, cutoff=factor * cutoff
                ).tc
                for factor in (16.0, 2.0)
            )
            assert found.tc[row] == pytest.approx(float(wide), rel=accuracy)
            change = float(twice) / found.tc[row] - 1.0
            assert found.cutoff_change[row] == pytest.approx(change, rel=0.06, abs=1e-7)


def test_a_low_cutoff_is_found_out():
    low = eliashberg_tc(GRID, A2F, 0.1, cutoff=60.0)
    assert low.status[()] is Status.CUTOFF_TOO_LOW
    assert abs(low.cutoff_change) > 1e-3
    unasked = eliashberg_tc(GRID, A2F, 0.1, cutoff=60.0, check_cutoff=False)
    assert unasked.status[()] is Status.CONVERGED
    assert np.isnan(unasked.cutoff_change)
    assert unasked.tc == low.tc


def test_the_eigenvalue_at_tc_is_one():
    spectra = of_coupling(0.3, 0.5, 1.0, 3.0, 30.0)
    found = eliashberg_tc(GRID, spectra, 0.1)
    kernel = PairingKernel(GRID, spectra, 4.0 * found.coulomb.cutoff.max())
    rho = eigenvalues(kernel, found.coulomb, np.log(found.tc * KELVIN_TO_MEV))
    np.testing.assert_allclose(rho, 1.0, atol=1e-7)


def test_repulsion_lowers_tc():
    found = eliashberg_tc(GRID, A2F[None].repeat(7, 0), np.linspace(0.0, 0.24, 7))
    assert np.all(np.diff(found.tc) < 0.0)


@pytest.mark.parametrize("name", dense.SPECTRA)
def test_coupling_raises_tc(name):
    grid, a2f = dense.SPECTRA[name]
    found = eliashberg_tc(grid, np.geomspace(0.3, 60.0, 40)[:, None] * a2f, 0.1)
    assert np.all(np.diff(found.tc) > 0.0)


def test_added_weight_raises_tc_wherever_it_lies():
    # δTc/δα²F(ω) ≥ 0: Bergmann, Rainer, Z. Phys. 263, 59 (1973)
    at = np.arange(3, GRID.size - 20, 12)
    more = A2F + 0.3 * (np.arange(GRID.size) == at[:, None])
    found = eliashberg_tc(
        GRID, np.concatenate([A2F[None], more]), 0.1, cutoff=600.0, mu_star_frequency=30.0
    )
    assert np.all(found.tc[1:] > found.tc[0])


def test_mu_star_holds_at_its_frequency():
    cutoff = 500.0
    at_cutoff = eliashberg_tc(GRID, A2F, 0.1, cutoff=cutoff, mu_star_frequency=cutoff)
    assert at_cutoff.coulomb.mu_star_cutoff[0] == pytest.approx(0.1)
    lower = eliashberg_tc(GRID, A2F, 0.1, cutoff=cutoff, mu_star_frequency=25.0)
    assert lower.tc < at_cutoff.tc
    entered = float(lower.coulomb.mu_star_cutoff[0])
    same = eliashberg_tc(GRID, A2F, entered, cutoff=cutoff, mu_star_frequency=cutoff)
    assert same.tc == pytest.approx(float(lower.tc), rel=1e-7)


# --------------------------------------------------------------------------------------- the search


@pytest.mark.parametrize("mu_star", [0.0, 0.1])
@pytest.mark.parametrize("name", dense.SPECTRA)
@pytest.mark.parametrize("top", [0.1, 500.0])
def test_every_tc_is_bracketed(name, mu_star, top):
    # λ from 0.05 to 100, highest frequency from 0.1 to 500 meV: mK to 10 000 K, or none
    grid, a2f = dense.SPECTRA[name]
    grid = grid * top / grid.max()
    couplings = np.geomspace(0.05, 100.0, 34)
    spectra = a2f * couplings[:, None] / moments(grid, a2f)["coupling"]
    found = eliashberg_tc(grid, spectra, mu_star)
    none = found.status == Status.NOT_SUPERCONDUCTING
    # near the end of superconductivity the cutoff always matters, through ln in the repulsion
    assert set(found.status[~none]) <= {Status.CONVERGED, Status.CUTOFF_TOO_LOW}
    assert np.all(found.status[couplings > 1.0] == Status.CONVERGED)
    np.testing.assert_array_equal(found.tc > 0.0, ~none)
    assert np.all(np.diff(found.tc) >= 0.0)
    assert np.all((found.tc == 0.0) | (found.tc >= 1e-3))


def test_the_floor():
    # weak coupling, μ* = 0: Tc near 0.25 ω_log exp(-1/λ)
    weak = of_coupling(0.08)[0]
    ordinary = eliashberg_tc(GRID, weak, 0.0)
    assert ordinary.tc == 0.0
    assert ordinary.status[()] is Status.NOT_SUPERCONDUCTING
    assert np.isnan(ordinary.cutoff_change)
    lower = eliashberg_tc(GRID, weak, 0.0, lowest=1e-6)
    assert lower.status[()] is Status.CONVERGED
    estimate = 0.25 * float(moments(GRID, weak)["omega_log"]) * np.exp(-1.0 / 0.08) / KELVIN_TO_MEV
    assert lower.tc == pytest.approx(estimate, rel=0.1)
    just_above, just_below = float(lower.tc) * 1.01, float(lower.tc) * 0.99
    assert eliashberg_tc(GRID, weak, 0.0, lowest=just_above).tc == 0.0
    assert eliashberg_tc(GRID, weak, 0.0, lowest=just_below).tc == pytest.approx(float(lower.tc))


def test_repulsion_wins():
    found = eliashberg_tc(GRID, of_coupling(0.1, 0.2), 0.2)
    assert np.all(found.tc == 0.0)
    assert np.all(found.status == Status.NOT_SUPERCONDUCTING)


@pytest.mark.parametrize("factor", [1e-3, 0.1, 10.0, 1e3])
def test_the_result_does_not_depend_on_the_first_guess(factor, monkeypatch):
    spectra = of_coupling(0.4, 1.0, 10.0)
    expected = eliashberg_tc(GRID, spectra, 0.1).tc

    guesses = []

    def guess(method, **inputs):
        guesses.append(factor * critical_temperature(method, **inputs))
        return guesses[-1]

    module = "betenet.superconductivity.eliashberg.transition"
    monkeypatch.setattr(f"{module}.critical_temperature", guess)
    found = eliashberg_tc(GRID, spectra, 0.1)
    assert guesses
    np.testing.assert_allclose(found.tc, expected, rtol=3e-8)
    assert np.all(found.status == Status.CONVERGED)


# ------------------------------------------------------------------------------- batches and errors


def test_what_does_not_pair_has_a_status_and_no_warning():
    spectra = np.stack([A2F, 0.0 * A2F, -A2F, 1e-12 * A2F, 1e-300 * A2F, A2F])
    found = eliashberg_tc(GRID, spectra, 0.1)
    none, weak = Status.NO_COUPLING, Status.NOT_SUPERCONDUCTING
    expected = [Status.CONVERGED, none, none, weak, weak, Status.CONVERGED]
    assert found.status.tolist() == expected
    assert found.tc[1:5].tolist() == [0.0] * 4
    assert found.tc[0] == pytest.approx(found.tc[5], rel=1e-10)
    assert found.tc[0] == pytest.approx(float(eliashberg_tc(GRID, A2F, 0.1).tc), rel=1e-10)
    assert np.all(np.isnan(found.cutoff_change[1:5]))


def test_every_status_says_what_to_do():
    for status in Status:
        assert len(status.text) > 5
    assert Status.NOT_SUPERCONDUCTING.is_good
    assert not Status.CUTOFF_TOO_LOW.is_good


@pytest.mark.parametrize("shape", [(), (1,), (6,), (2, 3), (0,), (0, 4)])
def test_batch_shapes(shape):
    count = int(np.prod(shape))
    spectra = np.linspace(0.6, 1.4, max(count, 1))[:count, None] * A2F
    found = eliashberg_tc(GRID, spectra.reshape(*shape, -1) if count else np.zeros((*shape, 300)))
    assert found.tc.shape == found.status.shape == found.cutoff_change.shape == shape
    assert found.coulomb.cutoff.shape == (count,)


def test_a_mu_star_for_each_spectrum():
    mu_star = np.array([[0.0, 0.1, 0.2], [0.05, 0.15, 0.02]])
    found = eliashberg_tc(GRID, np.broadcast_to(A2F, (2, 3, A2F.size)), mu_star)
    for index in np.ndindex(2, 3):
        single = eliashberg_tc(GRID, A2F, mu_star[index])
        assert found.tc[index] == pytest.approx(float(single.tc), rel=1e-10)


def test_more_spectra_than_a_chunk():
    spectra = np.random.default_rng(0).uniform(0.3, 2.0, 200)[:, None] * A2F
    found = eliashberg_tc(GRID, spectra, 0.1, check_cutoff=False).tc
    some = [0, 63, 64, 199]
    single = [float(eliashberg_tc(GRID, spectra[row], 0.1).tc) for row in some]
    np.testing.assert_allclose(found[some], single, rtol=1e-10)


def test_rows_go_together_where_their_sums_have_the_same_terms():
    numbers = np.random.default_rng(0).uniform(5.0, 3000.0, 500)
    numbers[:100] = np.linspace(10.0, 40.0, 100)
    groups = chunks(numbers)
    assert sorted(np.concatenate(groups).tolist()) == list(range(500))
    for rows in groups:
        assert rows.size <= 64
        together = matsubara_nodes(numbers[rows])
        for row, number in enumerate(numbers[rows]):
            for found, single in zip(together, matsubara_nodes(np.array([number])), strict=True):
                np.testing.assert_allclose(found[row], single[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"mu_star": -0.1}, "mu_star is"),
        ({"mu_star": np.nan}, "mu_star is"),
        ({"mu_star": 0.45, "cutoff": 1000.0}, "diverges below the cutoff"),
        ({"cutoff": -100.0}, "cutoff is"),
        ({"cutoff": 0.0}, "cutoff is"),
        ({"mu_star_frequency": np.inf}, "mu_star_frequency is"),
        ({"mu_star": [0.1, 0.1]}, "mu_star"),
        ({"lowest": 0.0}, "lowest is"),
        ({"lowest": -1.0}, "lowest is"),
    ],
)
def test_numbers_out_of_range(changed, match):
    with pytest.raises(ConfigError, match=match) as error:
        eliashberg_tc(GRID, A2F, **changed)
    assert isinstance(error.value, BetenetError)
    assert error.value.fix


@pytest.mark.parametrize(
    ("grid", "a2f", "rule"),
    [
        (GRID[::-1], A2F, "onset"),
        (GRID, np.where(GRID > 20.0, np.nan, A2F), "onset"),
        (GRID, A2F, "simpson"),
    ],
)
def test_bad_spectra(grid, a2f, rule):
    with pytest.raises(SpectrumError):
        eliashberg_tc(grid, a2f, 0.1, rule=rule)


def test_the_rule_of_the_moments_counts():
    # a trapezoid over 1/ω from 0.25 meV on is far off, and Tc with it
    grid, a2f = dense.SPECTRA["coarse bins"]
    onset, trapezoid = (eliashberg_tc(grid, a2f, 0.1, rule=rule) for rule in ("onset", "trapezoid"))
    difference = moments(grid, a2f, "trapezoid")["coupling"] - moments(grid, a2f)["coupling"]
    assert difference > 0.05
    assert trapezoid.tc > 1.001 * onset.tc
