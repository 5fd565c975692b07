"""Synthetic populations whose truth is known: forecasts come true as often as they say."""

from typing import Any

import numpy as np
import pytest

from betenet.errors import ConfigError, DataError
from betenet.screening.calibration import Calibration
from betenet.screening.forecast import Forecast, forecast
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.passage import count_passed

STABILITY = Stage(name="stability", kind="stability", force_field="7net-l3i5")


def materials(seed: int, size: int, shift: float = 0.0) -> Calibration:
    """Two scores that know the same in part, and labels that depend on both."""
    generator = np.random.default_rng(seed)
    score = generator.normal(shift, 1.0, size)
    second = 0.7 * score + 0.7 * generator.normal(size=size)
    positive = generator.random(size) < 1.0 / (1.0 + np.exp(2.5 - 1.5 * score - second))
    probability = 1.0 / (1.0 + np.exp(2.5 - 2.2 * score))
    stable = (generator.random(size) < 0.8).astype(float)
    return Calibration(
        scores={
            "structure/cso-1/tc_kelvin": score,
            "structure/cso-1/probability_tc_above_5_kelvin": probability,
            "stability/7net-l3i5/imaginary_fraction": 1.0 - stable,
            "stability/7net-l3i5/stable": stable,
            "stability/7net-l3i5/seconds": generator.gamma(2.0, 2.0, size),
            "phonons/phonons-1+7net-l3i5/tc_kelvin": second,
        },
        positive=positive,
        groups=np.arange(size),
        facts={"name": "made up", "mu_star": 0.1},
    )


def funnel(first: dict[str, Any], last: dict[str, Any] | None = None) -> Funnel:
    stages = (Stage(name="structure", kind="structure", **first),)
    if last is not None:
        stages += (STABILITY, Stage(name="phonons", kind="phonons", **last))
    return Funnel(source="made up", stages=stages)


def realised(asked: Funnel, found: Forecast, population: Calibration) -> dict[str, float]:
    cuts = [None if one.threshold is None else one.threshold.value for one in found.stages]
    if asked.stages[0].budget is not None:
        cuts[0] = float(np.sort(population.column(asked.stages[0]))[-asked.stages[0].budget])
    through = count_passed(asked.stages, population, cuts) == len(asked.stages)
    hits = float((through & population.positive).sum())
    return {
        "precision": hits / through.sum(),
        "recall": hits / population.positive.sum(),
        "shortlist": float(through.sum()),
        "positives": float(population.positive.sum()),
    }


@pytest.mark.parametrize(
    ("asked", "weighted"),
    [
        (funnel({"threshold": 1.5}), False),
        (funnel({"threshold": 1.5}), True),
        (funnel({"recall": 0.7}), False),
        (funnel({"budget": 100}), True),
        (funnel({"threshold": 0.5}, {"threshold": 1.0}), False),
        (funnel({"threshold": 0.5}, {"threshold": 1.0}), True),
    ],
    ids=["cut", "cut, weighted", "recall", "budget, weighted", "three", "three, weighted"],
)
def test_intervals_hold_what_they_promise(asked: Funnel, weighted: bool) -> None:
    inside: dict[tuple[str, int], list[bool]] = {}
    for seed in range(40):
        table, population = materials(seed, 600), materials(1000 + seed, 1500)
        scores = population.column(asked.stages[0]) if weighted else None
        found = forecast(asked, table, 1500, scores)
        for key, value in realised(asked, found, population).items():
            for level in (68, 95):
                held = getattr(found, key).holds(value, level)
                inside.setdefault((key, level), []).append(held)
    # two standard deviations of 40 draws below, and not far above, what they promise
    for (key, level), held in inside.items():
        low, high = (0.52, 0.93) if level == 68 else (0.87, 1.0)
        if not (weighted and len(asked.stages) == 1 and key == "shortlist"):  # that one is known
            assert low <= np.mean(held) <= high, (key, level, np.mean(held))


def test_a_chosen_precision_is_not_promised_too_high() -> None:
    asked, errors, inside = funnel({"precision": 0.8}), [], []
    for seed in range(40):
        table, population = materials(seed, 300), materials(1000 + seed, 3000)
        found = forecast(asked, table, 3000)
        came = realised(asked, found, population)["precision"]
        errors.append(found.precision.value - came)
        inside.append(found.precision.holds(came))
    assert np.mean(inside) >= 0.88
    assert -0.10 <= np.mean(errors) <= 0.02


@pytest.mark.parametrize("shift", [-0.7, 0.7])
def test_weights_account_for_another_prevalence(shift: float) -> None:
    asked = funnel({"threshold": 1.0}, {"threshold": 1.0})
    table, population = materials(1, 6000), materials(2, 20_000, shift)
    plain = forecast(asked, table, 20_000)
    weighted = forecast(asked, table, 20_000, population.column(asked.stages[0]))
    came = realised(asked, weighted, population)
    assert weighted.reweighted
    assert weighted.n_effective < 0.8 * len(table)
    assert weighted.positives.value == pytest.approx(came["positives"], rel=0.08)
    assert weighted.shortlist.value == pytest.approx(came["shortlist"], rel=0.12)
    for key in ("precision", "recall"):
        assert getattr(weighted, key).holds(came[key])
    assert not plain.positives.holds(came["positives"])
    assert not plain.shortlist.holds(came["shortlist"])


def test_stages_that_say_the_same_cost_nothing_twice() -> None:
    one = materials(5, 2000)
    twin = Calibration(
        scores={
            **one.scores,
            "phonons/phonons-1+7net-l3i5/tc_kelvin": one.scores["structure/cso-1/tc_kelvin"],
        },
        positive=one.positive,
        groups=one.groups,
        facts=one.facts,
    )
    found = forecast(funnel({"threshold": 1.0}, {"threshold": 1.0}), twin, 2000)
    _, stability, phonons = found.stages
    assert phonons.passing.value == stability.passing.value
    assert phonons.recall.value == stability.recall.value


def test_numbers_are_those_of_the_rows() -> None:
    asked, table = funnel({"threshold": 0.5}, {"threshold": 1.0}), materials(6, 1000)
    found = forecast(asked, table, 5000)
    first = table.scores["structure/cso-1/tc_kelvin"] >= 0.5
    second = first & (table.scores["stability/7net-l3i5/stable"] == 1)
    third = second & (table.scores["phonons/phonons-1+7net-l3i5/tc_kelvin"] >= 1.0)
    for stage, mask in zip(found.stages, (first, second, third), strict=True):
        assert stage.passing.value == pytest.approx(5 * mask.sum())
        assert stage.precision.value == pytest.approx(table.positive[mask].mean())
        assert stage.recall.value == pytest.approx(mask[table.positive].mean())
    seconds = table.scores["stability/7net-l3i5/seconds"][first].mean()
    expected = 5 * first.sum() * seconds / 3600
    assert found.stages[1].core_hours.value == pytest.approx(expected)
    cheap = forecast(asked, table, 5000, seconds={"stability": 0.0, "structure": 3600.0})
    assert cheap.stages[0].core_hours.to_dict() == dict.fromkeys(
        ("value", "low_68", "high_68", "low_95", "high_95"), 5000.0
    )
    assert cheap.stages[1].core_hours.value == 0.0


def test_sums_of_probabilities_are_judged_on_the_table() -> None:
    asked, table, population = (
        funnel({"threshold": 1.0}),
        materials(7, 3000),
        materials(8, 3000, 0.5),
    )
    scores = population.column(asked.stages[0])
    promised = 1.3 * population.scores["structure/cso-1/probability_tc_above_5_kelvin"]
    loud = Calibration(
        scores={
            **table.scores,
            "structure/cso-1/probability_tc_above_5_kelvin": 1.3
            * table.scores["structure/cso-1/probability_tc_above_5_kelvin"],
        },
        positive=table.positive,
        groups=table.groups,
        facts=table.facts,
    )
    found = forecast(asked, loud, 3000, scores, population_probabilities=np.minimum(promised, 1.0))
    assert found.direct is not None
    assert found.direct.promised > 1.15 * population.positive.sum()
    assert found.direct.positives.value == pytest.approx(population.positive.sum(), rel=0.1)


def test_scores_that_the_table_does_not_reach_are_pointed_out() -> None:
    asked, table = funnel({"threshold": 1.0}), materials(9, 500)
    population = materials(10, 2000, 3.0).column(asked.stages[0])
    said = " ".join(forecast(asked, table, 2000, population).warnings)
    assert "higher score than any row" in said
    assert "its 500 rows count as" in said
    alike = materials(11, 2000).column(asked.stages[0])
    assert "count as" not in " ".join(forecast(asked, table, 2000, alike).warnings)


def test_text_has_a_line_for_each_stage_and_the_whole() -> None:
    found = forecast(funnel({"precision": 0.6}, {"threshold": 1.0}), materials(12, 600), 12_345)
    lines = found.as_text().splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["structure", "stability", "phonons"]
    assert "(precision 0.6)" in lines[2]
    assert "Of 12 345 candidates" in found.as_text()
    assert found.to_dict()["stages"][0]["threshold"]["wanted"] == 0.6


def test_chosen_thresholds_can_be_held_while_the_weights_change() -> None:
    asked, table = funnel({"recall": 0.7}, {"threshold": 1.0}), materials(18, 600)
    found = forecast(asked, table, 2000)
    assert list(found.thresholds) == ["structure"]
    held = asked.with_thresholds(found.thresholds)
    scores = materials(19, 2000, 0.5).column(asked.stages[0])
    again = forecast(held, table, 2000, scores)
    assert again.thresholds == {}
    passing = (scores >= found.thresholds["structure"]).sum()
    assert again.stages[0].passing.value == pytest.approx(passing)


def test_another_mu_star() -> None:
    table, stage = materials(13, 600), Stage(name="a", kind="structure", threshold=1.0)
    other = Funnel(source="x", stages=(stage,), mu_star=0.13)
    assert "μ* = 0.1," in forecast(other, table, 100).warnings[0]
    chosen = Funnel(
        source="x", stages=(Stage(name="a", kind="structure", recall=0.5),), mu_star=0.13
    )
    with pytest.raises(ConfigError, match="cannot be chosen"):
        forecast(chosen, table, 100)


@pytest.mark.parametrize(
    ("candidates", "scores"), [(0, None), (3, np.zeros(2))], ids=["none", "other number"]
)
def test_candidates_that_make_no_sense(candidates: int, scores: np.ndarray | None) -> None:
    with pytest.raises(ConfigError, match="candidates"):
        forecast(funnel({"threshold": 1.0}), materials(14, 100), candidates, scores)


def test_a_precision_out_of_reach_names_the_stage() -> None:
    with pytest.raises(ConfigError, match="Stage 'structure'"):
        forecast(
            funnel({"precision": 1.0, "score": "probability_tc_above_5_kelvin"}),
            inverted(materials(15, 400)),
            100,
        )


def inverted(table: Calibration) -> Calibration:
    return Calibration(
        scores=table.scores, positive=~table.positive, groups=table.groups, facts=table.facts
    )


def test_a_table_without_positives_or_scores() -> None:
    table = materials(16, 100)
    nothing = Calibration(
        scores=table.scores, positive=np.zeros(100, dtype=bool), groups=table.groups
    )
    with pytest.raises(DataError, match="None of the 100 rows"):
        forecast(funnel({"threshold": 1.0}), nothing, 10)
    with pytest.raises(DataError, match="structure/other/tc_kelvin"):
        forecast(funnel({"threshold": 1.0, "model": "other"}), table, 10)


def test_a_funnel_that_passes_nothing_of_the_table() -> None:
    found = forecast(funnel({"threshold": 50.0}), materials(17, 300), 10_000)
    assert found.shortlist.value == 0.0
    assert found.shortlist.high_95 > 0.0
    assert "hardly a forecast" in " ".join(found.warnings)


@pytest.mark.parametrize("shift", [0.0, 1.5, 6.0])
def test_a_budget_passes_as_many_as_it_says_once_the_scores_are_known(shift: float) -> None:
    asked = funnel({"budget": 4}, {"budget": 3})
    scores = materials(21, 300, shift).column(asked.stages[0])
    found = forecast(asked, materials(20, 600), 300, scores)
    first = found.stages[0]
    assert first.threshold is not None
    assert first.threshold.value == np.sort(scores)[-4]
    assert first.passing.value == pytest.approx(4.0)
    assert found.precision.low_95 <= found.precision.value <= found.precision.high_95
    assert "inf" not in found.as_text()
