import gzip
import json
import sqlite3
from pathlib import Path

import pytest
from ase.build import bulk
from ase.db import connect
from ase.io import jsonio, write
from tests.unit.structures.test_documents import OPTIMADE
from tests.unit.structures.test_poscar import TINI
from tests.unit.structures.test_pw_input import FCC, INDENTED
from tests.unit.structures.test_pw_output import DONE, START

from betenet.structures import StructureRecord, read_structures

AIMS = (
    "lattice_vector 3.3 0 0\nlattice_vector 0 3.3 0\nlattice_vector 0 0 3.3\n"
    "atom_frac 0 0 0 Ti\natom_frac .5 .5 .5 Ni\n"
)


def read(path: Path) -> list[StructureRecord]:
    return list(read_structures(path))


def formula(path: Path) -> str:
    (record,) = read(path)
    assert record.error is None, record.error
    assert record.atoms is not None
    return record.atoms.get_chemical_formula("hill")


def refusal(path: Path) -> str:
    (record,) = read(path)
    assert record.error is not None
    assert record.error.fix
    return str(record.error)


@pytest.mark.parametrize(
    "name",
    [
        *("POSCAR", "POSCAR-001", "POSCAR_relaxed", "POSCAR.vasp", "CONTCAR", "CONTCAR.gz"),
        *("a.poscar", "a.vasp", "a.POSCAR", "a.VASP", "contcar.static", "nosuffix"),
        *("notes.txt", "x.in", "x.out"),
    ],
)
def test_names_of_poscars(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(TINI.encode()) if name.endswith(".gz") else TINI.encode())
    assert formula(path) == "NiTi"


@pytest.mark.parametrize(
    "name", ["pw.in", "Si.scf.in", "Si.pwi", "Si.scf", "input", "a.inp", "b.txt"]
)
@pytest.mark.parametrize("text", [INDENTED, FCC])
def test_names_of_inputs_of_pw(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert formula(tmp_path / name) == "Si2"


@pytest.mark.parametrize("name", ["pw.out", "scf.log", "output", "a.pwo"])
def test_names_of_outputs_of_pw(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(START + DONE)
    assert formula(tmp_path / name) == "HPd"


def test_latin_comment(tmp_path: Path) -> None:
    (tmp_path / "POSCAR").write_bytes("a in Å".encode("latin1") + TINI.encode())
    assert formula(tmp_path / "POSCAR") == "NiTi"


def test_inputs_of_other_programs(tmp_path: Path) -> None:
    (tmp_path / "geometry.in").write_text(AIMS)
    assert formula(tmp_path / "geometry.in") == "NiTi"
    (tmp_path / "in.lammps").write_text("units metal\nread_data x\n")
    (tmp_path / "run.in").write_text("units metal\nread_data x\n")
    assert "format of the file is unknown" in refusal(tmp_path / "in.lammps")
    assert "format of the file is unknown" in refusal(tmp_path / "run.in")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("ph.in", "phonons\n&inputph\n ldisp=.true.\n/\n", "&inputph"),
        ("q2r.in", " &INPUT\n fildyn='x'\n /\n", "&INPUT"),
        ("ph.out", "\n     Program PHONON v.6.7MaX starts\n", "Quantum ESPRESSO's PHONON"),
        ("epw.out", "     Program EPW v.5.4 starts\n", "Quantum ESPRESSO's EPW"),
        ("a.out", "hello\n", "format of the file is unknown"),
        ("pw.out", "     Program PWSCF v.6.7MaX starts\n", "ends before it lists the cell"),
        ("bad.xsf", "CRYSTAL\nPRIMVEC\n1 0 0\n0 1 0\n", "where more is expected"),
        ("bad.gen", "3 S\nNb\n", "where more is expected"),
        ("bad.cell", "%BLOCK LATTICE_CART\n3 0 0\n", "cannot be read as CASTEP"),
        ("bad.traj", "x", "cannot be read as ASE trajectory"),
        ("geo.in", "atom 0 0 x Nb\n", "'x' stands where a number is expected"),
        ("POSCAR", "POSCAR\n" + TINI.split("\n", 1)[1].replace("Ti Ni\n", ""), "VASP 4"),
        ("bad.json", '{"a": 1,', "not JSON"),
        ("odd.json", '{"a": 1}', "but: a"),
        ("text.json", '"hello"', "no JSON object"),
        ("bare.json", '{"data": {"id": "1", "attributes": {"nsites": 2}}}', "lattice_vectors"),
    ],
)
def test_broken_files_are_refused_in_words(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    (tmp_path / name).write_text(text)
    message = refusal(tmp_path / name)
    assert words in message
    for raw in ("Error", "StopIteration", "out of bounds", "NoneType", "convert string"):
        assert raw not in message.replace(str(tmp_path), "")


def test_cause_is_kept(tmp_path: Path) -> None:
    (tmp_path / "bad.gen").write_text("3 S\nNb\n")
    (record,) = read(tmp_path / "bad.gen")
    assert record.error is not None
    assert record.error.__cause__ is not None


def test_frame_without_atoms_is_not_called_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.in"
    path.write_text("lattice_vector 1 0 0\nlattice_vector 0 1 0\nlattice_vector 0 0 1\n")
    assert "No atoms are found" in refusal(path)


def test_documents(tmp_path: Path) -> None:
    path = tmp_path / "optimade.json"
    broken = OPTIMADE | {"species_at_sites": ["Al", "Al"]}
    rows = [{"id": str(n), "attributes": a} for n, a in enumerate((OPTIMADE, broken, OPTIMADE))]
    path.write_text(json.dumps({"data": rows, "meta": {}}))
    records = read(path)
    assert [record.name for record in records] == [f"{path}#{n}" for n in range(3)]
    assert [record.error is None for record in records] == [True, False, True]


def test_what_ase_writes(tmp_path: Path) -> None:
    images = [bulk("Nb"), bulk("Al")]
    for name in ("a.db", "b.json"):
        with connect(tmp_path / name) as database:
            for image in images:
                database.write(image)
    write(tmp_path / "c.axsf", [images[0]] * 2, format="xsf")
    write(tmp_path / "d.xsf", images[0])
    jsonio.write_json(tmp_path / "e.json", images[0])
    write(tmp_path / "f.res", images[0])
    found = {p.name: len([r for r in read(p) if r.atoms]) for p in sorted(tmp_path.iterdir())}
    assert found == {"a.db": 2, "b.json": 2, "c.axsf": 2, "d.xsf": 1, "e.json": 1, "f.res": 1}


def test_other_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (x INT)")
    database.close()
    before = path.read_bytes()
    assert "no database of ASE" in refusal(path)
    assert path.read_bytes() == before
