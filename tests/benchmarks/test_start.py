"""Benchmarks start in the environment of `make setup`, and run through with their smallest size.

They are scripts, so they run in processes of their own: what pytest has imported, `tests` among it,
would hide that one of them cannot be imported where it is used.
"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks"
OF_TESTS = (ROOT / "tests", ROOT / "tests" / "reference")  # which some take a module from
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py"))

PARTS = {name for name in SCRIPTS if "__main__" not in (FOLDER / f"{name}.py").read_text("utf-8")}
"""Modules that the others take something from; they do nothing by themselves."""

SMALLEST = {
    "allen_dynes_table": "",
    "mu_star_conventions": "",
    "baselines": "--trees 2",
    "composition_floor": "--rows 600 --trees 2",
    "composition_models": "--parts apart --rows 600 --trees 4 --wide 2",
    "composition_trees": "--trees 2",
    "compute_phonons": "--source bete_net --limit 1 --out {folder}",
    "eliashberg": "--count 6 --sample 2 --repeats 1",
    "engine": "--count 3 --predicted 3 --members 2 --steps 2",
    "first_principles": "",
    "first_principles_choices": "",
    "first_principles_cost": "",
    "known_superconductors": "",
    "growth": "--points 1 --figure {folder}/growth.png",
    "mattersim_speed": "",
    "maximum_entropy": "--count 3",
    "precision": "--count 4",
    "prediction": "--count 4 --repeats 1",
    "quick_phonons": "--count 2 --atoms 1",
    "screening": "--count 8",
    "tc_equations": "--count 30 --figure {folder}/parity.png",
    "screening_report": "--count 10",
    "spectrum_band": "--count 1 --set digitised",
    "well_known": "cso-1",
    "spectrum_shape": "cso-1 --count 2 --set digitised --figure {folder}/shape.png",
}
"""What makes each as short as it can be, of those that need no training run."""
QUICK = {"eliashberg", "first_principles_choices", "maximum_entropy"}
READS_DATA = {
    *("allen_dynes_table", "baselines", "composition_trees", "compute_phonons"),
    *("composition_floor", "composition_models"),
    *("first_principles", "known_superconductors", "maximum_entropy", "precision", "quick_phonons"),
    *("spectrum_band", "spectrum_shape"),
}
ONLY_STARTED = {
    # looks at a training run, or at the tables of another benchmark
    *("double_descent", "ensemble_size", "first_principles_experiment", "held_out_scores"),
    *("families", "left_out_families", "loss_landscape", "out_of_bag"),
    *("paper_screening", "phonon_ablation", "phonon_library", "phonon_validation"),
    # train networks for minutes
    *("fine_tuning", "next_calculations"),
    # relax crystals for minutes
    *("rebuild_cells", "rebuilt_volumes"),
    *("screening_calibration", "screening_forecast", "training_choices"),
    # reads every row of the training data: trains forests on compounds, predicts all of them
    *("insulators", "phonon_stiffness", "unusual_structures"),
}

STARTER = """
import importlib, json, os, runpy, sys, traceback
folder, report, modules, *scripts = sys.argv[1:]
for name in modules.split():  # once for all that are forked off
    try:
        importlib.import_module(name)
    except Exception:  # seen again where it is needed
        pass
sys.path.insert(0, folder)
found = {}
for script in scripts:
    said = f"{report}.{script}"
    child = os.fork()
    if child == 0:
        code, text = 1, open(said, "w", encoding="utf-8")
        os.dup2(text.fileno(), 1), os.dup2(text.fileno(), 2)
        sys.argv = [f"{folder}/{script}.py", "--help"]
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
            code = 0
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(code if isinstance(code, int) else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found[script] = [code, open(said, encoding="utf-8").read()]
json.dump(found, open(report, "w", encoding="utf-8"))
"""


def installed_modules() -> list[str]:
    """What the benchmarks import of packages, betenet's among them."""
    found: set[str] = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module))
    local = {path.stem for folder in (FOLDER, *OF_TESTS) for path in folder.glob("*.py")}
    return sorted(found - local - {"__future__", "mattersim"})


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "PYTHONPATH": ""}


def test_every_benchmark_is_tried():
    assert {*SMALLEST, *ONLY_STARTED} == {*SCRIPTS} - PARTS
    assert not SMALLEST.keys() & ONLY_STARTED


def test_every_benchmark_starts(tmp_path):
    report = tmp_path / "report.json"
    command = [sys.executable, "-P", "-c", STARTER, str(FOLDER), str(report)]
    command += [" ".join(["e3nn.o3", *installed_modules()]), *SCRIPTS]
    subprocess.run(command, check=True, cwd=tmp_path, env=environment(), timeout=600)
    found = json.loads(report.read_text("utf-8"))
    assert set(found) == set(SCRIPTS)
    failed = {name: text for name, (code, text) in found.items() if code != 0}
    assert not failed, "\n".join(f"{name}:\n{text}" for name, text in failed.items())
    silent = {name for name, (_, text) in found.items() if "usage:" not in text}
    assert silent <= PARTS  # all else answers --help before it works


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in sorted(SMALLEST)
    ],
)
def test_a_benchmark_runs_with_its_smallest_size(name, tmp_path, request):
    if name in READS_DATA:
        request.getfixturevalue("data_folder")
    words = SMALLEST[name].format(folder=tmp_path).split()
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
