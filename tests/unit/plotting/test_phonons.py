from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from betenet.errors import SpectrumError
from betenet.phonon_dos import PhononDos
from betenet.plotting import plot_phonons


@dataclass
class Line:
    place: np.ndarray
    frequencies: np.ndarray
    ends: tuple[str, str]
    fitting_place: np.ndarray = field(default_factory=lambda: np.zeros(0))
    fitting: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))


def path(lowest: float = 0.0) -> list[Line]:
    """Γ to X1 to M, a jump, R to Γ; three bands."""
    places = (0.0, 0.3, 0.7, 1.0)
    ends = (("G", "X1"), ("X1", "M"), ("R", "G"))
    rising = np.linspace(lowest, 30.0, 10)[:, None] + np.zeros(3)
    return [
        Line(np.linspace(places[k], places[k + 1], 10), rising, ends[k]) for k in range(len(ends))
    ]


def dos(lowest: float = 0.0) -> PhononDos:
    omega = np.linspace(lowest - 0.5, 31.0, 64)
    share = np.where((omega > lowest) & (omega < 30.0), 0.1, 0.0)
    sites = np.stack([share, 2.0 * share, share])
    return PhononDos(omega, sites.sum(0), sites, ("Nb", "C", "Nb"))


def test_corners_are_named_and_jumps_have_two_names() -> None:
    bands = plot_phonons(path(), dos()).axes[0]
    assert [label.get_text() for label in bands.get_xticklabels()] == ["Γ", "X$_{1}$", "M|R", "Γ"]
    np.testing.assert_allclose(bands.get_xticks(), [0.0, 0.3, 0.7, 1.0])


@pytest.mark.parametrize(("lowest", "shown"), [(0.0, False), (-0.2, False), (-6.0, True)])
def test_only_what_is_imaginary_beyond_noise_is_drawn_below_zero(
    lowest: float, shown: bool
) -> None:
    figure = plot_phonons(path(lowest), dos(lowest))
    bands, states = figure.axes
    assert (bands.get_ylim()[0] < lowest) == shown
    assert bands.get_ylim() == states.get_ylim()
    assert any(text.get_text() == "imaginary" for text in states.texts) == shown


def test_colours_and_words_fit_the_verdict() -> None:
    """Red is for an instability, not for the noise of interpolation."""
    shades = {}
    for stable in (False, True):
        figure = plot_phonons(path(-6.0), dos(-6.0), title="Nb: x", stable=stable)
        bands, states = figure.axes
        (note,) = states.texts
        shades[stable] = to_rgb(note.get_color())
        # the branch is drawn whole below what is real
        assert to_rgb(bands.lines[0].get_color()) == shades[stable]
        assert note.get_text() == ("interpolated" if stable else "imaginary")
        tinted = [one for one in bands.patches if one.get_alpha() is not None]
        assert bool(tinted) != stable
    red, green, blue = shades[False]
    assert red > 1.5 * max(green, blue)
    assert len(set(shades[True])) == 1  # grey


def test_computed_points_are_dots() -> None:
    lines = path()
    lines[0].fitting_place, lines[0].fitting = np.array([0.0, 0.15]), np.full((2, 3), 7.0)
    bands = plot_phonons(lines, dos()).axes[0]
    dots = [line for line in bands.lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert len(dots) == 3
    np.testing.assert_allclose(dots[0].get_xdata(), [0.0, 0.15])


def test_states_are_stacked_by_element_up_to_the_total() -> None:
    found = dos()
    states = plot_phonons(path(), found).axes[1]
    names = [text.get_text() for text in states.get_legend().get_texts()]
    assert names == ["Nb", "C"]
    np.testing.assert_allclose(states.lines[0].get_xdata(), found.total)
    stacked = [fill.get_paths()[0].vertices[:, 0].max() for fill in states.collections]
    assert stacked == pytest.approx([0.2, 0.4])


def test_total_alone_can_be_drawn_and_a_file_written(tmp_path: Path) -> None:
    found = dos()
    total = PhononDos(found.frequencies, found.total)
    out = tmp_path / "bands.png"
    figure = plot_phonons(path(), total, out, title="Nb2C: stable")
    assert figure.axes[0].get_title(loc="left") == "Nb$_{2}$C: stable"
    assert out.stat().st_size > 1000


def test_no_line_is_an_error() -> None:
    with pytest.raises(SpectrumError, match="no bands"):
        plot_phonons([], dos())
