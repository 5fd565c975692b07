import numpy as np

from betenet.plotting.bands import PANELS, plot_bands


def test_the_largest_orbitals_are_drawn_and_lines_break_where_the_path_jumps() -> None:
    distances = np.array([0.0, 1.0, 1.0, 2.0])
    energies = np.array([[[-1.0], [0.0], [1.0], [0.5]]])
    weights = np.array([0.05, 0.4, 0.3, 0.15, 0.1]) * np.ones((1, 4, 1, 5))
    figure = plot_bands(
        distances,
        energies,
        [(0.0, "G"), (1.0, "X|K"), (2.0, "L")],
        kinds=["A s", "A p", "A d", "B s", "B p"],
        weights=weights,
        title="AB",
    )
    assert [axes.get_title() for axes in figure.axes] == ["A p", "A d", "B s", "B p"][:PANELS]
    drawn = figure.axes[0].lines[0].get_ydata()
    assert np.isnan(drawn).tolist() == [False, True, False, False]
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["Γ", "X|K", "L"]
