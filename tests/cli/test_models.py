import json
from pathlib import Path

import pytest
import torch
from tests.command_line import json_of, refusal, stdout_of
from tests.fixture_types import Capture

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


def test_list_names_the_shipped_model(shipped_model: str, capsys: Capture) -> None:
    shown = stdout_of(["models", "list"], capsys)
    assert f"{shipped_model} (" in shown
    assert " members, " in shown
    assert ", the default)" in shown


def test_list_as_json(shipped_model: str, capsys: Capture) -> None:
    assert main(["models", "list", "--json"]) == 0
    listed = {model["name"]: model for model in json.loads(capsys.readouterr().out)}
    assert listed[shipped_model]["members"] >= 1


def test_show_prints_the_card_of_the_default_model(shipped_model: str, capsys: Capture) -> None:
    shown = stdout_of(["models", "show"], capsys)
    assert shown.startswith(shipped_model)
    assert "\nlicence: " in shown
    assert main(["models", "show", shipped_model]) == 0
    assert capsys.readouterr().out == shown


def test_show_as_json(shipped_model: str, capsys: Capture) -> None:
    card = json_of(["models", "show", shipped_model, "--json"], capsys)
    assert {"format_version", "elements", "metrics", "licence"} <= set(card)


@pytest.mark.usefixtures("shipped_model")
def test_import_says_what_the_ensemble_lacks_and_predict_takes_it(
    tmp_path: Path, cells: Path, capsys: Capture
) -> None:
    source, out = write_published(tmp_path / "CSO", members=2), tmp_path / "mine"
    shown = stdout_of(["models", "import", str(source), "--out", str(out)], capsys)
    assert shown.startswith(f"mine (2 members) is in {out}\n")
    assert "structure only (CSO), imported from CSO" in shown
    assert "not calibrated" in shown
    assert "not calibrated" in stdout_of(["models", "show", str(out)], capsys)
    assert main(["predict", str(cells / "Nb.cif"), "--model", str(out), "--json"]) == 0
    (prediction,) = json.loads(capsys.readouterr().out)
    assert prediction["model"] == "mine"


def test_import_as_json_with_a_name_and_structures(
    tmp_path: Path, cells: Path, capsys: Capture
) -> None:
    source, out = write_published(tmp_path / "CSO", members=1), tmp_path / "mine"
    flags = ["--out", str(out), "--name", "published-cso", "--structures", str(cells), "--json"]
    card = json_of(["models", "import", str(source), *flags], capsys)
    assert card["name"] == "published-cso"
    assert card["imported"]["files"] == ["model_cso_0.pt"]
    assert len(card["caveats"]) == 1


def test_import_of_nothing_is_a_clear_error(tmp_path: Path, capsys: Capture) -> None:
    told = refusal(["models", "import", str(tmp_path), "--out", str(tmp_path / "mine")], capsys)
    assert told.startswith("betenet: error: No published weights")
    assert not (tmp_path / "mine").exists()
