"""The table for datasets with gaps."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from betenet.evaluation.metrics import table
from betenet.evaluation.scores import table_row
from betenet.superconductivity.critical_temperature import allen_dynes
from betenet.units import KELVIN_TO_MEV


@pytest.fixture
def sides() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    rng = np.random.default_rng(11)
    reference = {
        "coupling": rng.uniform(0.1, 2.0, 60),
        "omega_log": rng.uniform(50.0, 400.0, 60),
        "omega_2": rng.uniform(60.0, 500.0, 60),
    }
    predicted = {key: x * rng.uniform(0.8, 1.25, 60) for key, x in reference.items()}
    for side in (reference, predicted):
        omega_log, omega_2 = (side[key] * KELVIN_TO_MEV for key in ("omega_log", "omega_2"))
        side["tc"] = allen_dynes(side["coupling"], omega_log, omega_2)
    return reference, predicted


def test_without_gaps_it_is_the_published_table(sides) -> None:
    row = table_row("m", "all", *sides, tc_threshold=5.0, n_resamples=50)
    moments = [{key: x for key, x in side.items() if key != "tc"} for side in sides]
    expected = table(*moments, n_resamples=50)
    for key, scores in expected.items():
        for name, score in scores.items():
            found = row.quantities[key].scores[name]
            ends = (found.value, found.low, found.high)
            assert ends == pytest.approx((score.value, score.low, score.high), rel=1e-12)


def test_each_quantity_is_judged_on_the_rows_that_have_it(sides) -> None:
    reference, predicted = sides
    reference["omega_2"][:40] = np.nan
    row = table_row("m", "all", *sides, tc_threshold=5.0, n_resamples=0)
    assert [row.quantities[key].rows for key in row.quantities] == [60, 60, 20, 60]
    found = row.quantities["omega_2"].scores
    expected = oracle.r2_score(reference["omega_2"][40:], predicted["omega_2"][40:])
    assert found["r2"].value == pytest.approx(expected)
    assert found["r2"].low is None


def test_only_chosen_rows_count(sides) -> None:
    reference, predicted = sides
    chosen = np.arange(60) < 10
    row = table_row("m", "some", *sides, tc_threshold=5.0, n_resamples=0, chosen=chosen)
    expected = np.abs(reference["tc"] - predicted["tc"])[:10].mean()
    assert row.quantities["tc"].rows == 10
    assert row.quantities["tc"].scores["mae"].value == pytest.approx(expected)


def test_what_is_undefined_is_absent(sides) -> None:
    reference, predicted = ({key: x[:1] for key, x in side.items()} for side in sides)
    reference["omega_2"] = np.array([np.nan])
    row = table_row("m", "one", reference, predicted, tc_threshold=1e4, n_resamples=20)
    assert set(row.quantities["coupling"].scores) == {"mae", "rmse"}  # no R² of one value
    assert row.quantities["omega_2"].scores == {}
    assert "average_precision" not in row.quantities["tc"].scores
    assert row.to_dict()["omega_log_kelvin"]["mae"]["unit"] == "K"


def test_rankings_are_scored_by_their_names(sides) -> None:
    reference, _ = sides
    rankings = {"perfect": reference["tc"], "reversed": -reference["tc"]}
    row = table_row("m", "all", *sides, tc_threshold=5.0, n_resamples=0, rankings=rankings)
    scores = row.quantities["tc"].scores
    assert scores["perfect"].value == 1.0
    expected = oracle.average_precision_score(reference["tc"] > 5.0, -reference["tc"])
    assert scores["reversed"].value == pytest.approx(expected)
