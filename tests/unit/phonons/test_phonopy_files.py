import bz2
import gzip
import lzma
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

from betenet.errors import ConfigError, DataError
from betenet.phonon_dos import PhononDos
from betenet.phonons import (
    ForceField,
    PhononSettings,
    SupercellLayout,
    is_phonopy_file,
    read_force_constants,
)
from betenet.phonons.density import density_of_states, modes_of
from betenet.phonons.force_constants import as_atoms, force_constants, forces_of
from betenet.phonons.phonopy_files import PhonopyRun, open_phonopy

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
    with pytest.raises(DataError, match="Neither it nor a file beside it holds"):
        read_force_constants(folder / "alone" / "phonopy.yaml")


def test_what_a_file_holds_itself_comes_first(written: tuple[Path, PhononDos]) -> None:
    folder, _ = written
    (folder / "FORCE_CONSTANTS").write_text("damaged")
    run = open_phonopy(folder / "params.yaml", None, SETTINGS)
    assert run.remarks == ()
    with pytest.raises(DataError, match="FORCE_CONSTANTS"):
        open_phonopy(folder / "phonopy.yaml", None, SETTINGS)
    (folder / "FORCE_CONSTANTS").unlink()
    file_io.write_FORCE_CONSTANTS(run.phonopy.force_constants, folder / "FORCE_CONSTANTS")
    remarks = open_phonopy(folder / "phonopy.yaml", None, SETTINGS).remarks
    assert remarks == ("FORCE_CONSTANTS is read; beside it are also FORCE_SETS",)


@pytest.mark.parametrize("ending", ["xz", "gz", "bz2"])
def test_compressed_files_are_read(ending: str, written: tuple[Path, PhononDos]) -> None:
    folder, _ = written
    opener = {"xz": lzma.open, "gz": gzip.open, "bz2": bz2.open}[ending]
    (folder / "small").mkdir()
    for name in ("phonopy.yaml", "params.yaml", "FORCE_SETS"):
        with opener(folder / "small" / f"{name}.{ending}", "wb") as file:
            file.write((folder / name).read_bytes())
    expected = top(open_phonopy(folder / "phonopy.yaml", None, SETTINGS))
    for name in ("phonopy.yaml", "params.yaml", "FORCE_SETS"):
        path = folder / "small" / f"{name}.{ending}"
        assert is_phonopy_file(path)
        assert top(open_phonopy(path, None, SETTINGS)) == pytest.approx(expected, rel=1e-4)


def top(run: PhonopyRun) -> float:
    return float(modes_of(run.phonopy, 20.0 / run.angstrom).frequencies.max())


def snapshots(count: int, atoms: Atoms, emt: ForceField) -> Any:
    """Object of phonopy for a supercell with all atoms displaced, as `phonopy --rd` makes it."""
    phonon = force_constants(atoms, emt, SETTINGS).phonopy
    phonon.generate_displacements(distance=0.02, number_of_snapshots=count, random_seed=5)
    cells = phonon.supercells_with_displacements
    phonon.forces = np.array([forces_of(as_atoms(cell), emt) for cell in cells])
    return phonon


@pytest.mark.parametrize("inside", [True, False])
def test_random_displacements_are_fitted(
    inside: bool, cu3au: Atoms, emt: ForceField, written: tuple[Path, PhononDos]
) -> None:
    folder, _ = written
    phonon = snapshots(3, cu3au, emt)
    own = folder / "rd"
    own.mkdir()
    phonon.save(own / "phonopy_disp.yaml", settings={"force_sets": inside})
    if not inside:
        file_io.write_FORCE_SETS(phonon.dataset, own / "FORCE_SETS")
    expected = top(open_phonopy(folder / "phonopy.yaml", None, SETTINGS))
    run = open_phonopy(own / "phonopy_disp.yaml", None, SETTINGS)
    assert top(run) == pytest.approx(expected, rel=0.02)


def test_symfc_is_asked_for_where_it_is_missing(
    cu3au: Atoms, emt: ForceField, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots(3, cu3au, emt).save(tmp_path / "params.yaml", settings={"force_sets": True})
    monkeypatch.setitem(sys.modules, "symfc", None)
    with pytest.raises(ConfigError, match=r"symfc(.|\n)*pip install"):
        open_phonopy(tmp_path / "params.yaml", None, SETTINGS)


def write_poscar(path: Path, cell: Any) -> None:
    write(path, as_atoms(cell), format="vasp", direct=True)


DIM = SupercellLayout.from_text("3 3 3")


@pytest.fixture
def older(tmp_path: Path, emt: ForceField) -> Path:
    """A folder of fcc copper without phonopy.yaml."""
    settings = PhononSettings(distance=7.5)
    phonon = force_constants(bulk("Cu"), emt, settings).phonopy
    assert np.array_equal(phonon.supercell_matrix, 3 * np.eye(3))
    write_poscar(tmp_path / "POSCAR", phonon.unitcell)
    write_poscar(tmp_path / "SPOSCAR", phonon.supercell)
    file_io.write_FORCE_SETS(phonon.dataset, tmp_path / "FORCE_SETS")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "layout"),
    [("POSCAR", DIM), ("FORCE_SETS", None), ("FORCE_SETS", DIM), ("", DIM), ("", None)],
)
def test_older_layout(name: str, layout: SupercellLayout | None, older: Path) -> None:
    dos, atoms = read_force_constants(older / name, None, SETTINGS, layout)
    assert len(atoms) == 1
    assert dos.frequencies[-1] == pytest.approx(32.0, abs=1.5)  # EMT's copper


def test_older_layout_needs_its_supercell(older: Path) -> None:
    (older / "SPOSCAR").unlink()
    with pytest.raises(DataError, match=r"not known(.|\n)*--dim"):
        open_phonopy(older / "FORCE_SETS", None, SETTINGS)
    for dim, atoms in (("2 2 2", 8), ("4 4 4", 64)):
        layout = SupercellLayout.from_text(dim)
        with pytest.raises(DataError, match=f"is for 27 atoms, the supercell has {atoms}"):
            open_phonopy(older / "POSCAR", None, SETTINGS, layout)
    # as many atoms, but others
    layout = SupercellLayout.from_text("9 3 1")
    with pytest.raises(DataError, match=r"lacks displacements|not those of this supercell"):
        open_phonopy(older / "POSCAR", None, SETTINGS, layout)


def test_force_constants_of_the_unit_cells_atoms(emt: ForceField, tmp_path: Path) -> None:
    """Phonopy's primitive cell was the unit cell unless it was told otherwise."""
    cubic = bulk("Cu", "fcc", a=3.6, cubic=True)
    phonon = force_constants(cubic, emt, PhononSettings(distance=7.0)).phonopy
    phonon.produce_force_constants(calculate_full_force_constants=False, show_drift=False)
    write_poscar(tmp_path / "POSCAR", phonon.unitcell)
    file_io.write_FORCE_CONSTANTS(
        phonon.force_constants, tmp_path / "FORCE_CONSTANTS", p2s_map=phonon.primitive.p2s_map
    )
    for primitive in (None, "P"):
        layout = SupercellLayout.from_text("2 2 2", primitive)
        run = open_phonopy(tmp_path / "POSCAR", None, SETTINGS, layout)
        assert len(run.primitive) == 4
    with pytest.raises(DataError, match=r"of 4 atoms of a primitive cell, which here has 1"):
        open_phonopy(tmp_path / "POSCAR", None, SETTINGS, SupercellLayout.from_text("2 2 2", "F"))


def test_masses_of_the_files_count_and_are_said(
    emt: ForceField, cu3au: Atoms, tmp_path: Path
) -> None:
    phonon = force_constants(cu3au, emt, SETTINGS).phonopy
    tops = []
    for name, mass in (("natural", None), ("light", 60.0)):
        if mass is not None:
            phonon.masses = [
                mass if symbol == "Cu" else 196.967 for symbol in phonon.primitive.symbols
            ]
        phonon.save(tmp_path / f"{name}.yaml", settings={"force_sets": True})
        run = open_phonopy(tmp_path / f"{name}.yaml", None, SETTINGS)
        tops.append(top(run))
        said = "computed with the masses of isotopes: Cu 60 u"
        assert run.remarks == (() if mass is None else (said,))
    assert tops[0] < tops[1] < 1.05 * tops[0]


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
    (tmp_path / "deep.yaml").write_text("[" * 100_000)
    with pytest.raises(DataError, match=r"deep\.yaml"):
        read_force_constants(tmp_path / "deep.yaml")
    (tmp_path / "other.yaml").write_text("name: other\n")
    with pytest.raises(DataError, match="states no unit cell"):
        read_force_constants(tmp_path / "other.yaml")
