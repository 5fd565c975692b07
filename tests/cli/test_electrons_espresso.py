"""``betenet electrons`` with the real pw.x, from a CIF to N(E_F), Fermi surface and nesting."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ase.build import bulk
from tests.made_pseudopotential import make_pseudopotential

from betenet.cli import main

pytestmark = [pytest.mark.espresso, pytest.mark.slow]

SETTINGS = ("--set", "cutoff=14", "density_cutoff=56", "k_density=20")


def words(folder: Path) -> list[str]:
    """What a user writes for aluminium."""
    places = ["--out", str(folder / "out"), "--pseudopotentials", str(folder / "upf")]
    chosen = ["--protocol", "fast", "--mesh-density", "28", "--mpi", "none"]
    return ["electrons", "run", str(folder / "Al.cif"), *places, *chosen, *SETTINGS]


def test_from_a_cif_to_a_fermi_surface_and_nesting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_pseudopotential(tmp_path / "upf")
    bulk("Al", "fcc", a=4.03).write(tmp_path / "Al.cif")
    assert main([*words(tmp_path), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    level = found["fermi_level"]
    assert level["is_metal"]
    assert level["grid"] == [12, 12, 12]
    # nearly free electrons: 0.38 per eV and atom
    assert level["dos_per_ev"] == pytest.approx(0.38, abs=0.08)
    home = str(tmp_path / "out" / "Al")
    assert main(["electrons", "read", home, "--plot", str(tmp_path)]) == 0
    assert main(["electrons", "nesting", home, "--path", "GX", "--plot", str(tmp_path)]) == 0
    assert len(list(tmp_path.glob("*.png"))) == 2


def test_killed_it_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_pseudopotential(tmp_path / "upf")
    bulk("Al", "fcc", a=4.03).write(tmp_path / "Al.cif")
    command = "import sys; from betenet.cli import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", command, *words(tmp_path)],
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        for _ in range(600):
            if (tmp_path / "out" / "Al" / "coarse" / "pw.in").exists():
                break
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGKILL)
    assert main([*words(tmp_path), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["state"] == "done"


PAGE = Path(__file__).parents[2] / "docs" / "electrons_tutorial.md"
DEBIAN = Path("/usr/share/espresso/pseudo/Ni.pbe-nd-rrkjus.UPF")


@pytest.mark.skipif(not DEBIAN.exists(), reason="needs Debian's quantum-espresso-data")
def test_the_tutorial_from_a_cif_to_magnetism_says_what_it_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PAGE.read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    Path("upf").mkdir()
    shutil.copy(DEBIAN, "upf")
    Path("Ni.cif").write_text(text.split("```text\n")[1].split("```")[0])
    commands = [line[2:] for line in text.splitlines() if line.startswith("$ betenet")]
    assert len(commands) == 5
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0, command
    said = capsys.readouterr().out
    # numbers of the page, to the digits that another machine gives too
    for words in ("N(E_F) = 5.0", "Ni d 98", "band 5 near E_F: Ni d 100%", "0.72", "-0.39"):
        assert words in text
        assert words in said
    assert {path.name for path in Path("figures").iterdir()} == {
        *("Ni_fermi_surface.png", "Ni_bands.png", "Ni_nesting.png")
    }
