"""Files of an earlier report in the folder of a new one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from betenet.json_input import read_json

KINDS = (".html", ".json", ".png", ".pdf", ".csv")
"""Suffixes of a report's files."""


def remove_older(folder: Path, listed_in: str, kept: Collection[str]) -> None:
    """Remove the files that an earlier report lists as its own, and the new one does not have.

    Parameters
    ----------
    folder
        Folder of both reports.
    listed_in
        Name of the earlier report's JSON file, whose ``files`` names its files.
    kept
        Names of the new report's files.

    Notes
    -----
    Without such a list nothing is removed. A name that leads out of the folder, that no report
    writes, or that is a folder now, is passed over.
    """
    try:
        table: Any = read_json(folder / listed_in)
        names: list[Any] = list(table["files"])
    except (OSError, ValueError, KeyError, TypeError):  # no report of ours, or an older one
        return
    for name in names:
        if not isinstance(name, str) or name in kept or Path(name).suffix not in KINDS:
            continue
        path = folder / name
        if Path(name).name == name and (path.is_file() or path.is_symlink()):
            path.unlink()
