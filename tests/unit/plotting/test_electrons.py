from pathlib import Path

import numpy as np

from betenet.plotting.electrons import plot_nesting
from betenet.plotting.fermi_surface import draw_sheets


def test_both_functions_share_a_path_and_gamma_is_left_open(tmp_path: Path) -> None:
    distances = np.linspace(0.0, 2.0, 9)
    nesting = np.array([np.nan, 3.0, 1.0, 0.5, 4.0, 0.5, 1.0, 2.0, 1.0])
    figure = plot_nesting(
        distances,
        np.linspace(1.0, 0.5, 9),
        nesting,
        np.ones(9),
        [(0.0, "G"), (1.0, "H|N"), (2.0, "P")],
        tmp_path / "nesting.pdf",
        title="Cr",
        marked=[(1.0, 4.0, "0.917")],
    )
    above, below = figure.axes
    assert [text.get_text() for text in below.get_xticklabels()] == ["Γ", "H|N", "P"]
    assert below.get_ylim()[1] > 4.0
    assert above.get_title() == "Cr"
    assert [text.get_text() for text in below.texts] == ["0.917"]
    assert (tmp_path / "nesting.pdf").stat().st_size > 1000


def test_each_sheet_has_a_panel_within_the_zone() -> None:
    corners = np.array([[0.0, 0, 0], [0.3, 0, 0], [0, 0.3, 0], [0, 0, 0.3]])
    triangles = np.array([[0, 1, 2], [0, 1, 3]])
    square = 0.5 * np.array([[1.0, 1, 1], [1, -1, 1], [-1, -1, 1], [-1, 1, 1], [1, 1, 1]])
    figure = draw_sheets([(corners, triangles)] * 4, [square], names=["a", "b", "c", "d"])
    assert [axes.get_title() for axes in figure.axes] == ["a", "b", "c", "d"]
    assert all(len(axes.collections) == 1 for axes in figure.axes)
