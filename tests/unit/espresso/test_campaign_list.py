"""Lists of crystals and of held-out formulas that somebody else may have written."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from betenet.datasets.held_out_formulas import held_out_formulas
from betenet.errors import BetenetError, DataError
from betenet.espresso.campaign_list import MOST_BYTES, read_list


def hostile(folder: Path) -> dict[str, Path]:
    """Files that are none, or that have no end."""
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "binary").write_bytes(b"\xff\xfe\x00\x80")
    with (folder / "large").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    names = ("folder", "pipe", "zero", "loop", "binary", "large", "absent")
    return {name: folder / name for name in names}


@pytest.mark.parametrize("read", [read_list, held_out_formulas])
def test_what_is_no_list_is_refused_at_once(read: Callable[[Path], object], tmp_path: Path) -> None:
    for path in hostile(tmp_path).values():
        with pytest.raises(BetenetError, match="cannot be read"):
            read(path)


def test_a_list_expands_no_home_and_a_bad_row_loses_itself(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    rows = ["~nosuchuser/x.cif,0,Nb", "~/y.cif,0,Nb", "a.cif,1e300,Nb", "b.cif,x,Nb", "c.cif,5,Nb"]
    path.write_text("\n".join(["file,pressure_gpa,formula", *rows]), encoding="utf-8")
    entries = read_list(path)
    assert [entry.path for entry in entries[:2]] == [
        tmp_path / "~nosuchuser/x.cif",
        tmp_path / "~/y.cif",
    ]
    assert [bool(entry.error) for entry in entries] == [False, False, True, True, False]
    assert "1e300" in entries[2].error


def test_a_list_without_the_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name\nx\n", encoding="utf-8")
    with pytest.raises(DataError, match="has no crystals"):
        read_list(path)
