"""Δ̄ on one scale for all variants, and the materials that it names."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import minmax_scale

from betenet.paper.data import JUDGED, PaperData
from betenet.paper.variant import Variant
from betenet.paper.variants_figure import common_errors, variants_figure


def test_errors_share_one_scale(data: PaperData, right: Variant, wrong: Variant) -> None:
    reference = {key: data.reference[key][data.test] for key in JUDGED}
    found = common_errors(reference, [right, wrong])
    assert found[0] == pytest.approx(0.0)  # what is right has the least error of all
    both = [
        np.concatenate([np.abs(v.predicted[key] - reference[key]) for v in (right, wrong)])
        for key in JUDGED
    ]
    expected = np.mean([minmax_scale(column) for column in both], axis=0)
    assert found.ravel() == pytest.approx(expected)


def test_best_and_worst_materials_are_shown(
    data: PaperData, right: Variant, wrong: Variant
) -> None:
    part = variants_figure(data, [right, wrong])
    names = [one.name for one in part.figures]
    assert names == ["figure_4a-i", "figure_4j", "figure_4k", "figure_4l"]
    errors = part.numbers[0].plain()
    order = np.argsort(errors["delta_mean"])
    assert f"{errors['formula'][order[0]]} " in part.figures[1].text
    assert f"{errors['formula'][order[-1]]} " in part.figures[2].text
    panels = [axes for axes in part.figures[1].figure.axes if axes.lines]
    assert len(panels) == min(6, data.test.sum() // 2)
    assert all(len(axes.lines) == 3 for axes in panels)  # calculated, right, wrong


def test_elements_have_the_mean_of_their_materials(data: PaperData, wrong: Variant) -> None:
    part = variants_figure(data, [wrong])
    errors, elements = part.numbers[0].plain(), part.numbers[1].plain()
    tested = [one for one, test in zip(data.elements, data.test, strict=True) if test]
    for element, mean in zip(elements["element"], elements["delta_mean"], strict=True):
        holding = [
            d for d, of_row in zip(errors["delta_mean"], tested, strict=True) if element in of_row
        ]
        assert mean == pytest.approx(np.mean(holding))


def test_every_spectrum_is_in_the_numbers(data: PaperData, right: Variant) -> None:
    table = variants_figure(data, [right]).numbers[2].plain()
    assert len(table["a2f"]) == 2 * 51 * data.test.sum()
    curves = np.array(table["curve"])
    values = np.array(table["a2f"])
    assert values[curves == "calculated"] == pytest.approx(values[curves == "right"])
