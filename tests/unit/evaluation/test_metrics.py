import numpy as np
import pytest
from sklearn import metrics as oracle

from betenet.errors import ConfigError, DataError
from betenet.evaluation import average_precision, bootstrap_interval, coverage, mae, r2, rmse, table
from betenet.superconductivity.critical_temperature import allen_dynes, allen_dynes_simple
from betenet.units import KELVIN_TO_MEV


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def moments(rng, n_rows=200):
    return {
        "coupling": rng.uniform(0.1, 2.0, n_rows),
        "omega_log": rng.uniform(50.0, 400.0, n_rows),
        "omega_2": rng.uniform(60.0, 500.0, n_rows),
    }


def flat(**values):
    """Two equal rows of λ and ω_log, or of what is given."""
    return {key: np.full(2, x) for key, x in ({"coupling": 1.0, "omega_log": 9.0} | values).items()}


def disturbed(values, rng):
    return {key: value * rng.uniform(0.8, 1.25, value.size) for key, value in values.items()}


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (r2, oracle.r2_score),
        (mae, oracle.mean_absolute_error),
        (rmse, oracle.root_mean_squared_error),
    ],
)
def test_regression_measures_agree_with_scikit_learn(measure, expected, rng):
    reference, predicted = rng.normal(size=(2, 50))
    assert measure(reference, predicted) == pytest.approx(expected(reference, predicted), rel=1e-12)


@pytest.mark.parametrize("n_levels", [2, 5, 1000])
def test_average_precision_agrees_with_scikit_learn_with_and_without_ties(n_levels, rng):
    for _ in range(20):
        positive = rng.random(60) < 0.3
        positive[0] = True
        score = rng.integers(n_levels, size=60).astype(float)
        expected = oracle.average_precision_score(positive, score)
        assert average_precision(positive, score) == pytest.approx(expected, rel=1e-12)


def test_average_precision_does_not_depend_on_the_order_of_tied_rows(rng):
    positive = np.arange(40) < 10
    score = np.repeat([0.0, 1.0], 20)
    expected = average_precision(positive, score)
    order = rng.permutation(40)
    assert average_precision(positive[order], score[order]) == pytest.approx(expected, rel=1e-12)


def test_average_precision_of_a_perfect_and_of_a_useless_score():
    positive = np.array([True, True, False, False, False])
    assert average_precision(positive, positive.astype(float)) == 1.0
    assert average_precision(positive, np.full(5, 3.0)) == pytest.approx(0.4)


def test_coverage_of_gaussian_intervals(rng):
    truth = rng.normal(size=20_000)
    one_sigma = np.ones_like(truth)
    assert coverage(truth, -one_sigma, one_sigma) == pytest.approx(0.6827, abs=0.01)
    assert coverage(truth, -2 * one_sigma, 2 * one_sigma) == pytest.approx(0.9545, abs=0.005)


def test_coverage_counts_the_ends():
    ends = np.array([1.0, 2.0])
    assert coverage(ends, lower=np.array([1.0, 0.0]), upper=np.array([3.0, 2.0])) == 1.0


def test_bootstrap_interval_agrees_with_the_standard_error_of_a_mean(rng):
    error = np.abs(rng.normal(size=400))
    low, high = bootstrap_interval(mae, np.zeros(400), error, n_resamples=2000)
    half_width = 1.96 * error.std(ddof=1) / np.sqrt(400)
    assert (low + high) / 2 == pytest.approx(error.mean(), abs=0.1 * half_width)
    assert (high - low) / 2 == pytest.approx(half_width, rel=0.1)


def test_bootstrap_interval_is_repeatable_and_follows_its_seed(rng):
    columns = rng.normal(size=(2, 30))
    first = bootstrap_interval(mae, *columns, n_resamples=50, seed=1)
    assert first == bootstrap_interval(mae, *columns, n_resamples=50, seed=1)
    assert first != bootstrap_interval(mae, *columns, n_resamples=50, seed=2)


def test_table_of_perfect_predictions(rng):
    values = moments(rng)
    scores = table(values, values)
    for key in ("coupling", "omega_log", "omega_2"):
        assert (scores[key]["r2"].value, scores[key]["mae"].value) == (1.0, 0.0)
    assert scores["tc"]["mae"].value == 0.0
    assert scores["tc"]["average_precision"].value == pytest.approx(1.0, rel=1e-12)


def test_table_takes_kelvin_and_says_its_units(rng):
    reference = moments(rng)
    predicted = disturbed(reference, rng)
    scores = table(reference, predicted)
    assert scores["omega_log"]["mae"].unit == "K"
    assert scores["coupling"]["mae"].unit == scores["coupling"]["r2"].unit == "1"
    assert scores["omega_2"]["rmse"].value == rmse(reference["omega_2"], predicted["omega_2"])
    tc_reference, tc_predicted = (
        allen_dynes(
            side["coupling"],
            side["omega_log"] * KELVIN_TO_MEV,
            side["omega_2"] * KELVIN_TO_MEV,
            mu_star=0.10,
        )
        for side in (reference, predicted)
    )
    assert scores["tc"]["mae"].value == mae(tc_reference, tc_predicted)
    expected = oracle.average_precision_score(tc_reference > 5.0, tc_predicted)
    assert scores["tc"]["average_precision"].value == pytest.approx(expected, rel=1e-12)


def test_table_tc_by_hand():
    # McMillan exponent at λ = 1, μ* = 0.10: −1.04 · 2 / (1 − 0.10 · 1.62); ω_log/1.2 = 100 K
    reference = {
        "coupling": np.array([1.0, 0.5]),
        "omega_log": np.array([120.0, 240.0]),
        "omega_2": np.array([150.0, 300.0]),
    }
    # the first is far too weak for a Tc, the second is exact
    predicted = {**reference, "coupling": np.array([1e-3, 0.5])}
    scores = table(reference, predicted)
    f_1 = (1.0 + (1.0 / (2.46 * 1.38)) ** 1.5) ** (1.0 / 3.0)
    f_2 = 1.0 + 0.25 / (1.0 + (1.82 * 1.63 * 1.25) ** 2)
    tc = f_1 * f_2 * 100.0 * np.exp(-1.04 * 2.0 / (1.0 - 0.10 * 1.62))
    assert scores["tc"]["mae"].value == pytest.approx(tc / 2.0, rel=1e-6)


@pytest.mark.parametrize("lacking", ["reference", "predicted", "both", "labels"])
def test_table_leaves_out_omega_2_where_it_cannot_be_judged(lacking, rng):
    reference = moments(rng)
    predicted = disturbed(reference, rng)
    whole = table(reference, predicted, n_resamples=20)
    del whole["omega_2"]
    simple = [
        allen_dynes_simple(side["coupling"], side["omega_log"] * KELVIN_TO_MEV)
        for side in (reference, predicted)
    ]
    if lacking == "labels":
        reference["omega_2"] = np.full(200, np.nan)
    if lacking in ("reference", "both"):
        del reference["omega_2"]
    if lacking in ("predicted", "both"):
        del predicted["omega_2"]
    found = table(reference, predicted, n_resamples=20)
    assert {**found, "tc": whole["tc"]} == whole
    # both sides without f₁ and f₂
    assert found["tc"]["mae"].value == pytest.approx(mae(*simple))


def test_table_judges_each_quantity_on_the_rows_that_know_it(rng):
    reference = moments(rng)
    predicted = disturbed(reference, rng)
    gaps = {"coupling": [3], "omega_log": [8, 9], "omega_2": list(range(50, 200))}
    partly = {key: values.copy() for key, values in reference.items()}
    for key, rows in gaps.items():
        partly[key][rows] = np.nan
    found = table(partly, predicted)

    def expected(*gone):
        rows = np.setdiff1d(np.arange(200), gone)
        return table(*({k: v[rows] for k, v in s.items()} for s in (reference, predicted)))

    for key, rows in gaps.items():
        assert found[key] == expected(*rows)[key]
    assert found["tc"] == expected(3, 8, 9, *range(50, 200))["tc"]


def test_table_intervals_enclose_the_values(rng):
    reference = moments(rng)
    scores = table(reference, disturbed(reference, rng), n_resamples=60)
    for measures in scores.values():
        for score in measures.values():
            assert score.low is not None
            assert score.high is not None
            assert score.low < score.value < score.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mae(np.array([]), np.array([])), "empty"),
        (lambda: mae(np.array([1.0]), np.array([np.nan])), "predicted of row 0 is nan"),
        (lambda: r2(np.ones(3), np.zeros(3)), "all 3 reference values are equal"),
        (lambda: average_precision(np.zeros(3, dtype=bool), np.zeros(3)), "none of the 3 rows"),
        (lambda: coverage(np.ones(1), np.ones(1), np.zeros(1)), "row 0 runs from 1 down to 0"),
        (lambda: bootstrap_interval(r2, np.ones(3), np.ones(3), n_resamples=5), "5 of 5"),
        (lambda: table({"coupling": np.ones(1)}, {}), "The reference has coupling"),
        (lambda: table(flat(tc=1.0), flat()), r"coupling, omega_log, tc(.|\n)*made of"),
        (lambda: table(flat(), flat(omega_2=np.nan)), "predicted omega_2 of row 0 is nan"),
        (lambda: table(flat(omega_log=np.inf), flat()), "reference omega_log of row 0 is inf"),
        (lambda: table(flat(coupling=np.nan), flat()), "no row to measure"),
    ],
)
def test_undefined_measures_say_why(call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_columns_of_different_length_are_refused_without_type_checking():
    unchecked = getattr(mae, "__wrapped__", mae)
    with pytest.raises(DataError, match="reference has 2, predicted has 3"):
        unchecked(np.zeros(2), np.zeros(3))


@pytest.mark.parametrize("settings", [{"level": 1.0}, {"n_resamples": 0}])
def test_bootstrap_settings_out_of_range(settings):
    with pytest.raises(ConfigError, match="No interval"):
        bootstrap_interval(mae, np.zeros(3), np.ones(3), **settings)
