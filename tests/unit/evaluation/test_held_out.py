"""What is called held out was never seen, not even as another row of the same formula."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file

from betenet.datasets.rows import TARGETS
from betenet.errors import DataError
from betenet.evaluation import held_out as module
from betenet.evaluation.held_out import (
    HeldOut,
    calibrate,
    coverages,
    cross_fitted_coverages,
    cross_validation,
    element_errors,
    out_of_bag,
    screening_precision,
)
from betenet.network.batch import collate
from betenet.network.model import forward_member
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, SIMPLE_METHOD
from betenet.superconductivity.moments import moments
from betenet.training.run import Workload
from betenet.units import MEV_TO_KELVIN

Finished = tuple[Workload, Path]
Asked = list[tuple[Path, list[int]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Every member that is asked, by its folder, with the rows that it predicts."""
    calls: Asked = []
    collect = module._collect

    def recorded(load: Workload, path: Path, rows: np.ndarray, spectra: dict[int, list]) -> None:
        calls.append((path.parent, rows.tolist()))
        collect(load, path, rows, spectra)

    monkeypatch.setattr(module, "_collect", recorded)
    return calls


def made_up(load: Workload, n_rows: int = 400, *, spread: float, error: float) -> HeldOut:
    """One peak a row; four members and the truth differ in its height and in its place."""
    rng = np.random.default_rng(0)
    grid = load.recipe.network.frequencies
    height, place = (spread * np.array(s) / 1.1547 for s in ([-1, -1, 1, 1], [-1, 1, -1, 1]))
    coupling, centre = (
        rng.uniform(0.6, 1.2, (n_rows, 1, 1)),
        rng.uniform(10.0, 30.0, (n_rows, 1, 1)),
    )
    away = np.log(grid / (centre * np.exp(place)[:, None])) / 0.3
    spectra = coupling * np.exp(height)[:, None] * np.exp(-0.5 * away**2)
    predicted = module._moments(grid, spectra.mean(axis=1))
    return HeldOut(
        rows=np.arange(n_rows),
        reference=predicted * np.exp(error * rng.normal(size=predicted.shape)),
        predicted=predicted,
        spreads=np.full(predicted.shape, spread),
        spectra=tuple(spectra),
    )


@pytest.mark.parametrize("measure", [cross_validation, out_of_bag])
def test_no_member_is_asked_about_a_formula_it_saw(
    finished_run: Finished, seen_formulas: dict[Path, set[str]], asked: Asked, measure: type
) -> None:
    load, out = finished_run
    found = measure(load, out)
    assert asked
    for folder, rows in asked:
        formulas = {load.rows[row].formula for row in rows}
        assert formulas
        assert not formulas & seen_formulas[folder]
    assert {load.rows[row].source for row in found.rows} == {"bete_net"}


def test_row_over_the_limit_is_held_out_like_any_other(
    finished_run: Finished, seen_formulas: dict[Path, set[str]], asked: Asked
) -> None:
    load, out = finished_run
    (over,) = (k for k, row in enumerate(load.rows) if row.targets[0] > 4.0)
    formula = load.rows[over].formula
    # It is in no bag itself, but a row of its formula from another source is in some.
    seen = {folder for folder, formulas in seen_formulas.items() if formula in formulas}
    assert seen
    out_of_bag(load, out)
    cross_validation(load, out)
    assert {folder for folder, rows in asked if over in rows} == set(seen_formulas) - seen


def test_cross_validation_has_every_row_of_the_first_source(finished_run: Finished) -> None:
    load, out = finished_run
    found = cross_validation(load, out)
    first = [k for k, row in enumerate(load.rows) if row.source == "bete_net"]
    assert found.rows.tolist() == first
    assert found.members.tolist() == [2] * len(first)
    np.testing.assert_array_equal(found.reference, [load.rows[k].targets for k in first])


def test_prediction_is_that_of_the_mean_spectrum(finished_run: Finished) -> None:
    load, out = finished_run
    found = cross_validation(load, out)
    row = int(found.rows[5])
    folder = out / f"fold-{load.folds[row]}"
    geometry = collate([load.data.crystals[row]], load.recipe.network)
    spectra = np.stack(
        [
            forward_member(load.recipe.network, module.load_file(path), geometry).a2f[0].numpy()
            for path in sorted(folder.glob("*/member.safetensors"))
        ]
    ).astype(float)
    grid = load.recipe.network.frequencies
    mean, each = moments(grid, spectra.mean(axis=0)), moments(grid, spectra)
    for column, name in enumerate(TARGETS):
        assert found.predicted[5, column] == pytest.approx(float(mean[name]), rel=1e-4)
        spread = np.std(np.log(each[name]), ddof=1)
        assert found.spreads[5, column] == pytest.approx(spread, rel=1e-2, abs=1e-5)


def test_out_of_bag_rows_have_a_spread(finished_run: Finished) -> None:
    found = out_of_bag(*finished_run)
    assert 0 < len(found.rows) < 24
    assert found.members.min() > 1
    assert np.isfinite(found.spreads).all()


def test_one_member_has_no_spread(finished_run: Finished, tmp_path: Path) -> None:
    load, out = finished_run
    for fold in (0, 1):
        shutil.copytree(out / f"fold-{fold}" / "member-00", tmp_path / f"fold-{fold}" / "member-00")
    found = cross_validation(load, tmp_path)
    assert found.members.tolist() == [1] * 24
    assert np.isnan(found.spreads).all()
    assert np.isfinite(found.predicted).all()
    as_they_are = {name: {"scale": 1.0, "floor": 0.0} for name in TARGETS}
    assert coverages(load, found, as_they_are) == {}
    assert cross_fitted_coverages(load, found) == {}


def test_missing_fold_is_named(finished_run: Finished, tmp_path: Path) -> None:
    load, out = finished_run
    shutil.copytree(out / "fold-0", tmp_path / "fold-0")
    with pytest.raises(DataError, match=r"(?s)Fold 1 has no finished member.*--fold-members"):
        cross_validation(load, tmp_path)


def test_unfinished_member_is_named(finished_run: Finished, tmp_path: Path) -> None:
    load, out = finished_run
    shutil.copytree(out / "full" / "member-00", tmp_path / "full" / "member-00")
    with pytest.raises(DataError, match=r"(?s)Member 1 is not finished.*betenet train"):
        out_of_bag(load, tmp_path)


def test_too_few_members_to_measure_a_spread(finished_run: Finished) -> None:
    load, out = finished_run
    one = replace(load.recipe, training=replace(load.recipe.training, members=1))
    with pytest.raises(DataError, match="No row is out of the bag of two members"):
        out_of_bag(replace(load, recipe=one), out)


def test_better_parameters_give_a_better_score(
    finished_run: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows, the targets and the predictions belong together."""
    load, out = finished_run
    shutil.copytree(out, tmp_path / "run")
    for path in (tmp_path / "run").rglob("member.safetensors"):
        parameters = module.load_file(path)
        save_file({k: v * 0 if "readout" in k else v for k, v in parameters.items()}, path)
    flat = cross_validation(load, tmp_path / "run").table()
    assert flat["omega_log"]["r2"].value < 0.2
    real = module._moments

    def oracle(grid: np.ndarray, a2f: np.ndarray) -> np.ndarray:
        first = [row.targets for row in load.rows if row.source == "bete_net"]
        return np.stack(first) if len(a2f) == len(first) else real(grid, a2f)

    monkeypatch.setattr(module, "_moments", oracle)
    scores = cross_validation(load, out).table()
    assert scores["omega_log"]["r2"].value == 1.0
    assert scores["tc"]["mae"].value == 0.0
    assert scores["tc"]["average_precision"].value == 1.0


def test_table_is_in_kelvin(finished_run: Finished) -> None:
    found = made_up(finished_run[0], spread=0.1, error=0.1)
    scores = found.table()
    expected = np.abs(found.predicted - found.reference)[:, 1].mean() * MEV_TO_KELVIN
    assert scores["omega_log"]["mae"].value == pytest.approx(expected)
    assert scores["omega_log"]["mae"].unit == "K"
    assert scores["coupling"]["mae"].low is None
    assert found.table(n_resamples=20)["coupling"]["mae"].low is not None


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_calibration_mends_spreads_of_the_wrong_size(factor: float, finished_run: Finished) -> None:
    load, _ = finished_run
    found = made_up(load, 200, spread=0.15 / factor, error=0.15)
    calibration = calibrate(found)
    assert tuple(calibration) == TARGETS
    shares = coverages(load, found, calibration)
    assert set(shares) == {*TARGETS, "tc"}
    for narrow, wide in shares.values():
        assert narrow == pytest.approx(0.68, abs=0.07)
        assert wide == pytest.approx(0.95, abs=0.03)
    as_they_are = {name: {"scale": 1.0, "floor": 0.0} for name in TARGETS}
    expected = {0.5: 0.95, 1.0: 0.68, 3.0: 0.26}[factor]
    for key in ("coupling", "tc"):
        assert coverages(load, found, as_they_are)[key][0] == pytest.approx(expected, abs=0.08)


def unknown(found: HeldOut, rows: slice, *names: str) -> HeldOut:
    """The same without some of the reference values."""
    reference = found.reference.copy()
    reference[rows, [[TARGETS.index(name)] for name in names]] = np.nan
    return replace(found, reference=reference)


UNLABELLED = ("omega_1", "omega_2", "omega_3", "omega_max")


@pytest.mark.parametrize("labels", [0, 19], ids=["none", "too few"])
def test_quantity_without_labels_is_neither_judged_nor_calibrated(
    labels: int, finished_run: Finished
) -> None:
    load = replace(finished_run[0], folds=np.arange(60) % 2)
    whole = made_up(load, 60, spread=0.15, error=0.2)
    found = unknown(whole, slice(labels, None), *UNLABELLED)
    assert found.scarce == UNLABELLED
    calibration = calibrate(whole)
    assert calibrate(found) == {key: calibration[key] for key in ("coupling", "omega_log")}
    judged = {"coupling", "omega_log", "tc"}
    assert set(coverages(load, found, calibrate(found))) == judged
    expected, fitted = (cross_fitted_coverages(load, one) for one in (whole, found))
    assert set(fitted) == judged
    assert (whole.tc_method, found.tc_method) == (DEFAULT_METHOD, SIMPLE_METHOD)
    for key in judged:  # Tc without f₁ and f₂ on both sides lies in its intervals nearly as often
        assert fitted[key] == pytest.approx(expected[key], abs=0.06 if key == "tc" else 1e-12)
    assert screening_precision(load, found) == pytest.approx(
        screening_precision(load, whole), abs=0.02
    )
    scores = whole.table()
    del scores["omega_2"]
    error = np.abs(whole.true_tc(SIMPLE_METHOD) - whole.predicted_tc(SIMPLE_METHOD)).mean()
    measured = found.table()
    assert measured["tc"]["mae"].value == pytest.approx(error)
    assert {**measured, "tc": scores["tc"]} == scores


def test_calibration_of_a_quantity_is_learnt_from_the_rows_that_know_it(
    finished_run: Finished,
) -> None:
    load, _ = finished_run
    whole = made_up(load, 100, spread=0.15, error=0.2)
    found = unknown(whole, slice(40, None), "omega_2")
    first = whole.subset(np.arange(100) < 40)
    assert found.scarce == ()
    assert calibrate(found)["omega_2"] == calibrate(first)["omega_2"]
    assert calibrate(found)["omega_3"] == calibrate(whole)["omega_3"]
    measured, expected = (coverages(load, one, calibrate(whole)) for one in (found, first))
    assert measured["omega_2"] == expected["omega_2"]
    assert found.table()["omega_2"] == first.table()["omega_2"]


def test_folds_count_by_the_rows_that_know_a_quantity(finished_run: Finished) -> None:
    load, _ = finished_run
    found = made_up(load, 120, spread=0.1, error=0.1)
    folds = np.arange(120) // 60
    errors = found.errors() * np.where(folds == 1, 3.0, 1.0)[:, None]  # the second is worse
    found = replace(found, reference=found.predicted * np.exp(errors))
    found = unknown(found, slice(80, None), "omega_2")  # 60 rows of one fold, 20 of the other
    load = replace(load, folds=folds)
    first, second = (found.subset(folds == fold) for fold in (0, 1))
    of_first = coverages(load, first, calibrate(second))["omega_2"]
    of_second = coverages(load, second, calibrate(first))["omega_2"]
    assert of_first[0] > of_second[0] + 0.2
    expected = (60 * np.array(of_first) + 20 * np.array(of_second)) / 80
    assert cross_fitted_coverages(load, found)["omega_2"] == pytest.approx(expected)


def test_few_rows_that_all_know_a_quantity_are_judged(finished_run: Finished) -> None:
    found = made_up(finished_run[0], 12, spread=0.15, error=0.2)
    assert found.scarce == ()
    assert unknown(found, slice(1), "omega_2").scarce == ("omega_2",)


def test_rows_without_a_tc_do_not_count_for_it(finished_run: Finished) -> None:
    load, _ = finished_run
    whole = made_up(load, 60, spread=0.2, error=0.2)
    known = whole.subset(np.arange(60) >= 20)
    found = unknown(unknown(whole, slice(10), "coupling"), slice(10, 20), "omega_log")
    calibration = calibrate(whole)
    assert coverages(load, found, calibration)["tc"] == coverages(load, known, calibration)["tc"]
    assert found.table()["tc"] == known.table()["tc"]
    without = unknown(whole, slice(20), "omega_2")  # 40 rows know it: the full formula
    assert (without.tc_method, without.counts["tc"]) == (DEFAULT_METHOD, 40)
    assert coverages(load, without, calibration)["tc"] == coverages(load, known, calibration)["tc"]
    assert without.table()["tc"] == known.table()["tc"]
    halves = replace(load, folds=np.arange(60) % 2)
    assert screening_precision(halves, found) == screening_precision(halves, known)
    assert found.counts == dict.fromkeys(TARGETS, 60) | {"coupling": 50, "omega_log": 50, "tc": 40}


def test_coverage_leaves_out_rows_of_one_member(finished_run: Finished) -> None:
    load, _ = finished_run
    found = made_up(load, 60, spread=0.2, error=0.2)
    lonely = replace(
        found,
        spreads=np.where(np.arange(60)[:, None] < 20, np.nan, found.spreads),
        spectra=tuple(s[:1] if k < 20 else s for k, s in enumerate(found.spectra)),
    )
    calibration = {name: {"scale": 1.0, "floor": 0.0} for name in TARGETS}
    rest = found.subset(np.arange(60) >= 20)
    assert coverages(load, lonely, calibration) == coverages(load, rest, calibration)


def test_coverage_is_measured_with_the_calibration_of_the_other_folds(
    finished_run: Finished,
) -> None:
    load, _ = finished_run
    found = made_up(load, 200, spread=0.1, error=0.1)
    folds = np.arange(200) % 2
    # In one fold the members are four times as wrong as they believe.
    errors = found.errors() * np.where(folds == 1, 4.0, 1.0)[:, None]
    found = replace(found, reference=found.predicted * np.exp(errors))
    narrow, wide = cross_fitted_coverages(replace(load, folds=folds), found)["coupling"]
    assert narrow == pytest.approx((1.00 + 0.20) / 2, abs=0.06)
    assert wide == pytest.approx((1.00 + 0.38) / 2, abs=0.06)


def test_errors_by_element(finished_run: Finished) -> None:
    load, _ = finished_run
    first = [k for k, row in enumerate(load.rows) if row.source == "bete_net"]
    reference = np.stack([load.rows[k].targets for k in first])
    is_nitride = np.array(["N" in load.rows[k].atoms.get_chemical_symbols() for k in first])
    predicted = reference.copy()
    predicted[is_nitride, 0] += 0.5
    predicted[is_nitride, 1] -= 1.0
    predicted[is_nitride, 3] += 2.0
    found = HeldOut(
        rows=np.array(first),
        reference=reference,
        predicted=predicted,
        spreads=np.ones_like(reference),
        spectra=(np.ones((2, 5)),) * len(first),
    )
    assert element_errors(load, found) == {
        "N": {"compounds": 12, "coupling": 0.5, "omega_log_kelvin": 11.6, "omega_2_kelvin": 23.2}
    }
    reference[is_nitride.nonzero()[0][:5], 3] = np.nan  # 7 of the 12 nitrides still know ω_2
    (nitrides,) = element_errors(load, found).values()
    assert nitrides == {"compounds": 12, "coupling": 0.5, "omega_log_kelvin": 11.6}
    every = element_errors(load, found, fewest=2)
    assert len(every) == 13
    assert every["Nb"] == {
        "compounds": 2,
        "coupling": 0.25,
        "omega_log_kelvin": 5.8,
        "omega_2_kelvin": 11.6,
    }
