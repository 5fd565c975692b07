"""The packages that only this room needs, and what to do where they are absent."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from betenet.errors import ConfigError


def load(module: str) -> Any:
    """Import a module of the extra ``phonons``.

    Raises
    ------
    ConfigError
        If its package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(error.name or module) from error


def package_folder(package: str) -> Path:
    """Where a package of the extra is installed; it is not imported.

    Raises
    ------
    ConfigError
        If it is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise _missing(package)
    return Path(found.submodule_search_locations[0])


def _missing(module: str) -> ConfigError:
    return ConfigError(
        f"Phonons need the package {module.split('.', maxsplit=1)[0]}, which is not installed.",
        "It belongs to the extra `phonons`.",
        "Install it: pip install 'betenet[phonons]'",
    )
