"""The band of a predicted spectrum: from the formula, and what it must obey."""

import numpy as np
import pytest

from betenet.spectrum import Spectrum
from betenet.superconductivity.moments import omega_max
from betenet.superconductivity.spectrum_band import HEIGHT, RELATIVE, Z_68, Z_95, spectrum_band

OMEGA = np.linspace(0.5, 60.0, 240)
UNKNOWN = (np.nan, np.nan)


def peak(centre: float = 25.0, height: float = 1.0) -> np.ndarray:
    return height * np.exp(-0.5 * ((OMEGA - centre) / 4.0) ** 2)


def test_equal_members_have_the_width_of_the_coupling_and_of_the_two_floors():
    spectrum = Spectrum(OMEGA, np.stack([peak()] * 3))
    _, high = spectrum_band(spectrum, (0.5 / 1.3, 0.5 * 1.3))
    at = int(np.argmax(peak()))
    mean_height = np.trapezoid(peak(), OMEGA) / float(omega_max(OMEGA, peak()))
    width = np.hypot(
        np.hypot(np.log(1.3) / Z_68 * peak()[at], RELATIVE * peak()[at]), HEIGHT * mean_height
    )
    assert high[at] - peak()[at] == pytest.approx(Z_68 * width, rel=1e-6)


def test_members_of_other_strength_alone_add_no_shape():
    """λ's own interval tells their spread: it counts once."""
    alike = Spectrum(OMEGA, np.stack([peak()] * 2))
    strong = Spectrum(OMEGA, np.stack([peak(height=0.5), peak(height=1.5)]))
    one, other = (spectrum_band(one, (0.4, 0.6)) for one in (alike, strong))
    assert one[1] == pytest.approx(other[1])


def test_members_with_peaks_elsewhere_widen_it_there():
    together = spectrum_band(Spectrum(OMEGA, np.stack([peak()] * 2)), (0.4, 0.6))
    apart = spectrum_band(Spectrum(OMEGA, np.stack([peak(20.0), peak(30.0)])), (0.4, 0.6))
    at = int(np.searchsorted(OMEGA, 20.0))
    assert apart[1][at] - apart[0][at] > 1.5 * (together[1][at] - together[0][at])


@pytest.mark.parametrize("interval", [UNKNOWN, (0.3, 0.9)])
def test_it_holds_the_mean_is_never_negative_and_grows_with_z(interval):
    spectrum = Spectrum(OMEGA, np.stack([peak(20.0), peak(25.0), peak(24.0, 0.7)]))
    narrow, wide = (spectrum_band(spectrum, interval, z) for z in (Z_68, Z_95))
    mean = spectrum.a2f.mean(0)
    assert (narrow[0] >= 0.0).all()
    assert (narrow[0] <= mean).all()
    assert (mean <= narrow[1]).all()
    assert (wide[0] <= narrow[0]).all()
    assert (wide[1] >= narrow[1]).all()


def test_one_member_without_an_interval_has_the_floors_alone():
    low, high = spectrum_band(Spectrum(OMEGA, peak()[None]), UNKNOWN)
    at = int(np.argmax(peak()))
    assert high[at] > 1.09 * peak()[at]
    assert low[at] < 0.91 * peak()[at]
