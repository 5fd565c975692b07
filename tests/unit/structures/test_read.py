import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

from betenet.errors import StructureError
from betenet.espresso.manifest import CALCULATION, Manifest
from betenet.structures import (
    SKIPPED_NAMES,
    SKIPPED_SUFFIXES,
    StructureRecord,
    prepare_structures,
    read_structures,
)

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"
FIXTURES = ROOT / "tests" / "fixtures" / "structures"


def read_one(source: object) -> StructureRecord:
    (record,) = read_structures(source)
    return record


def prepare_one(source: object) -> StructureRecord:
    (record,) = prepare_structures(source)
    return record


def refusal(source: object) -> str:
    record = prepare_one(source)
    assert record.atoms is None
    assert record.error is not None
    assert record.error.fix
    return str(record.error)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("partial_occupancy.cif", "site 0 (Nb at 0.0000, 0.0000, 0.0000): Nb 0.75"),
        ("mixed_occupancy.cif", "Nb and Ti are both listed"),
        ("shared_site_without_occupancy.cif", "site at 0.5000, 0.5000, 0.5000: Nb and Ti"),
        ("few_digits.cif", "coordinates with too few digits"),
        ("uppercase_symbol.cif", "Site 0 has the type symbol 'NB'"),
        ("unknown_space_group.cif", "'Q 7'"),
        ("truncated.cif", "incomplete row"),
        ("only_prose.cif", "holds no structure"),
        ("empty.cif", "The file is empty"),
        ("missing.cif", "no such file"),
        ("unknown_format.qqq", "format of the file is unknown"),
        ("broken.json", "It is not JSON: line 1, column 19"),
        ("water.xyz", "not periodic in all three directions (a, b, c: no, no, no)"),
    ],
)
def test_bad_file_gives_a_record_with_its_name(file: str, words: str) -> None:
    path = FIXTURES / file
    message = refusal(path)
    assert message.startswith(f"{path}: ")
    assert words in message


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("deuteride.cif", "Deuterium or tritium"),
        ("no_symmetry.cif", "states no symmetry"),
        ("other_formula.cif", "states the composition Nb3 Sn1, but its sites hold Nb"),
        ("listed_twice.cif", "equivalent"),
    ],
)
def test_what_a_user_should_know_is_in_the_record(file: str, words: str) -> None:
    record = prepare_one(FIXTURES / file)
    assert record.error is None
    assert len(record.warnings) == 1
    assert words in record.warnings[0]


@pytest.mark.parametrize("file", ["POSCAR_NbC", "pymatgen_NbC.json", "occupancy_placeholder.cif"])
def test_good_file(file: str) -> None:
    record = prepare_one(FIXTURES / file)
    assert record.name == str(FIXTURES / file)
    assert record.error is None
    assert record.warnings == ()


def test_formats_agree() -> None:
    records = [prepare_one(FIXTURES / name) for name in ("POSCAR_NbC", "pymatgen_NbC.json")]
    records += [r for r in prepare_structures(FIXTURES / "jarvis_rows.json") if r.error is None]
    records.append(prepare_one(EXAMPLES / "NbC.cif"))
    assert len(records) == 5
    for record in records:
        assert record.atoms is not None
        assert record.atoms.get_chemical_formula() == "CNb"
        assert record.atoms.get_volume() == pytest.approx(4.47**3 / 4, rel=1e-9)


def test_bad_frame_of_an_xyz_file_loses_itself_only() -> None:
    path = FIXTURES / "four_frames.extxyz"
    records = list(read_structures(path))
    assert [record.name for record in records] == [f"{path}#{n}" for n in range(4)]
    assert [record.atoms and str(record.atoms.symbols) for record in records] == [
        *("Al", "Pb", None, "Cu"),
    ]
    assert str(records[2].error).startswith(f"{path}#2: ")
    assert "oops" in str(records[2].error)


def test_xyz_file_with_a_wrong_count_names_the_line() -> None:
    good, bad = read_structures(FIXTURES / "lost_count.extxyz")
    assert good.error is None
    assert "Line 4 should be the number of atoms" in str(bad.error)


@pytest.mark.parametrize("count", [2, 99_999_999_999])
def test_truncated_xyz_file(tmp_path: Path, count: int) -> None:
    path = tmp_path / "cut.xyz"
    path.write_text(f"1\n\nAl 0 0 0\n{count}\n\nAl 0 0 0\n")
    good, bad = read_structures(path)
    assert good.error is None
    assert "starts at line 4" in str(bad.error)
    assert f"announces {count} atoms, but 1 follow" in str(bad.error)


def test_unknown_element_of_an_xyz_file(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_text("1\n\nQq 0 0 0\n")
    assert "There is no element 'Qq'" in str(read_one(path).error)


def test_bad_block_of_a_cif_loses_itself_only() -> None:
    records = list(prepare_structures(FIXTURES / "three_blocks.cif"))
    assert [record.error is None for record in records] == [True, False, True]
    assert "Site 0 has the type symbol 'Qq'" in str(records[1].error)


def test_bad_row_of_a_json_list_loses_itself_only() -> None:
    records = list(prepare_structures(FIXTURES / "jarvis_rows.json"))
    assert [record.error is None for record in records] == [True, False, True]
    assert "coords" in str(records[1].error)


@pytest.mark.parametrize("name", ["many.traj", "many.json", "many.xyz", "XDATCAR", "one.vasp"])
def test_files_written_by_ase(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    images = [bulk("Nb"), bulk("Nb").repeat((2, 1, 1))]
    if name == "XDATCAR":
        images = [bulk("Nb"), bulk("Nb")]
        write(path, images, format="vasp-xdatcar")
    elif name == "one.vasp":
        images = images[:1]
        write(path, images, format="vasp")
    elif name == "many.json":
        for image in images:
            write(path, image, append=path.exists())
    else:
        write(path, images)
    records = list(read_structures(path))
    assert [len(r.atoms) for r in records if r.atoms is not None] == [len(a) for a in images]


def test_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "Nb.cif.gz"
    with gzip.open(path, "wb") as handle:
        handle.write((EXAMPLES / "Nb.cif").read_bytes())
    record = prepare_one(path)
    assert record.atoms is not None
    assert len(record.atoms) == 1


def test_file_of_bytes(tmp_path: Path) -> None:
    for suffix in ("cif", "xyz", "json", "vasp", "traj", "xsf"):
        path = tmp_path / f"noise.{suffix}"
        path.write_bytes(bytes(range(256)) * 4)
        for record in prepare_structures(path):
            assert record.error is not None


def test_cif_with_a_latin_comment(tmp_path: Path) -> None:
    path = tmp_path / "Nb.cif"
    path.write_bytes("# a in Å\n".encode("latin1") + (EXAMPLES / "Nb.cif").read_bytes())
    assert read_one(path).error is None


def test_folder_is_walked_in_order(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "Nb.cif", tmp_path / "b.cif")
    (tmp_path / "a").mkdir()
    shutil.copy(EXAMPLES / "Al.cif", tmp_path / "a" / "Al.cif")
    (tmp_path / "c.odd").write_text("neither cell nor atoms\n")
    for skipped in ("notes.txt", "LICENSE", ".hidden.cif", "picture.PNG"):
        (tmp_path / skipped).write_text("not a structure")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.cif").write_text("not a structure")
    records = list(read_structures(tmp_path))
    assert [record.name for record in records] == [
        str(tmp_path / name) for name in ("a/Al.cif", "b.cif", "c.odd")
    ]
    assert [record.error is None for record in records] == [True, True, False]


def test_first_principles_calculations_are_passed_over(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "Nb.cif", tmp_path / "Nb.cif")
    for folder in ("epc/Nb/relax", "other"):
        (tmp_path / folder).mkdir(parents=True)
        shutil.copy(EXAMPLES / "Al.cif", tmp_path / folder / "Al.cif")
    manifest = CALCULATION.table(Manifest(settings={"a": 1}))
    (tmp_path / "epc/Nb/manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "other/manifest.json").write_text('{"name": "of somebody else"}')
    names = [record.name for record in read_structures(tmp_path)]
    assert names == [str(tmp_path / name) for name in ("Nb.cif", "other/Al.cif")] + [
        str(tmp_path / "other/manifest.json")
    ]
    named = [record.name for record in read_structures(tmp_path / "epc/Nb/relax")]
    assert named == [str(tmp_path / "epc/Nb/relax/Al.cif")]


def test_our_own_answers_and_files_for_people_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "Nb.vasp", bulk("Nb"))
    answers = [{"name": "Nb.cif", "model": "cso-1", "quantities": {}}, {"name": "b", "error": "x"}]
    (tmp_path / "predictions.json").write_text(json.dumps(answers))
    for name in ("Readme", "README.first", "LICENSE-MIT", "readme_data"):
        (tmp_path / name).write_text("Words for people.")
    records = list(read_structures(tmp_path))
    assert [Path(record.name).name for record in records] == ["Nb.vasp"]
    for record in read_structures(tmp_path / "predictions.json"):
        assert "an answer of betenet, and no structure" in str(record.error)


def test_cif_in_utf_16(tmp_path: Path) -> None:
    text = (EXAMPLES / "Nb.cif").read_text()
    (tmp_path / "Nb.cif").write_bytes(text.encode("utf-16"))
    (record,) = read_structures(tmp_path / "Nb.cif")
    assert record.atoms is not None
    assert set(record.atoms.symbols) == {"Nb"}


def test_skipped_file_is_an_error_when_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a structure")
    assert read_one(path).error is not None
    assert ".txt" in SKIPPED_SUFFIXES
    assert "LICENSE" in SKIPPED_NAMES
    assert not SKIPPED_SUFFIXES & {".cif", ".xyz", ".json", ".vasp", ".traj", ".xsf", ""}


def test_folder_without_structures(tmp_path: Path) -> None:
    assert "holds no structure file" in str(read_one(tmp_path).error)


def test_mixed_iterable_goes_on_past_bad_members() -> None:
    records = list(
        prepare_structures(
            [bulk("Nb", cubic=True), "missing.cif", 7, EXAMPLES / "Al.cif", [bulk("Pb"), None]]
        )
    )
    assert [record.name for record in records] == [
        "Nb#0",
        "missing.cif",
        "int#2",
        str(EXAMPLES / "Al.cif"),
        "Pb#0#4",
        "NoneType#1#4",
    ]
    assert [record.error is None for record in records] == [True, False, False, True, True, False]


def test_record_is_passed_on() -> None:
    record = read_one(bulk("Nb"))
    assert record.name == "Nb"
    assert list(read_structures([record])) == [record]


def test_record_has_either_atoms_or_an_error() -> None:
    with pytest.raises(ValueError, match="either"):
        StructureRecord(name="x")
    with pytest.raises(ValueError, match="either"):
        StructureRecord(name="x", atoms=bulk("Nb"), error=StructureError("x"))


def test_size_limit_reaches_the_record() -> None:
    (record,) = prepare_structures(EXAMPLES / "Nb3Sn.cif", max_atoms=7)
    assert "Nb3Sn.cif: " in str(record.error)
    assert "8 atoms; the limit is 7" in str(record.error)


# pymatgen's own remarks on its CIF reader
@pytest.mark.filterwarnings("ignore:.*Spacegroup from .* used:UserWarning")
@pytest.mark.filterwarnings("ignore:Issues encountered while parsing CIF:UserWarning")
@pytest.mark.parametrize("name", ["Nb", "MgB2", "CaH6", "Nb3Sn", "LaH10"])
def test_pymatgen_reads_the_same_crystal(name: str) -> None:
    structure = pytest.importorskip("pymatgen.core").Structure
    theirs = prepare_one(structure.from_file(EXAMPLES / f"{name}.cif")).atoms
    ours = prepare_one(EXAMPLES / f"{name}.cif").atoms
    assert ours is not None
    assert theirs is not None
    assert ours.numbers.tolist() == theirs.numbers.tolist()
    np.testing.assert_allclose(
        np.sort(ours.cell.lengths()), np.sort(theirs.cell.lengths()), rtol=1e-6
    )


@pytest.mark.data
def test_every_structure_of_the_database(data_folder: Path) -> None:
    folder = data_folder / "bete_net" / "structures"
    if not folder.is_dir():
        pytest.skip(f"no structures at {folder}")
    read = list(read_structures(folder))
    assert len(read) == 806
    assert [r.name for r in read if r.error is not None] == []
    read = read[::4]  # to prepare one takes as long as to read it
    prepared = list(prepare_structures(read))
    assert [r.name for r in prepared if r.error is not None] == []
    assert [r.name for r in prepared if r.warnings] == []
    sizes = [(len(a.atoms), len(b.atoms)) for a, b in zip(read, prepared, strict=True)]
    assert all(before == after for before, after in sizes)


def test_a_binary_file_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    path.write_bytes(bytes(range(256)) * 20)
    (record,) = read_structures(path)
    assert record.error is not None
    assert "The file is binary" in record.error.summary
