from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from betenet.cli import main


def write_published(folder: Path, members: int) -> Path:
    """Random weights in files as published (structure only)."""
    from betenet.ensemble.published_layout import published_shapes
    from betenet.network.config import NetworkConfig

    folder.mkdir()
    torch.manual_seed(5)
    for member in range(members):
        shapes = published_shapes(NetworkConfig.paper())
        state = {name: torch.randn(shape, dtype=torch.float64) for name, shape in shapes.items()}
        torch.save(state, folder / f"model_cso_{member}.pt")
    return folder


def test_list_names_the_shipped_model(
    shipped_model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list"]) == 0
    shown = capsys.readouterr().out
    assert f"{shipped_model} (" in shown
    assert " members, " in shown
    assert ", the default)" in shown


def test_list_as_json(shipped_model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    listed = {model["name"]: model for model in json.loads(capsys.readouterr().out)}
    assert listed[shipped_model]["members"] >= 1


def test_show_prints_the_card_of_the_default_model(
    shipped_model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "show"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(shipped_model)
    assert "\nlicence: " in shown
    assert main(["models", "show", shipped_model]) == 0
    assert capsys.readouterr().out == shown


def test_show_as_json(shipped_model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", shipped_model, "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert {"format_version", "elements", "metrics", "licence"} <= set(card)


@pytest.mark.usefixtures("shipped_model")
def test_unknown_model_is_a_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "no-such-model"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("betenet: error:")
    assert "no-such-model" in captured.err


def test_import_says_what_the_ensemble_lacks_and_predict_takes_it(
    tmp_path: Path, cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = write_published(tmp_path / "CSO", members=2), tmp_path / "mine"
    assert main(["models", "import", str(source), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"mine (2 members) is in {out}\n")
    assert "structure only (CSO), imported from CSO" in shown
    assert "not calibrated" in shown
    assert main(["models", "show", str(out)]) == 0
    assert "not calibrated" in capsys.readouterr().out
    assert main(["predict", str(cells / "Nb.cif"), "--model", str(out), "--json"]) == 0
    (prediction,) = json.loads(capsys.readouterr().out)
    assert prediction["model"] == "mine"


def test_import_as_json_with_a_name_and_structures(
    tmp_path: Path, cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = write_published(tmp_path / "CSO", members=1), tmp_path / "mine"
    flags = ["--out", str(out), "--name", "published-cso", "--structures", str(cells), "--json"]
    assert main(["models", "import", str(source), *flags]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["name"] == "published-cso"
    assert card["imported"]["files"] == ["model_cso_0.pt"]
    assert len(card["caveats"]) == 1


def test_import_of_nothing_is_a_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "import", str(tmp_path), "--out", str(tmp_path / "mine")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("betenet: error: No published weights")
    assert not (tmp_path / "mine").exists()
