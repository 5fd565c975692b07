"""Benchmarks start in the environment of `make setup`, and run through with their smallest size.

They are scripts, so they run in processes of their own, where nothing is known of the tests: what
pytest has imported of these would hide that one of them cannot be imported where it is used.
"""

import ast
import importlib
import json
import os
import runpy
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from tests.forked import run_forked

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks"
OF_TESTS = (ROOT / "tests", ROOT / "tests" / "reference")  # which some take a module from
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py"))

PARTS = {name for name in SCRIPTS if "__main__" not in (FOLDER / f"{name}.py").read_text("utf-8")}
"""Modules that the others take something from; they do nothing by themselves."""

SMALLEST = {
    "allen_dynes_table": "",
    "mu_star_conventions": "",
    "intermediate_representation": "--kelvin 10",
    "side_by_side": "",
    "baselines": "--trees 2",
    "composition_floor": "--rows 600 --trees 2",
    "composition_models": "--parts apart --rows 600 --trees 4 --wide 2",
    "composition_trees": "--trees 2",
    "compute_phonons": "--source bete_net --limit 1 --out {folder}",
    "eliashberg": "--count 6 --sample 2 --repeats 1",
    "engine": "--count 3 --predicted 3 --members 2 --steps 2",
    "fermi_dos": "--rows 30 --trees 2 --peer-rows 60",
    "mcmillan_hopfield": "--rows 30",
    "magnets": "",
    "nesting": "--points 6 --waves 2 --bands 4 --workers 1 --meshes 8",
    "first_principles": "",
    "first_principles_choices": "",
    "first_principles_cost": "",
    "known_superconductors": "",
    "growth": "--points 1 --figure {folder}/growth.png",
    "mattersim_speed": "",
    "maximum_entropy": "--count 3",
    "page": "--predictions 2 --clients 2 --rounds 1",
    "precision": "--count 4",
    "prediction": "--count 4 --repeats 1",
    "quick_phonons": "--count 2 --atoms 1",
    "screening": "--count 8",
    "spectrum_autoencoder": "--count 40 --latent 2 --judged 2 --folds 2 --epochs 1 --final-steps 5",
    "tc_equations": "--count 30 --figures {folder}",
    "screening_report": "--count 10",
    "spectrum_band": "--count 1 --set digitised",
    "structure_search": "--cases Si --seeds 1 --relaxations 8 --most-atoms 2",
    "well_known": "cso-1",
    "spectrum_shape": "cso-1 --count 2 --set digitised --figure {folder}/shape.png",
}
"""What makes each as short as it can be, of those that need no training run."""
QUICK = {"eliashberg", "first_principles_choices", "maximum_entropy"}
READS_DATA = {
    *("allen_dynes_table", "baselines", "composition_trees", "compute_phonons"),
    *("composition_floor", "composition_models", "fermi_dos", "magnets", "side_by_side"),
    "mcmillan_hopfield",
    *("first_principles", "known_superconductors", "maximum_entropy", "precision", "quick_phonons"),
    *("spectrum_autoencoder", "spectrum_band", "spectrum_shape"),
}
ONLY_STARTED = {
    # looks at a training run, or at the tables of another benchmark
    *("double_descent", "ensemble_size", "first_principles_experiment", "held_out_scores"),
    *("families", "left_out_families", "loss_landscape", "out_of_bag", "tail_warnings"),
    *("paper_screening", "phonon_ablation", "phonon_library", "phonon_validation"),
    # train networks for minutes
    *("fine_tuning", "next_calculations"),
    # relax crystals for minutes
    *("element_candidates", "rebuild_cells", "rebuilt_volumes"),
    *("screening_calibration", "screening_forecast", "training_choices"),
    # reads every row of the training data: trains forests on compounds, predicts all of them
    *("insulators", "phonon_stiffness", "unusual_structures"),
}


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


def start_all(codes: Path) -> None:
    """Start each script in a fork, and write the exit codes; their output lies beside them."""
    for name in [one for one in sys.modules if one.partition(".")[0] in {"tests", *SCRIPTS}]:
        del sys.modules[name]
    sys.meta_path[:] = [one for one in sys.meta_path if "jaxtyping" not in type(one).__module__]
    sys.path[:] = [path for path in sys.path if not inside(path, ROOT / "tests")]
    shared = ["e3nn.o3", *installed_modules()] if len(SCRIPTS) > 1 else []
    for name in shared:  # once for all that are forked off
        with suppress(Exception):  # seen again where it is needed
            importlib.import_module(name)
    found = {one: run_forked(partial(start, one), codes.parent / one) for one in SCRIPTS}
    codes.write_text(json.dumps(found), encoding="utf-8")


def start(script: str) -> None:
    """Run a script with ``--help``."""
    sys.path.insert(0, str(FOLDER))
    sys.argv = [str(FOLDER / f"{script}.py"), "--help"]
    runpy.run_path(sys.argv[0], run_name="__main__")


def inside(path: str, folder: Path) -> bool:
    return not path or Path(path) in {ROOT, folder} or folder in Path(path).parents


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "PYTHONPATH": ""}


def test_every_benchmark_is_tried():
    assert {*SMALLEST, *ONLY_STARTED} == {*SCRIPTS} - PARTS
    assert not SMALLEST.keys() & ONLY_STARTED


def started(folder: Path) -> dict[str, tuple[int, str]]:
    """Exit code and output of each script."""
    codes = folder / "codes.json"
    assert run_forked(partial(start_all, codes), folder / "said") == 0
    found = json.loads(codes.read_text("utf-8"))
    return {name: (code, (folder / name).read_text("utf-8")) for name, code in found.items()}


def test_every_benchmark_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = started(tmp_path)
    assert set(found) == set(SCRIPTS)
    failed = {name: text for name, (code, text) in found.items() if code != 0}
    assert not failed, "\n".join(f"{name}:\n{text}" for name, text in failed.items())
    silent = {name for name, (_, text) in found.items() if "usage:" not in text}
    assert silent <= PARTS  # all else answers --help before it works


def test_what_the_tests_alone_can_import_is_found(tmp_path, monkeypatch):
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "bad.py").write_text("from tests.forked import run_forked\n", encoding="utf-8")
    module = sys.modules[__name__]
    monkeypatch.setattr(module, "FOLDER", folder)
    monkeypatch.setattr(module, "SCRIPTS", ["bad"])
    code, text = started(tmp_path)["bad"]
    assert code == 1
    assert "No module named 'tests" in text


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
