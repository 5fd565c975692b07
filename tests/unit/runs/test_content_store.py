import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from betenet.errors import DataError
from betenet.runs import ContentStore


class TextStore(ContentStore[str]):
    """Texts by key."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "texts.sqlite", table="pairs", what="Texts", decode=decoded)


def decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DataError("no text") from error


@pytest.fixture
def cache(tmp_path: Path) -> TextStore:
    return TextStore(tmp_path / "texts")


@pytest.fixture(scope="module")
def entries() -> list[tuple[bytes, bytes]]:
    texts = [f"{number} " * (300 + 40 * number) for number in range(28)]
    return [(sha256(text.encode()).digest(), text.encode()) for text in texts]


def kept(cache: TextStore, entries: list[tuple[bytes, bytes]]) -> list[bool]:
    """Whether each entry is there; one that is there must be the one that was stored."""
    found = cache.load([key for key, _ in entries])
    for text, (_, data) in zip(found, entries, strict=True):
        assert text is None or text.encode() == data
    return [text is not None for text in found]


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_is_stored_is_found(cache: TextStore, entries: list[tuple[bytes, bytes]]) -> None:
    assert kept(cache, entries) == [False] * len(entries)
    cache.store(entries[:20])
    assert kept(cache, entries) == [True] * 20 + [False] * (len(entries) - 20)
    assert kept(TextStore(cache.path.parent), entries[:20]) == [True] * 20
    assert len(cache) == 20
    assert cache.damaged == 0
    assert len(list(cache.path.parent.iterdir())) == 1


def test_what_cannot_be_decoded_is_absent(cache: TextStore) -> None:
    cache.store([(b"key", b"\xff\xff")])
    assert cache.load([b"key"]) == [None]
    assert cache.load_bytes([b"key"]) == [b"\xff\xff"]
    assert cache.damaged == 1


@pytest.mark.parametrize("where", ["middle", "end", "checksum", "exchanged"])
def test_garbled_entry_is_absent_and_can_be_stored_again(
    where: str, cache: TextStore, entries: list[tuple[bytes, bytes]]
) -> None:
    cache.store(entries)
    (key, data), (_, other) = entries[1], entries[2]
    changed = {
        "middle": ("data", data[:20] + bytes([data[20] ^ 1]) + data[21:]),
        "end": ("data", data[:-3]),
        "checksum": ("checksum", 17),
        "exchanged": ("data", other),
    }
    column, value = changed[where]
    with sqlite3.connect(cache.path) as db:
        db.execute(f"UPDATE pairs SET {column} = ? WHERE key = ?", (value, key))  # noqa: S608
    db.close()
    assert kept(cache, entries) == [True, False] + [True] * (len(entries) - 2)
    assert cache.damaged == 1
    cache.store(entries[1:2])
    assert all(kept(cache, entries))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def garble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = np.random.default_rng(3).bytes(len(data) - 4096)
    path.write_bytes(data)


def replace(path: Path) -> None:
    path.write_text("This is not a database. " * 500)


def other_table(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE pairs (name TEXT)")
    db.close()


@pytest.mark.parametrize("harm", [cut, garble, replace, other_table, Path.unlink])
def test_damaged_file_is_begun_again(
    harm: object, cache: TextStore, entries: list[tuple[bytes, bytes]]
) -> None:
    cache.store(entries)
    assert callable(harm)
    harm(cache.path)
    left = kept(cache, entries)
    assert not all(left)
    assert cache.damaged > 0 or harm is Path.unlink
    cache.store([entry for entry, there in zip(entries, left, strict=True) if not there])
    assert all(kept(cache, entries))
    with sqlite3.connect(cache.path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_folder_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="cannot be cached"):
        TextStore(tmp_path / "file" / "graphs")
    with pytest.raises(DataError, match="cannot be cached"):
        TextStore(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_interrupted_store_leaves_nothing(
    cache: TextStore, entries: list[tuple[bytes, bytes]]
) -> None:
    cache.store(entries[:5])

    def interrupt(db: sqlite3.Connection) -> None:
        db.execute("REPLACE INTO pairs VALUES (?, ?, ?)", (entries[6][0], b"", 0))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache._run(interrupt)
    assert kept(cache, entries[:8]) == [True] * 5 + [False] * 3
    assert cache.damaged == 0


KILLED_WHILE_WRITING = """
    import os, signal, sys
    from betenet.runs import ContentStore

    cache = ContentStore(sys.argv[1], table="pairs", what="Texts", decode=bytes.decode)

    def write(db):
        # more than SQLite keeps in memory: part of it is in the file before the end
        rows = [(os.urandom(32), os.urandom(100_000), 0) for _ in range(80)]
        db.execute("DELETE FROM pairs")
        db.executemany("REPLACE INTO pairs VALUES (?, ?, ?)", rows)
        os.kill(os.getpid(), signal.SIGKILL)

    cache._run(write)
"""


def test_killed_while_writing(cache: TextStore, entries: list[tuple[bytes, bytes]]) -> None:
    cache.store(entries[:10])
    size = cache.path.stat().st_size
    with start(KILLED_WHILE_WRITING, cache.path) as process:
        assert process.wait(timeout=60) == -signal.SIGKILL
    # the file is half written, and its journal tells how to undo that
    assert cache.path.stat().st_size > size + 1_000_000
    assert cache.path.with_name(f"{cache.path.name}-journal").exists()
    copy = cache.path.parent / "copy"
    copy.mkdir()
    shutil.copy(cache.path, copy / cache.path.name)
    assert kept(cache, entries[:12]) == [True] * 10 + [False] * 2
    assert len(cache) == 10
    assert cache.damaged == 0
    cache.store(entries)
    assert all(kept(cache, entries))
    # without the journal, the same file is of no use: the test does cut a transaction in two
    alone = TextStore(copy)
    assert not all(kept(alone, entries[:10]))
    alone.store(entries)
    assert all(kept(alone, entries))


WRITER = """
    import sys
    from betenet.runs import ContentStore

    name = sys.argv[2]
    cache = ContentStore(sys.argv[1], table="pairs", what="Texts", decode=bytes.decode)

    def entry(owner, index):
        return f"{owner} {index}".encode(), str(index).encode()

    print("ready", flush=True)
    for start in range(0, 400, 20):
        block = range(start, start + 20)
        # its own entries, and some that the other one writes too
        cache.store([entry(name, index) for index in block])
        cache.store([entry("both", index) for index in block])
        found = cache.load([entry(name, index)[0] for index in range(start + 20)])
        assert found == [str(index) for index in range(start + 20)]
    assert cache.damaged == 0
"""


def test_two_processes_at_once(tmp_path: Path) -> None:
    cache = TextStore(tmp_path)
    with start(WRITER, cache.path, "first") as first, start(WRITER, cache.path, "second") as second:
        assert first.wait(timeout=60) == 0
        assert second.wait(timeout=60) == 0
    assert len(cache) == 3 * 400
    owners = ("first", "second", "both")
    keys = [f"{owner} {index}".encode() for owner in owners for index in range(400)]
    assert cache.load(keys) == [str(index) for index in range(400)] * 3
