import math
from statistics import NormalDist

import numpy as np
import pytest

from betenet.ensemble.estimates import (
    ESTIMATED,
    FERMI_DOS,
    Estimate,
    estimate_quantities,
    fermi_dos_estimate,
    summarise,
    tc_probability,
)
from betenet.errors import ConfigError, SpectrumError
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import critical_temperature
from betenet.superconductivity.moments import moments

FREQUENCIES = np.arange(0.5, 60.0, 0.5)
MU_STAR = 0.1
METHOD = "allen_dynes"
Z_68 = NormalDist().inv_cdf(0.84)
Z_95 = NormalDist().inv_cdf(0.975)


def a2f(height: float = 0.8, stretch: float = 1.0) -> np.ndarray:
    """Two peaks with an ω² onset; ``stretch`` scales the frequencies and leaves λ alone."""
    omega = FREQUENCIES / stretch
    peaks = 0.6 * np.exp(-(((omega - 16.0) / 3.0) ** 2)) + np.exp(-(((omega - 24.0) / 2.0) ** 2))
    return height * peaks * np.minimum(1.0, (omega / 8.0) ** 2)


def log_normal_factors(sigma: float, n_members: int = 16) -> np.ndarray:
    """Factors whose logarithms have mean 0 and standard deviation sigma."""
    logs = np.random.default_rng(3).normal(size=n_members)
    logs -= logs.mean()
    return np.exp(sigma * logs / logs.std(ddof=1))


def of_heights(sigma: float) -> Spectrum:
    return Spectrum(FREQUENCIES, np.array([a2f(0.8 * f) for f in log_normal_factors(sigma)]))


def estimates(spectrum: Spectrum, floor: float = 0.0, **scale: float) -> dict[str, Estimate]:
    calibration = {key: {"scale": value, "floor": floor} for key, value in scale.items()}
    return estimate_quantities(spectrum, MU_STAR, METHOD, "onset", calibration)


def tc_of(spectrum: Spectrum, factor: float = 1.0) -> float:
    """Tc of the mean spectrum with λ multiplied by a factor."""
    values = moments(spectrum.frequencies, spectrum.a2f.mean(axis=0))
    return float(
        critical_temperature(
            METHOD,
            coupling=values["coupling"] * factor,
            omega_log=values["omega_log"],
            omega_2=values["omega_2"],
            mu_star=MU_STAR,
        )
    )


def test_values_are_those_of_the_mean_spectrum() -> None:
    spectrum = of_heights(0.3)
    found = estimates(spectrum)
    assert tuple(found) == ESTIMATED
    expected = moments(spectrum.frequencies, spectrum.a2f.mean(axis=0))
    for key, value in expected.items():
        assert found[key].value == pytest.approx(float(value), rel=1e-12)
    assert found["tc"].value == pytest.approx(tc_of(spectrum), rel=1e-12)


def test_spread_of_a_positive_quantity_is_log_normal() -> None:
    spectrum = of_heights(0.2)
    coupling = estimates(spectrum)["coupling"]
    members = moments(FREQUENCIES, spectrum.a2f)["coupling"]
    assert coupling.std == pytest.approx(np.std(members, ddof=1), rel=0.1)
    for interval, z in ((coupling.interval_68, Z_68), (coupling.interval_95, Z_95)):
        ends = (coupling.value * math.exp(-0.2 * z), coupling.value * math.exp(0.2 * z))
        assert interval == pytest.approx(ends, rel=1e-9)


def test_tc_interval_is_that_of_the_coupling_where_only_the_coupling_varies() -> None:
    spectrum = of_heights(0.2)
    tc = estimates(spectrum)["tc"]
    assert tc.interval_68 == pytest.approx(
        [tc_of(spectrum, math.exp(z * 0.2)) for z in (-Z_68, Z_68)], rel=0.02
    )
    assert tc.interval_95 == pytest.approx(
        [tc_of(spectrum, math.exp(z * 0.2)) for z in (-Z_95, Z_95)], rel=0.05
    )


def test_tc_is_proportional_to_the_frequencies_where_only_they_vary() -> None:
    rows = [a2f(stretch=f) for f in log_normal_factors(0.05)]
    found = estimates(Spectrum(FREQUENCIES, np.array(rows)))
    assert found["coupling"].std < 1e-3
    relative = [end / found["tc"].value for end in found["tc"].interval_68]
    assert relative == pytest.approx([math.exp(-0.05 * Z_68), math.exp(0.05 * Z_68)], rel=0.005)


def test_scale_widens_the_quantity_that_it_is_given_for() -> None:
    spectrum = of_heights(0.2)
    plain, scaled = estimates(spectrum), estimates(spectrum, coupling=2.0)
    widths = [math.log(found["coupling"].interval_95[1]) for found in (plain, scaled)]
    centre = math.log(plain["coupling"].value)
    assert widths[1] - centre == pytest.approx(2.0 * (widths[0] - centre))
    # without a scale of its own, Tc follows the scale of the coupling
    assert scaled["tc"].interval_68[1] == pytest.approx(
        tc_of(spectrum, math.exp(0.4 * Z_68)), rel=0.02
    )


def test_quantity_without_calibration_has_a_value_but_no_spread() -> None:
    rng = np.random.default_rng(5)
    rows = [a2f(rng.uniform(0.5, 1.0), rng.uniform(0.9, 1.1)) for _ in range(8)]
    spectrum = Spectrum(FREQUENCIES, np.array(rows))
    whole = estimates(spectrum, **dict.fromkeys(ESTIMATED[:-1], 1.0))
    some = estimates(spectrum, coupling=1.0, omega_log=1.0)
    assert whole == estimates(spectrum)  # no calibration at all: the members' spread
    for key in ("coupling", "omega_log", "tc"):
        assert some[key] == whole[key]
    for key in ("omega_1", "omega_2", "omega_3", "omega_max"):
        assert some[key].value == whole[key].value
        assert all(math.isnan(x) for x in (some[key].std, *some[key].interval_95))


def test_floor_stays_where_the_members_agree() -> None:
    agreed = Spectrum(FREQUENCIES, np.array([a2f()] * 4))
    found = estimates(agreed, floor=0.3, coupling=1.0)
    ratio = found["coupling"].interval_95[1] / found["coupling"].value
    assert ratio == pytest.approx(math.exp(0.3 * Z_95))
    assert found["tc"].interval_68[1] == pytest.approx(
        tc_of(agreed, math.exp(0.3 * Z_68)), rel=0.02
    )


def test_floor_and_spread_add_in_squares() -> None:
    found = estimates(of_heights(0.3), floor=0.4, coupling=1.0)["coupling"]
    assert found.interval_68[1] / found.value == pytest.approx(math.exp(0.5 * Z_68))


def test_tc_interval_may_reach_zero_and_never_goes_below() -> None:
    rows = np.array([a2f(0.15 * f) for f in log_normal_factors(0.8)])
    tc = estimates(Spectrum(FREQUENCIES, rows))["tc"]
    assert tc.interval_95[0] < 1e-6
    assert tc.interval_95[0] >= 0.0
    assert tc.interval_95[1] > tc.interval_68[1] > tc.value


def test_order_of_the_members_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    rows = np.array([a2f(rng.uniform(0.5, 1.0), rng.uniform(0.9, 1.1)) for _ in range(8)])
    one, other = (estimates(Spectrum(FREQUENCIES, r)) for r in (rows, rows[::-1]))
    for key in ESTIMATED:
        assert one[key].interval_95 == pytest.approx(other[key].interval_95, rel=1e-9)


def test_equal_members_have_no_spread() -> None:
    for estimate in estimates(Spectrum(FREQUENCIES, np.array([a2f()] * 4))).values():
        assert estimate.std == pytest.approx(0.0, abs=1e-9)
        assert estimate.interval_95 == pytest.approx([estimate.value] * 2, rel=1e-9)


@pytest.mark.parametrize("spectrum", [a2f(), a2f()[None, :]], ids=["no member axis", "one member"])
def test_spread_of_one_member_is_unknown(spectrum: np.ndarray) -> None:
    tc = estimates(Spectrum(FREQUENCIES, spectrum))["tc"]
    assert tc.value > 0.0
    assert all(math.isnan(x) for x in (tc.std, *tc.interval_68, *tc.interval_95))


def test_spread_is_unknown_where_a_member_has_no_weight() -> None:
    rows = np.array([a2f(), a2f(0.7), np.zeros_like(FREQUENCIES)])
    found = estimates(Spectrum(FREQUENCIES, rows))
    assert found["coupling"].value > 0.0
    assert math.isnan(found["coupling"].std)
    assert math.isnan(found["tc"].interval_95[1])


def test_spectrum_without_any_weight_does_not_superconduct() -> None:
    found = estimates(Spectrum(FREQUENCIES, np.zeros((3, FREQUENCIES.size))))
    assert found["coupling"].value == 0.0
    assert found["tc"].value == 0.0
    assert math.isnan(found["omega_log"].value)


def test_two_leading_axes_are_refused() -> None:
    with pytest.raises(SpectrumError, match="leading axes"):
        estimates(Spectrum(FREQUENCIES, np.ones((2, 3, FREQUENCIES.size))))


def test_unknown_method_is_refused() -> None:
    with pytest.raises(ConfigError, match="bcs"):
        estimate_quantities(of_heights(0.1), MU_STAR, "bcs", "onset")


def test_probability_is_the_share_of_the_distribution_above_the_threshold() -> None:
    spectrum = of_heights(0.3)
    found = estimates(spectrum)["tc"]
    arguments = (spectrum, MU_STAR, METHOD, "onset")
    for end, share in ((found.interval_68[1], 0.16), (found.interval_95[0], 0.975)):
        assert tc_probability(*arguments, threshold=end) == pytest.approx(share, abs=0.002)
    assert tc_probability(*arguments, threshold=1e3) == 0.0
    higher = [tc_probability(*arguments, threshold=kelvin) for kelvin in (20.0, 77.0)]
    assert list(summarise(*arguments).higher_tc) == higher


def test_probability_of_one_member_is_not_known() -> None:
    assert math.isnan(tc_probability(Spectrum(FREQUENCIES, a2f()[None]), MU_STAR, METHOD, "onset"))


def test_wider_calibration_brings_the_probability_closer_to_one_half() -> None:
    spectrum = of_heights(0.1)
    wide = {"coupling": {"scale": 4.0, "floor": 0.0}}
    threshold = 0.8 * estimates(spectrum)["tc"].value
    sure = tc_probability(spectrum, MU_STAR, METHOD, "onset", threshold=threshold)
    unsure = tc_probability(spectrum, MU_STAR, METHOD, "onset", wide, threshold)
    assert sure > unsure > 0.5


def test_states_at_the_fermi_level_are_a_mean_of_logarithms_with_a_calibrated_width() -> None:
    members = np.array([0.5, 1.0, 2.0])
    line = {FERMI_DOS: {"scale": 2.0, "floor": 0.1}}
    found = fermi_dos_estimate(members, line)[FERMI_DOS]
    assert found.value == pytest.approx(1.0)
    width = np.hypot(2.0 * np.log(2.0), 0.1)
    assert np.log(found.interval_95) == pytest.approx([-1.96 * width, 1.96 * width], rel=1e-3)
    assert found.exported()["atom_fermi_dos_per_ev"] == pytest.approx(1.0)
    # a card that does not say how wide, one member, and networks that do not tell it
    assert np.isnan(fermi_dos_estimate(members, {})[FERMI_DOS].std)
    assert np.isnan(fermi_dos_estimate(members[:1], line)[FERMI_DOS].std)
    assert fermi_dos_estimate(np.full(3, np.nan), line) == {}
