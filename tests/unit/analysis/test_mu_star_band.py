import numpy as np
import pytest

from betenet.analysis.mu_star_band import analyse_mu_star_band, band_to_dicts, mu_star_values
from betenet.analysis.settings import AnalysisSettings
from betenet.errors import ConfigError
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import allen_dynes, mcmillan
from betenet.superconductivity.eliashberg.transition import eliashberg_tc

OMEGA = np.linspace(0.25, 40.0, 160)
A2F = 0.9 * (OMEGA / 30.0) ** 2 * (OMEGA < 30.0)

# the MgB2 test of EPW, in meV, and the Tc that EPW prints for it
MGB2 = {"coupling": 0.8714948, "omega_log": 61.4704, "omega_2": 70.6457}
EPW_ALLEN_DYNES = {0.15: 29.6373, 0.16: 27.4569}


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        ((0.10, 0.16), [0.10, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16]),
        ((0.10, 0.16, 0.03), [0.10, 0.13, 0.16]),
        ((0.10, 0.16, 0.04), [0.10, 0.14, 0.16]),
        ((0.0, 0.1, 0.5), [0.0, 0.1]),
    ],
)
def test_both_ends_are_in_the_band(band, expected):
    np.testing.assert_array_equal(mu_star_values(*band), expected)


@pytest.mark.parametrize(
    "band", [(0.16, 0.1), (0.1, 0.1), (-0.1, 0.1), (0.1, 1.0), (0.1, 0.2, 0.0)]
)
def test_a_band_that_is_none_is_refused(band):
    with pytest.raises(ConfigError, match="band of μ"):
        mu_star_values(*band)


def test_a_band_without_end_is_refused():
    with pytest.raises(ConfigError, match="larger step"):
        mu_star_values(0.1, 0.2, 1e-9)


def test_numbers_of_epw_at_both_of_its_repulsions():
    for found in analyse_mu_star_band(MGB2, list(EPW_ALLEN_DYNES)):
        expected = EPW_ALLEN_DYNES[found.settings.mu_star]
        assert found.method("allen_dynes").tc == pytest.approx(expected, rel=3e-5)


def test_a_spectrum_has_at_each_value_the_tc_of_that_value_alone():
    values = mu_star_values(0.08, 0.2, 0.06)
    settings = AnalysisSettings(debye_temperature=300.0, with_state=True, cutoff=900.0)
    band = analyse_mu_star_band(Spectrum(OMEGA, A2F), values, settings)
    assert [found.settings.mu_star for found in band] == values.tolist()
    for found in band:
        mu = found.settings.mu_star
        q = found.quantities
        alone = float(eliashberg_tc(OMEGA, A2F, mu, cutoff=900.0).tc)
        assert found.method("eliashberg").tc == pytest.approx(alone, rel=1e-7)
        closed = allen_dynes(q["coupling"], q["omega_log"], q["omega_2"], mu)
        assert found.method("allen_dynes").tc == pytest.approx(float(closed))
        original = mcmillan(q["coupling"], debye_temperature=300.0, mu_star=mu)
        assert found.method("mcmillan").tc == pytest.approx(float(original))
        assert found.state is None
    for row in zip(*(found.methods for found in band), strict=True):
        assert np.all(np.diff([one.tc for one in row]) < 0.0)  # repulsion lowers every Tc


def test_plain_values_of_a_band():
    first, last = band_to_dicts(analyse_mu_star_band(MGB2, [0.15, 0.16]))
    assert (first["mu_star"], last["mu_star"]) == (0.15, 0.16)
    assert first["tc_method"] == "allen_dynes"
    assert first["methods"]["eliashberg"]["tc_kelvin"] is None
    assert analyse_mu_star_band(MGB2, []) == []
