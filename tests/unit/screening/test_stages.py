import math
from dataclasses import replace
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from tests.screening_stand_ins import MemorySource, crystals, funnel_of, known_or_not
from tests.tiny_model import write_site_model

from betenet import Ensemble
from betenet.ensemble.phonon_sources import phonons_from_force_field
from betenet.ensemble.shipped import models_folder
from betenet.errors import ModelError
from betenet.phonons import PhononCache, compute_phonons
from betenet.screening import stability_stage as module
from betenet.screening.candidates import Candidate
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.manifest import SAME_PREDICTIONS
from betenet.screening.run import ScreeningRun
from betenet.screening.run_stage import RunStage
from betenet.screening.stages import Item, compute, folder_digest
from betenet.screening.structure_bytes import structure_to_bytes

pytest.importorskip("phonopy", reason="it is in the extra phonons")


def _items(*cells: Atoms) -> list[Item]:
    return [Item(f"n{k}", structure_to_bytes(atoms)) for k, atoms in enumerate(cells)]


STABLE, UNSTABLE = bulk("Al", "fcc", a=4.0), bulk("Cu", "sc", a=2.6)


def test_numbers_are_those_of_a_prediction_in_double_precision(
    structure_stage: RunStage, tiny_model: Path
) -> None:
    cells = [candidate.atoms for candidate in crystals(9)]
    records = compute(structure_stage, _items(*cells)).records
    predictions = Ensemble.load(tiny_model).to(precision="float64").predict(cells)
    for record, prediction in zip(records, predictions, strict=True):
        row = prediction.csv_row()
        assert record.formula == prediction.formula
        assert record.warnings == prediction.warnings
        for name, value in record.values.items():
            if isinstance(value, float) and not name.startswith("probability"):
                assert f"{value:.6g}" == row[name]
        assert record.score == record.values["tc_kelvin"]


def test_findings_are_kept_with_a_record(structure_stage: RunStage) -> None:
    records = compute(structure_stage, _items(bulk("Fe"), bulk("Al"))).records
    found = [str(record.values["findings"]).split(", ") for record in records]
    assert ["magnetic_elements" in codes for codes in found] == [True, False]


def test_what_the_model_does_not_know_is_left_out_unless_asked_for(
    structure_stage: RunStage,
) -> None:
    kept = compute(structure_stage, _items(bulk("Fe"))).records[0]
    assert kept.outcome == "passed"
    assert 0.0 <= float(kept.values["probability_tc_above_5_kelvin"] or 0.0) <= 1.0
    (left,) = compute(replace(structure_stage, keep_unknown=False), _items(bulk("Fe"))).records
    assert left.outcome == "rejected"
    assert left.reason.startswith("the model does not know it: magnetic elements")
    assert left.values["probability_tc_above_5_kelvin"] is None
    assert left.values["tc_kelvin"] == kept.values["tc_kelvin"]


def test_a_threshold_is_reached_by_what_equals_it_as_it_is_kept(structure_stage: RunStage) -> None:
    items = _items(STABLE)
    (record,) = compute(structure_stage, items).records
    for threshold, outcome in (
        (record.score, "passed"),
        (record.score * 1.00001, "rejected"),
        (None, "passed"),
    ):
        (judged,) = compute(replace(structure_stage, threshold=threshold), items).records
        assert judged.outcome == outcome


def test_a_model_that_has_changed_is_an_error(structure_stage: RunStage) -> None:
    with pytest.raises(ModelError, match="not the model"):
        compute(replace(structure_stage, model_digest="other"), _items(STABLE))


def test_stability_is_that_of_the_phonons(stability_stage: RunStage) -> None:
    answer = compute(stability_stage, _items(STABLE, UNSTABLE, bulk("U", "fcc", a=4.9)))
    stable, unstable, unknown = answer.records
    found = dict(compute_phonons([STABLE, UNSTABLE], stability_stage.phonon_settings, EMT()))
    assert (stable.outcome, unstable.outcome, unknown.outcome) == ("passed", "rejected", "failed")
    assert unstable.score == pytest.approx(found[1].facts.imaginary_fraction, rel=1e-5)
    assert unstable.score > 0.05
    assert "imaginary" in unstable.reason
    assert unstable.values["flags"] == ", ".join(found[1].facts.flags)
    assert stable.values["highest"] == pytest.approx(found[0].facts.highest, rel=1e-5)
    assert math.isnan(unknown.score)
    assert len(answer.phonons) == 2


def test_a_threshold_of_the_stability_is_the_largest_share(stability_stage: RunStage) -> None:
    (record,) = compute(stability_stage, _items(UNSTABLE)).records
    for threshold, outcome in ((record.score, "passed"), (0.5 * record.score, "rejected")):
        (judged,) = compute(replace(stability_stage, threshold=threshold), _items(UNSTABLE)).records
        assert judged.outcome == outcome


def _funnel(model: Path, stage: RunStage) -> Funnel:
    fields = ("distance", "relaxation", "q_length")
    options = {name: getattr(stage.phonon_settings, name) for name in fields}
    return funnel_of(
        Stage(name="stability", kind="stability", force_field=EMT(), options=options),
        known_or_not(name="phonons", kind="phonons", model=str(model)),
    )


def test_phonons_are_computed_once_and_used_by_the_next_stage(
    tiny_model: Path, stability_stage: RunStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = {"a": STABLE, "b": UNSTABLE, "c": bulk("Ni", "fcc", a=3.5)}
    source = MemorySource([Candidate(name=name, atoms=atoms) for name, atoms in cells.items()])
    computed: list[int] = []
    phonons = module.phonons
    monkeypatch.setattr(module, "phonons", lambda *a: computed.append(1) or phonons(*a))
    run = ScreeningRun.prepare(tmp_path, _funnel(tiny_model, stability_stage), source, quiet=True)
    store = run.run()
    assert len(computed) == 3
    assert list(store.names("phonons")) == ["a", "c"]
    given = phonons_from_force_field(EMT(), stability_stage.phonon_settings)
    ensemble = Ensemble.load(tiny_model).to(precision="float64")
    expected = ensemble.predict([cells["a"], cells["c"]], phonons=given)
    without = ensemble.predict([cells["a"]])[0].estimates["tc"].value
    for record, prediction in zip(store.records("phonons"), expected, strict=True):
        assert record.values["phonons"] == "EMT"
        assert record.score == pytest.approx(prediction.estimates["tc"].value, rel=1e-5)
    assert next(iter(store.records("phonons"))).score != pytest.approx(without, rel=1e-3)


def test_networks_that_take_phonons_get_those_of_the_stage_before(
    stability_stage: RunStage, tmp_path: Path
) -> None:
    model = write_site_model(tmp_path / "sites")
    source = MemorySource([Candidate(name="a", atoms=STABLE)])
    run = ScreeningRun.prepare(
        tmp_path / "run", _funnel(model, stability_stage), source, quiet=True
    )
    (record,) = run.run().records("phonons")
    ensemble = Ensemble.load(model).to(precision="float64")
    given = phonons_from_force_field(EMT(), stability_stage.phonon_settings)
    (expected,), (without,) = (ensemble.predict([STABLE], phonons=p) for p in (given, None))
    assert record.values["phonons"] == "EMT"
    coupling = expected.estimates["coupling"].value
    assert record.values["coupling"] == pytest.approx(coupling, rel=1e-5)
    assert without.estimates["coupling"].value != pytest.approx(coupling, rel=1e-3)


def test_phonons_that_are_gone_are_computed_again(
    tiny_model: Path, stability_stage: RunStage, tmp_path: Path
) -> None:
    source = MemorySource([Candidate(name="a", atoms=STABLE)])
    funnel = _funnel(tiny_model, stability_stage)
    expected = ScreeningRun.prepare(tmp_path / "whole", funnel, source, quiet=True).run()
    run = ScreeningRun.prepare(tmp_path / "run", funnel, source, quiet=True)

    def remove(stage: RunStage, _: object) -> None:
        if stage.kind == "stability":
            PhononCache(run.folder).path.unlink()

    (again,) = run.run(after=remove).records("phonons")
    (record,) = expected.records("phonons")
    assert again.values == record.values


def test_phonons_kept_before_a_kill_are_not_computed_again(
    tiny_model: Path, stability_stage: RunStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kill falls between the phonons and the record of them."""
    (key_and_bytes,) = compute(stability_stage, _items(STABLE)).phonons
    PhononCache(tmp_path).store([key_and_bytes])
    monkeypatch.setattr(module, "phonons", lambda *_: pytest.fail("computed again"))
    source = MemorySource([Candidate(name="a", atoms=STABLE)])
    run = ScreeningRun.prepare(tmp_path, _funnel(tiny_model, stability_stage), source, quiet=True)
    assert run.run().counts()["stability"] == {"passed": 1}


@pytest.mark.parametrize(
    ("model", "before"),
    [
        ("cso-1", "e61fcc753314e4d8eef7810e0ca58defce418befdd6c859d4b542326c1cccd6e"),
        ("phonons-1", "f1c59d63f59454680749504d88c53c02d796262f5b171711366416b15ac52809"),
    ],
)
def test_screenings_that_were_begun_with_a_shipped_model_go_on(model: str, before: str) -> None:
    """A model that predicts otherwise needs another name.

    Since these digests the cards tell Tc by the full formula of Allen and Dynes; parameters,
    calibration, corrections and what is known of the training are the same.
    """
    assert folder_digest(models_folder() / model) == SAME_PREDICTIONS[before]
