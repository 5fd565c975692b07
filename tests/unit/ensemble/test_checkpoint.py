"""A checkpoint's folder is whole or refused, and replaced in one go."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from betenet.ensemble.checkpoint import (
    CARD,
    PARAMETERS,
    read_card,
    read_parameters,
    read_state,
    read_tensors,
    write_checkpoint,
)
from betenet.ensemble.migrations import FORMAT_VERSION
from betenet.errors import ModelError
from betenet.network.config import NetworkConfig
from betenet.network.model import initialise

APPLICABILITY_TENSORS = {"limits": torch.tensor([1.0, 2.0, 3.0])}


@pytest.fixture
def network() -> NetworkConfig:
    return NetworkConfig(
        cutoff=3.5, lmax=1, layers=2, width=8, embedding=8, hidden=16, peaks=3, radial_size=4
    )


@pytest.fixture
def card(network: NetworkConfig) -> dict[str, Any]:
    return {"name": "x", "description": "y", "members": 2, "network": network.to_dict()}


@pytest.fixture
def model(tmp_path: Path, card: dict[str, Any], network: NetworkConfig) -> Path:
    folder = tmp_path / "models" / "x"
    write_checkpoint(folder, card, initialise(network, [0, 1]), APPLICABILITY_TENSORS)
    return folder


def test_comes_back_as_written(model: Path, card: dict[str, Any], network: NetworkConfig) -> None:
    assert read_card(model) == {"format_version": FORMAT_VERSION, **card}
    parameters = initialise(network, [0, 1])
    found = read_parameters(model, network, 2)
    assert list(found) == list(parameters)
    assert all(torch.equal(found[name], value) for name, value in parameters.items())
    limits = read_tensors(model / "applicability.safetensors")["limits"]
    assert torch.equal(limits, APPLICABILITY_TENSORS["limits"])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_not_written(
    model: Path, card: dict[str, Any], network: NetworkConfig, value: float
) -> None:
    parameters = initialise(network, [0, 1])
    parameters["embedding.bias"][1, 0] = value
    with pytest.raises(ModelError, match=r"x is not written: embedding\.bias is not finite"):
        write_checkpoint(model, card, parameters, APPLICABILITY_TENSORS)
    assert read_parameters(model, network, 2)["embedding.bias"].isfinite().all()


def test_half_precision_is_read_as_single(
    tmp_path: Path, card: dict[str, Any], network: NetworkConfig
) -> None:
    halves = {name: value.half() for name, value in initialise(network, [0, 1]).items()}
    write_checkpoint(tmp_path / "x", card, halves, APPLICABILITY_TENSORS)
    found = read_parameters(tmp_path / "x", network, 2)
    assert all(value.dtype is torch.float32 for value in found.values())
    assert all(torch.equal(found[name], value.float()) for name, value in halves.items())


def test_every_user_may_read_the_files(model: Path) -> None:
    plain = model / "plain"
    plain.touch()
    expected = stat.S_IMODE(plain.stat().st_mode)
    assert {stat.S_IMODE(file.stat().st_mode) for file in model.iterdir()} == {expected}


def test_replaces_the_folder_that_is_there(
    model: Path, card: dict[str, Any], network: NetworkConfig
) -> None:
    (model / "stray").touch()
    new = {**card, "name": "newer", "members": 3}
    write_checkpoint(model, new, initialise(network, [5, 6, 7]), APPLICABILITY_TENSORS)
    assert read_card(model)["name"] == "newer"
    assert len(read_parameters(model, network, 3)["embedding.bias"]) == 3
    assert [entry.name for entry in model.parent.iterdir()] == ["x"]
    assert not (model / "stray").exists()


def test_failed_write_leaves_the_old_folder_alone(
    model: Path, card: dict[str, Any], network: NetworkConfig
) -> None:
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    parameters = initialise(network, [8, 9])
    with pytest.raises(TypeError):
        write_checkpoint(model, {**card, "bad": object()}, parameters, APPLICABILITY_TENSORS)
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before
    write_checkpoint(model, card, parameters, APPLICABILITY_TENSORS)
    assert [entry.name for entry in model.parent.iterdir()] == ["x"]


def test_kill_while_writing_leaves_no_half_a_folder(
    tmp_path: Path, card: dict[str, Any], network: NetworkConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "x"
    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(folder, card, initialise(network, [0, 1]), APPLICABILITY_TENSORS)
    assert not folder.exists()


def test_missing_card(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_card(tmp_path)
    assert caught.value.summary == f"No ensemble in {tmp_path}."
    assert caught.value.reason == "ensemble.toml cannot be read: No such file or directory."
    assert "betenet models list" in caught.value.fix


@pytest.mark.parametrize("content", [b"name = ", b"[network\n", b"\xff\xfe\x00", b"a = 1\na = 2\n"])
def test_broken_card(model: Path, content: bytes) -> None:
    (model / CARD).write_bytes(content)
    with pytest.raises(ModelError, match=r"ensemble\.toml is broken") as caught:
        read_card(model)
    assert caught.value.reason
    assert caught.value.fix == "Get the ensemble's folder again."


def test_card_of_a_later_format(model: Path) -> None:
    path = model / CARD
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"format_version = {FORMAT_VERSION}", "format_version = 99"))
    with pytest.raises(ModelError, match="has format version 99") as caught:
        read_card(model)
    assert caught.value.fix == "Install a newer betenet."


def test_incomplete_card_names_what_is_missing(model: Path, network: NetworkConfig) -> None:
    short = {"name": "x", "members": 2}
    write_checkpoint(model, short, initialise(network, [0, 1]), APPLICABILITY_TENSORS)
    with pytest.raises(ModelError, match="does not say description, network"):
        read_card(model)


def test_missing_parameter_is_named(model: Path, network: NetworkConfig) -> None:
    parameters = initialise(network, [0, 1])
    del parameters["readout.mid"]
    (model / PARAMETERS).write_bytes(save(parameters))
    with pytest.raises(ModelError, match=r"does not fit ensemble\.toml: readout\.mid\."):
        read_parameters(model, network, 2)


@pytest.mark.parametrize("shape", [(2, 3), (2, 8, 1), (2,), (1, 8)])
def test_parameter_of_another_shape_is_named(
    model: Path, network: NetworkConfig, shape: tuple[int, ...]
) -> None:
    parameters = initialise(network, [0, 1])
    assert parameters["embedding.bias"].shape == (2, 8)
    parameters["embedding.bias"] = torch.zeros(shape)
    (model / PARAMETERS).write_bytes(save(parameters))
    with pytest.raises(ModelError, match=r"embedding\.bias") as caught:
        read_parameters(model, network, 2)
    assert "another shape" in caught.value.reason
    assert "by hand" in caught.value.fix


def test_card_with_another_number_of_members(model: Path, network: NetworkConfig) -> None:
    with pytest.raises(ModelError, match="does not fit"):
        read_parameters(model, network, 3)


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_broken_tensors(model: Path, network: NetworkConfig, damage: str) -> None:
    path = model / PARAMETERS
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(content[:-100] if damage == "truncated" else b"version https://git-lfs\n")
    with pytest.raises(ModelError, match=r"parameters\.safetensors cannot be read") as caught:
        read_parameters(model, network, 2)
    assert caught.value.reason
    assert caught.value.fix == "Get the ensemble's folder again."


def test_state_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "text").write_text("no tensors")
    for content, name in ((None, "bare"), ({"state": "[1]"}, "list"), ({"state": "{"}, "cut")):
        (tmp_path / name).write_bytes(save({"a": torch.zeros(2)}, content))
    for name in ("pipe", "zero", "text", "absent", "bare", "list", "cut"):
        with pytest.raises(ModelError, match=f"{name} cannot be read"):
            read_state(tmp_path / name)
    (tmp_path / "whole").write_bytes(save({"a": torch.ones(2)}, {"state": '{"epoch": 3}'}))
    values, tensors = read_state(tmp_path / "whole")
    assert values == {"epoch": 3}
    assert tensors["a"].tolist() == [1.0, 1.0]
