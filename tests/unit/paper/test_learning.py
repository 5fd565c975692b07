"""Fig. 3 from a tiny training: what was kept of each region is what is shown of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from betenet.errors import ConfigError, DataError
from betenet.network.config import NetworkConfig
from betenet.paper.learning import Learning, follow_learning
from betenet.paper.learning_figure import learning_figure
from betenet.training.full_batch_member import FullBatchConfig
from betenet.training.full_batch_recipe import FullBatchRecipe
from betenet.training.full_batch_results import FullBatchResults
from betenet.training.full_batch_run import make_trainer, run_full_batch
from betenet.training.manifest import Told, begin_training
from betenet.training.regions import Patience


@pytest.fixture(scope="module")
def training(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Member 0 of a full-batch run, trained for some epochs in this process."""
    network = replace(NetworkConfig.paper(), width=2, embedding=4, radial_hidden=5, radial_size=4)
    patience = Patience(classical=1, critical=1, modern=2)
    config = FullBatchConfig(epochs=6, log_every=1, patience=patience)
    recipe = FullBatchRecipe(name="tiny", members=1, network=network, training=config)
    folder = tmp_path_factory.mktemp("training")
    run_full_batch(recipe, tiny_data, folder, members=[])
    make_trainer(recipe, tiny_data, folder)(0)
    return folder


@pytest.fixture(scope="module")
def found(training: Path, tiny_data: Path) -> Learning:
    return follow_learning(training, data=tiny_data, landscape_points=3)


def test_losses_at_the_weights_are_those_of_the_training(found: Learning) -> None:
    assert found.landscapes
    for region, plane in found.landscapes.items():
        kept = found.extrema[region]
        assert plane.train[1, 1] == pytest.approx(kept["train_loss"], rel=1e-4)
        assert plane.held_out[1, 1] == pytest.approx(kept["validation_loss"], rel=1e-4)
        row = found.curve.epochs.tolist().index(int(kept["epoch"]))
        assert found.curve.validation[row] == pytest.approx(kept["validation_loss"])


def test_parity_is_of_rows_outside_the_bag(
    found: Learning, training: Path, tiny_data: Path
) -> None:
    results = FullBatchResults.open(training, tiny_data)
    outside = [row.id for row, n in zip(results.load.rows, results.bag(0), strict=True) if n == 0]
    assert list(found.ids) == outside
    for values in found.predicted.values():
        assert values["coupling"].shape == (len(outside),)


def test_what_is_known_is_drawn_and_written(found: Learning) -> None:
    part = learning_figure(found)
    names = [one.name for one in part.figures]
    assert names == ["figure_3a", "figure_3a_landscapes", "figure_3b-g"]
    tables = {one.name: one.plain() for one in part.numbers}
    assert tables["figure_3_curves"]["epoch"] == found.curve.epochs.tolist()
    assert len(tables["figure_3_landscapes"]["region"]) == 9 * len(found.landscapes)


def test_without_the_data_there_are_curves_alone(training: Path, tmp_path: Path) -> None:
    found = follow_learning(training, data=tmp_path)
    assert not found.landscapes
    assert "Landscapes and parity" in found.left_out[0]
    assert [one.name for one in learning_figure(found).figures] == ["figure_3a"]


def test_a_member_that_there_is_not(training: Path, tiny_data: Path) -> None:
    with pytest.raises(DataError, match="Members that have begun: 0"):
        follow_learning(training, data=tiny_data, member=7)


def test_a_training_that_is_not_full_batch(tmp_path: Path) -> None:
    begin_training(tmp_path, Told({"name": "other"}, "digest of the rows"))
    with pytest.raises(ConfigError, match="not full batch"):
        follow_learning(tmp_path)


def test_reach_of_the_median_grows_with_the_epoch() -> None:
    from betenet.paper.learning_figure import smoothed

    steps = np.arange(300.0)  # a median keeps a straight line
    assert smoothed(steps) == pytest.approx(steps)


def test_other_data_than_those_of_the_training_are_told(
    training: Path, tiny_data: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_data, tmp_path / "data")
    table = tmp_path / "data" / "bete_net" / "moments_train.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:-1]) + "\n")
    found = follow_learning(training, data=tmp_path / "data", landscape_points=3)
    assert not found.landscapes
    assert any("learnt from other data" in text and "the rows" in text for text in found.left_out)
