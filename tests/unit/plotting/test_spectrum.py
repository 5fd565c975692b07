import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from betenet.ensemble.prediction import Prediction, estimate_quantities
from betenet.errors import SpectrumError
from betenet.known.findings import Finding
from betenet.plotting import plot_sites, plot_spectrum
from betenet.spectrum import Spectrum
from betenet.structures import prepare_structures
from betenet.superconductivity.moments import coupling_constant

FREQUENCIES = np.arange(0.5, 300.0, 1.0)


def spectrum(n_members: int = 6) -> Spectrum:
    shape = np.exp(-(((FREQUENCIES - 60.0) / 12.0) ** 2)) * np.minimum(1, (FREQUENCIES / 20.0) ** 2)
    heights = np.linspace(0.7, 1.3, n_members)[:, None]
    return Spectrum(FREQUENCIES, heights * shape)


@pytest.fixture
def prediction() -> Prediction:
    members = spectrum()
    return Prediction(
        name="MgB2.cif",
        formula="MgB2",
        symbols=("Mg", "B", "B"),
        model="test",
        mu_star=0.1,
        tc_method="allen_dynes",
        rule="onset",
        spectrum=members,
        site_a2f=np.array([0.2, 0.4, 0.4])[:, None] * members.a2f.mean(axis=0),
        estimates=estimate_quantities(members, 0.1, "allen_dynes", "onset"),
    )


def legend_of(axes: Axes) -> list[str]:
    return [
        text.get_text()
        for one in axes.figure.axes
        if (legend := one.get_legend()) is not None
        for text in legend.get_texts()
    ]


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_file_is_written_in_the_format_of_its_suffix(
    prediction: Prediction, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"figure.{suffix}"
    plot_spectrum(prediction, path)
    start = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[suffix]
    assert path.read_bytes().startswith(start)


def test_curves_are_the_member_mean_and_the_cumulative_coupling(prediction: Prediction) -> None:
    axes = plot_spectrum(prediction, Figure().add_subplot())
    right = axes.figure.axes[1]
    assert prediction.spectrum is not None
    mean = prediction.spectrum.a2f.mean(axis=0)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), mean)
    np.testing.assert_allclose(axes.lines[0].get_xdata(), FREQUENCIES)
    total = coupling_constant(FREQUENCIES, mean)
    assert np.asarray(right.lines[0].get_ydata())[-1] == pytest.approx(float(total))


def band(axes: Axes, index: int) -> tuple[float, float]:
    """Ends of the drawn band at one frequency."""
    vertices = np.asarray(axes.collections[0].get_paths()[0].vertices)
    drawn = vertices[vertices[:, 0] == FREQUENCIES[index], 1]
    return float(drawn.min()), float(drawn.max())


def test_band_of_a_bare_spectrum_holds_68_percent_of_the_members() -> None:
    low, high = np.quantile(spectrum().a2f, [0.16, 0.84], axis=0)
    peak = int(np.argmax(high))
    assert band(plot_spectrum(spectrum()), peak) == pytest.approx((low[peak], high[peak]))


def test_band_of_a_prediction_is_its_calibrated_one(prediction: Prediction) -> None:
    axes = plot_spectrum(prediction)
    low, high = prediction.band()
    peak = int(np.argmax(high))
    assert band(axes, peak) == pytest.approx((low[peak], high[peak]))
    written = prediction.to_dict()["spectrum_band_68"]
    assert written == {"low": low.tolist(), "high": high.tolist()}
    assert "68 % interval" in legend_of(axes)


def test_warnings_stand_below_the_axes(prediction: Prediction) -> None:
    told = replace(prediction, warnings=("first " * 40, "second"))
    for draw in (plot_spectrum, plot_sites):
        text = draw(told).texts[-1].get_text()
        assert text.count("! ") == 2
        assert text.count("first") == 40
        assert "second" in text


@pytest.mark.parametrize("n_warnings", [1, 9])
def test_warnings_leave_the_axes_their_size_and_label(
    prediction: Prediction, n_warnings: int
) -> None:
    plain = plot_spectrum(prediction)
    axes = plot_spectrum(replace(prediction, warnings=("a warning",) * n_warnings))
    heights = []
    for one in (plain, axes):
        figure = one.get_figure(root=True)
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
        heights.append(one.get_window_extent().height)
    (told,) = (text for text in axes.texts if "a warning" in text.get_text())
    assert told.get_window_extent().y1 < axes.xaxis.label.get_window_extent().y0
    assert heights[1] > 0.9 * heights[0]


def test_axes_carry_units_and_end_where_the_weight_ends(prediction: Prediction) -> None:
    axes = plot_spectrum(prediction, Figure().add_subplot())
    assert "meV" in axes.get_xlabel()
    assert 75.0 < axes.get_xlim()[1] < 110.0
    assert axes.get_title() == "MgB$_{2}$"


def test_what_was_read_stands_below_the_title(prediction: Prediction) -> None:
    (record,) = prepare_structures(bulk("Nb", cubic=True))
    assert record.as_read is not None
    for draw in (plot_spectrum, plot_sites):
        axes = draw(replace(prediction, as_read=record.as_read), Figure().add_subplot())
        assert record.as_read.details in [text.get_text() for text in axes.texts]


def test_what_the_model_is_not_made_for_stands_there_too(prediction: Prediction) -> None:
    found = (Finding("likely_insulator", "x"), Finding("magnetic_elements", "y"))
    for draw in (plot_spectrum, plot_sites):
        axes = draw(replace(prediction, findings=found), Figure().add_subplot())
        assert "likely insulator, magnetic elements" in [text.get_text() for text in axes.texts]


def test_printed_numbers_are_the_estimates(prediction: Prediction) -> None:
    printed = plot_spectrum(prediction, Figure().add_subplot()).texts[0].get_text()
    for key in ("coupling", "omega_log", "tc"):
        assert prediction.estimates[key].as_text() in printed


def test_bare_spectra_are_drawn_without_numbers() -> None:
    axes = plot_spectrum(spectrum(), Figure().add_subplot())
    assert not axes.texts
    assert any("members" in label for label in legend_of(axes))
    single = plot_spectrum(spectrum().mean(), Figure().add_subplot())
    assert not any("members" in label for label in legend_of(single))


def test_zero_spectrum_can_be_drawn() -> None:
    flat = Spectrum(FREQUENCIES, np.zeros_like(FREQUENCIES))
    axes = plot_spectrum(flat, Figure().add_subplot())
    assert axes.get_xlim() == (0.0, FREQUENCIES[-1])


def test_sites_are_stacked_up_to_the_mean(prediction: Prediction, tmp_path: Path) -> None:
    axes = plot_sites(prediction, tmp_path / "sites.png")
    assert (tmp_path / "sites.png").stat().st_size > 1000
    assert prediction.spectrum is not None
    mean = prediction.spectrum.a2f.mean(axis=0)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), mean)
    assert len(axes.collections) == 3
    total = float(coupling_constant(FREQUENCIES, mean))
    labels = legend_of(axes)
    assert labels[0] == rf"Mg: $\lambda$ = {0.2 * total:.2f}"
    assert labels[1] == rf"B (2 sites): $\lambda$ = {0.8 * total:.2f}"


def test_failed_prediction_is_refused() -> None:
    failed = Prediction(name="x", model="m", mu_star=0.1, tc_method="allen_dynes", rule="onset")
    for draw in (plot_spectrum, plot_sites):
        with pytest.raises(SpectrumError, match="failed"):
            draw(failed, Figure().add_subplot())


def test_missing_sites_are_refused(prediction: Prediction) -> None:
    data = prediction.to_dict(per_site=False)
    with pytest.raises(SpectrumError, match="no contributions of sites"):
        plot_sites(Prediction.from_dict(data), Figure().add_subplot())


def test_two_leading_axes_are_refused() -> None:
    stack = Spectrum(FREQUENCIES, np.ones((2, 3, FREQUENCIES.size)))
    with pytest.raises(SpectrumError, match="leading axes"):
        plot_spectrum(stack, Figure().add_subplot())


def test_pyplot_is_not_touched() -> None:
    code = (
        "import sys, betenet.plotting; "
        "sys.exit('matplotlib.pyplot' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
