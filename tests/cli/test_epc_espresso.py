"""``betenet epc`` with the real programs, killed again and again."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ase.build import bulk
from tests.made_pseudopotential import make_pseudopotential

from betenet.cli import main

pytestmark = [pytest.mark.espresso, pytest.mark.slow]

SETTINGS = ("cutoff=14", "density_cutoff=56", "k_density=14", "broadenings=10")


def plan(folder: Path, home: Path) -> None:
    bulk("Al", "fcc", a=4.0).write(folder / "Al.cif")
    places = ["--out", str(home), "--pseudopotentials", str(folder / "upf")]
    words = ["--protocol", "fast", "--set", *SETTINGS]
    assert main(["epc", "plan", str(folder / "Al.cif"), *places, *words]) == 0


def start(home: Path) -> subprocess.Popen[bytes]:
    command = "import sys; from betenet.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["epc", "run", "--out", str(home), "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", command, *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_until_it_is_done_it_gives_the_same(how: signal.Signals, tmp_path: Path) -> None:
    make_pseudopotential(tmp_path / "upf")
    plan(tmp_path, tmp_path / "whole")
    plan(tmp_path, tmp_path / "killed")
    with start(tmp_path / "whole") as whole:
        assert whole.wait() == 0
    random.seed(how)
    kills = 0
    while True:
        with start(tmp_path / "killed") as running:
            try:
                # soon at first, so that it is hit more than once; later steps take some seconds
                soonest, latest = (1.5, 3.0) if kills < 3 else (4.0, 10.0)
                code = running.wait(random.uniform(soonest, latest))  # noqa: S311
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, how)
                running.wait()
                kills += 1
                assert kills < 30
                continue
        assert code == 0
        break
    assert kills >= 2
    found = [
        json.loads((tmp_path / name / "Al" / "record.json").read_text())
        for name in ("whole", "killed")
    ]
    for key in ("coupling", "omega_log_kelvin", "omega_2_kelvin", "dos_fermi"):
        assert found[1][key] == pytest.approx(found[0][key], rel=2e-3), key
    assert found[1]["calculation"]["kept"] == found[0]["calculation"]["kept"]
