import shutil
from pathlib import Path

import pytest
from tests.fake_espresso import make_fake_espresso

from betenet.errors import ConfigError
from betenet.espresso.programs import PROGRAMS, find_programs, version_in


def test_programs_of_a_folder_and_their_version(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    make_fake_espresso(folder)
    for name in PROGRAMS:
        (folder / name).write_text('#!/bin/sh\necho "     Program PWSCF v.7.3.1 starts on today"\n')

    programs = find_programs(folder)

    assert programs.paths == {name: folder / name for name in PROGRAMS}
    assert programs.version == "7.3.1"


def test_a_missing_program_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    make_fake_espresso(tmp_path / "programs")
    (tmp_path / "programs/ph.x").unlink()
    with pytest.raises(ConfigError, match=r"^ph\.x of Quantum") as caught:
        find_programs(tmp_path / "programs")
    assert "apt install quantum-espresso" in caught.value.fix
    assert "conda" in caught.value.fix


def test_the_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_fake_espresso(tmp_path / "programs")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    assert find_programs().paths["q2r.x"] == tmp_path / "programs/q2r.x"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="on the PATH"):
        find_programs()


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("     Program PHONON v.6.7MaX starts on 29Nov2026 at  0:21: 5", "6.7MaX"),
        ("     Program PWSCF v.7.3.1 starts on  1Jan2026 at 10: 1: 5", "7.3.1"),
        ("something else", ""),
    ],
)
def test_the_version_is_what_the_program_says(line: str, version: str) -> None:
    assert version_in(f"\n{line}\n\n") == version


@pytest.mark.espresso
@pytest.mark.skipif(shutil.which("pw.x") is None, reason="no Quantum ESPRESSO")
def test_the_installed_programs_say_their_version() -> None:
    assert find_programs().version[0] in "678"
