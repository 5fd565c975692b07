import bz2
import gzip
import io
import lzma
import os
import socket
import tracemalloc
from pathlib import Path

import pytest

from betenet import input_files
from betenet.input_files import (
    DAMAGE,
    check_file,
    check_size,
    in_short,
    lines_of,
    open_bytes,
    open_text,
    read_bytes,
    read_text,
)

COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with one of each kind of what is no file."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket is short
        try:
            made.bind("socket")
        finally:
            os.chdir(here)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pipe", "it is a pipe, and only files on a disk are read"),
        ("socket", "it is a socket"),
        ("device", "it is a device"),
        ("folder", "it is a folder"),
        ("loop", "it is a link that leads back to itself"),
        ("one", "it is a link that leads back to itself"),
        ("dangling", "it is a link to nowhere, which does not exist"),
        ("nothing", "No such file or directory"),
        ("x" * 300, "File name too long"),
        ("null\0byte", "it has no name of a file"),
    ],
)
def test_what_is_no_file_is_named_and_never_opened(home, name, words):
    for read in (check_file, read_bytes, read_text, open_bytes, open_text, check_size):
        with pytest.raises(OSError, match=r".") as raised:
            read(home / name)
        assert in_short(raised.value).startswith(words)


def test_a_link_to_a_file_is_one(tmp_path):
    (tmp_path / "a").write_text("abc")
    (tmp_path / "b").symlink_to("a")
    assert check_file(tmp_path / "b") == 3


@pytest.mark.parametrize("kind", COMPRESS)
def test_compressed_files_are_told_by_their_content(tmp_path, kind):
    path = tmp_path / "Nb.cif"
    path.write_bytes(COMPRESS[kind](b"one\ntwo\n"))
    with open_text(path) as file:
        assert list(lines_of(file)) == ["one\n", "two\n"]
    check_size(path)


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_file_that_grows_without_end_is_given_up(tmp_path, kind):
    path = tmp_path / "blanks"
    path.write_bytes(COMPRESS[kind](b" " * 30_000_000))
    tracemalloc.start()
    for read in (check_size, lambda path, most: open_bytes(path, most).read()):
        with pytest.raises(OSError, match=r"larger than the limit, 1 MiB"):
            read(path, 1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000
    check_size(path, 30_000_000)


def test_a_large_file_is_not_read(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    for read in (read_bytes, read_text, open_bytes, check_size):
        with pytest.raises(OSError, match="larger than the limit, 256 MiB"):
            read(path)


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_damaged_file_raises_what_is_expected(tmp_path, kind):
    path = tmp_path / "cut"
    path.write_bytes(COMPRESS[kind](os.urandom(100_000))[:50_000])
    with pytest.raises(DAMAGE), open_bytes(path) as file:
        file.read()
    with pytest.raises(OSError, match="compressed, and damaged"):
        check_size(path)


def test_a_line_has_an_end(monkeypatch):
    monkeypatch.setattr(input_files, "LARGEST_LINE", 10)
    assert list(lines_of(io.StringIO("0123456789"))) == ["0123456789"]
    with pytest.raises(OSError, match="more than 10 characters"):
        list(lines_of(io.StringIO("01234567890")))
