"""What rows are, wherever they come from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from betenet.datasets.rows import Row, data_digest, data_folder, spectra_digest
from betenet.datasets.training_rows import read_rows
from betenet.errors import DataError

SOURCES = ("bete_net", "alexandria", "jarvis")


def test_folder_comes_from_the_environment(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETENET_DATA", str(tiny_data))
    assert data_folder() == tiny_data
    monkeypatch.setenv("BETENET_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"(?s)nowhere.*Set BETENET_DATA"):
        data_folder()


def test_digest_tells_data_apart(tiny_data: Path) -> None:
    rows = read_rows(tiny_data, SOURCES)
    first = rows[0]
    digest = data_digest(rows)
    assert data_digest(read_rows(tiny_data, SOURCES)) == digest
    moved = first.atoms.copy()
    moved.positions += 0.001
    stretched = first.atoms.copy()
    stretched.set_cell(stretched.cell * 1.001)
    other = first.atoms.copy()
    other.numbers[:] = 92
    changed: list[Row] = [
        replace(first, id="another"),
        replace(first, targets=first.targets * 1.01),
        *(replace(first, atoms=atoms) for atoms in (moved, stretched, other)),
    ]
    digests = {digest, *(data_digest([row, *rows[1:]]) for row in changed)}
    assert len(digests) == 1 + len(changed)
    assert data_digest(rows[::-1]) != digest


def test_digest_of_spectra_tells_them_apart(tiny_data: Path) -> None:
    rows = read_rows(tiny_data, SOURCES)
    grid = np.arange(1.0, 9.0)
    known = [replace(rows[0], spectrum=(grid, 0.1 * grid)), *rows[1:]]
    changed: list[Row] = [
        rows[0],
        replace(known[0], id="another"),
        replace(known[0], spectrum=(grid, 0.2 * grid)),
        replace(known[0], spectrum=(grid + 0.1, 0.1 * grid)),
    ]
    digests = {spectra_digest(known), *(spectra_digest([row, *rows[1:]]) for row in changed)}
    assert len(digests) == 1 + len(changed)
    assert data_digest(known) == data_digest(rows)
