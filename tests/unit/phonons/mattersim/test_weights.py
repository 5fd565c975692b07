import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch
from ase.build import bulk
from tests.reference.mattersim_network import SIZES
from torch import Tensor

from betenet.errors import ConfigError, ModelError, StructureError
from betenet.phonons import DEFAULT, PhononSettings, make_force_field, phonons
from betenet.phonons.force_field import identity_of
from betenet.phonons.mattersim import fetch_weights, find_weights
from betenet.phonons.mattersim.weights import SHIPPED, read_weights, write_weights
from betenet.phonons.verdict import Case


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
    assert find_weights("mattersim-1m") == SHIPPED / "mattersim-1m.safetensors"
    with pytest.raises(ConfigError, match="betenet phonons --fetch mattersim-5m"):
        find_weights("mattersim-5m")
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


def test_shipped_parameters_are_those_that_were_published_with_their_licence() -> None:
    path = find_weights("mattersim-1m")
    # made by `fetch_weights` of the wheel and the file whose digests are in the code
    assert hashlib.sha256(path.read_bytes()).hexdigest() == (
        "8241dece41ea22a07dfb65caeab3a14a5ce1240cbc30313879a31496ff876c57"
    )
    sizes, parameters = read_weights(path)
    assert (sizes.cutoff, sizes.max_z) == (5.0, 94)
    assert sum(value.numel() for value in parameters.values()) == 890_224
    assert "MIT License" in (path.parent / "LICENSE-MatterSim.txt").read_text(encoding="utf-8")
    # nothing is downloaded for them
    assert fetch_weights("mattersim-1m", index="http://127.0.0.1:9/simple") == path


@pytest.mark.parametrize(
    ("metal", "lattice", "a"), [("Nb", "bcc", 3.30), ("Al", "fcc", 4.05), ("Pb", "fcc", 4.95)]
)
def test_known_metals_are_stable_by_the_default_force_field(
    metal: str, lattice: str, a: float
) -> None:
    """No mode is imaginary, neither at the computed q points nor between them."""
    settings = PhononSettings(distance=8.0, q_length=60.0)
    result = phonons(bulk(metal, lattice, a=a), make_force_field(DEFAULT), settings)
    assert DEFAULT == "mattersim-1m"
    assert result.verdict.case is Case.STABLE
    assert result.facts.lowest > -0.1


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
        make_force_field("mattersim-5m")
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
