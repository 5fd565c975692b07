import numpy as np
import pytest

from betenet.errors import SpectrumError
from betenet.plotting.observables import (
    plot_inversion,
    plot_penetration_depth,
    plot_tunnelling,
    plot_upper_critical_field,
)
from betenet.superconductivity.eliashberg import Status
from betenet.superconductivity.observables import BandNumbers, Inversion, observe

GRID = np.linspace(0.5, 30.0, 60)
A2F = 0.6 * (GRID / 15.0) ** 2 * np.exp(-(((GRID - 15.0) / 6.0) ** 2))


def test_curves_of_experiments(tmp_path):
    bands = BandNumbers(fermi_velocity=0.5, plasma_energy=9.0, tunnelling_temperature=1.0)
    found = observe(GRID, A2F, 0.12, bands=bands)
    axes = plot_upper_critical_field(found)
    (line,) = axes.get_lines()
    assert line.get_ydata()[-1] == 0.0  # at Tc
    assert np.all(np.diff(line.get_ydata()) < 0.0)
    (line,) = plot_penetration_depth(found).get_lines()
    assert line.get_ydata() == pytest.approx(found.clean_depths)
    left, right = plot_tunnelling(found, tmp_path / "x.png").axes
    assert left.get_lines()[0].get_xdata()[0] < 0.0  # both signs of the bias
    assert right.get_lines()[0].get_xdata()[-1] == found.tunnelling.voltages[-1]
    assert (tmp_path / "x.png").stat().st_size > 0
    with pytest.raises(SpectrumError, match="dI/dV"):
        plot_tunnelling(observe(GRID, A2F, bands=BandNumbers(fermi_dos=1.0)))


def test_an_inversion_is_drawn_with_its_error():
    found = Inversion(
        frequencies=GRID, a2f=A2F, a2f_error=0.1 * np.ones_like(A2F), mu_star=0.12,
        mu_star_error=0.01, coupling=1.1, coupling_error=0.02, tc=9.0, misfit=1e-4,
        status=Status.CONVERGED,
    )  # fmt: skip
    axes = plot_inversion(found, title="Pb")
    assert "1.100" in axes.get_title()
    assert len(axes.collections) == 1
