"""Fine-tuning learns own rows, keeps the rest, and goes on after a kill."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from safetensors.torch import load_file
from tests.made_cells import TRAINING_METALS
from tests.tiny_model import write_site_model, write_tiny_model

from betenet.datasets.rows import Row
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.ensemble import Ensemble
from betenet.errors import ConfigError, DataError
from betenet.network.model import member_parameters
from betenet.training.losses import LossConfig
from betenet.training.member import MEMBER, predict_log_moments
from betenet.training.tuning import (
    Tuning,
    TuningConfig,
    make_tuner,
    member_folder,
    run_tuning,
    tuning_recipe,
)


def file_of(out: Path, member: int) -> Path:
    return member_folder(out, member) / MEMBER


SMALL = TuningConfig(epochs=6, learning_rate=2e-2, batch_size=8, rehearsal=0)


@pytest.fixture
def model(tmp_path: Path) -> Ensemble:
    tiny = Ensemble.load(write_tiny_model(tmp_path / "tiny"))
    card = {k: v for k, v in tiny.card.items() if k != "format_version"}
    card["loss"] = asdict(LossConfig())
    write_checkpoint(tiny.path, card, tiny.parameters, tiny.applicability.to_tensors())
    return Ensemble.load(tiny.path)


@pytest.fixture
def rows(tiny_rows: list[Row]) -> list[Row]:
    return [row for row in tiny_rows if row.id.endswith("fcc")]


def test_own_rows_are_learnt_and_others_kept(
    model: Ensemble, rows: list[Row], tmp_path: Path
) -> None:
    others = [bulk(symbol + "C", "rocksalt", a=4.4) for symbol in TRAINING_METALS]
    drift: dict[str, float] = {}
    for name, config, rehearsed in (
        ("plain", replace(SMALL, pull=0.0), []),
        ("kept", replace(SMALL, rehearsal_weight=5.0), others),
    ):
        make_tuner(model.path, rows, rehearsed, config, tmp_path / name, "cpu")(0)
        members = member_parameters(model.parameters, 0), load_file(file_of(tmp_path / name, 0))
        tuning = Tuning.load(model, rows, others, config)
        every = np.arange(len(tuning.rows))
        before, now = (
            predict_log_moments(tuning.recipe, one, tuning.data, every) for one in members
        )
        true = tuning.data.targets[: len(rows), 1]
        errors = [float((one[: len(rows), 1] - true).abs().mean()) for one in (before, now)]
        assert errors[1] < 0.8 * errors[0]
        drift[name] = float((now - before)[len(rows) :, :2].abs().mean())
    assert drift["kept"] < 0.7 * drift["plain"]


def test_a_strong_pull_holds_the_parameters(
    model: Ensemble, rows: list[Row], tmp_path: Path
) -> None:
    start = member_parameters(model.parameters, 0)
    moved = []
    for pull in (0.0, 40.0):
        place = tmp_path / f"{pull}"
        make_tuner(model.path, rows, [], replace(SMALL, pull=pull), place, "cpu")(0)
        after = load_file(file_of(place, 0))
        moved.append(sum(float((after[k] - start[k]).square().sum()) for k in start))
    assert 0 < moved[1] < 0.7 * moved[0]


def test_each_member_holds_out_whole_formulas(model: Ensemble, rows: list[Row]) -> None:
    tuning = Tuning.load(model, rows, [], SMALL)
    held = [tuning.held_out(member) for member in range(5)]
    assert (np.sum(held, axis=0) == 1).all()
    few = Tuning.load(model, rows[:3], [], SMALL)
    assert not few.held_out(0).any()


@pytest.mark.slow
def test_a_run_goes_on_and_knows_its_rows(model: Ensemble, rows: list[Row], tmp_path: Path) -> None:
    short = replace(SMALL, epochs=2)
    out = tmp_path / "run"
    run_tuning(model, rows, [], short, out, workers=1)
    first, second = (file_of(out, member).read_bytes() for member in (0, 1))
    file_of(out, 1).unlink()
    kept = file_of(out, 0).stat().st_mtime_ns
    run_tuning(model, rows, [], short, out, workers=1)
    assert file_of(out, 0).stat().st_mtime_ns == kept
    assert file_of(out, 1).read_bytes() == second != first
    with pytest.raises(ConfigError):
        run_tuning(model, rows, [], replace(short, epochs=3), out, workers=1)
    with pytest.raises((ConfigError, DataError)):
        run_tuning(model, rows[1:], [], short, out, workers=1)


def test_models_that_cannot_be_tuned_say_why(model: Ensemble, tmp_path: Path) -> None:
    phonons = Ensemble.load(write_site_model(tmp_path / "sites"))
    with pytest.raises(ConfigError, match="phonon density of states"):
        tuning_recipe(phonons, SMALL)
    card = {k: v for k, v in model.card.items() if k != "loss"}
    with pytest.raises(ConfigError, match="no record of the loss"):
        tuning_recipe(replace(model, card=card), SMALL)
    with pytest.raises(ConfigError, match="below zero"):
        TuningConfig(pull=-1.0)
