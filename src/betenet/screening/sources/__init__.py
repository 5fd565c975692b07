"""Where candidates come from: files, folders, archives, databases, servers; all as one stream.

A reader of one format is a function of a path and the name to say; it yields entries one by one
and turns whatever is broken into an `Unreadable`.
"""

from __future__ import annotations

from pathlib import Path

from betenet.addresses import masked
from betenet.errors import ConfigError
from betenet.screening.sources.files import FileSource
from betenet.screening.sources.materials_project import MaterialsProjectSource
from betenet.screening.sources.optimade import OptimadeSource
from betenet.screening.sources.source import Source

__all__ = ["Source", "open_source"]


def open_source(text: str | Path) -> Source:
    """Source that a text names; nothing is read yet.

    Parameters
    ----------
    text
        Path to a file or folder; ``optimade:URL``; ``mp:QUERY``.

    Raises
    ------
    ConfigError
        If the text names no source.
    DataError
        If there is no such file or folder.
    """
    if isinstance(text, Path):
        return FileSource(text)
    kind, colon, rest = text.partition(":")
    if colon and kind == "optimade":
        return OptimadeSource(rest)
    if colon and kind == "mp":
        return MaterialsProjectSource(rest)
    if "://" in text:
        raise ConfigError(
            f"{masked(text)!r} does not say what is there.",
            "Of the databases on the web, only OPTIMADE servers and the Materials Project are "
            "read.",
            "Write optimade: before the address of an OPTIMADE server.",
        )
    if not text.strip():
        raise ConfigError(
            "The source is empty.",
            "There is nothing to screen.",
            "Give a path, optimade:URL or mp:QUERY.",
        )
    return FileSource(Path(text))
