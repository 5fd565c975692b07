"""Training learns, stops out of bag, and goes on after a kill as if nothing had happened."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from betenet.training.member import (
    in_bag_counts,
    learning_rate,
    predict_log_moments,
    train_member,
)
from betenet.training.recipe import Recipe
from betenet.training.training_set import TrainingSet


def _everything(data: TrainingSet) -> np.ndarray:
    return np.ones(len(data.formulas), dtype=bool)


def test_learns_more_than_the_mean(
    tiny_recipe: Recipe, tiny_set: TrainingSet, tmp_path: Path
) -> None:
    recipe = replace(tiny_recipe, training=replace(tiny_recipe.training, epochs=40, patience=40))
    allowed = _everything(tiny_set)
    parameters = train_member(recipe, tiny_set, allowed, 0, tmp_path)
    unseen = np.flatnonzero(in_bag_counts(recipe, tiny_set.formulas, allowed, 0) == 0)
    predicted = predict_log_moments(recipe, parameters, tiny_set, unseen)
    error = (predicted - tiny_set.targets[unseen])[:, 1].square().mean()
    spread = tiny_set.targets[unseen][:, 1].var()
    assert error < 0.3 * spread


def test_restart_after_a_kill_gives_the_same_member(
    tiny_recipe: Recipe, tiny_set: TrainingSet, tmp_path: Path
) -> None:
    allowed = _everything(tiny_set)
    whole = train_member(tiny_recipe, tiny_set, allowed, 5, tmp_path / "whole")

    class KilledError(Exception):
        pass

    def kill(record: dict[str, float]) -> None:
        if record["epoch"] == 1:
            raise KilledError

    with pytest.raises(KilledError):
        train_member(tiny_recipe, tiny_set, allowed, 5, tmp_path / "broken", kill)
    assert not (tmp_path / "broken" / "member.safetensors").exists()
    resumed = train_member(tiny_recipe, tiny_set, allowed, 5, tmp_path / "broken")
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0)
    log = (tmp_path / "broken" / "log.jsonl").read_text()
    epochs = [json.loads(line)["epoch"] for line in log.splitlines()]
    assert epochs == [0, 1, 2, 3]


def test_a_finished_member_is_not_trained_again(
    tiny_recipe: Recipe, tiny_set: TrainingSet, tmp_path: Path
) -> None:
    allowed = _everything(tiny_set)
    first = train_member(tiny_recipe, tiny_set, allowed, 0, tmp_path)
    records: list[dict[str, float]] = []
    second = train_member(tiny_recipe, tiny_set, allowed, 0, tmp_path, records.append)
    assert records == []
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_stops_when_the_out_of_bag_loss_no_longer_falls(
    tiny_recipe: Recipe, tiny_set: TrainingSet, tmp_path: Path
) -> None:
    hot = replace(
        tiny_recipe.training, epochs=60, patience=2, learning_rate=0.5, average=1e-6, clip_norm=1e3
    )
    records: list[dict[str, float]] = []
    recipe = replace(tiny_recipe, training=hot)
    train_member(recipe, tiny_set, _everything(tiny_set), 1, tmp_path, records.append)
    assert len(records) < 60
    best = min(records, key=lambda r: r["out_of_bag_loss"])
    assert records[-1]["epoch"] - best["epoch"] == 2


def test_rows_that_are_not_allowed_are_never_drawn(
    tiny_recipe: Recipe, tiny_set: TrainingSet
) -> None:
    allowed = np.arange(len(tiny_set.formulas)) % 3 > 0
    counts = in_bag_counts(tiny_recipe, tiny_set.formulas, allowed, 0)
    assert counts[~allowed].sum() == 0
    assert counts[allowed].sum() > 0


def test_learning_rate_rises_and_falls(tiny_recipe: Recipe) -> None:
    peak = tiny_recipe.training.learning_rate
    rates = [learning_rate(tiny_recipe, share) for share in np.linspace(0, 0.999, 200)]
    assert max(rates) == pytest.approx(peak, rel=1e-3)
    assert rates[0] < 0.05 * peak
    assert rates[-1] < 0.01 * peak
    assert np.argmax(rates) == pytest.approx(20, abs=1)
