"""Our rows in the published layout, and back."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.published_database import write_database

from betenet.datasets.jsonl_rows import Entry
from betenet.datasets.open import open_dataset
from betenet.datasets.published_writer import write_published
from betenet.datasets.training_rows import read_rows
from betenet.errors import ConfigError, DataError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def entries(tmp_path: Path) -> list[Entry]:
    """Rows of the published kind, one without phonons and one without electrons."""
    found = list(open_dataset(str(write_database(tmp_path / "published"))).entries)
    found[0] = replace(found[0], split="test", row=replace(found[0].row, site_phonon_dos={}))
    found[1] = replace(found[1], split="train", row=replace(found[1].row, electronic_dos=None))
    return found


def check_same(read: Entry, written: Entry) -> None:
    """Equal up to the rounding of a CIF."""
    one, other = read.row, written.row
    assert (one.id, one.source, read.split) == (other.id, other.source, written.split)
    assert one.formula == other.formula
    assert one.atoms.get_chemical_symbols() == other.atoms.get_chemical_symbols()
    assert one.atoms.cell.cellpar() == pytest.approx(other.atoms.cell.cellpar(), abs=1e-9)
    assert one.atoms.get_scaled_positions() == pytest.approx(
        other.atoms.get_scaled_positions(), abs=1e-9
    )
    assert one.spectrum is not None
    assert other.spectrum is not None
    assert all(map(np.array_equal, one.spectrum, other.spectrum))
    assert one.targets == pytest.approx(other.targets, rel=1e-12)
    assert one.site_phonon_dos.keys() == other.site_phonon_dos.keys()
    for grid, curves in other.site_phonon_dos.items():
        assert all(map(np.array_equal, one.site_phonon_dos[grid], curves))
    assert (one.electronic_dos is None) == (other.electronic_dos is None)
    if other.electronic_dos is not None and one.electronic_dos is not None:
        assert all(map(np.array_equal, one.electronic_dos, other.electronic_dos))


@pytest.mark.parametrize("named", [False, True], ids=["numbers", "names"])
def test_the_rows_come_back(entries: list[Entry], tmp_path: Path, named: bool) -> None:
    if named:
        entries = [replace(e, row=replace(e.row, id=f"ours_{e.row.id}")) for e in entries]
    found = write_published(tmp_path / "ours", entries)
    assert found.splits == {"train": 1, "test": 1}
    assert list(found.rows.values()) == ([0, 1, 2, 3] if named else [0, 1, 2, 7])
    read = open_dataset(str(tmp_path / "ours"))
    assert read.refused == ()
    assert len(read.entries) == len(entries)
    for one, other in zip(read.entries, entries, strict=True):
        check_same(one, other)
    assert [row.id for row in read_rows(tmp_path / "ours", ["bete_net"])] == ["bete_net-1"]


def test_our_own_calculations_can_be_written(tmp_path: Path) -> None:
    """Their spectra are finer than the bins, and so are moments: crystals and phonons come back."""
    records = open_dataset(str(ROOT / "benchmarks" / "first_principles")).entries
    write_published(tmp_path / "ours", records)
    for read, written in zip(open_dataset(str(tmp_path / "ours")).entries, records, strict=True):
        assert (read.row.id, read.row.formula) == (written.row.id, written.row.formula)
        assert read.row.targets[0] == pytest.approx(written.row.targets[0], rel=0.15)
        for grid, (_, sites) in written.row.site_phonon_dos.items():
            assert np.array_equal(read.row.site_phonon_dos[grid][1], sites)


def test_the_published_database_itself_is_never_replaced(
    entries: list[Entry], tmp_path: Path
) -> None:
    home = write_database(tmp_path)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match="not written here"):
        write_published(home, entries)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_a_database_is_replaced_and_nothing_else(entries: list[Entry], tmp_path: Path) -> None:
    write_published(tmp_path / "ours", entries)
    write_published(tmp_path / "ours", [replace(entries[2], split="")])
    assert [path.name for path in (tmp_path / "ours" / "structures").iterdir()] == ["2.cif"]
    assert not list((tmp_path / "ours" / "indices").glob("*"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").touch()
    with pytest.raises(ConfigError, match="is in the way"):
        write_published(tmp_path / "other", entries)


def test_rows_without_a_spectrum_are_refused(entries: list[Entry], tmp_path: Path) -> None:
    bare = replace(entries[0], row=replace(entries[0].row, spectrum=None))
    found = write_published(tmp_path / "ours", [bare, entries[1]])
    assert [one.id for one in found.refused] == ["0"]
    with pytest.raises(DataError, match="None of the rows"):
        write_published(tmp_path / "none", [bare])
    assert not (tmp_path / "none").exists()


def test_pandas_reads_it(entries: list[Entry], tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    write_published(tmp_path / "ours", entries)
    table = pandas.read_json(tmp_path / "ours" / "database.json")
    assert list(table.index) == [0, 1, 2, 7]
    assert table["Site_Proj_PhDOS_dense"].isna().tolist() == [True, False, False, False]
    assert json.loads((tmp_path / "ours" / "database.json").read_text())["comp"]["1"] == "Nb"
