import xml.etree.ElementTree as ET
from array import array

import numpy as np
import pytest

from betenet.screening.report.figures import draw_coupling, draw_scores, draw_tc, drawing
from betenet.screening.report.summary import StageTally
from betenet.superconductivity.critical_temperature import critical_temperature
from betenet.units import MEV_TO_KELVIN


def tally(scores, passed):
    return StageTally(scores=array("f", scores), passed=array("b", map(int, passed)))


def test_bars_hold_every_score():
    scores = np.linspace(0.1, 20.0, 333)
    axes = draw_scores(tally(scores, scores > 5.0), "score", 5.0).axes[0]
    heights = [bar.get_height() for bar in axes.patches]
    assert sum(heights[:40]) == 333
    assert sum(heights[40:]) == (scores > 5.0).sum()


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_one_score_is_drawn(value):
    axes = draw_scores(tally([value], [1]), "score", float("nan")).axes[0]
    assert sum(bar.get_height() for bar in axes.patches) == 2  # of all, and of what passed


def test_a_threshold_is_a_line_at_its_place():
    axes = draw_scores(tally([1.0, 9.0], [0, 1]), "score", 4.5).axes[0]
    assert [list(line.get_xdata()) for line in axes.lines] == [[4.5, 4.5]]


def test_lines_of_equal_tc_are_where_the_formula_puts_them():
    axes = draw_coupling(np.array([0.7, 1.0]), np.array([200.0, 300.0]), "NbN", 0.12).axes[0]
    lines = axes.collections[0]
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        inner = path.vertices[5:-5:10]
        mev = inner[:, 0] / MEV_TO_KELVIN
        tc = critical_temperature(
            "allen_dynes_simple", coupling=inner[:, 1], omega_log=mev, omega_2=mev, mu_star=0.12
        )
        np.testing.assert_allclose(tc, level, rtol=0.15)  # straight pieces between 60 points


@pytest.mark.parametrize("formula", ["$x", r"\frac", "<b>&", "A" * 500, "a\nb"])
def test_any_formula_can_be_drawn(formula):
    one = np.array([1.0])
    html = drawing(draw_coupling(one, 100.0 * one, formula, 0.1), formula, formula, "x")
    ET.fromstring(html)  # noqa: S314 - written here: every tag is closed, every letter escaped


def test_names_inside_two_drawings_differ():
    def names(name):
        root = ET.fromstring(drawing(draw_tc(np.array([3.0, 9.0])), "t", "c", name))  # noqa: S314
        return {element.get("id") for element in root.iter() if element.get("id")}

    one, other = names("one"), names("other")
    assert one
    assert not one & other


def test_black_follows_the_letters_of_the_page():
    html = drawing(draw_tc(np.array([3.0, 9.0])), "t", "c", "x")
    assert "currentColor" in html
    assert "#000000" not in html
