"""Files from outside: what may be opened, and how much of one is read.

The limits on the size and the nesting of inputs are in this module. Whatever is wrong with a file
is an `OSError` whose ``strerror`` can be shown to a user.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

LARGEST_FILE = 1 << 28
"""Bytes of a file that is read whole, after it is decompressed."""
LARGEST_LINE = 1 << 26
"""Characters of a line, where lines are read one by one."""
LARGEST_MEMBER = 1 << 34
"""Bytes of an unpacked member of an archive whose format is read piece by piece."""

DEEPEST = 64
"""Levels of lists and tables in JSON, TOML and YAML; what is read has ten at most."""
TOO_DEEP = f"it is nested more than {DEEPEST} levels deep"

COMPRESSED_SUFFIXES = frozenset((".gz", ".bz2", ".xz"))
DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, UnicodeDecodeError)
"""What reading a damaged, cut or refused file raises."""

_MAGIC = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def check_file(path: str | Path) -> int:
    """Size of a file that can be read: it ends, and opening it does not wait for anybody.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    int
        Its size [bytes].

    Raises
    ------
    OSError
        If it is missing, a link that leads nowhere, a folder, a pipe, a socket or a device.
    """
    try:
        found = Path(path).stat()
    except ValueError as error:  # a null byte
        raise FileNotFoundError(errno.ENOENT, "it has no name of a file", str(path)) from error
    except OSError as error:
        raise type(error)(error.errno, _why_not(Path(path), error), str(path)) from error
    if not stat.S_ISREG(found.st_mode):
        kind = next((word for is_kind, word in _KINDS.items() if is_kind(found.st_mode)), "no file")
        only = "only files on a disk are read"
        raise OSError(errno.EINVAL, f"it is {kind}, and {only}", str(path))
    return found.st_size


def open_bytes(path: str | Path, largest: int | None = LARGEST_FILE) -> io.BufferedIOBase:
    """Open a file; its content is decompressed (gzip, bzip2, xz) while it is read.

    Parameters
    ----------
    path
        The file; whether it is compressed is told by its content.
    largest
        Bytes that may be read; None for no limit, where little of it is held at a time.

    Raises
    ------
    OSError
        As of `check_file`; and later, from reading, if there is more than the limit.
    """
    size = check_file(path)
    with Path(path).open("rb") as file:
        start = file.read(6)
    for magic, opener in _MAGIC.items():
        if start.startswith(magic):
            opened = cast("io.BufferedIOBase", opener(path, "rb"))
            return opened if largest is None else _bounded(opened, largest, path)
    if largest is not None and size > largest:
        raise too_large(path, largest)
    return Path(path).open("rb")


def open_text(
    path: str | Path, largest: int | None = LARGEST_FILE, errors: str = "strict"
) -> io.TextIOWrapper:
    """Open a text file in UTF-8 as `open_bytes` does; `errors` is as of `open`."""
    file = cast("Any", open_bytes(path, largest))
    return io.TextIOWrapper(file, encoding="utf-8", errors=errors)


def read_bytes(path: str | Path, largest: int = LARGEST_FILE) -> bytes:
    """Content of a file as it is on the disk.

    Raises
    ------
    OSError
        As of `check_file`, or if it is larger than allowed.
    """
    if check_file(path) > largest:
        raise too_large(path, largest)
    return Path(path).read_bytes()


def begins_with(path: str | Path, start: bytes) -> bool:
    """Whether a file begins so; no more of it is read.

    Raises
    ------
    OSError
        As of `check_file`.
    """
    check_file(path)
    with Path(path).open("rb") as file:
        return file.read(len(start)) == start


def read_text(path: str | Path, largest: int = LARGEST_FILE) -> str:
    """Content of a text file in UTF-8, with or without a byte order mark.

    Raises
    ------
    OSError
        As of `read_bytes`.
    UnicodeDecodeError
        If it is not UTF-8.
    """
    return read_bytes(path, largest).decode("utf-8-sig")


def check_size(path: str | Path, largest: int = LARGEST_FILE) -> None:
    """Check a file that a library is going to read whole, decompressed where it is compressed.

    Raises
    ------
    OSError
        As of `open_bytes`, or if its content is larger than allowed or breaks off.
    """
    with open_bytes(path, largest) as file:
        if not isinstance(file, io.BufferedReader) or isinstance(file.raw, _Bounded):
            try:
                while file.read(1 << 20):
                    pass
            except (EOFError, zlib.error, lzma.LZMAError) as error:
                raise OSError(errno.EIO, f"it is compressed, and damaged: {error}") from error


def suffix_of(name: str) -> str:
    """Suffix that tells the format, in lower case; that of a compression is passed over.

    Examples
    --------
    >>> suffix_of("rows.JSONL.gz"), suffix_of("POSCAR")
    ('.jsonl', '')
    """
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] in COMPRESSED_SUFFIXES:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def lines_of(file: io.TextIOBase) -> Iterator[str]:
    """Lines of an open text file, none of them without end.

    Raises
    ------
    OSError
        If a line is longer than `LARGEST_LINE`.
    """
    while line := file.readline(LARGEST_LINE + 1):
        if len(line) > LARGEST_LINE:
            raise OSError(errno.EFBIG, f"a line has more than {LARGEST_LINE:,} characters")
        yield line


def check_nesting(data: object) -> None:
    """Check that lists and tables are not nested so deeply that walking through them fails.

    Raises
    ------
    ValueError
        If there are more levels than `DEEPEST`.
    """
    level = [data]
    for _ in range(DEEPEST + 1):
        level = [
            one
            for each in level
            for one in (
                cast("dict[str, object]", each).values() if isinstance(each, dict) else each
            )  # type: ignore[union-attr]
            if isinstance(one, dict | list)
        ]
        if not level:
            return
    raise ValueError(TOO_DEEP)


def in_short(error: Exception) -> str:
    """What an error of reading says, without its number."""
    text = error.strerror if isinstance(error, OSError) else None
    return text or str(error).strip() or type(error).__name__


def too_large(path: str | Path, largest: int) -> OSError:
    """The error for a file, or what is compressed in it, that is larger than allowed."""
    return OSError(
        errno.EFBIG, f"its content is larger than the limit, {in_words(largest)}", str(path)
    )


def in_words(size: int) -> str:
    """A limit as a text.

    Examples
    --------
    >>> in_words(LARGEST_FILE), in_words(1 << 34), in_words(60_000)
    ('256 MiB', '16 GiB', '60,000 bytes')
    """
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size:,} bytes"


class _Bounded(io.RawIOBase):
    """What is read from a decompressor, up to a limit."""

    def __init__(self, inner: io.BufferedIOBase, largest: int, path: str | Path) -> None:
        self._inner, self._left, self._largest, self._path = inner, largest, largest, path

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        content = self._inner.read(min(len(buffer), self._left + 1))
        self._left -= len(content)
        if self._left < 0:
            raise too_large(self._path, self._largest)
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._inner.close()
        super().close()


def _bounded(inner: io.BufferedIOBase, largest: int, path: str | Path) -> io.BufferedIOBase:
    return io.BufferedReader(_Bounded(inner, largest, path), 1 << 16)


def _why_not(path: Path, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a link that leads back to itself"
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return f"it is a link to {path.readlink()}, which does not exist"
    return error.strerror or str(error)
