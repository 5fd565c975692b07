"""The linear model against another code, and the phonon DOS of Debye."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from betenet.errors import DataError
from betenet.paper.base_model import LinearModel, base_features, phonon_moments
from betenet.paper.data import PaperData
from betenet.paper.variant import base_model


def test_it_is_ordinary_least_squares() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3)) * (0.1, 1.0, 10.0) + (1.0, 0.0, 50.0)
    y = rng.normal(size=(50, 2))
    other = rng.normal(size=(7, 3))
    oracle = LinearRegression().fit(x, y)
    assert LinearModel.fit(x, y).predict(other) == pytest.approx(oracle.predict(other))


def test_the_unit_of_a_feature_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(20, 1))
    unit = np.array([1e-6, 1e6])
    assert LinearModel.fit(unit * x, y).predict(unit * x) == pytest.approx(
        LinearModel.fit(x, y).predict(x)
    )


def test_few_rows_are_an_error() -> None:
    with pytest.raises(DataError, match="too few"):
        LinearModel.fit(np.ones((3, 3)), np.ones((3, 1)))


def test_moments_of_a_debye_density_of_states() -> None:
    omega = np.linspace(0.0, 30.0, 3001)
    found = phonon_moments(omega, omega**2)
    assert found is not None
    # weighted with g/ω: ω_log = ω_D exp(-1/2), ω_2 = ω_D/√2
    assert found["omega_log"] == pytest.approx(30.0 * np.exp(-0.5), rel=1e-3)
    assert found["omega_2"] == pytest.approx(30.0 / np.sqrt(2.0), rel=1e-3)


def test_a_crystal_that_is_not_stable_has_none() -> None:
    omega = np.linspace(-30.0, 30.0, 601)
    assert phonon_moments(omega, np.ones(601)) is None
    assert phonon_moments(omega, np.zeros(601)) is None


def test_features_are_those_of_the_database(data: PaperData) -> None:
    names = dict(zip(data.formulas, data.ids, strict=True))
    row = data.raw[names["NTi"]]
    assert row.electronic_dos is not None
    # a constant density of states of two atoms
    assert base_features(row)[0] == pytest.approx(row.electronic_dos[1][0] / 2)
    assert np.isfinite(data.features).all()


def test_what_is_linear_is_found_exactly(data: PaperData) -> None:
    features = data.features
    data.__dict__["reference"] = {  # cached
        **data.reference,
        "coupling": 0.2 + 300.0 * features[:, 0],
    }
    try:
        found = base_model(data)
        assert found.linear is not None
        assert found.linear.coefficients[:, 0] == pytest.approx([300.0, 0.0, 0.0], abs=1e-9)
        assert found.predicted["coupling"] == pytest.approx(data.reference["coupling"][data.test])
    finally:
        del data.__dict__["reference"]
