"""Files that may be compressed, told by their content."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from io import TextIOWrapper
from pathlib import Path
from typing import cast

SUFFIXES = frozenset({".gz", ".bz2", ".xz"})

DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, UnicodeDecodeError)
"""What reading a damaged or cut file raises."""

_OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}


def open_text(path: Path) -> TextIOWrapper:
    """Open a text file, decompressed while it is read."""
    with path.open("rb") as file:
        start = file.read(6)
    for magic, opener in _OPENERS.items():
        if start.startswith(magic):
            return cast("TextIOWrapper", opener(path, "rt", encoding="utf-8"))
    return path.open(encoding="utf-8")


def suffix_of(name: str) -> str:
    """Suffix that tells the format, in lower case; that of a compression is passed over.

    Examples
    --------
    >>> suffix_of("rows.JSONL.gz"), suffix_of("POSCAR")
    ('.jsonl', '')
    """
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] in SUFFIXES:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""
