import bz2
import gzip
import importlib
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from betenet.errors import DataError
from betenet.phonons.force_files import ForceConstants, read_forces

file_io: Any = pytest.importorskip("phonopy.file_IO")

ATOMS = 4
DRAW = np.random.default_rng(3)
CONSTANTS = DRAW.normal(size=(ATOMS, ATOMS, 3, 3))
ONE = {
    "natom": ATOMS,
    "first_atoms": [
        {"number": n, "displacement": DRAW.normal(size=3), "forces": DRAW.normal(size=(ATOMS, 3))}
        for n in (0, 2)
    ],
}
ALL = {key: DRAW.normal(size=(3, ATOMS, 3)) for key in ("displacements", "forces")}


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    file_io.write_FORCE_SETS(ONE, tmp_path / "FORCE_SETS")
    return tmp_path / "FORCE_SETS"


@pytest.fixture
def constants(tmp_path: Path) -> Path:
    file_io.write_FORCE_CONSTANTS(CONSTANTS, tmp_path / "FORCE_CONSTANTS")
    return tmp_path / "FORCE_CONSTANTS"


def test_one_displaced_atom(sets: Path) -> None:
    found = read_forces(sets, ATOMS)
    assert not isinstance(found, ForceConstants)
    for mine, known in zip(found["first_atoms"], ONE["first_atoms"], strict=True):
        assert mine["number"] == known["number"]
        np.testing.assert_allclose(mine["displacement"], known["displacement"], atol=1e-9)
        np.testing.assert_allclose(mine["forces"], known["forces"], atol=1e-9)


def test_all_atoms_displaced(tmp_path: Path) -> None:
    file_io.write_FORCE_SETS(ALL, tmp_path / "sets")
    found = read_forces(tmp_path / "sets", ATOMS)
    assert not isinstance(found, ForceConstants)
    for key, known in ALL.items():
        np.testing.assert_allclose(found[key], known, atol=1e-7)
    with pytest.raises(DataError, match="12 lines, not a multiple of the 5 atoms"):
        read_forces(tmp_path / "sets", 5)


def test_force_constants_as_text(constants: Path) -> None:
    found = read_forces(constants, ATOMS)
    assert isinstance(found, ForceConstants)
    np.testing.assert_allclose(found.values, CONSTANTS, atol=1e-14)
    assert found.atoms is not None
    assert found.atoms.tolist() == [0, 1, 2, 3]


def test_force_constants_of_a_primitive_cell(tmp_path: Path) -> None:
    path = tmp_path / "any name"
    file_io.write_FORCE_CONSTANTS(CONSTANTS[[0, 2]], path, p2s_map=np.array([0, 2]))
    found = read_forces(path, ATOMS)
    assert isinstance(found, ForceConstants)
    np.testing.assert_allclose(found.values, CONSTANTS[[0, 2]], atol=1e-14)
    assert found.atoms is not None
    assert found.atoms.tolist() == [0, 2]


def test_force_constants_of_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "force_constants.hdf5"
    file_io.write_force_constants_to_hdf5(
        CONSTANTS[:1], path, p2s_map=np.array([0]), physical_unit="Ry/au^2"
    )
    found = read_forces(path, ATOMS)
    assert isinstance(found, ForceConstants)
    np.testing.assert_array_equal(found.values, CONSTANTS[:1])
    assert found.unit == "Ry/au^2"
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match="damaged or cut off"):
        read_forces(path, ATOMS)


def test_hdf5_of_something_else(tmp_path: Path) -> None:
    h5py: Any = importlib.import_module("h5py")
    for name, data, words in (
        ("mesh", np.ones((3, 3)), r"holds no force constants(.|\n)*mesh"),
        ("force_constants", np.ones((3, 3)), "holds 3 x 3 numbers"),
    ):
        with h5py.File(tmp_path / name, "w") as file:
            file[name] = data
        with pytest.raises(DataError, match=words):
            read_forces(tmp_path / name, ATOMS)


@pytest.mark.parametrize("opener", [gzip.open, bz2.open, lzma.open])
def test_compressed_files_are_the_same(opener: Any, constants: Path) -> None:
    with opener(f"{constants}.z", "wb") as file:
        file.write(constants.read_bytes())
    found = read_forces(Path(f"{constants}.z"), ATOMS)
    assert isinstance(found, ForceConstants)
    np.testing.assert_allclose(found.values, CONSTANTS, atol=1e-14)
    whole = Path(f"{constants}.z").read_bytes()
    Path(f"{constants}.z").write_bytes(whole[:-30])
    with pytest.raises(DataError, match="cannot be read"):
        read_forces(Path(f"{constants}.z"), ATOMS)


def test_exponents_of_fortran_are_read(constants: Path) -> None:
    lines = constants.read_text().splitlines()
    lines[2] = " 1.5D-01  0.0 0.0"
    constants.write_text("\n".join(lines))
    found = read_forces(constants, ATOMS)
    assert isinstance(found, ForceConstants)
    assert found.values[0, 0, 0, 0] == 0.15


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines[:-2], "announces 2 displacements and holds 1.6"),
        (lambda lines: lines[: len(lines) // 2], "cut off"),
        (lambda lines: lines + lines, "holds 4.1"),
        (lambda lines: lines[:2], "Nothing follows its header"),
        (lambda lines: ["5", *lines[1:]], "is for 5 atoms, the supercell has 4"),
        (lambda lines: [lines[0], "0", *lines[2:]], "0 stands where"),
        (lambda lines: [lines[0], "1.5", *lines[2:]], "1.5 stands where"),
        (lambda lines: [*lines[:4], "0.1 nan 0.1", *lines[5:]], "line 5: a value is not a finite"),
        (lambda lines: [*lines[:4], "0.1 ****** 0.1", *lines[5:]], r"line 5: .*\*\*\*"),
        (lambda lines: [*lines[:4], "these are words", *lines[5:]], "line 5: 'these'"),
        (lambda _: ["a b c"], "neither FORCE_SETS nor FORCE_CONSTANTS"),
        (lambda _: [], "is empty"),
    ],
)
def test_damage_of_force_sets_is_named(change: Any, words: str, sets: Path) -> None:
    sets.write_text("\n".join(change([line for line in sets.read_text().splitlines() if line])))
    with pytest.raises(DataError, match=words) as caught:
        read_forces(sets, ATOMS)
    assert "FORCE_SETS" in caught.value.summary


def test_pairs_in_another_order_are_refused(constants: Path) -> None:
    lines = constants.read_text().splitlines()
    constants.write_text("\n".join([lines[0], *lines[5:9], *lines[1:5], *lines[9:]]))
    with pytest.raises(DataError, match="not in order"):
        read_forces(constants, ATOMS)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_forces(path, ATOMS)
