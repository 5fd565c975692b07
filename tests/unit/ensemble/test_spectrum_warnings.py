"""Spectra that end too late, or begin too early, are suspicious."""

import numpy as np
import pytest

from betenet.ensemble.spectrum_warnings import spectrum_warnings

GRID = np.linspace(0.5, 100.0, 200)


def peak(centre: float, width: float = 3.0) -> np.ndarray:
    """A normal peak of unit height."""
    return np.exp(-0.5 * ((GRID - centre) / width) ** 2)


def test_an_ordinary_spectrum_raises_no_flag() -> None:
    assert list(spectrum_warnings(GRID, peak(30.0))) == []
    assert list(spectrum_warnings(GRID, np.zeros_like(GRID))) == []


def test_weight_at_the_top_of_the_grid() -> None:
    (text,) = spectrum_warnings(GRID, peak(99.0))
    assert "100 meV" in text


@pytest.mark.parametrize("share", [0.05, 0.33])
def test_a_soft_spike_is_told_by_its_share_of_coupling(share: float) -> None:
    hard, soft = peak(70.0, 5.0), peak(3.0, 0.5)
    soft *= (
        share / (1.0 - share) * np.trapezoid(hard / GRID, GRID) / np.trapezoid(soft / GRID, GRID)
    )
    found = list(spectrum_warnings(GRID, hard + soft))
    if share < 0.1:
        assert found == []
    else:
        assert found[0].startswith("33% of λ comes from below 5.7 meV")
        assert len(found) == 1
