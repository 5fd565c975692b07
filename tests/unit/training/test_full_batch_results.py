"""A full-batch run is read alike, whether it is over or goes on."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from betenet.errors import ConfigError
from betenet.network.config import NetworkConfig
from betenet.training import full_batch_member as module
from betenet.training.full_batch_member import FullBatchConfig
from betenet.training.full_batch_recipe import FullBatchRecipe
from betenet.training.full_batch_results import FullBatchResults
from betenet.training.full_batch_run import make_trainer, run_full_batch
from betenet.training.regions import Patience


class KilledError(Exception):
    """The end of a process."""


@pytest.fixture(scope="module")
def runs(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One run under way, and the same run when it is over."""
    network = replace(NetworkConfig.paper(), width=2, embedding=4, radial_hidden=5, radial_size=4)
    config = FullBatchConfig(
        epochs=4, log_every=1, save_every=1, patience=Patience(classical=9, critical=9, modern=9)
    )
    recipe = FullBatchRecipe(name="tiny", members=1, network=network, training=config)
    root = tmp_path_factory.mktemp("runs")
    run_full_batch(recipe, tiny_data, root / "over", members=[])
    train = make_trainer(recipe, tiny_data, root / "over")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "member_parameters", _kill)
        with pytest.raises(KilledError):
            train(0)
    shutil.copytree(root / "over", root / "going on")
    train(0)
    return root / "going on", root / "over"


def _kill(*_: object) -> None:
    raise KilledError


def test_a_run_under_way_tells_what_it_tells_when_it_is_over(
    runs: tuple[Path, Path], tiny_data: Path
) -> None:
    going_on, over = (FullBatchResults.open(folder, tiny_data) for folder in runs)
    assert going_on.members == over.members == (0,)
    assert (going_on.members_with_weights, over.members_with_weights) == ((), (0,))
    assert going_on.extrema(0) == over.extrema(0)
    assert going_on.curve(0).validation.tolist() == over.curve(0).validation.tolist()
    kept, final = going_on.weights(0), over.weights(0)
    assert kept.keys() == final.keys() == over.extrema(0).keys()
    for region, table in final.items():
        assert all(bool((value == kept[region][name]).all()) for name, value in table.items())


def test_a_record_that_is_cut_off_is_passed_over(
    runs: tuple[Path, Path], tiny_data: Path, tmp_path: Path
) -> None:
    shutil.copytree(runs[1], tmp_path / "cut")
    log = tmp_path / "cut" / "member-000" / "log.jsonl"
    text = log.read_text("utf-8")
    log.write_text(text[: len(text) - 20], encoding="utf-8")
    curve = FullBatchResults.open(tmp_path / "cut", tiny_data).curve(0)
    assert curve.epochs.tolist() == [0, 1, 2]


def test_another_folder_is_no_run(tiny_data: Path) -> None:
    with pytest.raises(ConfigError, match="not the folder of a training run"):
        FullBatchResults.open(tiny_data, tiny_data)
