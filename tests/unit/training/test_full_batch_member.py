"""A member trained full batch: what is kept is what the log says, and a kill changes nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from ase.build import bulk

from betenet.errors import ConfigError
from betenet.graphs import build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import joint_geometry
from betenet.network.model import forward_member
from betenet.training.full_batch_member import (
    LOG,
    STATE,
    SUMMARY,
    FullBatchConfig,
    FullBatchData,
    train_full_batch_member,
)
from betenet.training.regions import Patience
from betenet.training.spectrum_losses import make_loss

TINY = replace(
    NetworkConfig.paper(), width=3, embedding=5, radial_hidden=6, radial_size=4, frequency_count=12
)
CRYSTALS = [
    bulk("Nb", "bcc", a=3.3),
    bulk("MgO", "rocksalt", a=4.21),
    bulk("TiN", "rocksalt", a=4.24),
    bulk("NbC", "rocksalt", a=4.47),
]
CONFIG = FullBatchConfig(
    epochs=60, log_every=1, save_every=5, patience=Patience(classical=3, critical=4, modern=5)
)


@pytest.fixture(scope="module")
def data() -> FullBatchData:
    generator = torch.Generator().manual_seed(1)
    known = torch.rand((len(CRYSTALS), TINY.frequency_count), generator=generator)
    graphs = [build_graph(atoms, TINY.cutoff) for atoms in CRYSTALS]
    return FullBatchData(
        geometry=collate([joint_geometry(graphs, TINY)], TINY),
        loss=make_loss("mse", TINY.frequencies, known),
        train=torch.tensor([0.5, 0.5, 0.0, 0.0]),
        held_out=torch.tensor([0.0, 0.0, 0.5, 0.5]),
    )


def train(data: FullBatchData, folder: Path, **changed: Any) -> dict[str, Any]:
    config = replace(CONFIG, **changed)
    return dict(train_full_batch_member(TINY, config, data, seed=3, folder=folder))


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG).read_text("utf-8").splitlines()]


def without_times(folder: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in record.items() if k != "seconds"} for record in records(folder)]


@pytest.mark.slow
def test_weights_of_a_region_have_the_loss_of_its_extremum(data, tmp_path):
    kept = train(data, tmp_path)
    log = records(tmp_path)
    assert log[-1]["train_loss"] < 0.5 * log[0]["train_loss"]
    regions = dict.fromkeys(record["region"] for record in log if record["region"])
    assert list(kept) == [region for region in regions if region in kept]
    marks = json.loads((tmp_path / SUMMARY).read_text("utf-8"))["regions"]
    assert list(marks) == list(kept)
    for region, table in kept.items():
        a2f = forward_member(TINY, table, data.geometry).a2f
        loss = float((data.loss(a2f) * data.held_out).sum())
        record = log[marks[region]["epoch"]]
        for found in (marks[region]["validation_loss"], record["validation_loss"]):
            assert found == pytest.approx(loss, abs=1e-7)
        assert marks[region]["train_loss"] == record["train_loss"]
    lowest = min(record["validation_loss"] for record in log if record["region"] == "classical")
    first = float((data.loss(forward_member(TINY, kept["classical"], data.geometry).a2f)
                   * data.held_out).sum())  # fmt: skip
    assert first == pytest.approx(lowest, abs=1e-7)


def test_a_kill_costs_nothing_but_time(data, tmp_path):
    whole = train(data, tmp_path / "whole")

    class KilledError(Exception):
        pass

    def kill(record: dict[str, Any]) -> None:
        if record["epoch"] == 13:
            raise KilledError

    with pytest.raises(KilledError):
        train_full_batch_member(TINY, CONFIG, data, seed=3, folder=tmp_path / "cut", progress=kill)
    assert (tmp_path / "cut" / STATE).exists()
    again = train(data, tmp_path / "cut")
    assert not (tmp_path / "cut" / STATE).exists()
    assert without_times(tmp_path / "cut") == without_times(tmp_path / "whole")
    cut, uncut = (json.loads((tmp_path / n / SUMMARY).read_text("utf-8")) for n in ("cut", "whole"))
    assert cut["regions"] == uncut["regions"]
    assert list(again) == list(whole)
    for region, table in whole.items():
        for name, value in table.items():
            assert torch.equal(again[region][name], value), (region, name)


def test_what_is_done_is_only_read(data, tmp_path):
    first = train(data, tmp_path)
    before = (tmp_path / LOG).read_bytes()
    second = train(data, tmp_path)
    assert (tmp_path / LOG).read_bytes() == before
    assert list(first) == list(second)


def test_training_ends_at_the_last_epoch(data, tmp_path):
    train(data, tmp_path, epochs=7, patience=Patience(classical=100))
    assert [record["epoch"] for record in records(tmp_path)] == list(range(7))


@pytest.mark.parametrize("name", ["learning_rate", "epochs", "log_every", "save_every"])
def test_settings_are_positive(name):
    with pytest.raises(ConfigError, match=f"{name} = 0 trains nothing"):
        FullBatchConfig(**{name: 0})
