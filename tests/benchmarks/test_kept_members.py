"""Members of full-batch runs are kept in small files, and judged together from these alone."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fixture_types import Capture, Patch
from tests.paper_database import write_paper_database

from betenet.errors import DataError
from betenet.network.model import forward_member
from betenet.runs import digest
from betenet.superconductivity.binned import BINS
from betenet.superconductivity.moments import moments
from betenet.training.full_batch_recipe import FullBatchRecipe, read_recipe
from betenet.training.full_batch_results import FullBatchResults
from betenet.training.full_batch_run import make_trainer, run_full_batch

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """\
name = "tiny"
method = "full-batch"
members = 3

[network]
width = 2
embedding = 4
radial_hidden = 5
radial_size = 4

[training]
epochs = 3
log_every = 1
patience = { classical = 9, critical = 9, modern = 9 }
"""
MEMBERS = 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the published layout."""
    return write_paper_database(tmp_path_factory.mktemp("data"), without=("Ph", "Tot", "Site"))


@pytest.fixture(scope="module")
def home(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe, and a run of it: three members that are over."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    found = recipe_of(folder)
    run_full_batch(found, data, folder / "run", members=[])
    train = make_trainer(found, data, folder / "run")
    for member in range(MEMBERS):
        train(member)
    return folder


def recipe_of(folder: Path) -> FullBatchRecipe:
    recipe = read_recipe(folder / "recipe.toml")
    assert isinstance(recipe, FullBatchRecipe)
    return recipe


@pytest.fixture(scope="module")
def module() -> Iterator[Any]:
    """The module among the benchmarks, which are scripts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        import kept_members

        yield kept_members


@pytest.fixture(scope="module")
def written(module: Any, home: Path, data: Path) -> Path:
    """A folder with every member of the run."""
    module.keep_members(home / "run", home / "kept", data)
    return home / "kept"


@pytest.fixture
def kept(written: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    shutil.copytree(written, tmp_path / "kept")
    return tmp_path / "kept"


@pytest.fixture(scope="module")
def results(home: Path, data: Path) -> FullBatchResults:
    """The run, with its rows."""
    return FullBatchResults.open(home / "run", data)


def test_a_file_holds_what_its_member_predicts(
    module: Any, results: FullBatchResults, data: Path, kept: Path
) -> None:
    members = module.read_members([kept], results.recipe, results.load, data)
    assert [one.member for one in members] == list(range(MEMBERS))
    for one in members:
        assert np.array_equal(one.bag, results.bag(one.member))
        assert one.epochs == 3
        geometry = results.learned(one.member).geometry
        for region, weights in results.weights(one.member).items():
            exact = forward_member(results.recipe.network, weights, geometry).a2f.detach().numpy()
            near, far = (moments(BINS, a2f.astype(np.float64)) for a2f in (one.a2f[region], exact))
            known = far["coupling"] > 1e-3
            assert near["coupling"] == pytest.approx(far["coupling"], rel=2e-3, abs=1e-4)
            assert near["omega_2"][known] == pytest.approx(far["omega_2"][known], rel=2e-3)
        assert one.regions["classical"]["known"] == 3


def test_what_is_kept_is_not_written_again(module: Any, home: Path, data: Path, kept: Path) -> None:
    module.kept_file(kept, 1).unlink()
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert module.keep_members(home / "run", kept, data) == [module.kept_file(kept, 1)]
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_members_of_several_folders_are_joined(
    module: Any,
    results: FullBatchResults,
    data: Path,
    kept: Path,
    tmp_path: Path,
    capsys: Capture,
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.move(module.kept_file(kept, 1), other)
    shutil.copy(module.kept_file(kept, 0), other)
    members = module.read_members([kept, other], results.recipe, results.load, data)
    assert [one.member for one in members] == list(range(MEMBERS))
    assert "member 0 is there already" in capsys.readouterr().err


@pytest.mark.parametrize("changed", ["recipe", "rows", "spectra", "bag"])
def test_members_of_another_training_are_refused(
    changed: str, module: Any, results: FullBatchResults, data: Path, kept: Path
) -> None:
    recipe, rows = results.recipe, results.load.rows
    if changed == "recipe":
        recipe = replace(recipe, training=replace(recipe.training, learning_rate=0.01))
    if changed == "rows":
        rows = [replace(rows[0], targets=1.01 * rows[0].targets), *rows[1:]]
    if changed == "spectra":
        rows = [replace(rows[0], spectrum=(BINS, 0.02 * BINS)), *rows[1:]]
    if changed == "bag":
        one = module.KeptMember.read(module.kept_file(kept, 0))
        replace(one, bag=1 - one.bag.clip(max=1)).write(module.kept_file(kept, 0))
    load = replace(results.load, rows=rows)
    with pytest.raises(DataError, match=rf"(?s)member-000.npz is of another.*its {changed}"):
        module.read_members([kept], recipe, load, data)


def test_a_folder_of_another_run_is_not_added_to(
    module: Any, home: Path, data: Path, kept: Path, tmp_path: Path
) -> None:
    shutil.copytree(home / "run", tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    manifest["recipe"]["training"]["epochs"] = 4
    manifest["settings"] = digest(manifest["recipe"])
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest))
    module.kept_file(kept, 2).unlink()
    with pytest.raises(DataError, match="is of another training"):
        module.keep_members(tmp_path / "run", kept, data)
    assert not module.kept_file(kept, 2).exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", "cut"])
def test_damaged_files_are_named(content: bytes | str, module: Any, kept: Path) -> None:
    path = module.kept_file(kept, 0)
    path.write_bytes(path.read_bytes()[:-200] if isinstance(content, str) else content)
    with pytest.raises(DataError, match=r"member-000.npz cannot be read"):
        module.KeptMember.read(path)


def test_a_file_too_large_for_the_repository_is_not_written(
    module: Any, kept: Path, monkeypatch: Patch
) -> None:
    one = module.KeptMember.read(module.kept_file(kept, 0))
    monkeypatch.setattr(module, "LARGEST", 100)
    with pytest.raises(DataError, match="Keep the folder of the run instead"):
        one.write(kept / "large.npz")
    assert not (kept / "large.npz").exists()


@pytest.mark.slow
def test_the_table_of_kept_members_is_that_of_the_run(
    home: Path, data: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.setenv("BETENET_DATA", str(data))
    import ensemble_size

    def start(*words: object) -> None:
        monkeypatch.setattr(sys, "argv", ["ensemble_size.py", *map(str, words)])
        ensemble_size.main()

    judged = ("--recipe", home / "recipe.toml", "--short", 0, "--unseen", 1)
    start("--keep", tmp_path / "kept", home / "run")
    start(tmp_path / "kept", *judged, "--out", tmp_path / "alone")
    start(home / "run", *judged, "--out", tmp_path / "with")
    found, again = (
        json.loads((tmp_path / name / "table.json").read_text()) for name in ("alone", "with")
    )
    assert found == again
    assert {line["choice"] for line in found} >= {"long, classical, all"}
    with pytest.raises(SystemExit):
        start(tmp_path, *judged, "--out", tmp_path / "none")  # no member there
