"""The paper's kind of run, from a recipe to an ensemble that predicts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from tests.published_database import write_database

from betenet.datasets.rows import data_digest
from betenet.datasets.training_rows import read_rows
from betenet.ensemble import Ensemble
from betenet.errors import ConfigError, DataError, ModelError
from betenet.evaluation.card import train
from betenet.superconductivity.moments import moments
from betenet.toml_input import read_config
from betenet.training import full_batch_run as module
from betenet.training.bags import bag_digests, bag_of
from betenet.training.full_batch_member import train_full_batch_member
from betenet.training.full_batch_recipe import FullBatchRecipe, read_recipe
from betenet.training.full_batch_results import FullBatchResults
from betenet.training.full_batch_run import (
    FullBatchLoad,
    make_trainer,
    member_folder,
    run_full_batch,
    write_full_batch_model,
)

ROOT = Path(__file__).parents[3]
RECIPE = """\
name = "tiny-paper"
description = "for the tests"
method = "full-batch"
members = 2

[network]
width = 2
embedding = 4
radial_hidden = 5
radial_size = 4

[training]
epochs = 12
log_every = 1

[training.patience]
classical = 2
critical = 2
modern = 3
"""


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The published files of four crystals, of which three are for training."""
    home = write_database(tmp_path / "published")
    (home / "indices").mkdir()
    for side, ids in (("train", "0 1 2"), ("test", "7")):
        (home / "indices" / f"idx_{side}_full.txt").write_text(ids.replace(" ", "\n"))
    return home


@pytest.fixture
def recipe(recipe_file: Path) -> FullBatchRecipe:
    return FullBatchRecipe.from_dict(read_config(recipe_file))


def test_the_published_recipe_is_the_published_network():
    recipe = FullBatchRecipe.from_dict(read_config(ROOT / "recipes" / "paper-cso.toml"))
    assert recipe.network == type(recipe.network).paper()
    assert recipe.members == 100
    assert (recipe.training.learning_rate, recipe.training.weight_decay) == (0.005, 0.0)
    assert recipe.training.patience.modern == 5000


@pytest.mark.parametrize(("name", "grid"), [("cpd", "coarse"), ("fpd", "fine")])
def test_the_recipes_with_phonons_differ_in_nothing_else(name, grid):
    cso, other = (read_recipe(ROOT / "recipes" / f"paper-{one}.toml") for one in ("cso", name))
    assert isinstance(cso, FullBatchRecipe)
    assert isinstance(other, FullBatchRecipe)
    assert other.phonon_dos == grid
    assert other.network == replace(cso.network, site_inputs=51)
    plain = replace(other, phonon_dos="", network=cso.network)
    assert plain == replace(cso, name=other.name, description=other.description)


def test_a_recipe_of_before_is_told_as_before(recipe):
    assert "phonon_dos" not in recipe.to_dict()
    table = {"name": "x", "phonon_dos": "fine", "network": {"frequency_count": 101}}
    found = FullBatchRecipe.from_dict(table)
    assert found.network.site_inputs == 101
    assert FullBatchRecipe.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"members": 0}, "trains nothing"),
        ({"training": {"loss": "best"}}, "Use one of mse"),
        ({"training": {"patience": {"final": 3}}}, "Unknown key"),
        ({"bags": "all"}, "not a known choice"),
        ({"name": None}, "no name"),
        ({"phonon_dos": "dense"}, "not a known choice"),
        ({"network": {"site_inputs": 51}}, "phonon_dos is not set"),
        ({"phonon_dos": "fine", "network": {"site_inputs": 3}}, "takes 3 numbers for each site"),
        ({"network": {"frequency_spacing": "geometric"}}, "geometric spacing"),
        ({"network": {"frequency_count": 5}}, "5 frequencies"),
    ],
)
def test_wrong_recipes_are_refused(change, message):
    table = {"name": "x", **change}
    if table["name"] is None:
        del table["name"]
    with pytest.raises(ConfigError, match=message):
        FullBatchRecipe.from_dict(table)


@pytest.mark.parametrize("members", [range(2, 3), range(4)])
def test_members_that_the_recipe_does_not_have(recipe, tiny_data, tmp_path, members):
    with pytest.raises(ConfigError, match="has no member 2"):
        run_full_batch(recipe, tiny_data, tmp_path / "run", members=members)
    assert not (tmp_path / "run").exists()


def test_a_missing_bag_is_told_before_the_first_member_is_trained(recipe, published, tmp_path):
    whole = replace(recipe, bags="published")
    (published / "indices" / "idx_train_V2_0.txt").write_text("0.0\n1.0\n")
    with pytest.raises(DataError, match="Member 1 has no published bag"):
        run_full_batch(whole, published, tmp_path / "run", workers=1)
    assert not member_folder(tmp_path / "run", 0).exists()


@pytest.fixture
def bags(published: Path) -> Path:
    """The same, with a bag for each member."""
    for member, ids in enumerate(("0.0\n1.0\n", "1.0\n2.0\n")):
        (published / "indices" / f"idx_train_V2_{member}.txt").write_text(ids)
    return published


def _with_another_bag(home: Path) -> None:
    (home / "indices" / "idx_train_V2_1.txt").write_text("0.0\n2.0\n")


def _with_another_spectrum(home: Path) -> None:
    """One more value of α²F where it is zero: the moments stay."""
    path = home / "database.json"
    columns = json.loads(path.read_text())
    columns["Freq_meV"]["0"].append(columns["Freq_meV"]["0"][-1] + 0.1)
    columns["a2F"]["0"].append(columns["a2F"]["0"][-1])
    path.write_text(json.dumps(columns))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_with_another_bag, "the published bags of members 1"),
        (_with_another_spectrum, "the spectra of the rows"),
    ],
)
def test_changed_data_under_a_begun_run_are_refused(recipe, bags, tmp_path, change, words):
    whole = replace(recipe, bags="published", training=replace(recipe.training, epochs=1))
    run_full_batch(whole, bags, tmp_path / "run", members=[])
    make_trainer(whole, bags, tmp_path / "run")(0)
    make_trainer(whole, bags, tmp_path / "run")(1)
    run_full_batch(whole, bags, tmp_path / "run")  # nothing to do, and the bags are noted
    assert len(FullBatchResults.open(tmp_path / "run", bags).load.rows) == 3
    before = data_digest(read_rows(bags, whole.sources))
    change(bags)
    assert data_digest(read_rows(bags, whole.sources)) == before
    with pytest.raises(DataError, match=f"(?s)learnt from other data.*{words}"):
        run_full_batch(whole, bags, tmp_path / "run")
    with pytest.raises(DataError, match=words):
        _ = FullBatchResults.open(tmp_path / "run", bags).load


def test_an_unused_id_of_a_bag_does_not_matter(recipe, bags):
    whole = replace(recipe, bags="published")
    before = bag_digests(whole, read_rows(bags, whole.sources), [0, 1], bags)
    (bags / "indices" / "idx_train_V2_0.txt").write_text("1\n0\n7\n9000\n")
    assert bag_digests(whole, read_rows(bags, whole.sources), [0, 1], bags) == before


def test_refused_rows_are_told_with_the_reason(recipe, tiny_data, tmp_path, monkeypatch):
    rows = read_rows(tiny_data, ["bete_net"])
    wrong = replace(rows[0], targets=rows[0].targets * np.array([1, 1, 1, 0.5, 1, 1]))
    monkeypatch.setattr(module, "read_rows", lambda *_, **__: [wrong, *rows[1:]])
    monkeypatch.setattr(module, "train_all", lambda *_, **__: None)
    said: list[str] = []
    run_full_batch(recipe, tiny_data, tmp_path / "run", told=said.append)
    assert said == [f"refused: row {wrong.id}: no spectrum has its moments"]
    unknown = [replace(row, targets=np.nan * row.targets) for row in rows]
    monkeypatch.setattr(module, "read_rows", lambda *_, **__: unknown)
    with pytest.raises(DataError, match=rf"(?s)No row is left.*All {len(rows)} were refused"):
        run_full_batch(recipe, tiny_data, tmp_path / "other")


@pytest.mark.slow
def test_a_run_becomes_an_ensemble_that_predicts(recipe_file, tiny_data, tmp_path):
    out, model = tmp_path / "run", tmp_path / "model"
    assert train(recipe_file, out, data=tiny_data, members=range(1), workers=1) is None
    assert not member_folder(out, 1).exists()
    finished = (member_folder(out, 0) / "summary.json").stat().st_mtime_ns
    card = train(recipe_file, out, data=tiny_data, workers=1, model=model, region="classical")
    assert card is not None
    assert (member_folder(out, 0) / "summary.json").stat().st_mtime_ns == finished
    assert json.loads((member_folder(out, 1) / "summary.json").read_text())["epochs"] <= 12
    ensemble = Ensemble.load(model)
    assert ensemble.n_members == 2
    (prediction,) = ensemble.predict([bulk("Nb", "bcc", a=3.3)])
    assert prediction.spectrum is not None
    assert prediction.spectrum.a2f.shape == (2, 51)
    assert any("not calibrated" in warning for warning in prediction.warnings)


@pytest.mark.parametrize(("count", "step"), [(101, 1.0), (401, 0.25)])
def test_targets_follow_the_grid_of_the_network(recipe, tiny_data, tmp_path, count, step):
    finer = replace(recipe, network=replace(recipe.network, frequency_count=count))
    rows = read_rows(tiny_data, ["bete_net"])
    load = FullBatchLoad.build(rows, finer.network)
    assert np.diff(finer.network.frequencies) == pytest.approx(step)
    assert load.targets.shape == (len(rows), count)
    found = moments(finer.network.frequencies, load.targets)
    known = np.stack([row.targets for row in load.rows]).T
    assert found["coupling"] == pytest.approx(known[0], rel=0.05)
    assert found["omega_2"] == pytest.approx(known[3], rel=0.05)
    data = load.data(finer, bag_of(finer, rows, 0, tiny_data))
    short = replace(finer.training, epochs=2)
    train_full_batch_member(finer.network, short, data, seed=0, folder=tmp_path)
    log = (tmp_path / "log.jsonl").read_text().splitlines()
    assert len(log) == 2
    assert all(np.isfinite(json.loads(line)["train_loss"]) for line in log)


def test_a_bag_without_a_row_is_an_error(recipe, tiny_data, tmp_path):
    rows = read_rows(tiny_data, ["bete_net"])
    indices = tmp_path / "bete_net" / "indices"
    indices.mkdir(parents=True)
    (indices / "idx_train_V2_0.txt").write_text("9.0e+05\n")
    with pytest.raises(DataError, match="member 0 holds none of the rows"):
        bag_of(replace(recipe, bags="published"), rows, 0, tmp_path)
    load = FullBatchLoad.build(rows, recipe.network)
    for counts in (np.zeros(len(rows), dtype=int), np.ones(len(rows), dtype=int)):
        with pytest.raises(DataError, match="The bag of a member"):
            load.data(recipe, counts)


def test_a_loss_that_is_no_number_leaves_no_weights(recipe, tiny_data, tmp_path):
    rows = read_rows(tiny_data, ["bete_net"])
    load = FullBatchLoad.build(rows, recipe.network)
    load.targets[0] = np.nan
    data = load.data(recipe, bag_of(recipe, rows, 0, tiny_data))
    with pytest.raises(DataError, match="loss is nan in epoch 0"):
        train_full_batch_member(recipe.network, recipe.training, data, seed=0, folder=tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))


@pytest.mark.parametrize(
    ("given", "message"),
    [({"fold_members": 2}, "--fold-members has no effect"), ({"device": "cuda:99"}, "cuda:99")],
)
def test_what_cannot_be_done_is_refused(recipe_file, tiny_data, tmp_path, given, message):
    with pytest.raises(ConfigError, match=message):
        train(recipe_file, tmp_path / "run", data=tiny_data, **given)
    assert not (tmp_path / "run").exists()


def test_small_batches_have_no_regions(tiny_data, tmp_path):
    (tmp_path / "recipe.toml").write_text('name = "small"\n')
    with pytest.raises(ConfigError, match="--members and --region have no effect"):
        train(
            tmp_path / "recipe.toml",
            tmp_path / "run",
            data=tiny_data,
            members=range(1),
            region="modern",
        )


def test_a_region_that_was_not_reached_is_no_model(recipe, tiny_data, tmp_path):
    with pytest.raises(ModelError, match=r"No member of .* critical region"):
        write_full_batch_model(recipe, tiny_data, tmp_path, tmp_path / "model", "critical")


def test_other_settings_are_another_run(recipe, tiny_data, tmp_path):
    short = replace(recipe, training=replace(recipe.training, epochs=1))
    run_full_batch(short, tiny_data, tmp_path, members=[])
    with pytest.raises(ConfigError, match="other settings"):
        run_full_batch(recipe, tiny_data, tmp_path, members=[])


def test_rows_that_cannot_be_used_are_named(recipe, tiny_data):
    rows = read_rows(tiny_data, ["bete_net"])
    wrong = replace(rows[0], id="wrong", targets=rows[0].targets * np.array([1, 1, 1, 0.5, 1, 1]))
    crowded = rows[1].atoms.copy()
    crowded.set_cell(0.2 * crowded.cell.array, scale_atoms=True)
    close = replace(rows[1], id="close", atoms=crowded)
    load = FullBatchLoad.build([wrong, close, rows[2]], recipe.network)
    assert [row.id for row in load.rows] == [rows[2].id]
    assert sorted(text.split(":")[0] for text in load.refused) == ["close", "wrong"]
