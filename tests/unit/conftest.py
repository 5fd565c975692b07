"""A tiny data folder in the published layouts, a recipe for it, and a finished run."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_masses
from ase.io import write

from betenet.network.config import NetworkConfig
from betenet.training import member, run
from betenet.training.recipe import DataConfig, Recipe, TrainingConfig
from betenet.training.run import Workload

METALS = ["Al", "Ti", "V", "Cr", "Ni", "Cu", "Zr", "Nb", "Mo", "Pd", "Ta", "W"]
OVER_THE_LIMIT = "Al"
"""Element whose row of the first source has a λ that is not trained on."""


def _moments(atoms: Atoms) -> list[float]:
    mass = float(np.mean(atomic_masses[atoms.numbers]))
    centre = 120.0 / mass**0.5
    return [0.4 + 30.0 / mass, *(centre * factor for factor in (1.0, 1.1, 1.2, 1.3, 2.0))]


def _jsonl_row(name: str, atoms: Atoms, coupling: float, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "species": atoms.get_chemical_symbols(),
        "lattice": atoms.cell.array.tolist(),
        "frac_coords": atoms.get_scaled_positions().tolist(),
        "coupling": coupling,
        "omega_log_kelvin": 116.045,
        **more,
    }


def _write_jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir()
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _write_bete_net(folder: Path) -> None:
    cells = [bulk(element, "fcc", a=4.0) for element in METALS]
    cells += [bulk(element + "N", "rocksalt", a=4.3) for element in METALS]
    (folder / "structures").mkdir(parents=True)
    columns = ["id", "formula", "coupling", "omega_log_mev", "omega_1_mev", "omega_2_mev"]
    columns += ["omega_3_mev", "a2f_peak_mev", "omega_max_mev"]
    with (folder / "moments_train.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for number, atoms in enumerate(cells, start=1):
            write(folder / "structures" / f"{number}.cif", atoms)
            coupling, *frequencies = _moments(atoms)
            formula = atoms.get_chemical_formula()
            coupling = 9.0 if formula == OVER_THE_LIMIT else coupling
            row = [number, formula, coupling, *frequencies]
            table.writerow([*row[:7], "1.0", row[7]])


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Elements and nitrides in bete_net; the same elements, one under each λ, in the others."""
    folder = tmp_path_factory.mktemp("data")
    _write_bete_net(folder / "bete_net")
    bcc = [bulk(element, "bcc", a=3.2) for element in METALS]
    alexandria = [
        _jsonl_row(f"agm{n}", cell.repeat((2, 1, 1)), 0.5, dos_fermi=3.0)
        for n, cell in enumerate(bcc)
    ]
    alexandria[1]["dos_fermi"] = None
    alexandria.append(_jsonl_row("unstable", bulk("Pb", "fcc", a=5.0), -0.2, dos_fermi=1.0))
    _write_jsonl(folder / "alexandria" / "superconductors.jsonl.gz", alexandria)
    jarvis = [_jsonl_row(f"JVASP-{n}", cell, 0.4) for n, cell in enumerate(bcc[:3])]
    jarvis.append(_jsonl_row("JVASP-collision", Atoms("Nb2", cell=[3, 3, 3], pbc=True), 0.3))
    _write_jsonl(folder / "jarvis" / "superconductors.jsonl.gz", jarvis)
    return folder


@pytest.fixture(scope="session")
def run_recipe() -> Recipe:
    """Four tiny members and two folds, trained for two epochs."""
    return Recipe(
        name="tiny-run",
        data=DataConfig(n_folds=2),
        network=NetworkConfig(
            cutoff=3.5, lmax=1, layers=2, width=4, embedding=4, hidden=8, peaks=2, radial_size=3
        ),
        training=TrainingConfig(members=4, epochs=2, batch_size=16),
    )


@pytest.fixture(scope="session")
def recorded_run(
    tiny_data: Path, run_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workload, Path, dict[Path, set[str]]]:
    """A run trained in this process, as a worker does it, with a record of every row drawn."""
    out = tmp_path_factory.mktemp("run")
    drawn: set[str] = set()
    seen: dict[Path, set[str]] = {}
    run_epoch = member._run_epoch

    def recorded(recipe: Recipe, data: Any, sample: member.Sample, *others: Any) -> float:
        drawn.update(data.formulas[row] for row in sample.in_bag)
        return run_epoch(recipe, data, sample, *others)

    jobs = [run.Job(None, m) for m in range(run_recipe.training.members)]
    jobs += [run.Job(fold, m) for fold in range(2) for m in range(2)]
    load = run.Workload.load(run_recipe, tiny_data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(member, "_run_epoch", recorded)
        patch.setattr(run.Workload, "load", lambda *_: load)
        train = run.make_trainer(run_recipe, tiny_data, out)
        for job in jobs:
            drawn.clear()
            train(job)
            seen[job.folder(out)] = set(drawn)
    return load, out, seen


@pytest.fixture
def finished_run(
    recorded_run: tuple[Workload, Path, dict[Path, set[str]]],
) -> tuple[Workload, Path]:
    """Data and folder of a run with four members and two in each of two folds."""
    load, out, _ = recorded_run
    return load, out


@pytest.fixture
def seen_formulas(
    recorded_run: tuple[Workload, Path, dict[Path, set[str]]],
) -> dict[Path, set[str]]:
    """The formulas that each member was truly trained on, by the member's folder."""
    return recorded_run[2]
