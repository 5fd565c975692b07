"""Lists of crystals and of held-out formulas that somebody else may have written."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from betenet.errors import BetenetError, ConfigError, DataError
from betenet.espresso.campaign_list import MOST_BYTES, formula_key, read_held_out, read_list


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


@pytest.mark.parametrize("read", [read_list, read_held_out])
def test_what_is_no_list_is_refused_at_once(read: Callable[[Path], object], tmp_path: Path) -> None:
    for path in hostile(tmp_path).values():
        with pytest.raises(BetenetError, match="cannot be read"):
            read(path)


@pytest.mark.parametrize(
    "line", ["H" + "5" * 5000, "x" * 5000, "Nb3Sn!", "H" * 200, "Nb" + "1" * 7, "\x1b[2J"]
)
def test_a_line_that_is_no_formula_is_cut_in_the_message(line: str, tmp_path: Path) -> None:
    path = tmp_path / "held_out.txt"
    path.write_text(f"H3S1\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="which is no formula") as caught:
        read_held_out(path)
    assert len(caught.value.summary) < 300 + len(str(path))


def test_formulas_are_compared_as_compositions(tmp_path: Path) -> None:
    path = tmp_path / "held_out.txt"
    path.write_text("﻿H3S1\nNb3Sn\nCa2 H12\n", encoding="utf-8")
    assert formula_key("S2H6") in read_held_out(path)
    assert formula_key("H" + "5" * 5000)  # of a list of somebody else: no error


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
