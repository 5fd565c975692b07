"""One call predicts a batch: bad structures keep their place, the others are done."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111
from ase.spacegroup import crystal
from tests.fixture_types import Capture, Patch

import betenet.ensemble
from betenet.ensemble import ensemble as module
from betenet.ensemble import shipped as shipped_module
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.prediction import Prediction
from betenet.ensemble.shipped import DEFAULT_MODEL, list_models
from betenet.errors import ConfigError, ModelError, StructureError
from betenet.graphs import build
from betenet.superconductivity.moments import coupling_constant

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / "tests" / "checkpoints" / "format-1"
MGB2 = ROOT / "examples" / "MgB2.cif"


@pytest.fixture(scope="module")
def model() -> Ensemble:
    return Ensemble.load(MODEL)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: Patch) -> Path:
    """A folder of shipped models with the default and another one."""
    folder = tmp_path / "models"
    for name in (DEFAULT_MODEL, "other"):
        shutil.copytree(MODEL, folder / name)
        card = folder / name / "ensemble.toml"
        text = card.read_text(encoding="utf-8")
        card.write_text(text.replace('"format-1"', f'"{name}"'), encoding="utf-8")
    monkeypatch.setattr(shipped_module, "models_folder", lambda: folder)
    return folder


def niobium() -> Atoms:
    return bulk("Nb", "bcc", a=3.30)


def molecule() -> Atoms:
    return Atoms("H2", positions=[[0, 0, 0], [0.74, 0, 0]])


def with_card(model: Ensemble, **changed: Any) -> Ensemble:
    return replace(model, card={**model.card, **changed})


def test_knows_its_size_and_grid(model: Ensemble) -> None:
    assert model.n_members == 2
    assert model.frequencies.shape == (40,)
    assert model.frequencies[0] == pytest.approx(0.6)
    assert model.frequencies[-1] == pytest.approx(420.0)


def test_prediction_holds_together(model: Ensemble) -> None:
    (prediction,) = model.predict(MGB2)
    assert prediction.name == str(MGB2)
    assert prediction.formula == "MgB2"
    assert sorted(prediction.symbols) == ["B", "B", "Mg"]
    assert prediction.model == "format-1"
    assert prediction.error is None
    assert prediction.spectrum is not None
    assert prediction.site_a2f is not None
    assert prediction.spectrum.a2f.shape == (2, 40)
    mean = prediction.spectrum.a2f.mean(axis=0)
    np.testing.assert_allclose(prediction.site_a2f.sum(axis=0), mean, rtol=1e-5, atol=1e-9)
    coupling = coupling_constant(model.frequencies, mean)
    assert prediction.estimates["coupling"].value == pytest.approx(float(coupling), rel=1e-9)


def test_bad_structures_keep_their_place(model: Ensemble) -> None:
    disordered = ROOT / "tests" / "fixtures" / "structures" / "partial_occupancy.cif"
    batch = [niobium(), "absent.cif", MGB2, molecule(), disordered, niobium()]
    found = model.predict(batch)
    names = ["Nb#0", "absent.cif", str(MGB2), "H#3", str(disordered), "Nb#5"]
    assert [prediction.name for prediction in found] == names
    good = [prediction.error is None for prediction in found]
    assert good == [True, False, True, False, False, True]
    for done, alone in ((found[0], niobium()), (found[2], MGB2), (found[5], niobium())):
        (expected,) = model.predict(alone)
        for key, estimate in done.estimates.items():
            assert estimate.value == pytest.approx(expected.estimates[key].value, rel=1e-5)
        assert done.site_a2f is not None
        assert expected.site_a2f is not None
        np.testing.assert_allclose(done.site_a2f, expected.site_a2f, rtol=1e-4, atol=1e-7)
    for bad, word in (
        (found[1], "absent.cif"),
        (found[3], "not periodic"),
        (found[4], "occupancy"),
    ):
        assert isinstance(bad.error, StructureError)
        assert word in str(bad.error)
        assert bad.error.fix
        assert bad.spectrum is None
        assert bad.estimates == {}
        assert bad.model == "format-1"


def test_nothing_but_bad_structures(model: Ensemble) -> None:
    found = model.predict([molecule(), "absent.cif"])
    assert [isinstance(prediction.error, StructureError) for prediction in found] == [True, True]


def test_nothing_gives_nothing(model: Ensemble) -> None:
    assert model.predict([]) == []


def test_a_spectrum_that_is_no_number_fails_its_crystal_alone(
    model: Ensemble, monkeypatch: Patch
) -> None:
    def outputs(self: Ensemble, *given: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        a2f, sites, states = of_networks(self, *given)
        a2f[-1, 0] = np.nan
        return a2f, sites, states

    of_networks = Ensemble.outputs
    monkeypatch.setattr(Ensemble, "outputs", outputs)
    broken, whole = model.predict([niobium(), bulk("Al")])
    assert broken.error is not None
    assert "not finite" in broken.error.summary
    assert whole.error is None
    assert whole.estimates["coupling"].value > 0


def test_cell_beyond_memory_is_an_error_of_its_own(model: Ensemble, monkeypatch: Patch) -> None:
    monkeypatch.setattr(build, "MAX_EDGES", 20)
    dense, loose = bulk("V", "bcc", a=2.9), bulk("Pb", "fcc", a=5.5)
    found = model.predict([dense, loose])
    assert str(found[0].error).startswith("V#0: The cell is too large")
    assert found[1].error is None


def test_a_large_input_is_cut_into_batches(model: Ensemble, monkeypatch: Patch) -> None:
    batch = [niobium(), "absent.cif", MGB2, niobium()]
    whole = model.predict(batch)
    sizes: list[int] = []
    outputs = Ensemble.outputs

    def counted(self: Ensemble, graphs: list[Any], *rest: Any) -> Any:
        sizes.append(len(graphs))
        return outputs(self, graphs, *rest)

    monkeypatch.setattr(Ensemble, "outputs", counted)
    monkeypatch.setattr(module, "BATCH_PAIRS", 1)
    for one, all_at_once in zip(model.predict(batch), whole, strict=True):
        assert one.name == all_at_once.name
        for key, estimate in one.estimates.items():
            assert estimate.value == pytest.approx(all_at_once.estimates[key].value, rel=1e-5)
    assert sizes == [1, 1, 1]


def test_settings_reach_tc(model: Ensemble) -> None:
    low, high = (model.predict(niobium(), mu_star=mu_star)[0] for mu_star in (0.0, 0.2))
    assert (low.mu_star, high.mu_star) == (0.0, 0.2)
    assert low.estimates["tc"].value > high.estimates["tc"].value > 0.0
    assert low.estimates["coupling"] == high.estimates["coupling"]
    simple = model.predict(niobium(), mu_star=0.2, tc_method="allen_dynes_simple")[0]
    assert simple.tc_method == "allen_dynes_simple"
    assert simple.estimates["tc"].value != high.estimates["tc"].value


def test_unknown_formula_is_refused(model: Ensemble) -> None:
    with pytest.raises(ConfigError, match="bcs"):
        model.predict(niobium(), tc_method="bcs")


def test_warnings_tell_what_not_to_trust(model: Ensemble) -> None:
    polonium, squeezed = bulk("Po", "sc", a=3.35), bulk("Nb", "bcc", a=2.6)
    found = [" / ".join(p.warnings) for p in model.predict([polonium, squeezed])]
    assert "Po was not seen in training" in found[0]
    assert "Nb was not seen" not in found[1]
    assert "are usual for these elements: compressed" in found[1]


def test_what_it_was_not_made_for_is_a_finding_and_a_warning(model: Ensemble) -> None:
    salt, iron = bulk("LiF", "rocksalt", a=4.03), bulk("Fe")
    for prediction, code in zip(
        model.predict([salt, iron]), ("likely_insulator", "magnetic_elements"), strict=True
    ):
        assert prediction.findings[0].code == code
        assert all(finding.text in prediction.warnings for finding in prediction.findings)
        assert code in prediction.unknown_because
        assert np.isnan((prediction.tc_probability, *prediction.higher_tc)).all()
        assert 0.0 <= prediction.unchecked_tc_probability <= 1.0
    (ordinary,) = Ensemble.load().predict(niobium())
    assert ordinary.findings == ()
    assert ordinary.unknown_because == ()
    assert ordinary.tc_probability == ordinary.unchecked_tc_probability
    assert ordinary.tc_probability >= ordinary.higher_tc[0] >= ordinary.higher_tc[1] >= 0.0
    assert ordinary.csv_row()["probability_tc_above_77_kelvin"] == f"{ordinary.higher_tc[1]:.4f}"
    assert Prediction.from_dict(ordinary.to_dict()).higher_tc == ordinary.higher_tc


def test_vacuum_beside_a_layer_is_said_and_changes_little(model: Ensemble) -> None:
    slabs = [fcc111("Al", (1, 1, 3), a=4.05, vacuum=vacuum) for vacuum in (10.0, 15.0)]
    for slab in slabs:
        slab.pbc = True
    near, far = model.predict(slabs)
    for prediction in (near, far):
        codes = [finding.code for finding in prediction.findings]
        assert codes[0] == "layer_with_vacuum"
        assert "unusual_volume" not in codes
    low, high = near.estimates["coupling"].interval_68
    assert low < far.estimates["coupling"].value < high


def test_a_wire_or_a_molecule_in_vacuum_is_an_error(model: Ensemble) -> None:
    alone = Atoms("H2", positions=[[5, 5, 5], [5, 5, 5.74]], cell=[12, 12, 12], pbc=True)
    wire = Atoms("Nb", positions=[[8, 8, 0]], cell=[16, 16, 2.6], pbc=True)
    for prediction, word in zip(model.predict([alone, wire]), ("molecule", "wire"), strict=True):
        assert isinstance(prediction.error, StructureError)
        assert word in prediction.error.summary


def test_training_on_few_compositions_leaves_no_direction_to_rounding(model: Ensemble) -> None:
    assert model.applicability.references.shape == (10, 4)  # five elements, less their mean
    (prediction,) = model.predict(bulk("Mo", "bcc", a=3.15))
    assert not any("far from training" in text for text in prediction.warnings)


def test_disagreement_is_a_warning(model: Ensemble) -> None:
    # ends of the interval at exp(±z·width): a ratio of 6 is a width of 0.901
    for floor, expected in ((0.89, False), (0.91, True)):
        known = with_card(model, calibration={"coupling": {"scale": 0.0, "floor": floor}})
        (prediction,) = known.predict(niobium())
        assert any("hardly known" in text for text in prediction.warnings) is expected
        assert ("coupling_unknown" in prediction.unknown_because) is expected


def test_calibration_of_the_card_is_used(model: Ensemble) -> None:
    plain = with_card(model, calibration={}).predict(niobium())[0].estimates
    twice = {"scale": 2.0, "floor": 0.0}
    wide = with_card(model, calibration={"omega_log": twice}).predict(niobium())[0].estimates
    ratios = [np.log(e["omega_log"].interval_68[1] / e["omega_log"].value) for e in (plain, wide)]
    assert ratios[1] == pytest.approx(2 * ratios[0])
    assert wide["coupling"].value == plain["coupling"].value
    assert np.isnan(wide["coupling"].std)  # its error was never measured


def test_progress_is_shown_on_stderr_only_where_asked_for(model: Ensemble, capsys: Capture) -> None:
    model.predict(niobium())
    assert capsys.readouterr() == ("", "")
    model.predict(niobium(), progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "structures" in shown.err


def test_shipped_models_are_listed(shipped: Path) -> None:
    listed = {entry["name"]: entry for entry in list_models()}
    assert list(listed) == [DEFAULT_MODEL, "other"]
    assert [entry["default"] for entry in listed.values()] == [True, False]
    assert listed["other"]["members"] == 2
    assert listed["other"]["description"]
    assert listed["other"]["size_mb"] == 0.0
    (shipped / "other" / "notes").write_bytes(bytes(1_234_000))
    assert list_models()[1]["size_mb"] == 1.2


@pytest.mark.usefixtures("shipped")
def test_found_by_name_by_folder_and_by_default() -> None:
    assert Ensemble.load().name == DEFAULT_MODEL
    assert Ensemble.load("other").name == "other"
    assert Ensemble.load(MODEL).name == "format-1"
    assert Ensemble.load(str(MODEL)).path == MODEL


@pytest.mark.usefixtures("shipped")
def test_a_run_with_the_name_of_a_shipped_model_does_not_hide_it(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT_MODEL / "full").mkdir(parents=True)
    assert Ensemble.load().name == DEFAULT_MODEL
    with pytest.raises(ModelError, match="No ensemble in"):
        Ensemble.load(f"./{DEFAULT_MODEL}")


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("name", ["nothing", "../models", "", "."])
def test_unknown_name_is_a_clear_error(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        Ensemble.load(name)
    assert "betenet models list" in caught.value.fix


@pytest.mark.usefixtures("shipped")
def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match=f"(?s)no model 'nothing'.*{DEFAULT_MODEL}, other"):
        Ensemble.load("nothing")


def test_no_model_at_all(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(shipped_module, "models_folder", lambda: tmp_path / "absent")
    assert list_models() == []
    with pytest.raises(ModelError, match="shipped models: none"):
        Ensemble.load()


def test_room_loads_its_names_on_first_use() -> None:
    assert betenet.ensemble.Ensemble is Ensemble
    with pytest.raises(AttributeError, match="nothing"):
        _ = betenet.ensemble.nothing


def test_a_network_that_knows_a_force_field_answers_under_pressure() -> None:
    """H3S at 200 GPa, whose formula no training row has: others calculate 191 to 204 K."""
    cell = crystal(
        ["S", "H"], [(0, 0, 0), (0.5, 0, 0)], spacegroup=229, cellpar=[2.984] * 3 + [90] * 3
    )
    model = Ensemble.load("cso-2")
    assert not any(formula == "H3S" for formula in model.training.formulas)
    (found,) = model.predict([cell])
    assert 60 < found.estimates["tc"].value < 300
    assert found.estimates["tc"].interval_95[0] > 5
    assert found.findings
    assert Ensemble.load("phonons-2").name == "cso-2"


def test_predictions_of_such_a_network_do_not_depend_on_the_batch() -> None:
    model = Ensemble.load("cso-2").to(precision="float64")
    cells = [bulk("Nb", "bcc", a=3.3), bulk("NbN", "rocksalt", a=4.39), bulk("Pb")]
    together = model.predict(cells)
    for cell, one in zip(cells, together, strict=True):
        (alone,) = model.predict([cell])
        assert alone.estimates["coupling"].value == pytest.approx(
            one.estimates["coupling"].value, rel=1e-9
        )
