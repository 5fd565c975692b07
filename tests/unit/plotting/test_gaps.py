from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from betenet.plotting import plot_band_gaps, plot_gap_distributions
from betenet.plotting.gaps import plot_full_bandwidth
from betenet.superconductivity.full_bandwidth import ElectronDos, band_state
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


def test_n_of_e_with_the_gap_that_it_gives(tmp_path):
    omega = np.linspace(0.5, 30.0, 60)
    a2f = 0.6 * (omega / 15.0) ** 2 * np.exp(-(((omega - 15.0) / 6.0) ** 2))
    energies = np.linspace(-2000.0, 2000.0, 201)
    dos = ElectronDos(energies, 1.0 + np.exp(-((energies / 200.0) ** 2)))
    state = band_state(omega, a2f, dos, 0.12, reduced_temperatures=(0.1, 0.7))
    left, right = plot_full_bandwidth(state, dos, tmp_path / "x.png").axes
    assert left.get_lines()[0].get_ydata().max() == pytest.approx(2.0)
    t, gaps = right.get_lines()[0].get_data()
    assert t[-1] == pytest.approx(float(state.transition.tc))
    assert np.all(np.diff(gaps) < 0.0)
    assert (tmp_path / "x.png").stat().st_size > 0
