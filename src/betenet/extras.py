"""Packages that only some uses need: the extras of pyproject.toml, and how one is installed."""

from __future__ import annotations

import importlib
import json
import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from betenet.errors import ConfigError

EXTRAS = {
    "app": "The page and its server",
    "electrons": "N(E_F) and nesting by tetrahedra",
    "materials-project": "Searches in the Materials Project",
    "equations": "Genetic search for formulas",
    "netcdf": "NetCDF 4 and HDF5 files",
    "pandas": "Tables of pandas",
    "phonons": "Phonons",
    "pymatgen": "Structures of pymatgen",
    "screen": "Several workers, clusters and Parquet files",
    "search": "Searches of crystals",
}
"""What needs each extra, as the beginning of a sentence."""


def load(extra: str, module: str, *, instead: str = "") -> Any:
    """Import a module that belongs to an extra.

    Parameters
    ----------
    extra
        Name of the extra.
    module
        Full name of the module.
    instead
        What else a user can do, as a sentence; none by default.

    Raises
    ------
    ConfigError
        If its package, or one that this needs, is not installed or does not load.

    Examples
    --------
    >>> load("netcdf", "json").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise missing(extra, error.name or module, instead=instead) from error
    except ImportError as error:
        raise ConfigError(
            f"The package {module.split('.', maxsplit=1)[0]} is there, but does not load.",
            f"{error}.",
            f"{how_to_install(extra)}{instead and f' {instead}'}",
        ) from error


def missing(extra: str, module: str, *, instead: str = "") -> ConfigError:
    """The error for a package of an extra that is not installed.

    Parameters
    ----------
    extra
        Name of the extra.
    module
        The package, or a module in it.
    instead
        What else a user can do, as a sentence; none by default.
    """
    package = module.split(".", maxsplit=1)[0]
    return ConfigError(
        f"{EXTRAS[extra]} need the extra `{extra}`, which is not installed: "
        f"there is no package {package}.",
        f"It consists of {', '.join(packages_of(extra)) or package}, which betenet alone does "
        "without.",
        f"{how_to_install(extra)}{instead and f' {instead}'}",
    )


def how_to_install(extra: str) -> str:
    """What to type to have an extra, as a sentence.

    The line names this Python, and the clone or the wheel that this betenet came from where that
    is still there, so it works from any folder, whether or not an environment is active.

    Parameters
    ----------
    extra
        Name of the extra.
    """
    install = [sys.executable, "-m", "pip", "install"]
    source, editable = _source()
    if source is None:
        return f"Install it, in a clone of betenet: {shlex.join([*install, f'.[{extra}]'])}"
    return f"Install it: {shlex.join([*install, *editable, f'{source}[{extra}]'])}"


def installed(extra: str) -> bool:
    """Whether all packages of an extra are installed; none of them is imported.

    Parameters
    ----------
    extra
        Name of the extra.
    """
    try:
        return bool([metadata.version(package) for package in packages_of(extra)])
    except metadata.PackageNotFoundError:
        return False


def packages_of(extra: str) -> list[str]:
    """Names of the packages in an extra, as the installed betenet states them.

    Examples
    --------
    >>> packages_of("netcdf")
    ['h5py']
    """
    try:
        stated = metadata.requires("betenet") or []
    except metadata.PackageNotFoundError:  # run from its source alone
        return []
    found: list[str] = []
    for line in stated:
        requirement, _, condition = line.partition(";")
        if condition.replace('"', "'").strip() == f"extra == '{extra}'":
            end = next((i for i, c in enumerate(requirement) if c in "[<>=!~ "), None)
            found.append(requirement[:end].strip())
    return found


def _source() -> tuple[Path | None, list[str]]:
    """Folder or wheel that this betenet was installed from, and the flag for an editable one."""
    try:
        text = metadata.distribution("betenet").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        text = None
    if text is None:  # from an index, or by another installer
        return None, []
    stated = json.loads(text)
    address = urlsplit(str(stated["url"]))
    path = Path(unquote(address.path))
    if address.scheme != "file" or not path.exists():
        return None, []
    return path, ["-e"] if stated.get("dir_info", {}).get("editable") else []
