"""The page as `make app` has built it, in memory: no path of a request is ever opened."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Content type by suffix of the files that the page consists of."""
INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page.

    Attributes
    ----------
    content
        Bytes of the file.
    compressed
        Bytes of the same content by gzip.
    media_type
        Content type.
    """

    content: bytes
    compressed: bytes
    media_type: str


@cache
def page_files() -> dict[str, PageFile]:
    """Every file of the page by its path below the page."""
    found: dict[str, PageFile] = {}
    _collect(files("betenet.app").joinpath("page"), "", found)
    return found


@cache
def examples() -> dict[str, bytes]:
    """Files that a visitor can try, by name: structures, and an α²F of another program."""
    folder = files("betenet.app").joinpath("examples")
    kept = [one for one in folder.iterdir() if one.name.endswith((".cif", ".csv"))]
    return {one.name: one.read_bytes() for one in sorted(kept, key=lambda one: one.name)}


def _collect(folder: Traversable, below: str, found: dict[str, PageFile]) -> None:
    for one in folder.iterdir():
        if one.is_dir():
            _collect(one, f"{below}{one.name}/", found)
        elif (kind := TYPES.get(f".{one.name.rpartition('.')[2]}")) is not None:
            content = one.read_bytes()
            found[below + one.name] = PageFile(content, gzip.compress(content, mtime=0), kind)
