"""``betenet predict`` without a flag: phonons where they take about a second."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write
from tests.command_line import json_of, stdout_of
from tests.fixture_types import Capture, Patch

from betenet.cli import main
from betenet.ensemble import DEFAULT_MODEL, DEFAULT_PHONON_MODEL
from betenet.ensemble.phonon_sources import QUICK_ATOMS
from betenet.phonons import DEFAULT
from betenet.phonons.mattersim import weights

MORE_ATOMS = Atoms(
    "V6Si2",
    scaled_positions=[
        *((0.25, 0.0, 0.5), (0.75, 0.0, 0.5), (0.5, 0.25, 0.0), (0.5, 0.75, 0.0)),
        *((0.0, 0.5, 0.25), (0.0, 0.5, 0.75), (0.0, 0.0, 0.0), (0.5, 0.5, 0.5)),
    ],
    cell=[4.725] * 3,
    pbc=True,
)
"""V₃Si: eight atoms in the primitive cell."""


@pytest.fixture
def small_and_large(tmp_path: Path) -> list[str]:
    """Aluminium in a cell of four atoms, whose primitive cell has one; V₃Si."""
    paths = [tmp_path / "Al.cif", tmp_path / "V3Si.cif"]
    for path, atoms in zip(paths, (bulk("Al", cubic=True), MORE_ATOMS), strict=True):
        write(path, atoms)
    return [str(path) for path in paths]


def test_small_cells_have_phonons_and_large_ones_say_why_not(
    small_and_large: list[str], capsys: Capture
) -> None:
    small, large = json_of(["predict", *small_and_large, "--json"], capsys)
    assert small["model"] == large["model"] == DEFAULT_PHONON_MODEL
    assert (small["phonons"], large["phonons"]) == (DEFAULT, "none")
    assert not small["warnings"]
    (told,) = (one for one in large["warnings"] if "without phonons" in one)
    assert "8 atoms" in told
    assert "--phonons auto" in told
    # the answer for a structure is the same whatever is beside it, and that of auto
    for flags in ([], ["--phonons", "auto"]):
        (alone,) = json_of(["predict", small_and_large[0], "--json", *flags], capsys)
        assert alone["quantities"] == pytest.approx(small["quantities"], rel=1e-6)


def test_the_table_says_which_have_phonons(small_and_large: list[str], capsys: Capture) -> None:
    heading, *lines = stdout_of(["predict", *small_and_large], capsys).splitlines()
    assert heading.split()[-1] == "phonons"
    rows = {line.split()[0]: line.split()[-1] for line in lines if ".cif" in line}
    assert rows == {"Al.cif": DEFAULT, "V3Si.cif": "none"}


@pytest.mark.parametrize("flags", [["--phonons", "none"], ["--model", "cso-1"]], ids=str)
def test_a_prediction_from_the_structure_alone_computes_no_phonons(
    flags: list[str], small_and_large: list[str], monkeypatch: Patch, capsys: Capture
) -> None:
    monkeypatch.setattr("betenet.phonons.run.phonons", never)
    expected = flags[1] if "--model" in flags else DEFAULT_MODEL
    for one in json_of(["predict", *small_and_large, "--json", *flags], capsys):
        assert (one["model"], one["phonons"]) == (expected, "none")
        assert not any("phonons" in warning for warning in one["warnings"])


def never(*_: Any) -> None:
    pytest.fail("phonons were computed")


def test_other_packages_are_not_needed(cells: Path, monkeypatch: Patch, capsys: Capture) -> None:
    for name in ("phonopy", "sevenn", "symfc"):
        monkeypatch.setitem(sys.modules, name, None)
    (found,) = json_of(["predict", str(cells / "Pb.cif"), "--json"], capsys)
    assert found["phonons"] == DEFAULT


def test_a_force_field_that_is_not_there_is_told_once(
    cells: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    monkeypatch.setattr(weights, "SHIPPED", tmp_path)
    monkeypatch.setattr(weights, "_THEIR_FOLDER", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    found = json_of(["predict", str(cells), "--json"], capsys)
    assert [one["phonons"] for one in found] == ["none"] * 3
    for one in found:
        assert any("without phonons: The weights of" in warning for warning in one["warnings"])
    ways = [one["name"] for one in found if "phonons --fetch" in " ".join(one["warnings"])]
    assert ways == [found[0]["name"]]


def test_phonons_are_kept(cells: Path, tmp_path: Path, monkeypatch: Patch, capsys: Capture) -> None:
    words = ["predict", str(cells), "--json", "--phonon-cache", str(tmp_path / "kept")]
    first = json_of(words, capsys)
    assert {one["phonons"] for one in first} == {DEFAULT}
    monkeypatch.setattr("betenet.phonons.run.phonons", never)
    assert json_of(words, capsys) == first


def test_an_interrupt_loses_the_structure_in_hand_alone(
    cells: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    from betenet.phonons import run

    original, begun = run.phonons, []

    def phonons(atoms: Atoms, *given: Any) -> Any:
        begun.append(str(atoms.symbols))
        if len(begun) == 3:
            raise KeyboardInterrupt
        return original(atoms, *given)

    monkeypatch.setattr(run, "phonons", phonons)
    assert main(["predict", str(cells), "--json"]) == 130
    captured = capsys.readouterr()
    assert captured.err == "betenet: interrupted; 2 structures are done and written\n"
    assert [one["formula"] for one in json.loads(captured.out)] == begun[:2]


def test_the_help_has_the_number_of_atoms(capsys: Capture) -> None:
    told = stdout_of(["predict", "--help"], capsys)
    assert f"primitive cells of at most {QUICK_ATOMS} atoms" in told


def test_pressure_compresses_and_each_one_is_a_row(
    small_and_large: list[str], capsys: Capture
) -> None:
    flags = ["--pressure", "0", "--pressure", "40", "--json"]
    low, high = json_of(["predict", small_and_large[0], *flags], capsys)
    assert high["name"] == f"{small_and_large[0]} at 40 GPa"
    volumes = [one["as_read"]["volume_per_atom_angstrom3"] for one in (low, high)]
    assert volumes[1] < 0.85 * volumes[0]
    assert high["phonons"] == DEFAULT
    assert high["quantities"]["omega_log_kelvin"] > 1.2 * low["quantities"]["omega_log_kelvin"]
    assert any("40 GPa" in warning for warning in high["warnings"])
