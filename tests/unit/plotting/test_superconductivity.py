import numpy as np
import pytest
from matplotlib.figure import Figure

from betenet.analysis.mu_star_band import analyse_mu_star_band
from betenet.analysis.settings import AnalysisSettings
from betenet.analysis.spectrum import analyse, analyse_each, analyse_moments
from betenet.errors import SpectrumError
from betenet.plotting import (
    plot_analysis,
    plot_modes,
    plot_mu_star,
    plot_resistivity,
    plot_smearings,
    plot_state,
)
from betenet.plotting.superconductivity import typeset_title
from betenet.spectrum import Spectrum
from betenet.superconductivity.mode_coupling import mode_coupling

OMEGA = np.linspace(0.25, 40.0, 160)
A2F = 0.9 * (OMEGA / 30.0) ** 2 * (OMEGA < 30.0)
SETTINGS = AnalysisSettings(with_state=True, resistivity_temperatures=(0.0, 100.0, 200.0, 300.0))


@pytest.fixture(scope="module")
def analysis():
    return analyse(Spectrum(OMEGA, A2F), SETTINGS)


@pytest.fixture
def axes():
    return Figure().add_subplot()


def test_numbers_are_printed_with_mu_star_and_method(analysis, axes):
    plot_analysis(analysis, axes, title="Debye")
    printed = axes.texts[0].get_text()
    assert f"{analysis.quantities['coupling']:.3f}" in printed
    assert f"{analysis.best.tc:.4g} K" in printed
    assert "0.1" in printed
    assert "eliashberg" in printed
    assert axes.get_title() == "Debye"
    np.testing.assert_allclose(axes.lines[0].get_ydata(), A2F)


def test_moments_have_no_spectrum_to_draw(axes):
    with pytest.raises(SpectrumError, match="no spectrum"):
        plot_analysis(analyse_moments({"coupling": 1.0, "omega_log": 10.0}), axes)


def test_negative_weight_is_shown_and_zeros_stay_together(axes):
    negative = A2F - 0.3 * np.exp(-((OMEGA - 10.0) ** 2))
    plot_analysis(analyse(Spectrum(OMEGA, negative, allow_negative=True)), axes)
    left, right = (one.get_ylim() for one in axes.figure.axes)
    assert left[0] <= negative.min()
    assert left[0] / left[1] == pytest.approx(right[0] / right[1])


def test_a_spectrum_without_weight_can_be_drawn(axes):
    plot_analysis(analyse(Spectrum(OMEGA, np.zeros_like(OMEGA))), axes)
    assert "nan" not in axes.texts[0].get_text()


@pytest.mark.parametrize(
    ("methods", "drawn"),
    [
        (("mcmillan", "allen_dynes", "eliashberg"), ["allen_dynes", "eliashberg"]),
        (("xie_2019", "allen_dynes_simple"), ["xie_2019"]),
    ],
)
def test_smearings_show_coupling_and_tc(methods, drawn, axes):
    widths = np.array([0.01, 0.02, 0.03])
    found = analyse_each(
        Spectrum(OMEGA, np.outer([1.4, 1.1, 1.0], A2F)), AnalysisSettings(methods=methods)
    )
    plot_smearings(widths, found, axes, label="smearing (Ry)")
    right = axes.figure.axes[1]
    assert axes.get_xlabel() == "smearing (Ry)"
    np.testing.assert_allclose(axes.lines[0].get_xdata(), widths)
    coupling = [one.quantities["coupling"] for one in found]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), coupling)
    assert len(right.lines) == len(drawn)
    for line, method in zip(right.lines, drawn, strict=True):
        np.testing.assert_allclose(line.get_ydata(), [one.method(method).tc for one in found])


def test_state_has_gap_density_of_states_and_critical_field(analysis, tmp_path):
    state = analysis.state
    figure = plot_state(state, tmp_path / "state.png")
    assert (tmp_path / "state.png").read_bytes().startswith(b"\x89PNG")
    gap, dos, field = figure.axes
    drawn = [np.asarray(line.get_ydata()) for line in gap.lines]
    assert any(len(y) == len(state.gaps) + 1 and np.allclose(y[:-1], state.gaps) for y in drawn)
    tc = float(state.transition.tc)
    ends = [np.asarray(line.get_xdata())[-1] for line in gap.lines[:3]]
    np.testing.assert_allclose(ends, tc)
    np.testing.assert_allclose(dos.lines[0].get_ydata(), state.dos)
    deviation = [line for line in field.lines if len(line.get_xdata()) > 2]
    np.testing.assert_allclose(np.asarray(deviation[0].get_ydata())[1:-1], state.deviation)


def test_uncertain_gaps_have_open_symbols():
    # strong coupling leaves no gap edge near Tc
    strong = analyse(Spectrum(OMEGA, 10.0 * A2F), AnalysisSettings(with_state=True))
    assert any(not status.is_good for status in strong.state.gap_statuses)
    figure = plot_state(strong.state)
    open_symbols = sum(
        len(line.get_xdata()) for line in figure.axes[0].lines if line.get_mfc() == "white"
    )
    assert open_symbols == sum(not status.is_good for status in strong.state.gap_statuses)


def test_no_superconductivity_cannot_be_drawn():
    weak = analyse(Spectrum(OMEGA, 0.1 * A2F), AnalysisSettings(with_state=True))
    with pytest.raises(SpectrumError, match="no superconducting state"):
        plot_state(weak.state)


def test_resistivity_names_its_assumptions(analysis, axes):
    plot_resistivity(analysis.resistivity, axes)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), analysis.resistivity.resistivity)
    assert "(default)" in axes.texts[0].get_text()
    assert "approx" in axes.texts[0].get_text()
    assert "K" in axes.get_xlabel()


def test_every_figure_has_the_title(analysis, axes):
    plot_resistivity(analysis.resistivity, axes, title="MgB2, 1 GPa")
    assert axes.get_title() == "MgB$_{2}$, 1 GPa"
    assert plot_state(analysis.state, title="Nb").get_suptitle() == "Nb"
    found = analyse_each(Spectrum(OMEGA, np.outer([1.2, 1.0], A2F)))
    assert plot_smearings(np.array([0.1, 0.2]), found, axes, title="Al").get_title() == "Al"


@pytest.mark.parametrize(
    ("title", "set_in_type"),
    [("Nb_c15", "Nb_c15"), ("LaH10", "LaH$_{10}$"), ("run7, a2F.dos3", "run7, a2F.dos3")],
)
def test_only_formulas_have_subscripts(title, set_in_type):
    assert typeset_title(title) == set_in_type


def test_band_has_a_line_for_each_method_that_has_a_tc(axes):
    band = analyse_mu_star_band(Spectrum(OMEGA, A2F), [0.1, 0.13, 0.16])
    plot_mu_star(band, axes, title="Nb")
    known = [row.method for row in band[0].methods if row.tc is not None]
    assert len(axes.lines) == len(known) == 6  # all but mcmillan, which lacks Θ_D
    for line, method in zip(axes.lines, known, strict=True):
        np.testing.assert_allclose(line.get_xdata(), [0.1, 0.13, 0.16])
        np.testing.assert_allclose(line.get_ydata(), [one.method(method).tc for one in band])
    with pytest.raises(SpectrumError, match="no Tc over"):
        plot_mu_star(analyse_mu_star_band({"coupling": 1.0}, [0.1, 0.2]), axes)


def test_modes_are_stacked_and_their_coupling_is_beside_them():
    modes = np.outer([0.5, 0.3, 0.2], A2F)
    found = mode_coupling(OMEGA, modes, A2F)
    left, right = plot_modes(OMEGA, modes, found, title="Al").axes
    top = max(collection.get_paths()[0].vertices[:, 1].max() for collection in left.collections)
    assert top == pytest.approx(A2F.max())
    np.testing.assert_allclose([bar.get_width() for bar in right.patches], found.coupling)
