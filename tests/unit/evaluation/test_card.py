"""A finished run becomes a checkpoint that reads back, predicts and says how good it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase.build import bulk
from safetensors.torch import load_file

from betenet import __version__
from betenet.ensemble.dataset import TARGETS, data_digest
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.migrations import FORMAT_VERSION
from betenet.ensemble.run import Workload
from betenet.errors import DataError
from betenet.evaluation import card as module
from betenet.evaluation.card import write_model
from betenet.evaluation.held_out import cross_validation, out_of_bag

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
