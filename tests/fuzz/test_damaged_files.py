"""Damaged files: each is read, or refused in words, and none stops the rest.

A small round runs by default. `BETENET_FUZZ=2000 pytest tests/fuzz` makes so many damaged copies of
each good file, and `BETENET_FUZZ_SEED` makes others; a copy that fails stays in pytest's folder.
"""

import io
import json
import os
import re
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write
from tests.fuzz.damage import damaged
from tests.unit.formats.conftest import (
    A2F,
    OMEGA,
    a2f_dos,
    alpha2f_dat,
    epw_a2f,
    epw_main,
    two_columns,
)

from betenet.analysis import analyse_files
from betenet.datasets.jsonl_rows import Entry, read_jsonl, write_jsonl
from betenet.datasets.training_rows import TARGETS, Row
from betenet.errors import BetenetError
from betenet.formats import read_a2f, read_phonon_dos, write_a2f
from betenet.screening.intake import take_source
from betenet.screening.sources import open_source
from betenet.screening.store import RecordStore
from betenet.spectrum import Spectrum
from betenet.structures import prepare_structures
from betenet.superconductivity.moments import moments

COPIES = int(os.environ.get("BETENET_FUZZ", "25"))
SEED = int(os.environ.get("BETENET_FUZZ_SEED", "0"))
STRUCTURES = Path(__file__).parents[1] / "fixtures" / "structures"
EXAMPLES = Path(__file__).parents[2] / "examples"
RAW = re.compile(
    r"could not convert|invalid literal|out of bounds|object has no attribute|NoneType|Traceback|"
    r"StopIteration|not subscriptable|unhashable|list index|cannot reshape|broadcast|"
    r"unpack|unsupported operand|tuple index|ufunc|inhomogeneous|maximum recursion|4300 digits"
)
"""What Python and its libraries say to programmers."""


def refusal(read: Callable[[Path], object], path: Path) -> BetenetError | None:
    """Read a file; return the error in words, and let every other one through."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read(path)
        except BetenetError as error:
            return error
    return None


def in_words(error: BetenetError | None) -> bool:
    return error is None or (bool(error.reason or error.fix) and not RAW.search(str(error)))


def structures_of(path: Path) -> None:
    for record in prepare_structures(path):
        assert in_words(record.error), f"{path}: {record.error}"


def candidates_of(path: Path) -> None:
    store = RecordStore(path.with_suffix(".sqlite"), create=True)
    take_source(store, open_source(path), quiet=True)
    for record in store.records():
        assert not RAW.search(record.reason), record.reason
    store.path.unlink()


PW_INPUT = (
    "&control\n calculation='scf'\n/\n&system\n ibrav=0, nat=2, ntyp=2, ecutwfc=40\n/\n"
    "&electrons\n/\nATOMIC_SPECIES\nNb 92.9 Nb.upf\nC 12.0 C.upf\n"
    "ATOMIC_POSITIONS crystal\nNb 0 0 0\nC 0.5 0.5 0.5\nK_POINTS gamma\n"
    "CELL_PARAMETERS angstrom\n0 2.235 2.235\n2.235 0 2.235\n2.235 2.235 0\n"
)


def ase_text(kind: str) -> bytes:
    stream = io.StringIO()
    write(stream, bulk("NbC", "rocksalt", a=4.47), format=kind)
    return stream.getvalue().encode()


SMEARINGS = np.array([0.01, 0.02])
COLUMNS = [A2F, 1.1 * A2F]
SPECTRA = {
    "a2F.dos1": a2f_dos(coupling=0.5),
    "alpha2F.dat": alpha2f_dat(OMEGA, COLUMNS, SMEARINGS),
    "x.a2f": epw_a2f(OMEGA, COLUMNS, SMEARINGS),
    "x.a2f.01.300.000": epw_main(OMEGA, COLUMNS, SMEARINGS),
    "ALPHA2F.OUT": two_columns(OMEGA, A2F, "Ha"),
    "a2f.csv": "omega_thz,a2f\n" + re.sub(r"\b +", ",", two_columns(OMEGA, A2F, "THz")),
    "table.txt": two_columns(OMEGA, A2F, "meV", "# omega [meV]  a2F\n"),
}
DENSITIES = {
    "phonon.dos": two_columns(OMEGA, A2F, "cm-1", " # Frequency[cm^-1] DOS PDOS\n"),
    "total_dos.dat": two_columns(OMEGA, A2F, "THz", "# Tetrahedron method\n"),
}
ROWS = json.loads((STRUCTURES / "jarvis_rows.json").read_text(encoding="utf-8"))
Read = Callable[[Path], object]
GOOD: dict[str, tuple[Read, bytes]] = {
    **{
        f"structures/{path.name}": (structures_of, path.read_bytes())
        for path in (
            EXAMPLES / "MgB2.cif",
            EXAMPLES / "Nb3Sn.cif",
            *(STRUCTURES / "POSCAR_NbC", STRUCTURES / "four_frames.extxyz"),
            *(STRUCTURES / "pymatgen_NbC.json", STRUCTURES / "jarvis_rows.json"),
        )
    },
    "structures/pw.in": (structures_of, PW_INPUT.encode()),
    "structures/x.xsf": (structures_of, ase_text("xsf")),
    **{f"spectra/{name}": (read_a2f, text.encode()) for name, text in SPECTRA.items()},
    **{f"densities/{name}": (read_phonon_dos, text.encode()) for name, text in DENSITIES.items()},
    "candidates/rows.json": (candidates_of, json.dumps(ROWS).encode()),
    "candidates/rows.jsonl": (candidates_of, "\n".join(map(json.dumps, ROWS)).encode()),
}
"""What reads a file, and a good one, by the name that it gets."""


@pytest.mark.parametrize("kind", GOOD)
def test_a_damaged_file_is_read_or_refused_in_words(kind: str, tmp_path: Path) -> None:
    read, content = GOOD[kind]
    path = tmp_path / kind.split("/")[1]
    path.write_bytes(content)
    assert refusal(read, path) is None, "the file is not good to begin with"
    for copy in damaged(content, COPIES, SEED + zlib.crc32(kind.encode())):
        path.write_bytes(copy)
        error = refusal(read, path)
        assert in_words(error), str(error)


def test_our_own_spectra_and_rows(tmp_path: Path) -> None:
    spectrum, rows = tmp_path / "a2f.json", tmp_path / "rows.jsonl"
    write_a2f(spectrum, Spectrum(OMEGA, np.array(COLUMNS)), format="epw-a2f")
    row = Row(
        id="Nb",
        source="own",
        atoms=bulk("Nb"),
        formula="Nb",
        targets=np.array([float(moments(OMEGA, A2F)[key]) for key in TARGETS]),
        spectrum=(OMEGA, A2F),
    )
    write_jsonl(rows, [Entry(row=row)])
    for path, read in ((spectrum, read_a2f), (rows, read_jsonl)):
        content = path.read_bytes()
        assert refusal(read, path) is None, "the file is not good to begin with"
        for copy in damaged(content, COPIES, SEED):
            path.write_bytes(copy)
            assert in_words(refusal(read, path))


def test_a_batch_of_damaged_files_is_done_to_its_end(tmp_path: Path) -> None:
    files: list[str] = []
    for name, text in SPECTRA.items():
        for number, copy in enumerate(damaged(text.encode(), max(COPIES // 10, 2), SEED)):
            folder = tmp_path / str(number)
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(copy)
            files.append(str(folder / name))
    last = tmp_path / "last.txt"
    last.write_text(SPECTRA["table.txt"], encoding="utf-8")
    found = list(analyse_files([*files, last]))
    assert len(json.dumps([result.to_dicts() for result in found], allow_nan=False)) > 0
    assert found[-1].name == str(last)
    assert all(in_words(result.error) for result in found)
