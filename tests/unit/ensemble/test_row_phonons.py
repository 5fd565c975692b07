"""A network that takes phonons: trained with some rows' phonons, used with and without them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase.build import bulk

from betenet.ensemble import ensemble as ensemble_module
from betenet.ensemble import run
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.phonon_correction import PhononCorrection, phonon_features
from betenet.ensemble.recipe import Recipe
from betenet.ensemble.row_phonons import RowPhonons
from betenet.ensemble.run import Job, Workload, run_training
from betenet.ensemble.site_phonons import SitePhonons
from betenet.ensemble.training import _withhold_phonons
from betenet.errors import ConfigError, ModelError
from betenet.evaluation import card as card_module
from betenet.evaluation import phonon_corrected as corrected_module
from betenet.evaluation.card import write_model
from betenet.network.batch import collate
from betenet.network.phonon_inputs import INPUTS
from betenet.phonon_dos import PhononDos
from betenet.phonons.library import LibraryEntry, PhononLibrary
from betenet.structures import StructureRecord, standardise
from betenet.superconductivity.moments import moments


def einstein(n_atoms: int, centre: float) -> PhononDos:
    omega = np.arange(0.1, 120.0, 0.1)
    one = 3 * np.exp(-0.5 * (omega - centre) ** 2) / np.sqrt(2 * np.pi)
    return PhononDos(omega, n_atoms * one, np.tile(one, (n_atoms, 1)))


@pytest.fixture(scope="module")
def library(tiny_data: Path, run_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Phonons for every other row."""
    load = Workload.load(run_recipe, tiny_data)
    entries = {}
    for row in load.rows[::2]:
        atoms = standardise(row.atoms)
        dos = einstein(len(atoms), 15.0 + len(entries))
        site_of = np.zeros(len(atoms), dtype=int)
        entries[row.id] = LibraryEntry.from_dos(dos, atoms.numbers, site_of)
    path = tmp_path_factory.mktemp("library") / "phonons.npz"
    PhononLibrary(entries=entries).write(path)
    return path


@pytest.fixture(scope="module")
def recipe(run_recipe: Recipe, library: Path) -> Recipe:
    network = run_recipe.network
    return replace(
        run_recipe,
        data=replace(run_recipe.data, phonons=str(library)),
        network=replace(network, site_inputs=INPUTS, site_inputs_to="readout"),
        training=replace(run_recipe.training, phonon_dropout=0.5),
    )


@pytest.fixture(scope="module")
def model(recipe: Recipe, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ensemble:
    out, folder = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("models") / "model"
    run._start_worker(recipe, tiny_data, out)
    for job in [Job(None, m) for m in range(4)] + [Job(f, m) for f in range(2) for m in range(2)]:
        run._train(job)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(card_module, "RESAMPLES", 20)
        patch.setattr(corrected_module, "FEWEST", 4)
        write_model(Workload.load(recipe, tiny_data), out, folder)
    return Ensemble.load(folder)


def told(load: Workload) -> list[bool]:
    return [bool(crystal.site_inputs[0, 0]) for crystal in load.data.crystals]


def test_rows_of_the_library_have_phonons_and_the_others_none(recipe, tiny_data):
    load = Workload.load(recipe, tiny_data)
    assert told(load) == [index % 2 == 0 for index in range(len(load.rows))]
    assert not any(told(load.without_phonons()))
    # everything else stays
    assert load.without_phonons().rows is load.rows


def test_some_crystals_of_a_batch_lose_all_of_their_phonons(recipe, tiny_data):
    load = Workload.load(recipe, tiny_data)
    whole = collate(load.data.crystals[::2] * 20, recipe.network)
    torch.manual_seed(0)
    part = _withhold_phonons(whole, 0.5)
    assert whole.site_inputs is not None
    assert part.site_inputs is not None
    kept = torch.zeros(len(whole.counts)).index_add(0, whole.crystal, part.site_inputs[:, 0]) > 0
    assert 0.3 < kept.float().mean() < 0.7
    rows = kept[whole.crystal]
    assert torch.equal(part.site_inputs[rows], whole.site_inputs[rows])
    assert not part.site_inputs[~rows].any()
    assert _withhold_phonons(whole, 0.0) is whole


def test_predictions_say_which_phonons_they_used(model: Ensemble):
    niobium = bulk("Nb", "bcc", a=3.3)

    def source(record: StructureRecord) -> SitePhonons:
        assert record.atoms is not None
        assert record.given is not None
        return SitePhonons(dos=einstein(len(record.atoms), 60.0), origin="made up", warnings=("!",))

    without, with_phonons = model.predict([niobium])[0], model.predict([niobium], phonons=source)[0]
    assert (without.phonons, with_phonons.phonons) == ("none", "made up")
    assert "!" in with_phonons.warnings
    assert with_phonons.to_dict()["phonons"] == with_phonons.csv_row()["phonons"] == "made up"
    # peaks start where the phonons lie, and two epochs leave them there
    card = {key: value for key, value in model.card.items() if key != "phonon_correction"}
    (moved,) = replace(model, card=card).predict([niobium], phonons=source)
    assert moved.estimates["omega_log"].value > 1.5 * without.estimates["omega_log"].value


def test_each_kind_has_its_own_calibration(model: Ensemble, monkeypatch):
    seen: list[Any] = []
    summarise = ensemble_module.summarise

    def watched(*arguments: Any) -> Any:
        seen.append(arguments[-1])
        return summarise(*arguments)

    monkeypatch.setattr(ensemble_module, "summarise", watched)
    known = SitePhonons(dos=einstein(1, 20.0), origin="x")
    niobium = bulk("Nb", "bcc", a=3.3)
    model.predict([niobium])
    model.predict([niobium], phonons=lambda _: known)
    card = model.card
    assert seen == [card["without_phonons"]["calibration"], card["calibration"]]
    assert seen[0] != seen[1]
    assert set(card["without_phonons"]) >= {"metrics", "calibration", "coverage"}


def test_predictions_are_corrected_as_the_card_says(model: Ensemble):
    known = SitePhonons(dos=einstein(1, 20.0), origin="x")
    niobium = bulk("Nb", "bcc", a=3.3)
    (corrected,) = model.predict([niobium], phonons=lambda _: known)
    plain = dict(model.card)
    correction = PhononCorrection.from_dict(plain.pop("phonon_correction"))
    (raw,) = replace(model, card=plain).predict([niobium], phonons=lambda _: known)
    assert raw.spectrum is not None
    assert corrected.spectrum is not None
    mean = raw.spectrum.a2f.mean(0)
    features = phonon_features(model.frequencies, mean, known.dos, 0.0)
    wanted = correction.corrections(features)
    before, after = (moments(model.frequencies, p.spectrum.a2f.mean(0)) for p in (raw, corrected))
    for name, change in zip(("coupling", "omega_log"), wanted, strict=False):
        assert np.log(after[name] / before[name]) == pytest.approx(change, abs=0.02)
    sites = corrected.site_a2f
    assert sites.sum(0) == pytest.approx(corrected.spectrum.a2f.mean(0), abs=0.01)
    # without phonons nothing is corrected
    assert np.array_equal(
        model.predict([niobium])[0].spectrum.a2f,
        replace(model, card=plain).predict([niobium])[0].spectrum.a2f,
    )


def test_unknown_phonons_are_no_reason_to_fail(model: Ensemble):
    refused = SitePhonons(warnings=("predicted without phonons: why",))
    (found,) = model.predict([bulk("Nb", "bcc", a=3.3)], phonons=lambda _: refused)
    assert found.error is None
    assert found.phonons == "none"
    assert "predicted without phonons: why" in found.warnings


def test_a_model_of_structure_alone_refuses_phonons():
    with pytest.raises(ModelError, match="takes no phonons"):
        Ensemble.load("cso-1").predict([bulk("Nb")], phonons=lambda _: SitePhonons())


def test_library_and_network_go_together(recipe, run_recipe):
    for odd in (
        replace(run_recipe, data=recipe.data),
        replace(recipe, data=run_recipe.data),
    ):
        with pytest.raises(ConfigError, match="go together"):
            RowPhonons.read(odd)
    assert RowPhonons.read(run_recipe).digest == ""
    assert len(RowPhonons.read(recipe).digest) == 64


def test_another_library_is_another_run(recipe, tiny_data, library, tmp_path):
    run_training(recipe, tiny_data, tmp_path / "run", ensemble=False)
    other = tmp_path / "other.npz"
    entries = dict(PhononLibrary.read(library).entries)
    entries.popitem()
    PhononLibrary(entries=entries).write(other)
    other.replace(library)
    with pytest.raises(ConfigError, match="other data"):
        run_training(recipe, tiny_data, tmp_path / "run", ensemble=False)
