"""Proposals: what is left out and why, the list that a campaign reads, costs."""

import json
from pathlib import Path
from typing import Any

import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write
from tests.tiny_model import write_tiny_model

from betenet.errors import ConfigError
from betenet.espresso.campaign_list import read_list
from betenet.screening.next_calculations import next_calculations

UPF = '<UPF><PP_HEADER element="{}" pseudo_type="NC" relativistic="scalar" z_valence="13.0"/>\n'
METALS = {"Nb": 3.3, "V": 3.0, "Ta": 3.3, "Mo": 3.15, "W": 3.16}


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    folder = tmp_path / "cells"
    folder.mkdir()
    for symbol, length in METALS.items():
        write(folder / f"{symbol}.cif", bulk(symbol, "bcc", a=length))
    write(folder / "salt.cif", bulk("NaCl", "rocksalt", a=5.64))
    (folder / "broken.cif").write_text("no structure")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "tiny")


def dataset(path: Path, atoms: Atoms) -> Path:
    row: dict[str, Any] = {
        "lattice": atoms.cell.array.tolist(),
        "species": atoms.get_chemical_symbols(),
        "frac_coords": atoms.get_scaled_positions().tolist(),
        "coupling": 0.5,
        "omega_log_kelvin": 200.0,
    }
    path.write_text(json.dumps(row) + "\n")
    return path


def test_what_is_left_out_is_said(pool: Path, model: Path, tmp_path: Path) -> None:
    done = dataset(tmp_path / "done.jsonl", bulk("V", "bcc", a=3.02))
    (tmp_path / "held.txt").write_text("Ta1\n")
    found = next_calculations(pool, model=model, count=9, done=done, held_out=tmp_path / "held.txt")
    why = {Path(one.name).name: one.left_out.partition(":")[0] for one in found.left_out}
    assert why == {
        "V.cif": "calculated already",
        "Ta.cif": "held out, to judge models",
        "salt.cif": "likely insulator",
        "broken.cif": "cannot be predicted",
    }
    assert {one.formula for one in found.chosen} == {"Nb", "Mo", "W"}
    assert found.n_pool == 7
    assert "left out, likely insulator: 1" in found.as_text()
    assert json.loads(json.dumps(found.to_dict()))["pool"] == 7
    again = next_calculations(pool, model=model, count=9, done=done, everything=True)
    assert len(again.chosen) == 6
    other = dataset(tmp_path / "other.jsonl", bulk("V", "fcc", a=4.4))  # another volume
    assert "V" in {one.formula for one in next_calculations(pool, model=model, done=other).chosen}


def test_a_campaign_reads_the_list(pool: Path, model: Path, tmp_path: Path) -> None:
    cells = [bulk("Pd", "fcc", a=3.9)]
    found = next_calculations([str(pool / "Nb.cif"), *cells], model=model, count=2)
    (tmp_path / "lists").mkdir()
    path = tmp_path / "lists" / "next.csv"
    found.write_list(path)
    entries = read_list(path)
    assert [entry.formula for entry in entries] == [one.formula for one in found.chosen]
    assert all(entry.path.is_file() and not entry.error for entry in entries)
    assert (pool / "Nb.cif").resolve() in {entry.path.resolve() for entry in entries}


def test_values_of_a_core_hour(
    pool: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BETENET_PSEUDOPOTENTIALS", raising=False)
    with pytest.raises(ConfigError):
        next_calculations(pool, model=model, per_hour=True)
    material = tmp_path / "upf"
    material.mkdir()
    for symbol in ("Nb", "Mo"):
        (material / f"{symbol}_ONCV_PBE_sr.upf").write_text(UPF.format(symbol))
        cutoff = "Ecut = 20\nsupersampling = 2.0\n"
        (material / f"{symbol}_ONCV_PBE_sr.toml").write_text(cutoff)
    plain = next_calculations(pool, model=model, pseudopotentials=material)
    hours = {one.formula: (one.value, one.core_hours) for one in plain.chosen}
    found = next_calculations(pool, model=model, pseudopotentials=material, per_hour=True)
    assert {one.formula for one in found.chosen} == {"Nb", "Mo"}
    for one in found.chosen:
        value, cost = hours[one.formula]
        assert one.value == pytest.approx(value / cost)
        assert one.core_hours == cost > 0
    assert "its calculation cannot be planned" in {one.left_out for one in found.left_out}
