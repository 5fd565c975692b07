"""Runs that are killed (SIGKILL) while they write end as those that nobody has disturbed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.fake_espresso import make_fake_espresso
from tests.forked import run_forked

from betenet.phonons import PhononResult
from betenet.training.recipe import Recipe

KILL = """
import os, signal, sqlite3

left = int(os.environ.get("WRITES_BEFORE_THE_KILL", -1))

def counted(function):
    def call(*args, **options):
        global left
        left -= 1
        if left == -1:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **options)
    return call

if left >= 0:
    os.fsync, sqlite3.connect = counted(os.fsync), counted(sqlite3.connect)
"""
"""Kills any Python process before one of its writes: at its start, as ``sitecustomize``."""

TRAINING = """
import json, sys
from pathlib import Path
from betenet.training.recipe import Recipe
from betenet.training.run import run_training
folder, data, recipe = sys.argv[1:]
run_training(Recipe.from_dict(json.loads(recipe)), Path(data), Path(folder), workers=1)
"""
CALCULATION = """
import sys
from pathlib import Path
from betenet.espresso.run import run_material
from fake_espresso import FakeEspresso, FakeWorkflow
folder, programs = sys.argv[1:]
run_material(folder, FakeWorkflow(), FakeEspresso(Path(programs)).runner(jobs=2), {"a": 1})
"""
PHONONS = """
import sys
from ase.build import bulk
from ase.calculators.emt import EMT
from betenet.phonons import PhononCache, PhononSettings, compute_phonons
settings = PhononSettings(distance=4.0, q_length=15.0, relaxation="none")
metals = [bulk(symbol, "fcc") for symbol in ("Al", "Cu", "Ag")]
list(compute_phonons(metals, settings, EMT(), cache=PhononCache(sys.argv[1])))
"""
MODEL = """
import sys
from pathlib import Path
from tiny_model import write_tiny_model
for _ in range(2):
    write_tiny_model(Path(sys.argv[1]) / "model")
"""


def members(folder: Path) -> dict[str, bytes]:
    """Weights of the members that a training has left, and nothing unfinished."""
    assert not list(folder.rglob("state.safetensors"))
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("member.safetensors")}


def results_of_steps(folder: Path) -> dict[str, str]:
    """Results and states of the steps of a calculation."""
    assert not list(folder.rglob("scratch"))
    steps = json.loads((folder / "manifest.json").read_text())["steps"]
    found = {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("result")}
    return found | {key: record["state"] for key, record in steps.items()}


def densities(folder: Path) -> dict[bytes, list[float]]:
    """Densities of states in a cache of phonons; how long they took is kept there, too."""
    (path,) = folder.glob("*.sqlite")
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = dict(db.execute("SELECT key, data FROM phonons"))
    db.close()
    return {key: PhononResult.from_bytes(data).dos.total.tolist() for key, data in found.items()}


def files(folder: Path) -> dict[str, bytes]:
    """Files of a model."""
    return {path.name: path.read_bytes() for path in (folder / "model").iterdir()}


@dataclass(frozen=True)
class Kind:
    """A kind of run: its program, what it leaves, and after how many writes it is killed."""

    program: str
    results: Callable[[Path], object]
    kills: tuple[int, ...]
    in_fork: bool = True
    """Whether it has no worker that must be killed, too: a fork starts in no time."""


KINDS = {
    "training": Kind(TRAINING, members, (1, 4), in_fork=False),
    "calculation": Kind(CALCULATION, results_of_steps, (1, 6, 9)),
    "phonons": Kind(PHONONS, densities, (0, 5)),
    "model": Kind(MODEL, files, (2, 6)),
}


SLOW = pytest.mark.slow


@pytest.fixture
def options(request, tmp_path: Path) -> Callable[[str], list[str]]:
    def options_of(kind: str) -> list[str]:
        if kind == "training":
            recipe: Recipe = request.getfixturevalue("run_recipe")
            data = request.getfixturevalue("tiny_data")
            table = recipe.to_dict()
            table["training"]["members"] = 2
            return [str(data), json.dumps(table)]
        if kind == "calculation":
            fake = make_fake_espresso(tmp_path / "programs")
            fake.behave({}, work=2, pause=0.01)
            return [str(fake.folder)]
        return []

    return options_of


def run(kind: Kind, folder: Path, options: list[str], kill: int = -1) -> int:
    """Exit code of a run in a folder, killed before a write."""
    folder.mkdir(exist_ok=True)
    beside = folder.parent / "kill"
    beside.mkdir(exist_ok=True)
    (beside / "sitecustomize.py").write_text(KILL)
    tests = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([str(beside), tests, *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": paths, "WRITES_BEFORE_THE_KILL": str(kill)}
    said = folder.parent / "said"

    def program() -> None:
        os.environ.update(environment)
        sys.path.append(tests)
        sys.argv = ["-c", str(folder), *options]
        exec(KILL, {})  # noqa: S102 - ours
        exec(kind.program, {})  # noqa: S102 - ours

    if kind.in_fork:
        code = run_forked(program, said)
    else:
        command = [sys.executable, "-c", kind.program, str(folder), *options]
        with said.open("w", encoding="utf-8") as file:
            code = subprocess.run(command, env=environment, stderr=file, check=False).returncode
    if code == 1:
        assert "was killed by SIGKILL while it did" in said.read_text(encoding="utf-8")
    return code


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=SLOW if name == "training" else ()) for name in KINDS]
)
def test_a_run_that_is_killed_ends_as_one_that_is_not(
    name: str, tmp_path: Path, options: Callable[[str], list[str]]
) -> None:
    kind, told = KINDS[name], options(name)
    assert run(kind, tmp_path / "whole", told) == 0
    codes = [run(kind, tmp_path / "cut", told, kill) for kill in kind.kills]
    assert 0 not in codes
    assert -signal.SIGKILL in codes
    assert run(kind, tmp_path / "cut", told) == 0
    assert kind.results(tmp_path / "cut") == kind.results(tmp_path / "whole")
