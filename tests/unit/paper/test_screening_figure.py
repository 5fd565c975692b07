"""The search for a high Tc: areas, thresholds, chance, and the place of the inset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as oracle

from betenet.errors import ConfigError
from betenet.paper.data import PaperData
from betenet.paper.screening_figure import (
    Search,
    free_corner,
    screening_figure,
    search,
    segments_of,
)
from betenet.paper.variant import Variant, mean_model


def found_by(data: PaperData, variant: Variant, threshold: float | None = None) -> Search:
    found = search(data, variant, precision=0.8, threshold=threshold)
    assert isinstance(found, Search)
    return found


def test_area_and_confusion_are_those_of_another_code(data: PaperData, wrong: Variant) -> None:
    found = found_by(data, wrong, 4.0)
    truth = data.reference["tc"][data.test]
    judged = (data.reference["coupling"][data.test] > 0.1) & (wrong.predicted["tc"] > 0.0)
    positive, score = truth[judged] > 5.0, wrong.predicted["tc"][judged]
    area = oracle.average_precision_score(positive, score)
    assert found.average_precision == pytest.approx(area)
    (tn, fp), (fn, tp) = oracle.confusion_matrix(positive, score >= 4.0)
    point = found.point
    counts = (point.true_negatives, point.false_positives)
    assert counts == (tn, fp)
    assert (point.false_negatives, point.true_positives) == (fn, tp)


def test_chance_picks_as_many_and_as_many_are_high(data: PaperData, wrong: Variant) -> None:
    found = found_by(data, wrong)
    tp, fp, fn, tn = found.chance
    picked = found.point.true_positives + found.point.false_positives
    assert tp + fp == pytest.approx(picked)
    assert tp + fn == pytest.approx(found.positives)
    assert tp * tn == pytest.approx(fp * fn)  # picked and high are independent


def test_the_threshold_has_the_precision_and_the_most_recall(
    data: PaperData, right: Variant
) -> None:
    found = found_by(data, right)
    assert found.point.precision >= 0.8
    assert found.point.recall == 1.0


def test_nothing_to_find_is_said(data: PaperData, right: Variant) -> None:
    cold = replace(right, predicted={**right.predicted, "tc": np.zeros(data.test.sum())})
    said = search(data, cold, precision=0.8, threshold=None)
    assert isinstance(said, str)
    assert "nothing to find" in said


def test_thresholds_are_for_models_that_there_are(data: PaperData, right: Variant) -> None:
    with pytest.raises(ConfigError, match="The models are right"):
        screening_figure(data, [mean_model(data), right], precision=0.8, thresholds={"Mean": 3.0})


def test_the_inset_hides_nothing_where_there_is_room(data: PaperData, right: Variant) -> None:
    curve = found_by(data, right).curve  # precision 1 up to recall 1, then down
    left, bottom = free_corner(segments_of(curve))
    on_top = bottom + 0.32 > 1.0 / 1.12
    assert not on_top
    assert left + 0.36 < 1.0 / 1.02  # and not over the fall at the right
