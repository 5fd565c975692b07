import json
import math
from dataclasses import replace

import pytest
from ase.build import bulk
from tests.screening_run import STAGES, predicted, small_run, source, stored, write_run

from betenet.screening.description import describe_run
from betenet.screening.rows import Ranking, columns, flat_row
from betenet.screening.stages import read_values
from betenet.structures import prepare_structures


@pytest.fixture
def run(tmp_path):
    return describe_run(write_run(tmp_path, []))


@pytest.fixture
def rows(run, tmp_path):
    store = stored(tmp_path, small_run())
    every = (flat_row(run, of_one) for of_one in store.candidates(run.names))
    return {row["name"]: row for row in every}


def test_every_row_has_every_column_with_its_type(run, rows):
    types = columns(run)
    for row in rows.values():
        assert list(row) == list(types)
        for name, value in row.items():
            assert value is None or isinstance(value, types[name]), name


@pytest.mark.parametrize(
    ("name", "stage", "outcome"),
    [
        ("c", "last", "passed"),
        ("near", "last", "rejected"),
        ("soft", "stable", "rejected"),
        ("cold", "first", "rejected"),
        ("twin", "source", "rejected"),
        ("broken", "source", "failed"),
    ],
)
def test_a_row_says_how_far_its_candidate_came(rows, name, stage, outcome):
    assert (rows[name]["stage"], rows[name]["outcome"]) == (stage, outcome)
    assert bool(rows[name]["reason"]) == (outcome != "passed")


def test_numbers_are_those_of_the_last_stage_that_predicts(rows):
    assert rows["c"]["tc_kelvin"] == 16.0
    assert rows["c"]["tc_kelvin_high_68"] == pytest.approx(19.2)
    assert rows["c"]["predicted_by"] == "last"
    assert (rows["c"]["score_first"], rows["c"]["score_last"]) == (9.0, 16.0)
    assert (rows["soft"]["tc_kelvin"], rows["soft"]["predicted_by"]) == (7.0, "first")
    assert rows["soft"]["imaginary_fraction"] == rows["soft"]["score_stable"] == 0.25
    assert rows["broken"]["tc_kelvin"] is None


def test_atoms_are_those_of_the_cell_and_not_of_the_supercell(rows):
    assert rows["c"]["n_atoms"] == rows["soft"]["n_atoms"] == 2


def test_what_was_read_is_in_a_row(run):
    (prepared,) = prepare_structures(bulk("Nb", cubic=True))
    record = predicted("x", "first", "passed", 9.0)
    record = replace(record, values={**record.values, **read_values(prepared.as_read)})
    row = flat_row(run, [source("x"), record])
    assert (row["space_group"], row["space_group_number"], row["n_sites"]) == ("Im-3m", 229, 2)
    assert (row["a_angstrom"], row["gamma_degrees"]) == (3.3, 90.0)
    assert row["volume_per_atom_angstrom3"] == pytest.approx(3.3**3 / 2, rel=1e-5)
    assert flat_row(run, [source("x")])["space_group"] is None


def test_findings_of_a_prediction_are_in_a_row(run):
    record = predicted("x", "first", "passed", 9.0)
    record = replace(record, values={**record.values, "findings": "cuprate, magnetic_elements"})
    assert flat_row(run, [source("x"), record])["findings"] == "cuprate, magnetic_elements"
    assert flat_row(run, [source("x")])["findings"] is None


def test_what_the_database_says_is_kept(rows):
    assert rows["c"]["energy_above_hull_ev_per_atom"] == 0.02
    assert rows["c"]["band_gap_ev"] == 0.0
    assert json.loads(rows["c"]["given"]) == {"material": "x-1"}
    assert rows["a"]["given"] == ""


def test_flags_of_phonons_are_warnings_in_words(rows):
    said = rows["c"]["warnings"]
    assert said[0] == "far from training; beware"
    assert "changed the volume" in said[1]


def test_what_a_prediction_says_of_its_phonons_is_not_said_twice(run):
    text = "phonons of x: the relaxation changed the volume by more than a tenth"
    records = [r for r in small_run() if r.name == "c" and r.stage != "last"]
    records.append(predicted("c", "last", "passed", 9.0, warnings=(text,)))
    assert flat_row(run, records)["warnings"] == [text]


def test_a_number_that_is_not_known_is_none(run):
    record = predicted("x", "first", "rejected", math.nan)
    row = flat_row(run, [source("x"), record])
    assert row["score_first"] is None
    assert row["tc_kelvin"] is None


def test_order_of_the_ranking(run, tmp_path):
    store = stored(tmp_path, small_run())
    ranking = Ranking.of(run, store.counts())
    assert [row["name"] for row in ranking.rows(store, run)] == ["c", "a", "near"]


def test_equal_scores_are_ordered_by_name(run, tmp_path):
    records = [source(n) for n in ("b", "c", "a")]
    records += [predicted(n, "first", "passed", 7.0) for n in ("b", "c", "a")]
    ranking = Ranking.of(run, {"first": {"passed": 3}})
    assert [row["name"] for row in ranking.rows(stored(tmp_path, records), run)] == ["a", "b", "c"]


@pytest.mark.parametrize("begun", [1, 2, 3])
def test_a_run_that_is_not_done_is_ranked_by_what_there_is(run, begun):
    names = [stage["name"] for stage in STAGES[:begun]]
    ranking = Ranking.of(run, {name: {"passed": 1} for name in ("source", *names)})
    assert ranking.last == names[-1]
    assert ranking.by == ("last" if begun == 3 else "first")


def test_what_is_measured_is_in_a_row_and_the_nearest_for_the_shortlist(run):
    every = [predicted("x", name, "passed", 9.0) for name in run.names if name != "source"]
    whole = [replace(record, formula="Nb") for record in [source("x"), *every]]
    row = flat_row(run, whole)
    assert row["known_tc_kelvin"] == pytest.approx(9.2, abs=0.1)
    assert "V 5.2" in row["nearest_known"]
    last = replace(whole[-1], outcome="rejected", reason="too low")
    assert flat_row(run, [*whole[:-1], last])["nearest_known"] is None
    assert flat_row(run, [*whole[:-1], last])["known_tc_kelvin"] == row["known_tc_kelvin"]
    nothing = [replace(record, formula="Cu") for record in whole]
    assert flat_row(run, nothing)["known_tc_kelvin"] is None
