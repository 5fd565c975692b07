"""The programs of Quantum ESPRESSO on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from betenet.errors import ConfigError

PROGRAMS = ("pw.x", "ph.x", "q2r.x", "matdyn.x", "dos.x")
"""Programs that a calculation needs."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Environment of a program: processes share the cores, threads would fight for them."""

_VERSION = re.compile(r"Program \w+ v\.?\s*(\S+) starts")
_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Programs that were found.

    Attributes
    ----------
    paths
        Path of each by its name.
    version
        Version as the programs print it, such as ``6.7MaX``; empty if it could not be told.
    """

    paths: Mapping[str, Path]
    version: str = ""


def find_programs(folder: str | Path | None = None, names: Sequence[str] = PROGRAMS) -> Programs:
    """Find the programs and ask for their version.

    Parameters
    ----------
    folder
        Folder of the programs; None to look on the PATH.
    names
        Names of the programs.

    Raises
    ------
    ConfigError
        If one is missing.
    """
    where = None if folder is None else str(folder)
    found = {name: shutil.which(name, path=where) for name in names}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise ConfigError(
            f"{', '.join(missing)} of Quantum ESPRESSO cannot be found.",
            "It is not on the PATH." if folder is None else f"It is not in {folder}.",
            "Install it (Debian and Ubuntu: apt install quantum-espresso; conda: conda install "
            "-c conda-forge qe), or name the folder that holds the programs.",
        )
    paths = {name: Path(path).absolute() for name, path in found.items() if path is not None}
    return Programs(paths=paths, version=_ask_version(next(iter(paths.values()))))


def version_in(output: str) -> str:
    """Version of the program that has written an output; empty if it does not say.

    Examples
    --------
    >>> version_in("     Program PWSCF v.6.7MaX starts on 29Nov2026 at  0:26: 9")
    '6.7MaX'
    """
    match = _VERSION.search(output)
    return match.group(1) if match else ""


def _ask_version(program: Path) -> str:
    """A program prints its version before it finds that its input is empty."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.in"
        empty.touch()
        try:
            answer = subprocess.run(  # noqa: S603 - a program that the user has chosen
                [program, "-in", empty.name],
                cwd=folder,
                env={**os.environ, **ONE_THREAD},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
    return version_in(answer.stdout)
