"""A finished run becomes a checkpoint that reads back, predicts and says how good it is."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase.build import bulk
from safetensors.torch import load_file

from betenet import __version__
from betenet.datasets.rows import TARGETS, Row, data_digest
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.migrations import FORMAT_VERSION
from betenet.errors import DataError
from betenet.evaluation import card as module
from betenet.evaluation.card import write_model
from betenet.evaluation.held_out import cross_validation, out_of_bag
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, SIMPLE_METHOD
from betenet.training.run import Workload

Finished = tuple[Workload, Path]


@pytest.fixture(scope="module")
def written(
    recorded_run: tuple[Workload, Path, object], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """Folder of the checkpoint, and the card that came back."""
    folder = tmp_path_factory.mktemp("models") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RESAMPLES", 40)
        return folder, write_model(recorded_run[0], recorded_run[1], folder)


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESAMPLES", 40)


@pytest.fixture
def model(written: tuple[Path, dict[str, Any]]) -> Ensemble:
    return Ensemble.load(written[0])


def test_checkpoint_holds_the_members(model: Ensemble, finished_run: Finished) -> None:
    load, out = finished_run
    assert model.n_members == 4
    assert model.config == load.recipe.network
    for member in range(4):
        trained = load_file(out / "full" / f"member-{member:02d}" / "member.safetensors")
        for name, value in trained.items():
            torch.testing.assert_close(model.parameters[name][member], value, rtol=1e-3, atol=1e-6)


def test_card_reads_back_as_it_was_returned(
    written: tuple[Path, dict[str, Any]], model: Ensemble
) -> None:
    as_toml = json.loads(json.dumps(written[1]))  # which knows no tuples either
    assert model.card == {"format_version": FORMAT_VERSION, **as_toml}


def test_card_says_where_the_model_comes_from(model: Ensemble, finished_run: Finished) -> None:
    load, _ = finished_run
    card = model.card
    assert card["name"] == model.name == "tiny-run"
    assert card["betenet_version"] == __version__
    assert card["members"] == 4
    assert card["seeds"] == [0, 1, 2, 3]
    assert card["licence"]
    assert card["citation"]
    assert card["data_digest"] == data_digest(load.rows)
    assert card["sources"] == {"bete_net": 24, "alexandria": 12, "jarvis": 3}
    assert card["refused"] == load.refused
    assert card["elements"]["N"] == 12
    assert card["elements"]["Nb"] == 3
    assert card["training"]["epochs"] == 2
    assert card["selection"]["n_folds"] == 2


def test_card_says_how_good_the_model_is(model: Ensemble, finished_run: Finished) -> None:
    metrics = model.card["metrics"]
    for kind, measured in (
        ("cross_validation", cross_validation(*finished_run)),
        ("out_of_bag", out_of_bag(*finished_run)),
    ):
        assert metrics[kind]["rows"] == len(measured.rows)
        value, low, high = metrics[kind]["coupling"]["mae"]
        assert value == pytest.approx(measured.table()["coupling"]["mae"].value, abs=1e-4)
        assert low <= value <= high
        scores = metrics[kind]["tc"]
        assert {"mae", "average_precision"} <= set(scores)
        ranked, low, high = scores["average_precision_by_probability"]
        assert 0 <= low <= ranked <= high <= 1
        shares = model.card["coverage"][kind]
        assert all(0 <= s["interval_68"] <= s["interval_95"] <= 1 for s in shares.values())
    assert set(model.card["calibration"]) == set(TARGETS)
    assert model.card["element_errors"]["N"]["compounds"] == 12


def test_card_lists_the_worst_compounds_first(model: Ensemble, finished_run: Finished) -> None:
    load, out = finished_run
    worst = model.card["worst"]
    assert len(worst) == module.WORST
    errors = [abs(entry["coupling"] - entry["predicted"]) for entry in worst]
    assert errors == sorted(errors, reverse=True)
    assert worst[0]["formula"] == "Al"  # its λ is 9
    found = cross_validation(load, out)
    largest = np.abs(found.predicted[:, 0] - found.reference[:, 0]).max()
    assert errors[0] == pytest.approx(largest, abs=2e-3)


def test_model_predicts_with_its_calibration(model: Ensemble) -> None:
    niobium, polonium = model.predict([bulk("Nb", "fcc", a=4.0), bulk("Po", "sc", a=3.35)])
    assert niobium.error is None
    assert niobium.estimates["coupling"].value > 0.0
    floor = model.card["calibration"]["coupling"]["floor"]
    low, high = niobium.estimates["coupling"].interval_68
    assert np.log(high / low) >= 2 * 0.99 * floor
    assert any("Nb was seen in only 3 training structures" in text for text in niobium.warnings)
    assert any("Po was not seen" in text for text in polonium.warnings)


def without_labels(load: Workload, *, of: str) -> Workload:
    """The same where the rows of the sources named know λ and ω_log alone."""
    rows: list[Row] = []
    for row in load.rows:
        kept = np.where(np.arange(len(TARGETS)) < 2, row.targets, np.nan)
        rows.append(replace(row, targets=kept) if row.source in of else row)
    return replace(load, rows=rows)


@pytest.mark.usefixtures("few_resamples")
def test_model_says_what_it_has_not_learnt(finished_run: Finished, tmp_path: Path) -> None:
    load, out = finished_run
    card = write_model(without_labels(load, of="bete_net"), out, tmp_path / "model")
    whole = write_model(load, out, tmp_path / "whole")
    (caveat,) = card["caveats"]
    assert "ω_1, ω_2, ω_3, ω_max and the width of α²F: not learnt" in caveat
    assert "caveats" not in whole
    for kind in ("cross_validation", "out_of_bag"):
        scores, expected = card["metrics"][kind], whole["metrics"][kind]
        assert set(expected) - set(scores) == {"omega_2"}
        for key in ("rows", "coupling", "omega_log"):
            assert scores[key] == expected[key]
        assert (scores["tc_method"], expected["tc_method"]) == (SIMPLE_METHOD, DEFAULT_METHOD)
        assert set(card["coverage"][kind]) == {"coupling", "omega_log", "tc"}
    assert set(card["calibration"]) == {"coupling", "omega_log"}
    assert set(card["element_errors"]["N"]) == {"compounds", "coupling", "omega_log_kelvin"}
    (niobium,) = Ensemble.load(tmp_path / "model").predict(bulk("Nb", "fcc", a=4.0))
    assert caveat in niobium.warnings
    known = {key for key, found in niobium.estimates.items() if np.isfinite(found.std)}
    assert known == {"coupling", "omega_log", "tc"}
    assert np.isfinite(niobium.unchecked_tc_probability)


@pytest.mark.usefixtures("few_resamples")
def test_card_tells_what_is_learnt_but_not_tested(finished_run: Finished) -> None:
    load, out = finished_run
    rows = [
        replace(row, targets=np.full(len(TARGETS), 9.0)) if row.source == "jarvis" else row
        for row in without_labels(load, of="bete_net").rows
    ]
    card = module.make_card(replace(load, rows=rows), out)
    assert card["caveats"] == [
        "ω_1, ω_2, ω_3, ω_max: not tested, fewer than 20 rows of bete_net know them"
    ]


@pytest.mark.usefixtures("few_resamples")
def test_card_counts_the_rows_behind_a_score(finished_run: Finished) -> None:
    load, out = finished_run
    rows = list(load.rows)
    gaps = np.where(np.arange(len(TARGETS)) == 0, np.nan, rows[3].targets)
    rows[3] = replace(rows[3], targets=gaps)
    card = module.make_card(replace(load, rows=rows), out)
    metrics = card["metrics"]["cross_validation"]
    assert (metrics["rows"], metrics["coupling"]["rows"], metrics["tc"]["rows"]) == (24, 23, 23)
    assert "rows" not in metrics["omega_log"]
    assert all(entry["id"] != rows[3].id for entry in card["worst"])


def test_unfinished_member_is_named(finished_run: Finished, tmp_path: Path) -> None:
    load, out = finished_run
    shutil.copytree(out, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "full" / "member-03")
    with pytest.raises(DataError, match="Member 3 is not finished") as caught:
        write_model(load, tmp_path / "run", tmp_path / "model")
    assert "goes on where it stopped" in caught.value.fix
    assert not (tmp_path / "model").exists()


def test_missing_cross_validation_is_named(finished_run: Finished, tmp_path: Path) -> None:
    load, out = finished_run
    shutil.copytree(out / "full", tmp_path / "run" / "full")
    with pytest.raises(DataError, match="Fold 0 has no finished member"):
        write_model(load, tmp_path / "run", tmp_path / "model")
    assert not (tmp_path / "model").exists()
