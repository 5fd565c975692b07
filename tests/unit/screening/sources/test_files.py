import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.db
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write
from tests.fixture_types import Patch

from betenet.errors import DataError
from betenet.known.candidate_rules import BAND_GAP, HULL_DISTANCE
from betenet.screening.candidates import Candidate, Entry, Unreadable
from betenet.screening.sources import files, json_file, open_source
from betenet.screening.sources.source import NOTE
from betenet.structures.walk import structure_files

CRYSTALS = {
    "Nb": bulk("Nb", a=3.3),
    "NbC": bulk("NbC", "rocksalt", a=4.47),
    "Mg": bulk("Mg", "hcp", a=3.2, c=5.2),
}


def ours(atoms: Atoms, **more: Any) -> dict[str, Any]:
    return {
        "lattice": atoms.cell.array.tolist(),
        "species": atoms.get_chemical_symbols(),
        "frac_coords": atoms.get_scaled_positions().tolist(),
        **more,
    }


def pymatgen(atoms: Atoms, **more: Any) -> dict[str, Any]:
    sites = [
        {"species": [{"element": symbol, "occu": 1}], "abc": place.tolist()}
        for symbol, place in zip(
            atoms.get_chemical_symbols(), atoms.get_scaled_positions(), strict=True
        )
    ]
    return {"lattice": {"matrix": atoms.cell.array.tolist()}, "sites": sites, **more}


def jarvis(atoms: Atoms) -> dict[str, Any]:
    return {
        "lattice_mat": atoms.cell.array.tolist(),
        "coords": atoms.get_scaled_positions().tolist(),
        "elements": atoms.get_chemical_symbols(),
        "cartesian": False,
    }


def cif(atoms: Atoms) -> bytes:
    file = io.BytesIO()
    write(file, atoms, format="cif")
    return file.getvalue()


def candidates(entries: list[Entry]) -> dict[str, Candidate]:
    assert all(isinstance(entry, Candidate) for entry in entries), entries
    return {entry.name: entry for entry in entries if isinstance(entry, Candidate)}


def assert_same(found: Atoms, wanted: Atoms) -> None:
    assert found.get_chemical_symbols() == wanted.get_chemical_symbols()
    # distances do not depend on how a format turns the cell
    for atoms in (found, wanted):
        assert all(atoms.pbc)
    assert np.allclose(found.cell.cellpar(), wanted.cell.cellpar(), atol=1e-3)
    same = found.get_scaled_positions() - wanted.get_scaled_positions()
    assert np.allclose(same - same.round(), 0.0, atol=1e-4)


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, atoms in CRYSTALS.items():
            archive.writestr(f"set/{name}.cif", cif(atoms))
        archive.writestr("set/README.md", "no structure")
        archive.writestr("__MACOSX/set/._Nb.cif", b"\0")


def write_tar(path: Path, mode: str) -> None:
    with tarfile.open(path, mode) as archive:  # pyright: ignore[reportCallIssue, reportArgumentType]
        for name, atoms in CRYSTALS.items():
            content = cif(atoms)
            info = tarfile.TarInfo(f"set/{name}.cif")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def write_database(path: Path) -> None:
    with ase.db.connect(path) as database:
        for name, atoms in CRYSTALS.items():
            database.write(atoms, jid=name, ehull=0.25)


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    arrow = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow (extra screen)")
    from pyarrow import parquet

    parquet.write_table(arrow.Table.from_pylist(rows), path, row_group_size=2)


def rows(layout: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    return [layout(atoms, id=name) for name, atoms in CRYSTALS.items()]


def write_lines(path: Path) -> None:
    text = "\n".join(json.dumps(row) for row in rows(ours))
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.zip": write_zip,
    "a.tar": lambda path: write_tar(path, "w"),
    "a.tar.gz": lambda path: write_tar(path, "w:gz"),
    "a.tgz": lambda path: write_tar(path, "w:gz"),
    "a.tar.bz2": lambda path: write_tar(path, "w:bz2"),
    "a.tar.xz": lambda path: write_tar(path, "w:xz"),
    "a.extxyz": lambda path: write(path, list(CRYSTALS.values())),
    "a.db": write_database,
    "a.json": write_database,
    "list.json": lambda path: path.write_text(json.dumps(rows(pymatgen))),
    "list.json.bz2": lambda path: path.write_bytes(
        bz2.compress(json.dumps({"entries": rows(pymatgen)}).encode())
    ),
    "list.json.xz": lambda path: path.write_bytes(lzma.compress(json.dumps(rows(ours)).encode())),
    "a.jsonl": write_lines,
    "a.jsonl.gz": write_lines,
    "a.parquet": lambda path: write_parquet(path, rows(ours)),
    "text.parquet": lambda path: write_parquet(
        path, [{"jid": k, "atoms": json.dumps(jarvis(v))} for k, v in CRYSTALS.items()]
    ),
}


@pytest.mark.parametrize("file", WRITERS)
def test_every_format_gives_the_same_crystals(tmp_path: Path, file: str) -> None:
    WRITERS[file](tmp_path / file)
    for source in (open_source(tmp_path / file), open_source(str(tmp_path))):
        entries = list(source)
        found = list(candidates(entries).values())
        assert [entry.name for entry in entries] == [entry.name for entry in source]
        # a spreadsheet of elements orders them; archives and lists keep their order
        assert len(found) == len(CRYSTALS)
        for candidate, atoms in zip(found, CRYSTALS.values(), strict=True):
            assert_same(candidate.atoms, atoms)


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("a.zip", ["a.zip/set/Nb.cif", "a.zip/set/NbC.cif", "a.zip/set/Mg.cif"]),
        ("a.extxyz", ["a.extxyz#0", "a.extxyz#1", "a.extxyz#2"]),
        ("a.db", list(CRYSTALS)),
        ("a.jsonl", list(CRYSTALS)),
    ],
)
def test_names_are_the_databases_own_or_file_and_place(
    tmp_path: Path, file: str, names: list[str]
) -> None:
    WRITERS[file](tmp_path / file)
    assert [entry.name for entry in open_source(tmp_path / file)] == names


@pytest.mark.parametrize(
    ("document", "given"),
    [
        (  # JARVIS
            {"jid": "it", "atoms": jarvis(CRYSTALS["Nb"]), "optb88vdw_bandgap": 0.1,
             "ehull": 0.02, "mbj_bandgap": "na", "spg": "229"},
            {BAND_GAP: 0.1, HULL_DISTANCE: 0.02, "jid": "it", "spg": "229"},
        ),
        (  # Alexandria: pymatgen's ComputedStructureEntry
            {"structure": pymatgen(CRYSTALS["Nb"]), "energy": -10.1, "entry_id": None,
             "data": {"mat_id": "it", "e_above_hull": 0.0, "band_gap_ind": 0.3,
                      "decomposition": ["x"]}, "@module": "m"},
            {BAND_GAP: 0.3, HULL_DISTANCE: 0.0, "energy": -10.1, "mat_id": "it"},
        ),
        (  # Materials Project
            {"material_id": "it", "structure": pymatgen(CRYSTALS["Nb"]), "is_metal": True,
             "band_gap": 0.0, "energy_above_hull": 0.005},
            {BAND_GAP: 0.0, HULL_DISTANCE: 0.005, "is_metal": 1.0, "material_id": "it"},
        ),
        (  # ours, without targets
            {"id": "it", "structure": ours(CRYSTALS["Nb"]), "band_gap_ev": 1, "x": float("nan")},
            {BAND_GAP: 1.0},
        ),
        (  # LeMat-Bulk: OPTIMADE's attributes as columns
            {"immutable_id": "it", "lattice_vectors": CRYSTALS["Nb"].cell.array.tolist(),
             "cartesian_site_positions": [[0, 0, 0]], "species_at_sites": ["Nb"],
             "dimension_types": [1, 1, 1], "nsites": 1},
            {"immutable_id": "it", "nsites": 1.0},
        ),
    ],
)  # fmt: skip
def test_what_databases_say_is_given(
    tmp_path: Path, document: dict[str, Any], given: dict[str, float | str]
) -> None:
    (tmp_path / "a.json").write_text(json.dumps([document]))
    (candidate,) = open_source(tmp_path / "a.json")
    assert isinstance(candidate, Candidate)
    assert candidate.name == "it"
    assert candidate.given == given
    assert_same(candidate.atoms, CRYSTALS["Nb"])


def test_comment_line_of_a_frame_is_given(tmp_path: Path) -> None:
    atoms = CRYSTALS["Nb"].copy()
    atoms.info.update(material_id="mine", energy_above_hull=0.5)
    write(tmp_path / "a.extxyz", atoms)
    (candidate,) = open_source(tmp_path / "a.extxyz")
    assert isinstance(candidate, Candidate)
    assert (candidate.name, candidate.given[HULL_DISTANCE]) == ("mine", 0.5)


def test_broken_entries_lose_only_themselves(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in rows(ours)]
    lines[1:1] = ["{half a", json.dumps({"id": "empty"}), "7", json.dumps([1])]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    entries = list(open_source(tmp_path / "a.jsonl"))
    assert [isinstance(entry, Candidate) for entry in entries] == [True, *[False] * 4, True, True]
    bad = [entry for entry in entries if isinstance(entry, Unreadable)]
    assert [entry.name for entry in bad] == ["a.jsonl#2", "empty", "a.jsonl#4", "a.jsonl#5"]
    assert all(str(entry.error).startswith(f"{entry.name}: ") for entry in bad)


def test_disorder_is_unreadable_with_its_site(tmp_path: Path) -> None:
    document = pymatgen(CRYSTALS["Nb"])
    document["sites"][0]["species"] = [
        {"element": "Nb", "occu": 0.5},
        {"element": "Ti", "occu": 0.5},
    ]
    (tmp_path / "a.json").write_text(json.dumps([document, pymatgen(CRYSTALS["NbC"])]))
    bad, good = open_source(tmp_path / "a.json")
    assert isinstance(bad, Unreadable)
    assert "Nb 0.5 + Ti 0.5" in str(bad.error)
    assert isinstance(good, Candidate)


def test_a_list_is_read_in_pieces_of_any_size(tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "a.json").write_text(json.dumps(rows(pymatgen), indent=2) + "\n")
    whole = [entry.name for entry in open_source(tmp_path / "a.json")]
    for chunk in (30, 31, 64, 1000):
        monkeypatch.setattr(json_file, "CHUNK", chunk)
        assert [entry.name for entry in open_source(tmp_path / "a.json")] == whole


def test_a_list_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    text = json.dumps(rows(ours))
    (tmp_path / "a.json").write_text(text[: text.rindex("species")])
    *good, bad = open_source(tmp_path / "a.json")
    assert [entry.name for entry in good] == ["Nb", "NbC"]
    assert isinstance(bad, Unreadable)
    assert "breaks off" in str(bad.error)


def test_a_cut_archive_keeps_what_came_before(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar.gz", "w:gz")
    content = gzip.decompress((tmp_path / "a.tar.gz").read_bytes())
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(content)[:-200])
    *good, bad = open_source(tmp_path / "a.tar.gz")
    assert all(isinstance(entry, Candidate) for entry in good)
    assert isinstance(bad, Unreadable)


def test_a_damaged_member_of_a_zip_loses_only_itself(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    # stored, not packed: a byte of the first file's text
    content[content.index(b"_cell_length_a")] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    entries = list(open_source(tmp_path / "a.zip"))
    assert [isinstance(entry, Candidate) for entry in entries] == [False, True, True]
    assert isinstance(entries[0], Unreadable)
    assert "CRC" in str(entries[0].error)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.json", b'{"a": '),
        ("a.json.gz", b"\x1f\x8b broken"),
        ("a.db", b"no database"),
        ("a.zip", b"PK no zip"),
        ("a.tar", b"no tar"),
        ("a.parquet", b"PAR1 no"),
        ("a.cif", b""),
        ("a.jsonl", b"\xff\xfe\x00"),
        ("a.extxyz", b"1\nprose\n"),
    ],
)
def test_a_broken_file_is_one_entry_and_the_rest_goes_on(
    tmp_path: Path, file: str, content: bytes
) -> None:
    if file.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow (extra screen)")
    (tmp_path / file).write_bytes(content)
    (tmp_path / "z.cif").write_bytes(cif(CRYSTALS["Nb"]))
    bad, good = open_source(tmp_path)
    assert isinstance(bad, Unreadable)
    assert bad.name.startswith(file)
    assert str(tmp_path) not in bad.error.summary
    assert isinstance(good, Candidate)
    assert good.name == "z.cif"


def test_a_foreign_sqlite_file_is_not_written_to(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    before = (tmp_path / "a.db").read_bytes()
    (bad,) = open_source(tmp_path / "a.db")
    assert isinstance(bad, Unreadable)
    assert (tmp_path / "a.db").read_bytes() == before


def test_a_repeated_id_gets_a_number_and_a_note(tmp_path: Path) -> None:
    lines = [ours(CRYSTALS["Nb"], id=name) for name in ("a", "a", "a#2", "a", "b")]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    entries = candidates(list(open_source(tmp_path / "a.jsonl")))
    assert len(entries) == 5
    assert {"a", "a#2", "b"} <= set(entries)
    assert NOTE not in entries["a"].given
    assert "used before" in str(entries["a#2"].given[NOTE])


def test_folders_are_walked_in_order_and_named_from_their_root(tmp_path: Path) -> None:
    for name in ("b/POSCAR", "a/x.cif", "c.cif", ".hidden/x.cif", "a/notes.txt", "LICENSE"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        if name.endswith("cif"):
            (tmp_path / name).write_bytes(cif(CRYSTALS["Nb"]))
        elif name.endswith("POSCAR"):
            write(tmp_path / name, CRYSTALS["Nb"], format="vasp")
        else:
            (tmp_path / name).write_text("prose")
    assert list(candidates(list(open_source(tmp_path)))) == ["a/x.cif", "b/POSCAR", "c.cif"]


def test_identity_changes_with_the_content(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl")
    file, folder = open_source(tmp_path / "a.jsonl"), open_source(tmp_path)
    before = (file.identity(), folder.identity())
    assert before == (file.identity(), folder.identity())
    json.dumps(before)
    with (tmp_path / "a.jsonl").open("a") as lines:
        lines.write("\n")
    assert file.identity() != before[0]
    assert folder.identity() != before[1]


def test_what_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file or folder"):
        open_source(tmp_path / "none")
    with pytest.raises(DataError, match="holds no structure file"):
        open_source(tmp_path)


def test_a_long_list_stays_out_of_memory(tmp_path: Path) -> None:
    import tracemalloc

    row = json.dumps(ours(CRYSTALS["NbC"], text="x" * 25_000))
    (tmp_path / "a.json").write_text(f"[{','.join([row] * 400)}]")
    source = iter(open_source(tmp_path / "a.json"))
    next(source)
    tracemalloc.start()
    count = sum(1 for _ in source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 399
    # the file has 10 MB
    assert peak < 3e6


@pytest.mark.data
@pytest.mark.parametrize(
    ("path", "count"),
    [
        # tests/unit/structures/test_read.py reads them, too
        pytest.param("bete_net/structures", 806, marks=pytest.mark.slow),
        pytest.param("alexandria/superconductors.jsonl.gz", 7327, marks=pytest.mark.slow),
        ("jarvis/superconductors.jsonl.gz", 802),
    ],
)
def test_the_data_are_read_whole(data_folder: Path, path: str, count: int) -> None:
    assert len(candidates(list(open_source(data_folder / path)))) == count


def named(path: Path) -> dict[str, str]:
    """What became of each entry: its formula, or why there is none."""
    return {
        entry.name: str(entry.error)
        if isinstance(entry, Unreadable)
        else entry.atoms.get_chemical_formula()
        for entry in open_source(path)
    }


def test_what_is_no_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.cif").symlink_to("b.cif")
    (tmp_path / "b.cif").symlink_to("a.cif")
    (tmp_path / "c.cif").symlink_to("nowhere.cif")
    (tmp_path / "d.cif").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "e.cif")
    (tmp_path / "loop").symlink_to(".")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xff.cif")).write_bytes(cif(CRYSTALS["Nb"]))
    (tmp_path / "z.cif").write_bytes(cif(CRYSTALS["Mg"]))
    open_source(tmp_path).identity()
    found = named(tmp_path)
    words = ["back to itself", "back to itself", "does not exist", "it is a device", "it is a pipe"]
    assert list(found) == [*(f"{n}.cif" for n in "abcde"), "f\udcff.cif", "z.cif"]
    for text, word in zip(found.values(), words, strict=False):
        assert word in text.replace("It", "it")
    assert [found["f\udcff.cif"], found["z.cif"]] == ["Nb", "Mg2"]


def test_folders_may_be_nested_more_deeply_than_calls(tmp_path: Path) -> None:
    here, depth = Path.cwd(), 1050  # Python allows 1000 calls
    os.chdir(tmp_path)
    try:
        for _ in range(depth):
            Path("n").mkdir()
            os.chdir("n")
        Path("Nb.cif").write_bytes(cif(CRYSTALS["Nb"]))
        assert list(named(tmp_path).values()) == ["Nb"]
        assert [path.name for path in structure_files(tmp_path)] == ["Nb.cif"]
    finally:
        os.chdir(here)
        subprocess.run(["/bin/rm", "-rf", tmp_path / "n"], check=True)  # pytest cannot


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_a_source_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.cif"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("x.cif")
    with pytest.raises(DataError, match=r"it is a pipe|back to itself"):
        open_source(path)


MEMBERS = {
    "first.cif": "Nb",
    f"{'x' * 300}.cif": "Nb",
    f"{'ä' * 200}.cif": "Nb",
    f"POSCAR{'_y' * 200}": "Nb",
    "../up.cif": "leads out of",
    "a/../../up.cif": "leads out of",
    "/root.cif": "leads out of",
    "..\\windows.cif": "leads out of",
    "C:\\windows.cif": "leads out of",
    "./here.cif": "Nb",
    "last.cif": "Nb",
}
POSCAR = b"Nb\n3.3\n-.5 .5 .5\n.5 -.5 .5\n.5 .5 -.5\nNb\n1\nDirect\n0 0 0\n"


def test_members_with_odd_names_do_not_lose_the_others(tmp_path: Path) -> None:
    contents = {name: POSCAR if "POSCAR" in name else cif(CRYSTALS["Nb"]) for name in MEMBERS}
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    for suffix in ("zip", "tar"):
        found = named(tmp_path / f"a.{suffix}")
        assert len(found) == len(MEMBERS)
        for name, words in MEMBERS.items():
            assert words in found[f"a.{suffix}/{name}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "a.zip"]


def test_encrypted_members_and_links_are_named(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    for start, flags in ((content.index(b"PK\x03\x04"), 6), (content.index(b"PK\x01\x02"), 8)):
        content[start + flags] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    found = named(tmp_path / "a.zip")
    assert "encrypted" in found.pop("a.zip/set/Nb.cif")
    assert list(found.values()) == ["CNb", "Mg2"]
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("link.cif")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    assert "link" in named(tmp_path / "a.tar")["a.tar/link.cif"]


def test_members_and_headers_without_end_are_given_up(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(files, "LARGEST_FILE", 100_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("blanks.cif", b" " * 1_000_000)
        archive.writestr("Nb.cif", cif(CRYSTALS["Nb"]))
    found = named(tmp_path / "a.zip")
    assert "larger than the limit, 100,000 bytes" in found["a.zip/blanks.cif"]
    assert found["a.zip/Nb.cif"] == "Nb"
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("Nb.cif")
        info.pax_headers = {"comment": "x" * 2_000_000}
        archive.addfile(info)
    assert "a header has 2,000" in named(tmp_path / "a.tar.gz")["a.tar.gz"]


def test_broken_objects_of_a_list_lose_themselves_only(tmp_path: Path) -> None:
    one = json.dumps(ours(CRYSTALS["Nb"]))
    deep = "[" * 100_000 + "]" * 100_000
    objects = [one, '{"a": 1,, "b": "}"}', one, f'{{"a": {deep}}}', "{'a': 1}", "[" * 70 + "]" * 70]
    objects += [f'{{"structure": {one}, "n": {"9" * 5000}}}', f'{{"\\ud800": {one}}}', one]
    (tmp_path / "a.json").write_text(f"[{','.join(objects)}]")
    found = named(tmp_path / "a.json")
    words = ["Nb", "broken", "Nb", "64 levels", "broken", "64 levels", "Nb", "structure", "Nb"]
    assert list(found) == [f"a.json#{n}" for n in range(len(objects))]
    for text, word in zip(found.values(), words, strict=True):
        assert word in text
    (tmp_path / "b.json").write_text(f"[{one}, {{]")
    assert "cannot be read" in named(tmp_path / "b.json")["b.json#1"]


def test_odd_lines_lose_themselves_only(tmp_path: Path) -> None:
    one = json.dumps(ours(CRYSTALS["Nb"])).encode()
    lines = [one, b'{"id": "\xe9"}', b"[" * 100_000, one]
    lines.append(json.dumps(ours(CRYSTALS["Nb"], id="half \ud800")).encode())
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    found = named(tmp_path / "a.jsonl")
    assert "not UTF-8" in found["a.jsonl#2"]
    assert "64 levels" in found["a.jsonl#3"]
    assert found["a.jsonl#4"] == found["half \ufffd"] == "Nb"


def test_a_fault_in_a_reader_does_not_lose_the_next_file(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    (tmp_path / "a.json").write_text("[]")
    (tmp_path / "b.cif").write_bytes(cif(CRYSTALS["Nb"]))
    monkeypatch.setitem(files._READERS, ".json", lambda _path, name: {}[name])
    found = named(tmp_path)
    assert "KeyError" in found["a.json"]
    assert found["b.cif"] == "Nb"
