"""Element shares, smoothing, smearings, and the crystals of another dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from tests.paper_database import write_paper_database

from betenet.datasets.folds import reduced_formula
from betenet.datasets.jsonl_rows import Dataset, Entry
from betenet.datasets.rows import Row
from betenet.paper.data import PaperData, read_paper_data
from betenet.paper.smearing_part import smearing_part
from betenet.paper.supplement import element_shares_part, smoothing_part
from betenet.paper.two_datasets import same_crystals, two_datasets_part
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, SIMPLE_METHOD


def row(atoms: Atoms, name: str = "x") -> Row:
    symbols = atoms.get_chemical_symbols()
    targets = np.array([0.7, 12.0, 13.0, 14.0, 15.0, 30.0])
    return Row(
        id=name, source="other", atoms=atoms, formula=reduced_formula(symbols), targets=targets
    )


def test_shares_are_counted(data: PaperData) -> None:
    table = element_shares_part(data).numbers[0].plain()
    place = table["element"].index("Ti")
    holding = np.array(["Ti" in one for one in data.elements])
    assert table["training_materials"][place] == (holding & data.train).sum()
    assert table["test_share"][place] == pytest.approx(holding[data.test].mean())


def test_smoothing_moves_a_smooth_spectrum_little(data: PaperData) -> None:
    table = smoothing_part(data).numbers[0].plain()
    made = np.array([int(name) >= 39 for name in table["id"]])  # behind the own records
    raw, binned = (np.array(table[f"omega_2_kelvin_{end}"])[made] for end in ("raw", "binned"))
    assert np.abs(binned / raw - 1.0).max() < 0.03


def test_smearings_have_the_ratios_that_they_were_made_with(data: PaperData) -> None:
    table = smearing_part(data).numbers[0].plain()
    assert table["coupling_ratio_sigma_2"] == pytest.approx([1.1] * len(data.ids))
    assert table["coupling_ratio_sigma_5"] == pytest.approx([0.95] * len(data.ids))
    # a factor changes no frequency
    assert table["omega_log_ratio_sigma_2"] == pytest.approx([1.0] * len(data.ids))


def test_what_the_folder_lacks_is_said(tmp_path: Path) -> None:
    folder = write_paper_database(tmp_path, without=("a2F_", "Tot_eDOS"), indices=False)
    bare = read_paper_data(folder, mu_star=0.1)
    assert not smearing_part(bare).figures
    assert "a2F_sigma_N" in smearing_part(bare).left_out[0]
    assert "indices/" in element_shares_part(bare).left_out[0]
    assert np.isnan(bare.features[:, 0]).all()
    assert np.isfinite(bare.features[:, 1:]).all()


def test_a_crystal_is_known_by_formula_space_group_and_volume() -> None:
    mine = [row(bulk("Nb", "bcc", a=3.30)), row(bulk("Cu", "fcc", a=3.61))]
    others = [
        row(bulk("Nb", "fcc", a=4.20)),  # another structure
        row(bulk("Nb", "bcc", a=3.60)),  # 30 % larger
        row(bulk("Nb", "bcc", a=3.32, cubic=True)),  # the crystal, in its cubic cell
        row(bulk("Ag", "fcc", a=3.61)),
    ]
    assert same_crystals(mine, others) == [(0, 2)]


def test_tc_of_both_datasets_is_by_one_formula(data: PaperData) -> None:
    entries = [entry.row for entry in data.dataset.entries[:8]]
    short = [replace(one, targets=np.append(one.targets[:2], [np.nan] * 4)) for one in entries]
    part = two_datasets_part(
        data, Dataset(name="short", entries=tuple(Entry(row=row) for row in short))
    )
    table = part.numbers[0].plain()
    # the same moments: with ω_2 on one side alone, the Tc would differ by f₁f₂
    assert table["tc_kelvin_other"] == pytest.approx(table["tc_kelvin"])
    assert SIMPLE_METHOD in part.text
    assert "omega_2_kelvin" not in table


def test_two_datasets_are_compared_or_it_is_said_why_not(data: PaperData) -> None:
    entries = [entry.row for entry in data.dataset.entries[:8]]
    twins = tuple(Entry(row=row(one.atoms, f"other-{one.id}")) for one in entries)
    part = two_datasets_part(data, Dataset(name="twins", entries=twins))
    table = part.numbers[0].plain()
    assert table["other_id"] == [f"other-{name}" for name in table["id"]]
    assert table["coupling_other"] == pytest.approx([0.7] * 8)
    assert f"Tc is by {DEFAULT_METHOD} on both sides" in part.text
    few = two_datasets_part(data, Dataset(name="few", entries=twins[:1]))
    assert not few.figures
    assert "too few" in few.left_out[0]
