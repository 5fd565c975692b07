"""Numbers, names and folders without end on the command line."""

import sys
from contextlib import suppress
from pathlib import Path

import pytest
from ase.build import bulk
from tests.command_line import stderr_of
from tests.fixture_types import Capture, Patch

from betenet.cli import main
from betenet.cli.arguments import count, whole
from betenet.cli.streams import CsvRows, JsonList
from betenet.errors import BetenetError, ConfigError
from betenet.screening.sources.files import FileSource
from betenet.structures import read_structures
from betenet.structures.walk import structure_files


@pytest.mark.parametrize("text", ["-999", "1.5", "9" * 5000, "10" * 5, "nan", "", "٣", "0x1"])
def test_a_seed_is_a_whole_number(text: str, capsys: Capture) -> None:
    words = ["screen", "substitute", "x.cif", "--candidates", "5", "--out", "y"]
    told = stderr_of([*words, f"--seed={text}"], capsys)
    assert "whole number" in told
    assert len(told) < 1500


@pytest.mark.parametrize("text", ["inf", "nan", "1e300", "-20000", "x" * 5000])
def test_a_pressure_is_one_that_exists(text: str, capsys: Capture) -> None:
    told = stderr_of(["epc", "plan", "x.cif", f"--pressure={text}"], capsys)
    assert "is not a pressure from -10,000 to 10,000 GPa" in told
    assert len(told) < 1500


def test_whole_numbers_are_read() -> None:
    assert [whole("0"), count("1"), whole("999999999")] == [0, 1, 999_999_999]


def test_long_words_of_others_are_cut_in_every_error() -> None:
    path = "/".join(["x" * 200] * 10)
    error = BetenetError(f"{'a' * 5000} is none of b.", f"{path} is read", "y" * 256)
    assert error.summary == f"{'a' * 100}… is none of b."
    assert error.reason == f"{path} is read"
    assert error.fix == f"{'y' * 100}…"
    assert str(ConfigError("short")) == "short"


def test_an_empty_name_is_not_the_current_folder(tmp_path: Path, monkeypatch: Patch) -> None:
    bulk("Nb").write(tmp_path / "Nb.cif")
    monkeypatch.chdir(tmp_path)
    for name in ("", " "):
        (record,) = read_structures(name)
        assert record.atoms is None
        assert "The name of a file is empty." in str(record.error)
    assert [record.error for record in read_structures(".")] == [None]


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder with links: outward, outward again, back, into itself, to itself."""
    root, data = tmp_path / "L", tmp_path / "data" / "cifs"
    (root / "inner").mkdir(parents=True)
    data.mkdir(parents=True)
    bulk("Nb").write(data / "Nb.cif")
    bulk("V").write(root / "inner" / "V.cif")
    (root / "a").symlink_to(root / "inner")
    (root / "b").symlink_to(data)
    (root / "c").symlink_to(data)
    (root / "d").symlink_to("..")
    (root / "e").symlink_to("/")
    (root / "f").symlink_to(".")
    (root / "g").symlink_to("g")
    (data / "back").symlink_to(data.parent)
    (data / "home").symlink_to(root)
    return root


def test_links_to_folders_are_followed_once(linked: Path) -> None:
    found = [str(path.relative_to(linked)) for path in structure_files(linked)]
    assert [name for name in found if name.endswith(".cif")] == ["b/Nb.cif", "inner/V.cif"]
    names = [entry.name for entry in FileSource(linked)]
    assert [name for name in names if name.endswith(".cif")] == ["b/Nb.cif", "inner/V.cif"]


def test_a_link_given_itself_is_a_folder(linked: Path) -> None:
    found = [path.name for path in structure_files(linked / "b")]
    assert [name for name in found if name.endswith(".cif")] == ["Nb.cif", "V.cif"]


@pytest.mark.parametrize("verb", ["run", "plan", "substitute"])
def test_a_missing_file_is_told_before_all_is_loaded(
    verb: str, capsys: Capture, monkeypatch: Patch
) -> None:
    for name in ("screening", "substitution"):  # an import would fail
        monkeypatch.setitem(sys.modules, f"betenet.screening.{name}", None)
    more = {"run": ["--out", "x"], "plan": [], "substitute": ["--candidates", "5", "--out", "x"]}
    assert main(["screen", verb, "nowhere/funnel.toml", *more[verb]]) == 2
    assert "There is no file or folder nowhere/funnel.toml." in capsys.readouterr().err


def test_a_missing_table_is_told_as_a_table(capsys: Capture) -> None:
    told = stderr_of(["screen", "plan", __file__, "--calibration", "nosuch.csv"], capsys)
    assert "There is no file or folder nosuch.csv." in told
    assert "without --calibration" in told
    assert "optimade" not in told


def test_a_plan_for_nothing_names_the_first_reason(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "x.cif"
    path.write_text("no structure")
    told = stderr_of(["screen", "plan", str(path)], capsys)
    assert f"Nothing of {path} reaches the first stage." in told
    assert "The first entry is x.cif: " in told
    assert "candidates" not in told


def test_a_full_disk_is_told_with_the_file(monkeypatch: Patch) -> None:
    rows = CsvRows(Path("/dev/full"), ["a"])
    with pytest.raises(OSError, match="No space left") as caught:
        rows.write({"a": "1"})
    assert caught.value.filename == "/dev/full"
    with pytest.raises(OSError, match="No space left"):
        rows.close()
    with suppress(OSError), Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(OSError, match="No space left") as caught:
            JsonList().write({"a": 1})
        assert caught.value.filename == "the standard output"
