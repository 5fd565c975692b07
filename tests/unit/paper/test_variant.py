"""Predictions of a model: quantities of its mean spectrum, and the Tc that follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.tiny_model import write_tiny_model

from betenet.ensemble import Ensemble
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.published_weights import learn_coverage
from betenet.network.config import NetworkConfig
from betenet.network.model import initialise
from betenet.paper.data import PaperData
from betenet.paper.variant import mean_model, network_variant, with_tc
from betenet.superconductivity.critical_temperature import allen_dynes
from betenet.superconductivity.moments import coupling_constant
from betenet.units import MEV_TO_KELVIN


def test_tc_is_that_of_the_full_formula_and_zero_without_coupling() -> None:
    predicted = {
        "coupling": np.array([1.0, -0.2, 0.8, np.nan, 0.5]),
        "omega_log": np.array([200.0, 200.0, -5.0, 100.0, np.nan]),
        "omega_2": np.array([260.0, 260.0, 90.0, 120.0, 100.0]),
    }
    expected = allen_dynes(1.0, 200.0 / MEV_TO_KELVIN, 260.0 / MEV_TO_KELVIN, 0.1)
    tc = with_tc(predicted, 0.1)["tc"]
    assert tc[0] == pytest.approx(float(expected))
    assert tc[[1, 2, 4]].tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(tc[3])


def test_the_mean_model_knows_the_training_rows_alone(data: PaperData) -> None:
    found = mean_model(data).predicted["coupling"]
    assert found.shape == (data.test.sum(),)
    assert found == pytest.approx(data.reference["coupling"][data.train].mean())
    assert not (data.train & data.test).any()


def test_a_network_predicts_by_the_mean_of_its_members(data: PaperData, tmp_path: Path) -> None:
    model = Ensemble.load(write_tiny_model(tmp_path / "tiny"))
    found = network_variant("tiny", model, data.testing(), mu_star=0.1)
    entry = data.testing().entries[0]
    (prediction,) = model.predict(entry.row.atoms)
    assert prediction.spectrum is not None
    mean = prediction.spectrum.a2f.mean(0)
    assert found.a2f is not None
    assert found.a2f[0] == pytest.approx(mean, rel=1e-5)
    expected = float(coupling_constant(model.frequencies, mean))
    assert found.predicted["coupling"][0] == pytest.approx(expected, rel=1e-5)
    assert "cannot be known" in found.notes[0]


def test_a_network_of_sites_is_given_the_phonons_of_each_row(
    data: PaperData, tmp_path: Path
) -> None:
    small = {"width": 2, "embedding": 4, "radial_hidden": 5, "radial_size": 4}
    config = replace(NetworkConfig.paper(), **small, site_inputs=51)
    tested = data.testing()
    covered = learn_coverage([entry.row.atoms for entry in tested.entries]).to_tensors()
    parameters = initialise(config, [0])
    found: dict[str, np.ndarray] = {}
    for grid in ("coarse", "fine"):
        card = {"name": grid, "description": "Untrained.", "members": 1}
        card |= {"network": config.to_dict(), "phonon_dos": {"grid": grid}}
        write_checkpoint(tmp_path / grid, card, parameters, covered)
        variant = network_variant(grid, Ensemble.load(tmp_path / grid), tested, mu_star=0.1)
        assert variant.a2f is not None
        assert not any("lack the phonon" in note for note in variant.notes)
        found[grid] = variant.a2f
    model = Ensemble.load(tmp_path / "coarse")
    without = [model.predict(entry.row.atoms)[0].spectrum for entry in tested.entries]
    bare = np.stack([one.a2f[0] for one in without if one is not None])
    assert np.isfinite(found["coarse"]).all()
    assert np.abs(found["coarse"] - bare).max() > 0.1 * bare.max()
    # the coarse one is 0.9 times the fine one in the made-up rows
    assert np.abs(found["coarse"] - found["fine"]).max() > 1e-3 * found["fine"].max()
