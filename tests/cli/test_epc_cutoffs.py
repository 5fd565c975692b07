"""``betenet epc cutoffs``, with a pw.x that is told from which cutoff on it is right."""

import hashlib
import json
import tomllib
from pathlib import Path

import pytest
from tests.fake_pw import FakePw, make_fake_pw
from tests.fixture_types import Capture, Patch

from betenet.cli import main
from betenet.errors import DataError
from betenet.espresso.cutoffs import CACHE_VARIABLE

UPF = '<UPF><PP_HEADER element="{}" pseudo_type="NC" relativistic="scalar" z_valence="3.0"/>\n'


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def fake(tmp_path: Path) -> FakePw:
    fake = make_fake_pw(tmp_path / "bin")
    fake.behave(pressure=40.0)
    return fake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Aluminium, carbon and niobium; a file beside niobium says its cutoffs."""
    folder = tmp_path / "upf"
    folder.mkdir()
    for element in ("Nb", "C", "Al"):
        (folder / f"{element}.upf").write_text(UPF.format(element))
    (folder / "Nb.toml").write_text("Ecut = 41\nsupersampling = 2.0\n")
    return folder


def cutoffs(folder: Path, fake: FakePw, *words: str) -> int:
    return main(["epc", "cutoffs", str(folder), *words, "--programs", str(fake.folder)])


def files_run(fake: FakePw) -> set[str]:
    return {run[0] for run in fake.runs()}


def test_what_nobody_says_is_measured_once(
    folder: Path, fake: FakePw, cache: Path, capsys: Capture
) -> None:
    assert cutoffs(folder, fake) == 0
    told = capsys.readouterr()
    header, *rows = [line.split() for line in told.out.splitlines()]
    assert header[:2] == ["element", "file"]
    assert [row[:4] for row in rows] == [
        ["Al", "Al.upf", "40", "160"],
        ["C", "C.upf", "40", "160"],
        ["Nb", "Nb.upf", "82", "328"],
    ]
    assert rows[2][4] == "Nb.toml"
    assert str(cache) in rows[0][-1]
    assert "C.upf: 35 Ry: +0.0 meV/atom, -5.00 GPa" in told.err
    assert files_run(fake) == {"Al.upf", "C.upf"}
    before = len(fake.runs())
    # pw.x is not even looked for
    assert main(["epc", "cutoffs", str(folder), "--programs", str(folder)]) == 0
    assert capsys.readouterr().out == told.out
    assert len(fake.runs()) == before


def test_elements_and_again(folder: Path, fake: FakePw, capsys: Capture) -> None:
    assert cutoffs(folder, fake, "C", "Nb", "--json") == 0
    carbon, niobium = json.loads(capsys.readouterr().out)
    assert (carbon["element"], carbon["cutoff"], carbon["density_cutoff"]) == ("C", 40.0, 160.0)
    assert carbon["measurement"]["reference"]["cutoff"] == 160.0
    assert (niobium["cutoff"], niobium["source"]) == (82.0, "Nb.toml")
    assert files_run(fake) == {"C.upf"}
    fake.behave(pressure=58.0)
    assert cutoffs(folder, fake, "C", "--json", "--again") == 0
    assert json.loads(capsys.readouterr().out)[0]["cutoff"] == 60.0
    assert cutoffs(folder, fake, "C", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["cutoff"] == 60.0


def test_entries_of_the_table(folder: Path, fake: FakePw, capsys: Capture) -> None:
    assert cutoffs(folder, fake, "--table") == 0
    told = capsys.readouterr()
    measured = tomllib.loads(told.out)["measured"]
    assert [entry["element"] for entry in measured] == ["Al", "C"]
    assert measured[0] == {
        "element": "Al",
        "file": "Al.upf",
        "sha256": hashlib.sha256((folder / "Al.upf").read_bytes()).hexdigest(),
        "cutoff": 40.0,
        "density_cutoff": 160.0,
    }
    assert "not measured on this machine: Nb.upf" in told.err
    assert cutoffs(folder, fake, "--table") == 0
    assert capsys.readouterr().out == told.out


def test_of_a_bad_file_the_others_are_done(folder: Path, fake: FakePw, capsys: Capture) -> None:
    (folder / "B.upf").write_text("of no use\n")
    fake.behave(fails="Al.upf", pressure=28.0)
    assert cutoffs(folder, fake, "B", "Al", "Xe", "C") == 1
    told = capsys.readouterr()
    assert "B.upf is no pseudopotential" in told.err
    assert "pw.x fails for Al.upf with 160.0 Ry" in told.err
    assert "has no pseudopotential of Xe" in told.err
    assert "3 of 4 pseudopotentials failed" in told.err
    assert [line.split()[:3] for line in told.out.splitlines()[1:]] == [["C", "C.upf", "30"]]


def test_one_that_does_not_converge_has_no_number(
    folder: Path, fake: FakePw, cache: Path, capsys: Capture
) -> None:
    fake.behave(pressure=150.0)
    assert cutoffs(folder, fake, "C", "--json") == 1
    told = capsys.readouterr()
    assert json.loads(told.out) == []
    assert "C.upf needs more than 120 Ry" in told.err
    assert list(cache.iterdir()) == []


def test_after_an_interrupt_what_is_done_is_kept(
    folder: Path, fake: FakePw, cache: Path, capsys: Capture
) -> None:
    fake.behave(waits="C.upf", pressure=40.0)
    assert cutoffs(folder, fake) == 130
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()[1:]] == ["Al"]
    assert "interrupted; 1 pseudopotentials are done" in told.err
    assert len(list(cache.iterdir())) == 1
    fake.behave(pressure=40.0)
    before = len(fake.runs())
    assert cutoffs(folder, fake) == 0
    assert {run[0] for run in fake.runs()[before:]} == {"C.upf"}


def test_a_cache_that_cannot_be_written_is_told_before_anything_is_measured(
    folder: Path, fake: FakePw, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "inner"))
    assert cutoffs(folder, fake) == 2
    told = capsys.readouterr()
    assert told.err.count("error") == 1
    assert f"Measured cutoffs cannot be kept in {tmp_path / 'file' / 'inner'}" in told.err
    assert (told.out, fake.runs()) == ("", [])
    # what is known needs no cache
    assert cutoffs(folder, fake, "Nb") == 0


@pytest.mark.parametrize("output", [[], ["--json"], ["--table"]])
def test_what_cannot_be_kept_is_printed_all_the_same(
    folder: Path, fake: FakePw, output: list[str], monkeypatch: Patch, capsys: Capture
) -> None:
    def full(*given: object) -> Path:
        raise DataError(f"Cannot write {given}.", "No space left on device.", "Free some.")

    monkeypatch.setattr("betenet.espresso.cutoff_survey.keep_measured", full)
    assert cutoffs(folder, fake, "Al", "C", *output) == 1
    told = capsys.readouterr()
    assert told.err.count("Cannot write") == 2
    if output:
        measured = (
            json.loads(told.out) if output == ["--json"] else tomllib.loads(told.out)["measured"]
        )
        assert [one["cutoff"] for one in measured] == [40.0, 40.0]
    else:
        assert told.out.count("could not be kept") == 2


def test_a_damaged_measurement_is_not_printed(
    folder: Path, fake: FakePw, cache: Path, capsys: Capture
) -> None:
    assert cutoffs(folder, fake, "--table") == 0
    carbon = hashlib.sha256((folder / "C.upf").read_bytes()).hexdigest()
    (cache / f"{carbon}.json").write_text('{"cutoff": NaN, "density_cutoff": NaN}')
    capsys.readouterr()
    assert cutoffs(folder, fake, "--table") == 1
    told = capsys.readouterr()
    assert f"{carbon}.json does not say the cutoffs of C.upf" in told.err
    assert [entry["element"] for entry in tomllib.loads(told.out)["measured"]] == ["Al"]
    assert cutoffs(folder, fake, "C", "--table", "--again") == 0
    assert tomllib.loads(capsys.readouterr().out)["measured"][0]["cutoff"] == 40.0


def test_symbols_may_be_written_small(folder: Path, fake: FakePw, capsys: Capture) -> None:
    assert cutoffs(folder, fake, "nb", "NB", "Nb", "--json") == 0
    assert [one["element"] for one in json.loads(capsys.readouterr().out)] == ["Nb"]


def test_an_element_that_does_not_exist_is_told(
    folder: Path, fake: FakePw, capsys: Capture
) -> None:
    (folder / "Qq.upf").write_text(UPF.format("Qq"))
    assert cutoffs(folder, fake, "Qq", "Nb") == 1
    told = capsys.readouterr()
    assert "Qq.upf is of Qq, which is no element" in told.err
    assert "Nb.upf" in told.out


def test_the_help_is_for_newcomers(capsys: Capture) -> None:
    assert main(["epc", "cutoffs", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "where cutoffs come from" in text
    assert "look at these elements only" in text
    assert "measure again where cutoffs are known already" in text
    assert "nobody" not in text
    assert "who says" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--table", "--json"], "--table is given together with --json"),
        (["--programs", "nowhere"], "pw.x of Quantum ESPRESSO cannot be found"),
    ],
)
def test_wrong_usage(folder: Path, words: list[str], message: str, capsys: Capture) -> None:
    assert main(["epc", "cutoffs", str(folder), *words]) == 2
    assert message in capsys.readouterr().err


def test_no_pseudopotentials(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "empty").mkdir()
    for place in ("empty", "missing"):
        assert main(["epc", "cutoffs", str(tmp_path / place)]) == 2
        assert f"There is no pseudopotential in {tmp_path / place}" in capsys.readouterr().err
