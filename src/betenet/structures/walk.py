"""The files of a folder that may hold structures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from betenet.json_input import read_json
from betenet.runs import MANIFEST
from betenet.structures.documents import is_answer
from betenet.structures.links import Links

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

_PROSE = re.compile(
    r"(readme|licen[cs]e|changelog|changes|copying|authors|contributing|notice|install)"
    r"([-_.](?!cif$|vasp$|xyz$)[\w.-]*)?$",
    re.IGNORECASE,
)
"""Names of files for people."""

LARGEST_MANIFEST = 1 << 24
"""Size of a file from which it is no manifest of ours [bytes]."""
_OURS = frozenset(("format", "digest", "settings", "steps"))
"""Keys of `manifest.json` of a first-principles calculation."""


def structure_files(root: Path) -> list[Path]:
    """Files below a folder, sorted; without what is hidden, of other kinds, or computed by us."""
    found: list[Path] = []
    links = Links(root)
    waiting = [root]
    while waiting:  # a list, for folders may be nested more deeply than calls
        folder = waiting.pop()
        try:
            paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        except OSError:
            found += [folder] if folder != root else []  # who reads it says why it cannot be
            continue
        for path in paths:
            if not path.is_dir():
                found += [path] if _may_hold_structure(path) else []
            elif links.leads_on(path) and not _is_calculation(path):
                waiting.append(path)
    return sorted(found)


def _is_calculation(folder: Path) -> bool:
    """Whether `betenet epc` works there: inputs and outputs of its programs are no materials."""
    try:
        table = read_json(folder / MANIFEST, LARGEST_MANIFEST)
    except (OSError, ValueError):
        return False
    return isinstance(table, dict) and table.keys() >= _OURS


def _may_hold_structure(file: Path) -> bool:
    """Whether a name is of no other kind; what it leads to may be broken or no file at all."""
    if file.suffix.lower() in SKIPPED_SUFFIXES or file.name in SKIPPED_NAMES:
        return False
    if _PROSE.match(file.name):
        return False
    return file.suffix.lower() != ".json" or not _is_answer(file)


def _is_answer(file: Path) -> bool:
    """Whether a file of JSON is what betenet itself answered: predictions hold no atoms."""
    try:
        data = read_json(file, LARGEST_MANIFEST)
    except (OSError, ValueError):
        return False
    rows = cast("list[object]", data) if isinstance(data, list) else [data]
    return bool(rows) and all(is_answer(row) for row in rows)
