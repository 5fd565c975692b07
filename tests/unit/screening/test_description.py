import pytest
from tests.screening_run import MANIFEST, STAGES, write_run

from betenet.errors import DataError
from betenet.screening.description import describe_run
from betenet.screening.run_stage import ranking_stage


@pytest.mark.parametrize(
    "manifest",
    [
        MANIFEST,
        {"funnel": {"stages": STAGES}},
        {"forecast": {"stages": [{"name": "x"}]}, **MANIFEST},
    ],
    ids=["plain", "inside", "beside a forecast"],
)
def test_stages_are_found_wherever_the_manifest_keeps_them(tmp_path, manifest):
    run = describe_run(write_run(tmp_path, [], manifest))
    assert run.names == ("source", "first", "stable", "last")
    assert [stage.by for stage in run.stages] == ["", "cso-1", "7net-l3i5", "phonons-1"]
    assert [stage.wish for stage in run.stages] == ["", "threshold 4", "", "budget 2"]
    assert run.stages[1].threshold == 4.0
    assert run.stages[3].threshold is None


@pytest.mark.parametrize(("kept", "ranked_by"), [(3, "last"), (2, "first"), (1, "first")])
def test_the_last_stage_that_predicts_ranks(tmp_path, kept, ranked_by):
    run = describe_run(write_run(tmp_path, [], {"stages": STAGES[:kept]}))
    assert ranking_stage(run.stages).name == ranked_by


def test_stages_that_only_the_records_know_come_last(tmp_path):
    run = describe_run(write_run(tmp_path, [], {}), ("source", "other"))
    assert run.names == ("source", "other")


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ("tc_kelvin", "predicted Tc (K)"),
        ("probability_tc_above_5_kelvin", "P(Tc > 5 K)"),
        ("coupling", "predicted λ"),
        ("mine", "mine"),
        ("", "score"),
    ],
)
def test_a_score_is_named_with_its_unit(tmp_path, score, words):
    stage = {"name": "x", "kind": "structure", "score": score}
    run = describe_run(write_run(tmp_path, [], {"stages": [stage]}))
    assert run.stages[1].score_in_words == words


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(DataError, match="betenet screen run"):
        describe_run(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_manifest_is_named(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DataError, match="is damaged") as caught:
        describe_run(tmp_path)
    assert "manifest.json is damaged" in caught.value.summary
