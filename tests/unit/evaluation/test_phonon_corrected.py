"""The correction by phonons, from a finished run to a prediction that uses it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk

from betenet.ensemble import ensemble as ensemble_module
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.phonon_correction import CORRECTED, PhononCorrection, phonon_features
from betenet.ensemble.site_phonons import SitePhonons
from betenet.errors import ConfigError, DataError, ModelError
from betenet.evaluation import card as card_module
from betenet.evaluation import phonon_corrected as module
from betenet.evaluation.card import write_model
from betenet.evaluation.held_out import HeldOut, cross_validation
from betenet.evaluation.phonon_corrected import PhononCorrector
from betenet.phonon_dos import PhononDos
from betenet.phonons.library import LibraryEntry, PhononLibrary
from betenet.structures import StructureRecord, standardise
from betenet.superconductivity.moments import moments
from betenet.training.run import Workload, run_training

Recorded = tuple[Workload, Path, dict[Path, set[str]]]


def einstein(n_atoms: int, centre: float) -> PhononDos:
    omega = np.arange(0.1, 120.0, 0.1)
    one = 3 * np.exp(-0.5 * (omega - centre) ** 2) / np.sqrt(2 * np.pi)
    return PhononDos(omega, n_atoms * one, np.tile(one, (n_atoms, 1)))


@pytest.fixture(autouse=True, scope="module")
def few_rows_will_do():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FEWEST", 4)
        patch.setattr(card_module, "RESAMPLES", 20)
        yield


@pytest.fixture(scope="module")
def load(recorded_run: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Workload:
    """The run, with a library of phonons that lie where the known ω_log is, but for one row."""
    load = recorded_run[0]
    entries: dict[str, LibraryEntry] = {}
    for row in [row for row in load.rows if row.source == "bete_net"][1:]:
        atoms = standardise(row.atoms)
        dos = einstein(len(atoms), float(row.targets[1]))
        entries[row.id] = LibraryEntry.from_dos(dos, atoms.numbers, np.zeros(len(atoms), int))
    folder = tmp_path_factory.mktemp("library")
    paths = []
    for name, known in (("good", entries), ("soft", softened(entries))):
        paths.append(str(folder / f"{name}.npz"))
        PhononLibrary(entries=known, settings={"force_field": name}).write(Path(paths[-1]))
    recipe = load.recipe
    data = replace(recipe.data, phonons=tuple(paths), phonons_of_files="good")
    return replace(load, recipe=replace(recipe, data=data))


def softened(entries: dict[str, LibraryEntry]) -> dict[str, LibraryEntry]:
    return {name: replace(entry, top=0.7 * entry.top) for name, entry in entries.items()}


@pytest.fixture(scope="module")
def library(load: Workload) -> PhononLibrary:
    return PhononLibrary.read(Path(load.recipe.data.phonons[0]))


@pytest.fixture(scope="module")
def held_out(load: Workload, recorded_run: Recorded) -> HeldOut:
    return cross_validation(load, recorded_run[1])


@pytest.fixture(scope="module")
def model(
    load: Workload, recorded_run: Recorded, tmp_path_factory: pytest.TempPathFactory
) -> Ensemble:
    folder = tmp_path_factory.mktemp("models") / "model"
    write_model(load, recorded_run[1], folder)
    return Ensemble.load(folder)


def test_a_row_is_corrected_by_a_line_through_other_folds_only(load, held_out, library):
    corrected = PhononCorrector(load, held_out, library).cross_fitted()
    # what is known of one row of a fold does not matter to that fold
    row = int(held_out.rows[1])
    fold = load.folds[held_out.rows]
    reference = held_out.reference.copy()
    reference[1] *= 3.0
    other = PhononCorrector(load, replace(held_out, reference=reference), library).cross_fitted()
    same = fold == load.folds[row]
    assert np.array_equal(corrected.predicted[same], other.predicted[same])
    assert not np.allclose(corrected.predicted[~same], other.predicted[~same], rtol=1e-3)


def test_phonons_that_tell_the_answer_bring_it_nearer(load, held_out, library):
    corrector = PhononCorrector(load, held_out, library)
    correction = corrector.fit()
    assert correction is not None
    column = 1  # ω_log
    before, after = (
        np.abs(one.errors()[1:, column]).mean()
        for one in (held_out, corrector.corrected(correction))
    )
    assert after < 0.5 * before


def test_rows_without_phonons_stay_as_they_are(load, held_out, library):
    corrected = PhononCorrector(load, held_out, library).cross_fitted()
    assert np.array_equal(corrected.predicted[0], held_out.predicted[0])
    assert np.array_equal(corrected.spectra[0], held_out.spectra[0])
    assert not np.allclose(corrected.predicted[1], held_out.predicted[1], rtol=1e-4)


def test_too_few_rows_teach_nothing(load, held_out, library, monkeypatch):
    monkeypatch.setattr(module, "FEWEST", 1000)
    corrector = PhononCorrector(load, held_out, library)
    assert corrector.fit() is None
    assert np.array_equal(corrector.cross_fitted().predicted, held_out.predicted)


def test_a_missing_library_is_named_before_any_training(load, tmp_path):
    recipe = replace(load.recipe, data=replace(load.recipe.data, phonons=("nowhere.npz",)))
    with pytest.raises(DataError, match=r"nowhere\.npz"):
        run_training(recipe, tmp_path, tmp_path / "run")


def test_an_unknown_force_field_for_files_is_named(load, recorded_run, tmp_path):
    data = replace(load.recipe.data, phonons_of_files="other")
    changed = replace(load, recipe=replace(load.recipe, data=data))
    with pytest.raises(ConfigError, match=r"other[\s\S]*good, soft"):
        write_model(changed, recorded_run[1], tmp_path / "model")


def test_the_card_judges_both(model: Ensemble):
    assert model.takes_phonons
    assert model.force_fields == ("good", "soft")
    card, line = model.card, model.card["with_phonons"]["good"]
    assert set(line) >= {"correction", "metrics", "calibration", "coverage"}
    with_, without = (c["metrics"]["cross_validation"]["omega_log"]["mae"] for c in (line, card))
    assert with_ != without


def test_predictions_are_corrected_as_the_card_says(model: Ensemble):
    known = SitePhonons(dos=einstein(1, 25.0), origin="made up", warnings=("!",))
    niobium = bulk("Nb", "bcc", a=3.3)

    def source(record: StructureRecord) -> SitePhonons:
        assert record.given is not None
        return known

    (plain,), (corrected,) = model.predict([niobium]), model.predict([niobium], phonons=source)
    assert (plain.phonons, corrected.phonons) == ("none", "made up")
    assert corrected.to_dict()["phonons"] == corrected.csv_row()["phonons"] == "made up"
    assert "!" in corrected.warnings
    mean = plain.spectrum.a2f.mean(0)
    correction = PhononCorrection.from_dict(model.card["with_phonons"]["good"]["correction"])
    wanted = correction.corrections(phonon_features(model.frequencies, mean, known.dos, 0.0))
    before, after = (
        moments(model.frequencies, one.spectrum.a2f.mean(0)) for one in (plain, corrected)
    )
    for name, change in zip(CORRECTED[:2], wanted, strict=False):
        assert np.log(after[name] / before[name]) == pytest.approx(change, abs=0.02)
    assert corrected.site_a2f.sum(0) == pytest.approx(corrected.spectrum.a2f.mean(0), abs=0.01)


def test_each_force_field_is_corrected_for_its_own_error(model: Ensemble):
    niobium = bulk("Nb", "bcc", a=3.3)

    def omega_log(centre: float, force_field: str) -> tuple[float, tuple[str, ...]]:
        known = SitePhonons(dos=einstein(1, centre), origin="x", force_field=force_field)
        (found,) = model.predict([niobium], phonons=lambda _: known)
        return found.estimates["omega_log"].value, found.warnings

    (good, _), (soft, _), (mixed, _) = (
        omega_log(*pair) for pair in ((20.0, "good"), (14.0, "soft"), (14.0, "good"))
    )
    assert soft == pytest.approx(good, rel=0.02)
    assert mixed < 0.97 * good
    of_a_file, notes = omega_log(20.0, "")
    assert of_a_file == good
    assert not any("corrected as if" in note for note in notes)
    unknown, notes = omega_log(20.0, "EMT")
    assert unknown == good
    assert any("of EMT, were of good" in note for note in notes)


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
    assert seen == [model.card["calibration"], model.card["with_phonons"]["good"]["calibration"]]
    assert seen[0] != seen[1]


def test_unknown_phonons_are_no_reason_to_fail(model: Ensemble):
    refused = SitePhonons(warnings=("predicted without phonons: why",))
    niobium = bulk("Nb", "bcc", a=3.3)
    (found,) = model.predict([niobium], phonons=lambda _: refused)
    assert (found.error, found.phonons) == (None, "none")
    assert "predicted without phonons: why" in found.warnings
    assert np.array_equal(found.spectrum.a2f, model.predict([niobium])[0].spectrum.a2f)


def test_a_model_of_structure_alone_refuses_phonons():
    with pytest.raises(ModelError, match="takes no phonons"):
        Ensemble.load("cso-1").predict([bulk("Nb")], phonons=lambda _: SitePhonons())
