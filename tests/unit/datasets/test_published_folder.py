"""The folder as published: what may be trained on, and what judges."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.published_database import OMEGA, rows, write_database

from betenet.datasets.bete_net_database import read_database
from betenet.datasets.jsonl_rows import Entry, read_jsonl, write_jsonl
from betenet.datasets.open import open_dataset
from betenet.datasets.published_folder import is_published
from betenet.datasets.training_rows import read_rows
from betenet.errors import DataError
from betenet.superconductivity.binned import BINS, binned


def with_split(folder: Path, train: str = "0 1 2", test: str = "7") -> Path:
    """Add the lists of ids, printed as floats as the published ones are."""
    (folder / "indices").mkdir(exist_ok=True)
    for name, ids in (("train", train), ("test", test)):
        lines = "".join(f"{float(number):.18e}\n" for number in ids.split())
        (folder / "indices" / f"idx_{name}_full.txt").write_text(lines)
    return folder


def test_test_rows_are_judged_on_and_never_trained_on(tmp_path: Path) -> None:
    folder = with_split(write_database(tmp_path))
    assert is_published(folder)
    assert [row.id for row in read_rows(folder, ["bete_net"])] == [
        f"bete_net-{number}" for number in (0, 1, 2)
    ]
    judged = open_dataset(str(folder), split="test")
    assert [entry.row.formula for entry in judged.entries] == ["ClCs"]


def test_training_rows_keep_the_resolution_of_the_database(tmp_path: Path) -> None:
    content = rows()
    folder = with_split(write_database(tmp_path, content))
    row = read_rows(folder, ["bete_net"])[2]
    assert row.spectrum is not None
    assert np.array_equal(row.spectrum[0], OMEGA)
    assert np.array_equal(row.site_phonon_dos["fine"][1], content["2"]["Site_Proj_PhDOS_dense"])
    (entry,) = (e for e in open_dataset(str(folder)).entries if e.row.id == "2")
    assert np.array_equal(row.targets, entry.row.targets)  # the paper's: of the binned spectrum
    assert entry.row.spectrum is not None
    assert np.array_equal(entry.row.spectrum[1], binned(*row.spectrum))


def test_rows_that_are_left_out_are_told(tmp_path: Path) -> None:
    content = rows()
    content["1"]["Site_Proj_PhDOS_dense"][0][4] = float("nan")
    said: list[str] = []
    folder = with_split(write_database(tmp_path, content), train="0 1 2 5")
    assert len(read_rows(folder, ["bete_net"], told=said.append)) == 2
    assert "1 of 4 training rows cannot be used, the first is 1: Site_Proj_PhDOS_dense" in said[0]
    assert "1 training ids have no row in database.json, 5 the first" in said[1]


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ("5 6", "7", "No row of .* is for training"),
        ("0 1 7", "7", "1 ids stand in both"),
        ("", "7", "No row of .* is for training"),
    ],
)
def test_splits_that_do_not_fit_are_errors(
    tmp_path: Path, train: str, test: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_rows(with_split(write_database(tmp_path), train, test), ["bete_net"])


def test_without_a_split_nothing_is_trained_on(tmp_path: Path) -> None:
    folder = write_database(tmp_path)
    with pytest.raises(DataError, match=r"no indices/idx_train_full\.txt"):
        read_rows(folder, ["bete_net"])
    with_split(folder)
    (folder / "indices" / "idx_test_full.txt").unlink()
    with pytest.raises(DataError, match=r"idx_test_full\.txt cannot be read"):
        read_rows(folder, ["bete_net"])


def test_a_row_that_is_no_key_of_a_column_does_not_have_it(tmp_path: Path) -> None:
    """Unlike one whose value is null, which pandas drops."""
    folder = write_database(tmp_path)
    table = json.loads((folder / "database.json").read_text())
    for name in list(table):
        if name.startswith("Ph_2x2x2"):
            del table[name]["0"]
    del table["Ph_2x2x2_interpolated_Freq_meV"]["7"]
    (folder / "database.json").write_text(json.dumps(table))
    dataset = open_dataset(str(folder))
    found = {entry.row.id: list(entry.row.site_phonon_dos) for entry in dataset.entries}
    assert found == {"0": ["fine"], "1": ["coarse", "fine"], "2": ["coarse", "fine"]}
    assert "no Ph_2x2x2_interpolated_Freq_meV" in dataset.refused[0].reason


def test_the_total_is_the_sum_of_the_sites_where_the_database_has_none(tmp_path: Path) -> None:
    content = rows()
    for row in content.values():
        del row["Ph_2x2x2_interpolated_Tot_DOS"]
    (row, *_), refused = read_database(write_database(tmp_path, content))
    assert not refused
    assert row.phonon_dos["coarse"].total == pytest.approx(row.phonon_dos["coarse"].sites.sum(0))


def test_densities_of_states_survive_our_layout(tmp_path: Path) -> None:
    folder = with_split(write_database(tmp_path / "published"))
    dataset = open_dataset(str(folder))
    write_jsonl(tmp_path / "rows.jsonl.gz", dataset.entries)
    again = read_jsonl(tmp_path / "rows.jsonl.gz")
    assert again.refused == again.warnings == ()
    for entry, read in zip(dataset.entries, again.entries, strict=True):
        assert entry.row.site_phonon_dos.keys() == {"coarse", "fine"}
        for key, curves in entry.row.site_phonon_dos.items():
            assert all(map(np.array_equal, read.row.site_phonon_dos[key], curves))
        assert entry.row.electronic_dos is not None
        assert read.row.electronic_dos is not None
        assert all(map(np.array_equal, read.row.electronic_dos, entry.row.electronic_dos))


def test_densities_of_states_on_grids_of_their_own_are_binned_when_written(tmp_path: Path) -> None:
    row = read_rows(with_split(write_database(tmp_path)), ["bete_net"])[0]
    (grid, sites) = row.site_phonon_dos["fine"]
    row = replace(row, site_phonon_dos={**row.site_phonon_dos, "fine": (grid[::2], sites[:, ::2])})
    write_jsonl(tmp_path / "one.jsonl", [Entry(row=row)])
    (entry,) = read_jsonl(tmp_path / "one.jsonl").entries
    frequencies, written = entry.row.site_phonon_dos["coarse"]
    assert np.array_equal(frequencies, BINS)
    assert np.array_equal(written, binned(*row.site_phonon_dos["coarse"]))
