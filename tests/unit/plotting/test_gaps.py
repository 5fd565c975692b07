from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from betenet.plotting import plot_band_gaps, plot_gap_distributions
from betenet.superconductivity.multiband import BandBlocks, multiband_state


def test_a_curve_for_each_band_that_ends_at_tc(tmp_path):
    blocks = BandBlocks.from_couplings(
        np.array([[1.0, 0.2], [0.1, 0.4]]), np.full((2, 2), 20.0), ("big", "small")
    )
    state = multiband_state(blocks, 0.1, reduced_temperatures=(0.3, 0.9))
    axes = plot_band_gaps(state, tmp_path / "gaps.png")
    assert [line.get_label() for line in axes.lines] == ["big", "small"]
    for line in axes.lines:
        assert line.get_xdata()[-1] == pytest.approx(state.tc)
        assert line.get_ydata()[-1] == 0.0
    assert (tmp_path / "gaps.png").stat().st_size > 1000


def test_distributions_stand_at_their_temperatures():
    gaps = np.linspace(0.1, 8.0, 50)
    many = [
        SimpleNamespace(temperature=t, gaps=gaps, weights=np.exp(-((gaps - 4.0) ** 2)))
        for t in (5.0, 15.0)
    ]
    axes = plot_gap_distributions(many, ((5.0, 20.0), (4.0, 0.0)), Figure().add_subplot())
    left = [patch.get_paths()[0].vertices[:, 0].min() for patch in axes.collections]
    assert left == pytest.approx([5.0, 15.0])
    assert axes.lines[0].get_label() == "isotropic"
