from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from betenet.errors import DataError
from betenet.phonon_dos import PhononDos
from betenet.phonons import ForceField, PhononSettings, read_force_constants
from betenet.phonons.density import density_of_states, modes_of
from betenet.phonons.force_constants import force_constants

file_io: Any = pytest.importorskip("phonopy.file_IO")

SETTINGS = PhononSettings(distance=6.0, q_length=20.0)


@pytest.fixture
def written(tmp_path: Path, cu3au: Atoms, emt: ForceField) -> tuple[Path, PhononDos]:
    """A folder as phonopy leaves it, and what it holds."""
    phonon = force_constants(cu3au, emt, SETTINGS).phonopy
    phonon.save(tmp_path / "phonopy.yaml", settings={"force_sets": False})
    phonon.save(tmp_path / "params.yaml", settings={"force_sets": True})
    file_io.write_FORCE_CONSTANTS(phonon.force_constants, tmp_path / "FORCE_CONSTANTS")
    file_io.write_FORCE_SETS(phonon.dataset, tmp_path / "FORCE_SETS")
    modes = modes_of(phonon, SETTINGS.q_length)
    return tmp_path, density_of_states(modes, SETTINGS.frequency_step, ("Cu", "Cu", "Cu", "Au"))


@pytest.mark.parametrize(
    ("yaml", "forces"),
    [
        ("phonopy.yaml", "FORCE_CONSTANTS"),
        ("phonopy.yaml", "FORCE_SETS"),
        ("phonopy.yaml", None),
        ("elsewhere/params.yaml", None),
    ],
)
def test_what_phonopy_wrote_is_read(
    yaml: str, forces: str | None, written: tuple[Path, PhononDos]
) -> None:
    folder, expected = written
    (folder / "elsewhere").mkdir()
    (folder / "params.yaml").rename(folder / "elsewhere" / "params.yaml")
    dos, atoms = read_force_constants(
        folder / yaml, None if forces is None else folder / forces, SETTINGS
    )
    assert len(atoms) == 4
    assert atoms.cell.lengths() == pytest.approx([3.8] * 3)
    assert dos.n_states == pytest.approx(12.0)
    # rounding decides whether there is a bin below zero
    known = np.interp(dos.frequencies, expected.frequencies, expected.total, left=0.0)
    assert np.allclose(np.cumsum(dos.total), np.cumsum(known), atol=0.02)


def test_files_of_the_current_folder_are_not_taken(
    written: tuple[Path, PhononDos], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = written
    (folder / "alone").mkdir()
    (folder / "phonopy.yaml").rename(folder / "alone" / "phonopy.yaml")
    monkeypatch.chdir(folder)
    with pytest.raises(DataError, match="Neither of them holds"):
        read_force_constants(folder / "alone" / "phonopy.yaml")


def cut(lines: list[str]) -> list[str]:
    return lines[: len(lines) // 2]


def not_numbers(lines: list[str]) -> list[str]:
    return [*lines[:2], "0.1 nan 0.0", *lines[3:]]


def words(lines: list[str]) -> list[str]:
    return [*lines[:2], "these are words", *lines[3:]]


def fewer_atoms(_: list[str]) -> list[str]:
    return ["1 1", "1 1", *["0.0 0.0 0.0"] * 3]


def lopsided(lines: list[str]) -> list[str]:
    # the block of atoms 1 and 2, but not that of 2 and 1
    return [*lines[:6], *["50.0 0.0 0.0"] * 3, *lines[9:]]


@pytest.mark.parametrize("harm", [cut, not_numbers, words, fewer_atoms, lopsided])
def test_bad_force_constants_are_named(harm: object, written: tuple[Path, PhononDos]) -> None:
    folder, _ = written
    path = folder / "FORCE_CONSTANTS"
    assert callable(harm)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(harm(lines)) + "\n")
    with pytest.raises(DataError, match="FORCE_CONSTANTS"):
        read_force_constants(folder / "phonopy.yaml", path, SETTINGS)


def test_missing_or_broken_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file .*none\.yaml"):
        read_force_constants(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("lattice: [1, 2")
    with pytest.raises(DataError, match=r"bad\.yaml"):
        read_force_constants(tmp_path / "bad.yaml")
