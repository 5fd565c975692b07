import pytest
from tests.screening_run import predicted, small_run, source, stored, write_run

from betenet.screening.description import describe_run
from betenet.screening.report import summary
from betenet.screening.report.summary import kind_of_reason, summarise_run


@pytest.fixture
def run(tmp_path):
    return describe_run(write_run(tmp_path, small_run()))


@pytest.fixture
def found(run, tmp_path):
    return summarise_run(stored(tmp_path, small_run()), run, 10)


def test_every_record_is_counted_once(found, tmp_path):
    counted = {name: dict(tally.outcomes) for name, tally in found.stages.items()}
    assert counted == stored(tmp_path, small_run()).counts()


def test_seconds_add_up(found):
    assert found.stages["stable"].seconds == pytest.approx(4 * 3.0)
    assert found.stages["source"].seconds == 0.0


def test_scores_know_which_of_them_passed(found):
    first = found.stages["first"]
    assert dict(zip(first.scores, first.passed, strict=True)) == {9: 1, 18: 1, 1: 0, 7: 1, 5.5: 1}
    assert not found.stages["source"].scores


def test_hit_rates_are_of_what_passed_the_source(found):
    # "twin", rejected by the source, holds Nb as well
    assert found.elements["Nb"] == (2, 2)
    assert found.elements["V"] == found.elements["Al"] == (1, 0)
    assert found.elements["Sn"] == (1, 1)


@pytest.mark.parametrize("most", [1, 2, 3, 10])
def test_only_the_best_are_held(run, tmp_path, most):
    found = summarise_run(stored(tmp_path, small_run()), run, most)
    assert [row["name"] for row in found.best] == ["c", "a", "near"][:most]
    assert (found.ranked, found.shortlisted) == (3, 2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tc_kelvin = 3.2 is below 5", "tc_kelvin = 1e-05 is below 5"),
        ("duplicate of mp-1", "duplicate of a b c"),
        ("cells/7.cif: no cell", "cells/81.cif: no cell"),
    ],
)
def test_reasons_that_differ_in_numbers_only_are_one_kind(one, other):
    assert kind_of_reason(one) == kind_of_reason(other)


def test_words_of_a_reason_stay():
    assert kind_of_reason("P63/mmc, mp-12 and tc_kelvin") == "P63/mmc, mp-… and tc_kelvin"
    assert kind_of_reason("") == "no reason given"


def test_kinds_of_reasons_have_an_end(run, tmp_path, monkeypatch):
    monkeypatch.setattr(summary, "MOST_REASONS", 3)
    words = ["one", "two", "three", "four", "five", "one"]
    records = [source(str(i), "rejected", reason=word) for i, word in enumerate(words)]
    reasons = summarise_run(stored(tmp_path, records), run, 5).stages["source"].reasons
    assert reasons == {
        ("rejected", "one"): 2,
        ("rejected", "two"): 1,
        ("rejected", "three"): 1,
        ("rejected", summary.OTHER): 2,
    }


def test_an_unfinished_run_ranks_what_has_come_furthest(run, tmp_path):
    records = [source("a"), source("b"), predicted("a", "first", "passed", 9.0)]
    found = summarise_run(stored(tmp_path, records), run, 5)
    assert found.ranking.last == "first"
    assert [row["name"] for row in found.best] == ["a"]
