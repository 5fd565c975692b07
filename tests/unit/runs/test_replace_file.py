import os
import sys

import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats import write_a2f, write_phonon_dos
from betenet.phonon_dos import PhononDos
from betenet.runs.replace_file import replace_file, replacing_folder
from betenet.spectrum import Spectrum

MODULE = sys.modules[replacing_folder.__module__]
OMEGA = np.array([1.0, 2.0, 3.0])
WRITERS = [
    lambda path: replace_file(path, "new"),
    lambda path: write_a2f(path, Spectrum(OMEGA, OMEGA), format="csv"),
    lambda path: write_phonon_dos(path, PhononDos(OMEGA, OMEGA)),
]


@pytest.fixture(params=WRITERS, ids=["text", "a2f", "phonon dos"])
def write(request):
    return request.param


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_old_content_stays_until_the_new_is_complete(write, tmp_path, monkeypatch, step):
    path = tmp_path / "x.csv"
    path.write_text("old")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(DataError, match=r"Cannot write .*x\.csv") as caught:
        write(path)
    assert "No space left" in str(caught.value)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_not_overwritten(write, tmp_path):
    path, link = tmp_path / "x.csv", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.hardlink_to(path)
    write(path)
    assert link.read_text() == "old"
    assert path.read_text() != "old"
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [link, path]


def test_a_new_file_has_the_permissions_that_the_user_wants(write, tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "x")
    finally:
        assert os.umask(before) == 0o027
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_no_such_folder(write, tmp_path):
    with pytest.raises(DataError, match="Cannot write"):
        write(tmp_path / "none" / "x.csv")


@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "two renames"])
def test_a_folder_takes_the_place_of_another_and_nothing_is_left(exchange, tmp_path, monkeypatch):
    target = tmp_path / "best"
    if not exchange:
        monkeypatch.setattr(MODULE, "_exchanged", lambda *_: False)
    target.mkdir()
    (target / "old").touch()
    with replacing_folder(target) as unfinished:
        (unfinished / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_lines_end_alike_on_every_system(tmp_path):
    replace_file(tmp_path / "x", "ω\nα\n")
    assert (tmp_path / "x").read_bytes() == "ω\nα\n".encode()
