"""Rows are read from the published layouts, in this package's units."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from betenet.datasets.held_out_formulas import held_out_formulas
from betenet.datasets.rows import TARGETS
from betenet.datasets.training_rows import read_rows
from betenet.errors import DataError

SOURCES = ("bete_net", "alexandria", "jarvis")
RECORD = Path("benchmarks/first_principles/campaign/Se_h3x-200GPa.json")
DATA = Path(os.environ.get("BETENET_DATA", "../shared/data"))


@pytest.fixture
def own_data(tiny_data: Path, tmp_path: Path) -> Path:
    """A copy that the test may change."""
    return Path(shutil.copytree(tiny_data, tmp_path / "data"))


def test_sources_come_in_the_order_asked_for(tiny_data: Path) -> None:
    rows = read_rows(tiny_data, SOURCES)
    assert [row.source for row in rows] == ["bete_net"] * 24 + ["alexandria"] * 12 + ["jarvis"] * 4
    assert {row.source for row in read_rows(tiny_data, ["jarvis"])} == {"jarvis"}
    assert len({row.id for row in rows}) == len(rows)


def test_bete_net_has_every_moment(tiny_data: Path) -> None:
    row = next(r for r in read_rows(tiny_data, ["bete_net"]) if r.formula == "Nb")
    assert row.id == "bete_net-8"
    centre = 120.0 / 92.90637**0.5
    expected = [0.4 + 30.0 / 92.90637, *(centre * f for f in (1.0, 1.1, 1.2, 1.3, 2.0))]
    np.testing.assert_allclose(row.targets, expected, rtol=1e-9)
    assert row.spectrum is None
    assert np.isnan(row.fermi_dos)


def test_other_sources_have_the_first_two_moments(tiny_data: Path) -> None:
    row = next(r for r in read_rows(tiny_data, ["alexandria"]) if r.formula == "Nb")
    assert row.id == "alexandria-agm7"
    assert row.targets[0] == 0.5
    assert row.targets[1] == pytest.approx(10.0, rel=1e-4)  # 116.045 K in meV
    assert np.isnan(row.targets[2:]).all()
    assert len(row.targets) == len(TARGETS)
    assert len(row.atoms) == 2
    assert row.atoms.pbc.all()


def test_density_of_states_is_that_of_an_atom(tiny_data: Path) -> None:
    dos = {row.formula: row.fermi_dos for row in read_rows(tiny_data, ["alexandria"])}
    assert dos["Nb"] == 1.5  # of 3.0 for the cell of two atoms
    assert np.isnan(dos["Ti"])  # null in the file
    assert np.isnan([row.fermi_dos for row in read_rows(tiny_data, ["jarvis"])]).all()


def test_unstable_crystals_are_left_out(tiny_data: Path) -> None:
    assert "Pb" not in {row.formula for row in read_rows(tiny_data, SOURCES)}


def test_digitised_spectra_are_found_by_id(own_data: Path) -> None:
    (own_data / "spectra").mkdir()
    spectra = {"frequencies_mev": [1.0, 2.0, 3.0], "spectra": {"8": {"a2f": [0.1, 0.4, 0.2]}}}
    (own_data / "spectra" / "bete_net_digitised_train.json").write_text(json.dumps(spectra))
    known = [row for row in read_rows(own_data, ["bete_net"]) if row.spectrum is not None]
    assert [row.formula for row in known] == ["Nb"]
    assert known[0].spectrum is not None
    np.testing.assert_array_equal(known[0].spectrum, [[1.0, 2.0, 3.0], [0.1, 0.4, 0.2]])


def test_unknown_source_lists_the_known_ones(tiny_data: Path) -> None:
    with pytest.raises(
        DataError, match=r"(?s)'supercon'.*bete_net, alexandria or jarvis.*supercon.jsonl"
    ):
        read_rows(tiny_data, ["supercon"])


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("bete_net", "bete_net/moments_train.csv"),
        ("bete_net", "bete_net/structures/8.cif"),
        ("alexandria", "alexandria/superconductors.jsonl.gz"),
        ("jarvis", "jarvis/superconductors.jsonl.gz"),
    ],
)
def test_missing_file_is_named(own_data: Path, source: str, file: str) -> None:
    (own_data / file).unlink()
    with pytest.raises(DataError, match=f"(?s){source}: .*{file} is missing.*BETENET_DATA"):
        read_rows(own_data, [source])


def own_row(**more: object) -> dict[str, object]:
    cell = [[0.0, 2.02, 2.02], [2.02, 0.0, 2.02], [2.02, 2.02, 0.0]]
    structure = {"lattice": cell, "species": ["Al"], "frac_coords": [[0, 0, 0]]}
    return {"id": "Al", "structure": structure, "coupling": 0.4, "omega_log_kelvin": 300.0, **more}


def test_own_calculations_are_a_source_by_the_name_of_their_file(own_data: Path) -> None:
    spectrum = {"frequencies_mev": [10.0, 20.0, 30.0], "a2f": [0.1, 0.4, 0.1]}
    known = {"coupling": None, "omega_log_kelvin": None, "spectrum": spectrum}
    rows = [own_row(**known, dos_fermi=0.4), own_row(id="Al-2")]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (own_data / "mine.jsonl").write_text(text)
    found = read_rows(own_data, ["jarvis", "mine"])
    assert [row.id for row in found[4:]] == ["mine-Al", "mine-Al-2"]
    assert {row.source for row in found} == {"jarvis", "mine"}
    assert found[4].spectrum is not None
    assert found[4].fermi_dos == 0.4
    assert np.isfinite(found[4].targets).all()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (own_row(coupling=-1.0), "cannot be used, the first is Al"),
        (own_row(split="test"), "not for training, the first is Al"),
        (
            own_row(split="train", calculation={"kept": False, "reasons": [{"text": "a gap"}]}),
            r"(?s)cannot be used, the first is Al\..*is not kept: a gap.*leave them out",
        ),
    ],
)
def test_own_rows_that_may_not_be_trained_on_are_refused(
    own_data: Path, row: dict[str, object], message: str
) -> None:
    (own_data / "mine.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=message):
        read_rows(own_data, ["mine"])


@pytest.mark.parametrize("damage", ["pipe", "zero", "cut", "text", "numbers"])
def test_a_source_that_is_no_file_or_damaged_is_named(own_data: Path, damage: str) -> None:
    files = {
        "bete_net": own_data / "bete_net" / "moments_train.csv",
        "jarvis": own_data / "jarvis" / "superconductors.jsonl.gz",
    }
    for source, path in files.items():
        content = path.read_bytes()
        path.unlink()
        if damage == "pipe":
            os.mkfifo(path)
        elif damage == "zero":
            path.symlink_to("/dev/zero")
        elif damage == "cut":
            path.write_bytes(content[: len(content) // 2 - 7])
        elif damage == "text":
            path.write_bytes(b"\xff\xfe\x00" * 99)
        else:
            path.write_bytes(b'id,coupling\n1,x\n{"coupling": "x", "omega_log_kelvin": 1}\n')
        with pytest.raises(DataError, match=f"^{source}: "):
            read_rows(own_data, [source])


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no first-principles data in {DATA}")
def test_rows_of_the_literature_and_of_our_own_calculations() -> None:
    rows = read_rows(DATA, ("antiperovskites", "literature", "campaign"))
    assert len({row.id for row in rows}) == len(rows)
    by_source = {name: [r for r in rows if r.source == name] for name in {r.source for r in rows}}
    assert all(len(r.atoms) == 5 for r in by_source["antiperovskites"])
    assert max(r.targets[0] for r in by_source["literature"]) > 3
    assert {r.formula for r in by_source["campaign"]} >= {"H3Se", "La"}
    held = held_out_formulas(DATA)
    assert "AlLa3" in held
    assert not held & {row.formula for row in rows}
    assert all(0 < row.weight <= 1 for row in rows)


def test_rows_of_ones_own_that_are_held_out_are_refused(own_data: Path) -> None:
    shutil.copy(RECORD, own_data / "mine.jsonl")
    (row,) = read_rows(own_data, ["mine"])
    (own_data / "held_out_formulas.txt").write_text("La1\nH3Se1\n")
    with pytest.raises(DataError, match=f"{row.formula} is held out"):
        read_rows(own_data, ["mine"])


def test_records_are_read_where_the_project_is(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="no records of our own calculations"):
        read_rows(tiny_data, ["campaign"])
