"""Selection among features: known formulas come back, dimensions are kept, 2019 is found again."""

import csv

import numpy as np
import pytest

from betenet.tc_equations.feature_selection import (
    MOST_OPERATIONS,
    Feature,
    bootstrap_frequencies,
    grow,
    select,
)


def primary(coupling, mu_star, omega):
    return [
        Feature("λ", coupling, 0.0, 0),
        Feature("μ", mu_star, 0.0, 0),
        Feature("ω", omega, 1.0, 0),
    ]


def random_materials(count=40, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.5, 2.5, count), rng.uniform(0.08, 0.15, count), rng.uniform(20, 200, count)


def test_features_keep_their_dimension():
    found = {one.text: one for one in grow(primary(*random_materials()))}
    assert found["ω^2"].dimension == 2.0
    assert found["sqrt(ω)"].dimension == 0.5
    assert found["(λ*ω)"].dimension == 1.0
    assert "exp(ω)" not in found  # an exponential of meV
    assert "(λ+ω)" not in found
    assert all(one.operations <= MOST_OPERATIONS for one in found.values())


def test_a_formula_of_three_rungs_comes_back_from_its_own_values():
    coupling, mu_star, omega = random_materials()
    tc = 0.25 * omega * coupling / (coupling**2 + np.exp(mu_star))
    best = select(grow(grow(primary(coupling, mu_star, omega))), tc, 3)[0]
    assert best.rmse < 1e-9
    assert best.factor == pytest.approx(0.25)


def test_resampling_agrees_on_an_exact_formula():
    coupling, mu_star, omega = random_materials()
    counts = bootstrap_frequencies(grow(primary(coupling, mu_star, omega)), omega * coupling**3, 5)
    assert counts.most_common(1)[0][1] == 5


@pytest.mark.data
def test_the_equation_of_2019_is_the_best_of_its_space(data_folder):
    """Tc = 0.09525 λ⁴ω_log/(λ³+√μ*): Xie et al., Phys. Rev. B 100, 174513 (2019)."""
    with (data_folder / "tc_equations" / "allen_dynes_29.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = {
        key: np.array([float(row[key]) for row in rows]) for key in rows[0] if key != "material"
    }
    features = grow(grow(primary(known["lambda"], known["mu_star"], known["omega_log_K"])))
    best = select(features, known["tc_K"], 1)[0]
    assert best.text == "((λ^3*(λ*ω))/(λ^3+sqrt(μ)))"
    assert best.factor == pytest.approx(0.09525, rel=5e-4)
