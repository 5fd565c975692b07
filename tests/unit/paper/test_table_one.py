"""Table I against scikit-learn, on the rows that the paper judges."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from betenet.paper.data import PaperData
from betenet.paper.table_one import judged_for_tc, table_one
from betenet.paper.variant import Variant, mean_model


def column(part, name):
    return part.numbers[0].plain()[name]


def test_scores_are_those_of_another_code(data: PaperData, wrong: Variant) -> None:
    part = table_one(data, [wrong], resamples=0)
    truth = {key: values[data.test] for key, values in data.reference.items()}
    for key, name in (("coupling", "coupling"), ("omega_log", "omega_log_kelvin")):
        pair = truth[key], wrong.predicted[key]
        assert column(part, f"{name}_r2") == pytest.approx([oracle.r2_score(*pair)])
        assert column(part, f"{name}_mae") == pytest.approx([oracle.mean_absolute_error(*pair)])
        rmse = oracle.root_mean_squared_error(*pair)
        assert column(part, f"{name}_rmse") == pytest.approx([rmse])
    judged = (truth["coupling"] > 0.1) & (truth["tc"] < 100.0) & (wrong.predicted["tc"] > 0.0)
    area = oracle.average_precision_score(truth["tc"][judged] > 5.0, wrong.predicted["tc"][judged])
    assert column(part, "average_precision") == pytest.approx([area])
    assert column(part, "tc_kelvin_rows") == [judged.sum()]
    assert f"{data.test.sum()} ({judged.sum()})" in part.body[0]


def test_what_is_right_has_no_error_and_the_mean_explains_nothing(
    data: PaperData, right: Variant
) -> None:
    part = table_one(data, [mean_model(data), right], resamples=0)
    assert column(part, "coupling_r2")[1] == pytest.approx(1.0)
    assert column(part, "omega_2_kelvin_mae")[1] == 0.0
    assert column(part, "average_precision")[1] == 1.0
    assert column(part, "coupling_r2")[0] <= 0.0
    high = data.reference["tc"][data.test] > 5.0
    assert column(part, "average_precision")[0] == pytest.approx(high.mean())


def test_the_papers_rule_of_rows() -> None:
    reference = {"coupling": np.array([0.05, 0.5, 0.5, 2.0]), "tc": np.array([0.0, 2.0, 2.0, 120])}
    predicted = {"tc": np.array([1.0, 1.0, 0.0, 90.0])}
    assert judged_for_tc(reference, predicted).tolist() == [False, True, False, False]
