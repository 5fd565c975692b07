import os
import socket
from pathlib import Path

import pytest

from betenet.enclosed import check_enclosed, follow_no_link
from betenet.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A calculation as betenet leaves it: files, folders, and links to one another."""
    home = tmp_path / "Al"
    (home / "coarse" / "scratch" / "crystal.save").mkdir(parents=True)
    (home / "dense" / "scratch").mkdir(parents=True)
    (home / "pseudopotentials").mkdir()
    (home / "manifest.json").write_text("{}")
    (home / "dense" / "pseudopotentials").symlink_to("../pseudopotentials")
    saved = Path("../../coarse/scratch/crystal.save")
    (home / "dense" / "scratch" / "crystal.save").symlink_to(saved)
    (home / "dense" / "gone").symlink_to("../coarse/gone")  # what it leads to was cleaned
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    return home


def test_what_betenet_leaves_is_well(folder: Path, tmp_path: Path) -> None:
    check_enclosed(folder)
    check_enclosed(tmp_path / "absent")
    link = tmp_path / "moved"
    link.symlink_to(folder)
    check_enclosed(link)


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ("record.json", "../mine/thesis.tex"),
        ("dense/pw.in", "../../mine/thesis.tex"),
        ("dense/pw.out.part", "../../mine/not-there-yet"),
        ("relax", "../mine"),
        ("dense/elph_dir", "../.."),
        ("dense/hosts", "/etc/hosts"),
        ("dense/twice", "once"),
    ],
)
def test_a_link_that_leads_out_is_named(folder: Path, place: str, target: str) -> None:
    (folder / "dense" / "once").symlink_to("../../mine")
    (folder / place).symlink_to(target)
    with pytest.raises(DataError, match="leads out of") as caught:
        check_enclosed(folder)
    assert str(folder.name) in caught.value.summary


def test_a_folder_with_a_name_that_begins_alike_is_another(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "Al-2").mkdir()
    (folder / "link").symlink_to("../Al-2")
    with pytest.raises(DataError, match="leads out"):
        check_enclosed(folder)


@pytest.mark.parametrize("target", ["..", ".", "../../Al", "again"])
def test_a_link_to_where_it_is_has_no_end(folder: Path, target: str) -> None:
    (folder / "dense" / "again").symlink_to(target)
    with pytest.raises(DataError, match="to itself or to a folder that it is in"):
        check_enclosed(folder)


def test_pipes_and_sockets_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "dense" / "pw.out")
    with pytest.raises(DataError, match=r"pw\.out is no file"):
        check_enclosed(folder)
    (folder / "dense" / "pw.out").unlink()
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        with pytest.raises(DataError, match="is no file"):
            check_enclosed(folder)


def test_only_the_top_is_looked_at_if_told_so(folder: Path) -> None:
    (folder / "dense" / "link").symlink_to("/etc/hosts")
    check_enclosed(folder, deep=False)
    (folder / "link").symlink_to("/etc/hosts")
    with pytest.raises(DataError, match="leads out"):
        check_enclosed(folder, deep=False)


def test_no_link_is_opened(folder: Path, tmp_path: Path) -> None:
    (folder / "run.lock").symlink_to(tmp_path / "mine" / "thesis.tex")
    with pytest.raises(OSError, match="symbolic"):
        follow_no_link(folder / "run.lock", os.O_WRONLY)
