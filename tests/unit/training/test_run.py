"""A whole run: every member once, and once only."""

import importlib
import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from betenet.errors import ConfigError
from betenet.training.recipe import Recipe
from betenet.training.run import Job, Workload, make_trainer, run_training, train_all

Finished = tuple[Workload, Path]
WORK = """
import time
from pathlib import Path

def make(folder):
    def work(member):
        if member == 0:
            Path(folder, "failed").touch()
            raise ValueError("no space")
        while not Path(folder, "failed").exists():
            time.sleep(0.01)
        time.sleep(0.5)
        Path(folder, str(member)).touch()
        return {"member": member}
    return work
"""


def test_a_member_that_fails_costs_the_others_in_hand_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work_of_members.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    make = importlib.import_module("work_of_members").make
    with pytest.raises(ValueError, match="no space"):
        train_all(range(9), make, (str(tmp_path),), of=9, workers=2)
    done = {path.name for path in tmp_path.iterdir()}
    assert "1" in done
    assert "8" not in done


def members(out: Path) -> dict[str, bytes]:
    return {
        str(path.parent.relative_to(out)): path.read_bytes()
        for path in sorted(out.glob("*/*/member.safetensors"))
    }


def test_run_trains_every_member_in_a_process_of_its_own(
    tiny_data: Path,
    run_recipe: Recipe,
    finished_run: Finished,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # One member is finished already: it must be left alone, and the others be trained.
    kept = tmp_path / "full" / "member-02"
    kept.mkdir(parents=True)
    (kept / "member.safetensors").write_bytes(b"finished before")
    run_training(run_recipe, tiny_data, tmp_path, cross_validation_members=1, workers=1)
    found = members(tmp_path)
    names = [f"fold-{k}/member-00" for k in (0, 1)] + [f"full/member-{k:02d}" for k in range(4)]
    assert list(found) == names
    assert found.pop("full/member-02") == b"finished before"
    # What this process trained is what the worker trained: seeds decide, not processes.
    for name in found:
        expected = load_file(finished_run[1] / name / "member.safetensors")
        trained = load_file(tmp_path / name / "member.safetensors")
        for key, value in expected.items():
            torch.testing.assert_close(trained[key], value, rtol=1e-4, atol=1e-5)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert Recipe.from_dict(manifest["recipe"]) == run_recipe
    assert not list(tmp_path.rglob("*.part"))
    # A second start finds nothing to do.
    monkeypatch.setattr(multiprocessing, "get_context", None)
    before = members(tmp_path)
    run_training(run_recipe, tiny_data, tmp_path, cross_validation_members=1, workers=1)
    assert members(tmp_path) == before


@pytest.mark.usefixtures("no_pool")
def test_other_settings_are_refused(tiny_data: Path, run_recipe: Recipe, tmp_path: Path) -> None:
    run_training(run_recipe, tiny_data, tmp_path, ensemble=False)
    manifest = (tmp_path / "manifest.json").read_bytes()
    hotter = replace(run_recipe, training=replace(run_recipe.training, learning_rate=0.1))
    with pytest.raises(ConfigError, match="holds a run with other settings") as caught:
        run_training(hotter, tiny_data, tmp_path, ensemble=False)
    assert "another folder" in caught.value.fix
    assert (tmp_path / "manifest.json").read_bytes() == manifest
    run_training(run_recipe, tiny_data, tmp_path, ensemble=False)


def test_workload_leaves_out_what_cannot_be_used(finished_run: Finished) -> None:
    load, _ = finished_run
    assert len(load.rows) == len(load.graphs) == len(load.data.crystals) == len(load.folds) == 39
    (refused,) = load.refused
    assert refused.startswith("jarvis-JVASP-collision: Atoms collide")
    supercell = next(k for k, row in enumerate(load.rows) if row.id == "alexandria-agm0")
    assert load.graphs[supercell].n_sites == 1
    assert load.data.formulas == [row.formula for row in load.rows]


def test_folds_part_the_formulas(finished_run: Finished) -> None:
    load, _ = finished_run
    over = {k for k, row in enumerate(load.rows) if row.targets[0] > 4.0}
    assert len(over) == 1
    allowed = [set(np.flatnonzero(load.allowed(fold))) for fold in (0, 1)]
    everything = set(range(len(load.rows)))
    assert allowed[0] | allowed[1] == set(np.flatnonzero(load.allowed(None))) == everything - over
    assert not allowed[0] & allowed[1]
    formulas = [{load.rows[k].formula for k in rows} for rows in allowed]
    assert not formulas[0] & formulas[1]


def test_every_job_has_its_seed_and_folder(run_recipe: Recipe, tmp_path: Path) -> None:
    jobs = [Job(fold, member) for fold in (None, 0, 1, 4) for member in range(20)]
    assert len({job.seed(run_recipe) for job in jobs}) == len(jobs)
    assert len({job.folder(tmp_path) for job in jobs}) == len(jobs)
    later = replace(run_recipe, training=replace(run_recipe.training, first_seed=7))
    assert Job(None, 0).seed(later) == Job(None, 7).seed(run_recipe)


def test_worker_reads_the_data_of_its_own_run(
    tiny_data: Path, run_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Recipe] = []
    load = Workload.load

    def noted(recipe: Recipe, folder: Path) -> Workload:
        loaded.append(recipe)
        return load(recipe, folder)

    monkeypatch.setattr(Workload, "load", noted)
    short = replace(run_recipe, training=replace(run_recipe.training, epochs=1))
    recipes = [short, replace(short, name="other")]
    for number, recipe in enumerate(recipes):
        summary = make_trainer(recipe, tiny_data, tmp_path / str(number))(Job(1, 0))
        assert summary["fold"] == 1
        assert np.isfinite(summary["out_of_bag"])
        assert list(members(tmp_path / str(number))) == ["fold-1/member-00"]
    assert loaded == recipes
