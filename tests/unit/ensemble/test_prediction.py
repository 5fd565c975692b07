import json
import math
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.ensemble.prediction import Prediction, csv_columns, estimate_quantities
from betenet.errors import DataError, StructureError
from betenet.known.findings import Finding
from betenet.spectrum import Spectrum
from betenet.structures import prepare_structures
from betenet.units import MEV_TO_KELVIN

FREQUENCIES = np.arange(1.0, 100.0, 1.0)


def prediction(n_members: int = 5) -> Prediction:
    rng = np.random.default_rng(0)
    shape = np.exp(-(((FREQUENCIES - 60.0) / 12.0) ** 2)) * np.minimum(1, (FREQUENCIES / 20.0) ** 2)
    spectrum = Spectrum(FREQUENCIES, rng.uniform(0.8, 1.2, size=(n_members, 1)) * shape)
    mean = spectrum.a2f.mean(axis=0)
    return Prediction(
        name="cells/MgB2.cif",
        formula="MgB2",
        symbols=("Mg", "B", "B"),
        model="test",
        mu_star=0.12,
        tc_method="xie_2022",
        rule="onset",
        spectrum=spectrum,
        site_a2f=np.array([0.2, 0.4, 0.4])[:, None] * mean,
        estimates=estimate_quantities(spectrum, 0.12, "xie_2022", "onset"),
        warnings=("few neighbours", "weight at the top"),
        atoms=Atoms("MgB2", cell=[3.1, 3.1, 3.5], scaled_positions=np.eye(3) / 3.0, pbc=True),
    )


def failed() -> Prediction:
    return Prediction(
        name="bad.cif",
        model="test",
        mu_star=0.1,
        tc_method="allen_dynes",
        rule="onset",
        error=StructureError("bad.cif: Empty.", reason="0 bytes.", fix="Check the file."),
    )


def test_tc_by_a_formula_of_known_error_comes_with_it() -> None:
    found = prediction()
    assert math.isnan(found.tc_error_95)
    assert "tc_relative_error_95" not in found.to_dict()
    by_modes = replace(found, tc_method="two_modes")
    assert 0.005 < by_modes.tc_error_95 < 0.05
    assert by_modes.to_dict()["tc_relative_error_95"] == by_modes.tc_error_95
    assert by_modes.csv_row()["tc_relative_error_95"] == f"{by_modes.tc_error_95:.6g}"
    assert set(by_modes.csv_row()) == set(csv_columns("two_modes"))
    assert "tc_relative_error_95" not in csv_columns("allen_dynes")
    assert math.isnan(failed().tc_error_95)


def test_json_round_trip_keeps_everything() -> None:
    before = prediction()
    after = Prediction.from_dict(json.loads(json.dumps(before.to_dict(), allow_nan=False)))
    assert before.spectrum is not None
    assert after.spectrum is not None
    assert before.atoms is not None
    assert after.atoms is not None
    for attribute in ("name", "formula", "symbols", "model", "mu_star", "tc_method", "warnings"):
        assert getattr(after, attribute) == getattr(before, attribute)
    np.testing.assert_array_equal(after.spectrum.a2f, before.spectrum.a2f)
    np.testing.assert_array_equal(after.site_a2f, before.site_a2f)
    np.testing.assert_array_equal(after.atoms.positions, before.atoms.positions)
    np.testing.assert_array_equal(np.asarray(after.atoms.cell), np.asarray(before.atoms.cell))
    assert after.atoms.pbc.all()
    assert list(after.estimates) == list(before.estimates)
    for key, estimate in before.estimates.items():
        assert after.estimates[key].interval_95 == pytest.approx(estimate.interval_95, rel=1e-14)
        assert after.estimates[key].std == pytest.approx(estimate.std, rel=1e-14)


def test_what_was_read_is_in_json_and_csv() -> None:
    (record,) = prepare_structures(bulk("NaCl", "rocksalt", a=5.64, cubic=True))
    before = replace(prediction(), as_read=record.as_read)
    after = Prediction.from_dict(json.loads(json.dumps(before.to_dict(), allow_nan=False)))
    assert after.as_read == before.as_read
    assert before.to_dict()["as_read"]["space_group"] == "Fm-3m"
    row = before.csv_row()
    assert tuple(row) == csv_columns(before.tc_method)
    assert (row["n_sites"], row["space_group_number"], row["a_angstrom"]) == ("8", "225", "5.64")
    assert float(row["volume_per_atom_angstrom3"]) == pytest.approx(5.64**3 / 8, rel=1e-5)


def test_predictions_stored_before_that_still_load() -> None:
    old = prediction().to_dict()
    del old["as_read"]
    loaded = Prediction.from_dict(old)
    assert loaded.as_read is None
    assert loaded.csv_row()["space_group"] == ""


def test_findings_are_in_json_and_csv_and_older_files_have_none() -> None:
    found = (Finding("cuprate", "Cu–O planes"), Finding("magnetic_elements", "Nd has moments"))
    before = replace(prediction(), findings=found)
    data = json.loads(json.dumps(before.to_dict(), allow_nan=False))
    assert data["findings"][0] == {"code": "cuprate", "text": "Cu–O planes"}
    assert Prediction.from_dict(data).findings == found
    assert before.csv_row()["findings"] == "cuprate; magnetic_elements"
    del data["findings"]
    assert Prediction.from_dict(data).findings == ()


def test_export_carries_the_units() -> None:
    before = prediction()
    quantities = before.to_dict()["quantities"]
    omega_log = before.estimates["omega_log"]
    assert quantities["omega_log_kelvin"] == pytest.approx(omega_log.value * MEV_TO_KELVIN)
    assert quantities["omega_log_kelvin_std"] == pytest.approx(omega_log.std * MEV_TO_KELVIN)
    assert quantities["omega_max_mev"] == before.estimates["omega_max"].value
    assert quantities["tc_kelvin_low_95"] == before.estimates["tc"].interval_95[0]


def test_sites_can_be_left_out() -> None:
    data = prediction().to_dict(per_site=False)
    assert "site_a2f" not in data
    assert Prediction.from_dict(data).site_a2f is None


def test_unknown_spread_is_null_in_json_and_empty_in_csv() -> None:
    single = prediction(n_members=1)
    data = json.loads(json.dumps(single.to_dict(), allow_nan=False))
    assert data["quantities"]["tc_kelvin"] > 0.0
    assert data["quantities"]["tc_kelvin_std"] is None
    assert math.isnan(Prediction.from_dict(data).estimates["tc"].std)
    assert single.csv_row()["tc_kelvin_std"] == ""


def test_failed_prediction_keeps_its_error() -> None:
    after = Prediction.from_dict(json.loads(json.dumps(failed().to_dict(), allow_nan=False)))
    assert isinstance(after.error, StructureError)
    assert str(after.error) == str(failed().error)
    assert after.spectrum is None
    assert after.estimates == {}


def test_csv_row_fills_the_columns_in_order() -> None:
    row = prediction().csv_row()
    assert tuple(row) == csv_columns()
    assert row["n_atoms"] == "3"
    assert float(row["tc_kelvin"]) == pytest.approx(prediction().estimates["tc"].value, rel=1e-5)
    assert row["warnings"] == "few neighbours; weight at the top"
    assert row["error"] == ""


def test_csv_row_of_a_failure_holds_the_error_on_one_line() -> None:
    row = failed().csv_row()
    assert tuple(row) == csv_columns()
    assert row["error"] == "bad.cif: Empty. Reason: 0 bytes. Fix: Check the file."
    assert row["tc_kelvin"] == row["n_atoms"] == ""


@pytest.mark.parametrize(
    "broken",
    [{}, {**failed().to_dict(), "quantities": 3}, {**failed().to_dict(), "structure": {}}],
    ids=["empty", "quantities", "structure"],
)
def test_what_is_no_prediction_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(DataError, match="not a stored prediction"):
        Prediction.from_dict(broken)


def test_short_in_a_notebook_also_without_estimates() -> None:
    settings = {"model": "m", "mu_star": 0.1, "tc_method": "allen_dynes"}
    bare = Prediction(name="a.cif", rule="onset", formula="Nb", **settings)
    assert repr(bare) == "<Prediction a.cif: Nb>"
    assert repr(failed()) == "<Prediction bad.cif: Empty. Reason: 0 bytes. Fix: Check the file.>"


def test_shows_itself_in_a_notebook_and_as_a_row() -> None:
    found = prediction()
    assert "<td>λ</td>" in found._repr_html_()
    (row,) = found.to_rows()
    assert list(row) == list(csv_columns())
    assert row["coupling"] == found.estimates["coupling"].value
    assert found.plot().figure is not None
    assert "<td>error</td>" in failed()._repr_html_()


def test_measured_superconductors_stand_beside_the_answer() -> None:
    prediction = Prediction(
        name="Nb.cif", model="m", mu_star=0.1, tc_method="xie_2022", rule="onset", symbols=("Nb",)
    )
    known = prediction.known
    assert known is not None
    assert known.tc == pytest.approx(9.2, abs=0.1)
    assert prediction.to_dict()["known"]["known_tc_kelvin"] == known.tc
    row = prediction.csv_row()
    assert float(row["known_tc_kelvin"]) == known.tc
    assert row["nearest_known"]
