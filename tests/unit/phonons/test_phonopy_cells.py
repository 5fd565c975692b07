from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

from betenet.errors import DataError, StructureError
from betenet.phonons import SupercellLayout, phonopy_cells
from betenet.phonons.phonopy_cells import cells_from_structure, cells_from_yaml, find_beside

phonopy: Any = pytest.importorskip("phonopy")

SYMPREC = 1e-3


def poscar(folder: Path, atoms: Atoms, name: str = "POSCAR") -> Path:
    write(folder / name, atoms, format="vasp", direct=True)
    return folder / name


def layout(dim: str | None = None, **more: str) -> SupercellLayout:
    return SupercellLayout.from_text(dim, **more)


@pytest.fixture
def salt() -> Atoms:
    return bulk("NaCl", "rocksalt", a=5.64)


def test_supercell_is_that_of_phonopy(salt: Atoms, tmp_path: Path) -> None:
    path = poscar(tmp_path, salt)
    matrix = "-1 1 1 1 -1 1 1 1 -1"
    cells = cells_from_structure(path, layout(matrix), SYMPREC)
    assert np.allclose(cells.phonopy.supercell.cell, 5.64 * np.eye(3))
    assert not cells.primitive_is_given
    assert cells_from_structure(path, layout(matrix, primitive="P"), SYMPREC).primitive_is_given


def test_supercell_file_tells_the_matrix_or_checks_it(salt: Atoms, tmp_path: Path) -> None:
    path = poscar(tmp_path, salt)
    with pytest.raises(DataError, match="--dim"):
        cells_from_structure(path, layout(), SYMPREC)
    made = cells_from_structure(path, layout("2 2 3"), SYMPREC).phonopy.supercell
    supercell = Atoms(made.symbols, positions=made.positions, cell=made.cell, pbc=True)
    poscar(tmp_path, supercell, "SPOSCAR")
    for given in (layout(), layout("2 2 3")):
        found = cells_from_structure(path, given, SYMPREC).phonopy
        assert np.array_equal(found.supercell_matrix, np.diag([2, 2, 3]))
    with pytest.raises(DataError, match="has 24 atoms, --dim 2 x 2 x 2 makes 16"):
        cells_from_structure(path, layout("2 2 2"), SYMPREC)
    with pytest.raises(DataError, match="not the supercell 3 x 2 x 2"):
        cells_from_structure(path, layout("3 2 2"), SYMPREC)
    poscar(tmp_path, supercell[::-1], "SPOSCAR")
    with pytest.raises(DataError, match="in another order"):
        cells_from_structure(path, layout(), SYMPREC)
    poscar(tmp_path, bulk("Cu", cubic=True), "SPOSCAR")
    with pytest.raises(DataError, match="no supercell of the unit cell"):
        cells_from_structure(path, layout(), SYMPREC)


def test_supercell_without_end_is_refused_before_it_is_built(
    salt: Atoms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phonopy_cells, "MOST_ATOMS", 100)
    with pytest.raises(DataError, match="a supercell of 128 atoms; the limit is 100"):
        cells_from_structure(poscar(tmp_path, salt), layout("4 4 4"), SYMPREC)


def test_primitive_cell_that_does_not_fit_is_refused(salt: Atoms, tmp_path: Path) -> None:
    path = poscar(tmp_path, salt)
    with pytest.raises(DataError, match=r"does not fit(.|\n)*--primitive P"):
        cells_from_structure(path, layout("2 2 2", primitive="F"), SYMPREC)


def test_deuterium_of_the_unit_cell_keeps_its_mass(tmp_path: Path) -> None:
    atoms = bulk("PdH", "rocksalt", a=4.09)
    path = poscar(tmp_path, atoms)
    path.write_text(path.read_text().replace("H", "D"))
    cell = cells_from_structure(path, layout("2 2 2"), SYMPREC).phonopy.unitcell
    assert dict(zip(cell.symbols, cell.masses, strict=True))["H"] == pytest.approx(2.014, abs=1e-3)


PW_INPUT = """&control
/
&system
  ibrav = 0, nat = 1, ntyp = 1
/
&electrons
/
ATOMIC_SPECIES
 Al 26.98 Al.upf
ATOMIC_POSITIONS crystal
 Al 0 0 0
K_POINTS gamma
CELL_PARAMETERS bohr
 0.0 3.8 3.8
 3.8 0.0 3.8
 3.8 3.8 0.0
"""


# phonopy's reader leaves the file open where it fails
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_units_are_those_of_the_calculator(tmp_path: Path) -> None:
    path = tmp_path / "Al.in"
    path.write_text(PW_INPUT)
    with pytest.raises(DataError, match=r"input of pw.x(.|\n)*--calculator qe"):
        cells_from_structure(path, layout("2 2 2"), SYMPREC)
    found = cells_from_structure(path, layout("2 2 2", calculator="qe"), SYMPREC).phonopy
    assert found.calculator == "qe"
    assert found.unitcell.cell[0, 1] == pytest.approx(3.8)
    with pytest.raises(DataError, match="cannot be read as a unit cell of elk"):
        cells_from_structure(path, layout("2 2 2", calculator="elk"), SYMPREC)


def test_files_with_no_or_several_structures(salt: Atoms, tmp_path: Path) -> None:
    write(tmp_path / "two.xyz", [salt, salt], format="extxyz")
    with pytest.raises(DataError, match="holds 2 structures"):
        cells_from_structure(tmp_path / "two.xyz", layout("2 2 2"), SYMPREC)
    (tmp_path / "POSCAR").write_text("nothing\n")
    with pytest.raises(StructureError, match="POSCAR"):
        cells_from_structure(tmp_path / "POSCAR", layout("2 2 2"), SYMPREC)


@pytest.fixture
def yaml(salt: Atoms, tmp_path: Path) -> Path:
    cell = phonopy.structure.atoms.PhonopyAtoms(
        symbols=salt.get_chemical_symbols(), cell=salt.cell.array, positions=salt.positions
    )
    phonopy.Phonopy(cell, [2, 2, 2]).save(tmp_path / "phonopy.yaml")
    return tmp_path / "phonopy.yaml"


def test_yaml_states_its_cells_itself(yaml: Path) -> None:
    cells = cells_from_yaml(yaml, layout(), SYMPREC)
    assert len(cells.phonopy.supercell) == 16
    assert (cells.constants, cells.dataset) == (None, None)
    for given in (layout("2 2 2"), layout(calculator="qe")):
        with pytest.raises(DataError, match="states its supercell and units itself"):
            cells_from_yaml(yaml, given, SYMPREC)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("coordinates", "places", "states no unit cell, or no supercell matrix"),
        ("supercell_matrix:", "matrix:", "states no unit cell, or no supercell matrix"),
        ("unit_cell:\n", "unit_cell: [\n", r"line \d+: not valid YAML"),
        ("- [   2,   0,   0 ]\n", "", "no matrix of 3 x 3"),
        ("symbol: Na", "symbol: Qq", "is not laid out as phonopy.yaml"),
        ("mass: 22.9", "mass: .nan # ", "not numbers"),
    ],
)
def test_damage_of_yaml_is_said_in_words(old: str, new: str, words: str, yaml: Path) -> None:
    text = yaml.read_text()
    assert old in text
    yaml.write_text(text.replace(old, new))
    with pytest.raises(DataError, match=words) as caught:
        cells_from_yaml(yaml, layout(), SYMPREC)
    assert "phonopy.yaml" in caught.value.summary
    assert "Error" not in str(caught.value)


def test_files_beside(tmp_path: Path) -> None:
    for name in ("FORCE_SETS.xz", "FORCE_SETS", "POSCAR"):
        (tmp_path / name).touch()
    found = [path.name for path in find_beside(tmp_path, ("FORCE_CONSTANTS", "FORCE_SETS"))]
    assert found == ["FORCE_SETS", "FORCE_SETS.xz"]
