from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from ase.build import bulk
from tests.reference.mattersim_network import SIZES
from torch import Tensor

from betenet.errors import ConfigError, ModelError, StructureError
from betenet.phonons import PhononSettings, make_force_field, phonons
from betenet.phonons.force_field import identity_of
from betenet.phonons.mattersim import find_weights
from betenet.phonons.mattersim.weights import read_weights, write_weights


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("BETENET_MATTERSIM", raising=False)
    return tmp_path


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_places_in_their_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="betenet phonons --fetch mattersim-1m"):
        find_weights("mattersim-1m")
    theirs = touch(home / ".local/mattersim/pretrained_models/mattersim-v1.0.0-1M.pth")
    assert find_weights("mattersim-1m") == theirs
    ours = touch(home / ".local/share/betenet/mattersim-1m.safetensors")
    assert find_weights("mattersim-1m") == ours
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    assert find_weights("mattersim-1m") == theirs
    chosen = touch(home / "else/mattersim-v1.0.0-1M.pth")
    for place in (chosen, chosen.parent):
        monkeypatch.setenv("BETENET_MATTERSIM", str(place))
        assert find_weights("mattersim-1m") == chosen
    with pytest.raises(ConfigError, match="mattersim-5m"):
        find_weights("mattersim-5m")


def test_both_formats_hold_the_same(home: Path, parameters: dict[str, Tensor]) -> None:
    write_weights(home / "own.safetensors", SIZES, parameters)
    library = {
        "model_args": {**dataclasses.asdict(SIZES), "device": "cuda"},
        "model": {**parameters, "rbf.dn": torch.ones(4)},
        "optimizer": {"state": {}},
    }
    torch.save(library, home / "theirs.pth")
    for name in ("own.safetensors", "theirs.pth"):
        sizes, read = read_weights(home / name)
        assert sizes == SIZES
        assert read.keys() == parameters.keys()
        assert all(torch.equal(read[key], parameters[key]) for key in read)


def test_file_that_would_run_code_is_refused(home: Path) -> None:
    torch.save({"model": Path("/")}, home / "evil.pth")
    with pytest.raises(ModelError, match="holds no parameters"):
        read_weights(home / "evil.pth")
    (home / "torn.safetensors").write_bytes(b"0" * 50)
    with pytest.raises(ModelError, match="holds no parameters"):
        read_weights(home / "torn.safetensors")


def test_force_field_by_name(home: Path, parameters: dict[str, Tensor]) -> None:
    with pytest.raises(ConfigError, match="--fetch"):
        make_force_field("mattersim-1m")
    path = home / ".local/share/betenet/mattersim-1m.safetensors"
    path.parent.mkdir(parents=True)
    known = dict(parameters)
    embedding = known["atom_embedding.mlp.0.linear.weight"].clone()
    embedding[:, 84:89] = 0.05  # as drawn before training
    known["atom_embedding.mlp.0.linear.weight"] = embedding
    write_weights(path, SIZES, known)
    field = make_force_field("mattersim-1m")
    assert field.name == "mattersim-1m"
    assert field.cutoff == 5.0
    assert field.known_elements >= {1, 13, 83, 89, 94}
    assert not field.known_elements & set(range(84, 89))
    assert field.identity == identity_of("mattersim-1m")
    with pytest.raises(StructureError, match="does not know Po"):
        phonons(bulk("Po", "sc", a=3.3), field, PhononSettings())
    known["normalizer.shift"] = known["normalizer.shift"] + 1
    write_weights(path, SIZES, known)
    assert field.identity != identity_of("mattersim-1m")
