"""Rows of one's own are read, refused and told; the card of the tuned model says what it is."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from ase import Atoms
from ase.build import bulk
from tests.made_cells import TRAINING_METALS
from tests.tiny_model import write_tiny_model

from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.ensemble import Ensemble
from betenet.errors import ConfigError, DataError
from betenet.evaluation.tuned_model import own_rows, write_tuned_model
from betenet.training.losses import LossConfig
from betenet.training.tuning import Tuning, TuningConfig, make_tuner

CALIBRATION = {"coupling": {"scale": 1.5, "floor": 0.2}, "omega_log": {"scale": 1.0, "floor": 0.1}}


@pytest.fixture(autouse=True)
def no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The formulas that the project's data hold out do not matter here."""
    monkeypatch.setenv("BETENET_DATA", str(tmp_path / "none"))


@pytest.fixture
def model(tmp_path: Path) -> Ensemble:
    tiny = Ensemble.load(write_tiny_model(tmp_path / "tiny", CALIBRATION))
    card = {k: v for k, v in tiny.card.items() if k != "format_version"}
    card |= {"loss": asdict(LossConfig()), "licence": "Apache-2.0", "metrics": {"rows": 6}}
    write_checkpoint(tiny.path, card, tiny.parameters, tiny.applicability.to_tensors())
    return Ensemble.load(tiny.path)


def entry(atoms: Atoms, **more: Any) -> dict[str, Any]:
    structure = {
        "lattice": atoms.cell.array.tolist(),
        "species": atoms.get_chemical_symbols(),
        "frac_coords": atoms.get_scaled_positions().tolist(),
    }
    name = f"{atoms.get_chemical_formula()}-{more.get('id', 'x')}"
    moments = {"coupling": 0.6, "omega_log_kelvin": 200.0}
    return {"structure": structure, **moments, **more, "id": name}


def write_rows(folder: Path, entries: list[dict[str, Any]]) -> Path:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in entries), encoding="utf-8")
    return path


def test_formulas_of_the_split_test_and_broken_rows_are_left_out(
    model: Ensemble, tmp_path: Path
) -> None:
    niobium = bulk("Nb", "bcc", a=3.3)
    entries = [
        entry(niobium),
        entry(bulk("Ta", "bcc", a=3.3), split="test"),
        entry(bulk("Ta", "fcc", a=4.2), id="other"),
        entry(bulk("V", "bcc", a=3.0), coupling=-1.0),
    ]
    told: list[str] = []
    rows = own_rows(model, write_rows(tmp_path, entries), None, told.append)
    assert [row.formula for row in rows] == ["Nb"]
    assert sum("Ta is of the split 'test'" in text for text in told) == 2
    assert any(text.startswith("V-x: ") for text in told)
    with pytest.raises(DataError, match="no row to learn from"):
        own_rows(model, write_rows(tmp_path, entries[1:]), None)
    with pytest.raises(DataError, match="no row to learn from"):
        own_rows(model, write_rows(tmp_path, []), None)


def test_levels_are_those_of_the_model(model: Ensemble, tmp_path: Path) -> None:
    card = {k: v for k, v in model.card.items() if k != "format_version"}
    both = replace(model, card=card, config=replace(model.config, sources=("bete_net", "pbesol")))
    entries = [entry(bulk("Nb", "bcc", a=3.3), source=name) for name in ("pbesol", "lab")]
    entries[1]["id"] = "second"
    path = write_rows(tmp_path, entries)
    told: list[str] = []
    assert [row.source for row in own_rows(both, path, None, told.append)] == ["pbesol", "bete_net"]
    assert told == ["rows of 'lab' are learnt at the level of theory of bete_net"]
    assert {row.source for row in own_rows(both, path, "pbesol")} == {"pbesol"}
    with pytest.raises(ConfigError, match="does not know the level of theory 'hse'") as caught:
        own_rows(both, path, "hse")
    assert "bete_net, pbesol" in str(caught.value)


def test_formulas_of_the_data_folder_that_judge_are_left_out(
    model: Ensemble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "held_out_formulas.txt").write_text("Nb1\n")
    monkeypatch.setenv("BETENET_DATA", str(tmp_path))
    entries = [entry(bulk(symbol, "bcc", a=3.3)) for symbol in ("Nb", "V")]
    told: list[str] = []
    rows = own_rows(model, write_rows(tmp_path, entries), None, told.append)
    assert [row.formula for row in rows] == ["V"]
    assert told[0] == "Nb-x: Nb is one of held_out_formulas.txt"


def test_the_card_says_what_was_learnt_and_what_is_inherited(
    model: Ensemble, tmp_path: Path
) -> None:
    entries = [entry(bulk(symbol, "bcc", a=3.2)) for symbol in TRAINING_METALS[:8]]
    rows = own_rows(model, write_rows(tmp_path, entries), None)
    config = TuningConfig(epochs=3, learning_rate=2e-2, rehearsal=0)
    others = [bulk("MgO", "rocksalt", a=4.2)]
    work = make_tuner(model.path, rows, others, config, tmp_path / "run", "cpu")
    tuning = Tuning.load(model, rows, others, config)
    work(0)
    with pytest.raises(DataError, match="Member 1 is not finished"):
        write_tuned_model(model, tuning, tmp_path / "run", tmp_path / "new", "mine.jsonl")
    work(1)
    card = write_tuned_model(model, tuning, tmp_path / "run", tmp_path / "new", "mine.jsonl")
    tuned = card["tuned"]
    assert (tuned["start"], tuned["rows"], tuned["formulas"]) == ("tiny", 8, 8)
    assert tuned["levels"] == {"bete_net": 8}
    assert tuned["held_out"]["rows"] == 4  # two of five parts, with two members
    before, after = tuned["held_out"]["omega_log"]
    assert 0 < after < before
    assert tuned["rehearsal"]["crystals"] == 1
    assert (card["licence"], card["calibration"]) == ("Apache-2.0", CALIBRATION)
    assert card["before_tuning"] == {"metrics": {"rows": 6}}
    assert "metrics" not in card
    loaded = Ensemble.load(tmp_path / "new")
    assert loaded.name == "new"
    assert loaded.applicability.elements.sum() == model.applicability.elements.sum() + 8
    assert loaded.predict([bulk("Nb", "bcc", a=3.3)])[0].error is None
