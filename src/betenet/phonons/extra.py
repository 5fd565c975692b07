"""The packages that only this room needs, and what to do where they are absent."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from betenet import extras

EXTRA = "phonons"


def load(module: str) -> Any:
    """Import a module of the extra ``phonons``.

    Raises
    ------
    ConfigError
        If its package is not installed.
    """
    return extras.load(EXTRA, module)


def package_folder(package: str) -> Path:
    """Where a package of the extra is installed; it is not imported.

    Raises
    ------
    ConfigError
        If it is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise extras.missing(EXTRA, package)
    return Path(found.submodule_search_locations[0])
