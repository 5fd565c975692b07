"""The files of a folder that may hold structures."""

from __future__ import annotations

import json
import os
from pathlib import Path

# fmt: off
SKIPPED_SUFFIXES = frozenset(
    (
        ".bib", ".cfg", ".cff", ".cpp", ".css", ".csv", ".dat", ".db-journal", ".doc", ".docx",
        ".eps", ".f90", ".gif", ".gnu", ".h", ".h5", ".hdf5", ".htm", ".html", ".ini", ".ipynb",
        ".jpeg", ".jpg", ".js", ".jsonl", ".lock", ".log", ".md", ".npy", ".npz", ".parquet",
        ".pdf", ".pkl", ".png", ".pptx", ".ps", ".pt", ".pth", ".py", ".pyc", ".rst",
        ".safetensors", ".sh", ".slurm", ".svg", ".tar", ".tex", ".tgz", ".tif", ".tiff",
        ".toml", ".tsv", ".txt", ".xls", ".xlsx", ".yaml", ".yml", ".zip",
    )
)
"""Suffixes passed over when a folder is walked: no structure is kept in them."""

SKIPPED_NAMES = frozenset(
    (
        "AUTHORS", "CHANGELOG", "CITATION", "COPYING", "INCAR", "KPOINTS", "LICENCE", "LICENSE",
        "Makefile", "NOTICE", "POTCAR", "README", "CHG", "CHGCAR", "DOSCAR", "EIGENVAL",
        "IBZKPT", "OSZICAR", "PROCAR", "REPORT", "WAVECAR",
    )
)
"""Names without a suffix passed over when a folder is walked."""
# fmt: on

_OURS = frozenset(("format", "digest", "settings", "steps"))
"""What `manifest.json` of a first-principles calculation has."""


def structure_files(root: Path) -> list[Path]:
    """Files below a folder, sorted; without what is hidden, of other kinds, or computed by us."""
    found: list[Path] = []
    for name, folders, files in os.walk(root):
        folder = Path(name)
        folders[:] = [
            below
            for below in folders
            if not below.startswith(".") and not _is_calculation(folder / below)
        ]
        found += [folder / file for file in files if _may_hold_structure(folder / file)]
    return sorted(found)


def _is_calculation(folder: Path) -> bool:
    """Whether `betenet epc` works there: inputs and outputs of its programs are no materials."""
    try:
        table = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(table, dict) and table.keys() >= _OURS


def _may_hold_structure(file: Path) -> bool:
    skipped = file.suffix.lower() in SKIPPED_SUFFIXES or file.name in SKIPPED_NAMES
    return not file.name.startswith(".") and not skipped and file.is_file()
