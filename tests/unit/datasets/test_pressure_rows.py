"""Rows of the literature with cells: joined by id, weighted by state, none of them held out."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ase.data import atomic_numbers
from ase.symbols import string2symbols

from betenet.datasets.folds import reduced_formula
from betenet.datasets.held_out_formulas import held_out_formulas
from betenet.datasets.pressure_rows import CELLS, PressureRow, pressure_rows, read_cells
from betenet.errors import DataError
from betenet.known.compression import compression
from betenet.structures.cell import call_spglib
from betenet.units import MEV_TO_KELVIN

ROOT = Path(__file__).resolve().parents[3]
READINGS = ROOT / "recipes" / "pressure" / "readings.toml"


@pytest.fixture(scope="module")
def rows(data_folder: Path) -> list[PressureRow]:
    return pressure_rows(data_folder, ROOT / CELLS, READINGS)[0]


@pytest.mark.data
def test_no_held_out_formula_enters(rows: list[PressureRow], data_folder: Path) -> None:
    held = held_out_formulas(data_folder)
    assert {"H", "H3S"} <= held
    assert not held & {row.entry.row.formula for row in rows}
    # the formula is that of the cell
    for row in rows:
        assert reduced_formula(row.entry.row.atoms.get_chemical_symbols()) == row.entry.row.formula


@pytest.mark.data
def test_every_row_of_the_files_is_used_or_refused_by_name(
    rows: list[PressureRow], data_folder: Path
) -> None:
    refused = pressure_rows(data_folder, ROOT / CELLS, READINGS)[1]
    files = (data_folder / "hydrides").glob("*.jsonl")
    ids = {json.loads(line)["id"] for file in files for line in file.read_text().splitlines()}
    used = [row.entry.row.id for row in rows]
    assert Counter([*used, *(one.id for one in refused)]) == Counter(ids)
    assert all(one.reason for one in refused)
    assert {one.reason for one in refused if one.id.startswith("jarvis-hydride")} == {
        "Tc alone: neither λ nor ω_log nor a cell, and stability is not stated"
    }


@pytest.mark.data
def test_labels_are_those_of_the_files(rows: list[PressureRow], data_folder: Path) -> None:
    stated = {}
    for file in (data_folder / "hydrides").glob("*.jsonl"):
        for line in file.read_text().splitlines():
            stated.setdefault(json.loads(line)["id"], json.loads(line))
    for row in rows:
        told, found = stated[row.entry.row.id], row.entry.row
        assert found.targets[0] == told["lambda"]
        assert found.targets[1] * MEV_TO_KELVIN == pytest.approx(told["omega_log_k"])
        assert row.pressure == told["pressure_gpa"] or np.isnan(row.pressure)


@pytest.mark.data
def test_states_have_a_weight_of_one(rows: list[PressureRow]) -> None:
    weights = {row.entry.row.id: row.weight for row in rows}
    # the same calculation of MgH4 is in two files
    assert weights["p2-MgH4-100GPa"] == weights["takuyanin-state-137"] == 0.5
    # LDA with two electrons of calcium
    assert weights["gitgreg-CaH6_150GPa"] == 0.25
    # YH3 at 17.6, 23 and 28.9 GPa are three states
    assert weights["takuyanin-state-27"] == 1.0


@pytest.mark.data
def test_no_cell_has_collapsed(rows: list[PressureRow]) -> None:
    for row in rows:
        found = compression(row.entry.row.atoms)
        assert found.hydrogen_distance > 0.7
        assert 0.08 < found.volume_ratio < 1.6


def test_cells_without_a_file_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="rebuilt cells"):
        read_cells(tmp_path / "cells.jsonl")


def test_committed_cells_are_those_of_their_formula() -> None:
    cells, reasons = read_cells(ROOT / CELLS)
    lines = [json.loads(line) for line in (ROOT / CELLS).read_text().splitlines()]
    assert len(cells) >= 50
    assert not cells.keys() & reasons.keys()
    for line in lines:
        assert {"coupling", "lambda", "omega_log_k", "tc_k"}.isdisjoint(line)  # labels stay apart
        for key in line["labels"] if "refused" not in line else []:
            assert reduced_formula(cells[key].atoms.get_chemical_symbols()) == reduced_formula(
                string2symbols(line["formula"])
            )


def test_committed_cells_have_the_stated_group_and_sites() -> None:
    seen = 0
    for line in map(json.loads, (ROOT / CELLS).read_text(encoding="utf-8").splitlines()):
        if "refused" in line:
            continue
        cell = (line["lattice"], line["frac_coords"], [atomic_numbers[s] for s in line["species"]])
        found = call_spglib("get_symmetry_dataset", cell, symprec=0.01)
        assert found.number == line["space_group"], line["labels"]
        orbits = {(line["species"][one], int(one)) for one in found.equivalent_atoms}
        sites = {element: len(letters) for element, letters in line["sites"].items()}
        if sites:  # a cell that others have published is kept as it is
            assert Counter(element for element, _ in orbits) == sites, line["labels"]
        seen += 1
    assert seen >= 50
