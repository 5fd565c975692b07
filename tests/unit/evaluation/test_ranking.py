"""Both rankings of a comparison, and the thresholds that were asked for."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from betenet.evaluation.compare import COMPARED, Comparison
from betenet.evaluation.ranking import Ranking, rank


def comparison(reference: np.ndarray, predicted: np.ndarray, probability: np.ndarray) -> Comparison:
    size = len(reference)
    return Comparison(
        ids=("x",) * size,
        formulas=("X",) * size,
        sources=("own",) * size,
        elements=(frozenset({"Nb"}),) * size,
        reference=dict.fromkeys(COMPARED, reference),
        predicted=dict.fromkeys(COMPARED, predicted),
        tc_methods=("mcmillan",) * size,
        tc_method="mcmillan",
        intervals={},
        probability=probability,
        seen=None,
        spectra=(),
        failed=(),
        phonons=(),
    )


def ranked(found: Comparison, **wanted: tuple[float, ...]) -> tuple[Ranking, ...]:
    settings = {"precisions": (), "recalls": ()} | wanted
    return rank(found, tc_threshold=5.0, n_resamples=0, **settings)


@pytest.fixture
def metals() -> Comparison:
    rng = np.random.default_rng(8)
    reference = rng.gamma(1.0, 4.0, 100)
    predicted = reference * rng.uniform(0.4, 1.8, 100)
    return comparison(
        reference, predicted, np.clip(predicted / 12.0 + rng.normal(0, 0.1, 100), 0, 1)
    )


def test_rankings_agree_with_scikit_learn(metals: Comparison) -> None:
    by_tc, by_probability = ranked(metals)
    positive = metals.reference["tc"] > 5.0
    assert (by_tc.rows, by_tc.positives) == (100, int(positive.sum()))
    for found, score in ((by_tc, metals.predicted["tc"]), (by_probability, metals.probability)):
        assert found.average_precision is not None
        expected = average_precision_score(positive, score)
        assert found.average_precision.value == pytest.approx(expected)


def test_first_threshold_is_that_of_the_question_itself(metals: Comparison) -> None:
    for found, score, cut in zip(
        ranked(metals), (metals.predicted["tc"], metals.probability), (5.0, 0.5), strict=True
    ):
        point = found.points[0].point
        assert point is not None
        assert point.threshold == cut
        picked = score >= cut
        assert point.true_positives == (picked & (metals.reference["tc"] > 5.0)).sum()
        assert point.true_positives + point.false_positives == picked.sum()


def test_wanted_precision_and_recall_are_met(metals: Comparison) -> None:
    for found in ranked(metals, precisions=(0.6, 0.9), recalls=(0.9,)):
        _, six, nine, recalled = [chosen.point for chosen in found.points]
        assert six is not None
        assert nine is not None
        assert recalled is not None
        assert six.precision >= 0.6
        assert nine.precision >= 0.9
        assert six.recall >= nine.recall
        assert recalled.recall >= 0.9
        assert [chosen.choice for chosen in found.points[1:]] == [
            *("precision 0.6", "precision 0.9", "recall 0.9"),
        ]


def test_a_precision_that_cannot_be_had_has_no_point() -> None:
    upside_down = comparison(np.array([9.0, 1.0]), np.array([1.0, 9.0]), np.array([0.1, 0.9]))
    found = ranked(upside_down, precisions=(0.9,))[0]
    assert found.points[1].point is None
    assert found.to_dict()["points"][1] == {"choice": "precision 0.9", "threshold": None}


def test_rows_without_a_reference_or_a_score_do_not_count() -> None:
    reference = np.array([9.0, np.nan, 1.0, 8.0])
    probability = np.array([0.9, 0.9, 0.1, np.nan])
    by_tc, by_probability = ranked(
        comparison(reference, np.array([8.0, 9.0, 2.0, 1.0]), probability)
    )
    assert (by_tc.rows, by_tc.positives) == (3, 2)
    assert (by_probability.rows, by_probability.positives) == (2, 1)


def test_nothing_to_find_is_no_ranking() -> None:
    assert ranked(comparison(np.ones(3), np.ones(3), np.ones(3))) == ()
