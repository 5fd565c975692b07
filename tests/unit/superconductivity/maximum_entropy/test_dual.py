import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from betenet.superconductivity.maximum_entropy.dual import Outcome, tilt_prior

X = np.linspace(0.01, 1.0, 60)


def monomials(averages):
    """Deviations of x, x², … from the averages, as shares of them."""
    return np.stack([X ** (n + 1) / value - 1.0 for n, value in enumerate(averages)], axis=1)


def test_exponential_is_nearest_to_a_flat_prior():
    # closed form: of all distributions on whole numbers with mean m, p_n ∝ (m/(1+m))^n
    n = np.arange(400.0)
    found = tilt_prior(np.zeros(400), n[:, None] / 2.5 - 1.0)
    ratio = 2.5 / 3.5
    assert found.outcome is Outcome.SOLVED
    assert found.probabilities[:50] == pytest.approx((1.0 - ratio) * ratio ** n[:50], rel=1e-9)


def test_a_prior_that_has_the_averages_is_left_as_it_is():
    p = X / X.sum()
    found = tilt_prior(np.log(X), monomials([p @ X, p @ X**2]))
    assert found.probabilities == pytest.approx(p)
    assert found.relative_entropy == pytest.approx(0.0, abs=1e-12)
    assert found.steps == 0


@pytest.mark.parametrize("averages", [[0.5], [0.5, 0.3], [0.4, 0.2, 0.13]])
def test_scipy_finds_no_distribution_with_less_entropy(averages):
    # the primal problem, minimised over p itself
    q = X**2 / np.sum(X**2)
    deviations = monomials(averages)
    found = tilt_prior(np.log(q), deviations)
    oracle = minimize(
        lambda p: p @ np.log(p / q),
        np.full(X.size, 1.0 / X.size),
        jac=lambda p: np.log(p / q) + 1.0,
        method="SLSQP",
        bounds=[(1e-12, 1.0)] * X.size,
        constraints=[
            {"type": "eq", "fun": lambda p: p.sum() - 1.0, "jac": np.ones_like},
            {"type": "eq", "fun": lambda p: p @ deviations, "jac": lambda _: deviations.T},
        ],
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert oracle.success
    assert np.abs(found.probabilities @ deviations).max() < 1e-10
    assert found.relative_entropy == pytest.approx(oracle.fun, abs=1e-6)
    assert found.relative_entropy == pytest.approx(
        found.probabilities @ np.log(found.probabilities / q), abs=1e-9
    )
    assert found.probabilities == pytest.approx(oracle.x, abs=1e-4)


def test_solves_where_a_linear_programme_says_that_there_is_a_solution():
    rng = np.random.default_rng(0)
    outcomes = []
    for _ in range(60):
        mean = rng.uniform(0.1, 0.8)
        averages = [mean, mean**2 * rng.uniform(0.95, 1.6), mean**3 * rng.uniform(0.9, 3.0)]
        deviations = monomials(averages)
        # the largest lower bound that all p can keep: positive inside the set of averages
        programme = linprog(
            np.append(np.zeros(X.size), -1.0),
            A_ub=np.hstack([-np.eye(X.size), np.ones((X.size, 1))]),
            b_ub=np.zeros(X.size),
            A_eq=np.vstack(
                [np.append(np.ones(X.size), 0.0), np.pad(deviations, ((0, 1), (0, 0))).T]
            ),
            b_eq=np.array([1.0, 0.0, 0.0, 0.0]),
            bounds=[(0.0, None)] * (X.size + 1),
        )
        found = tilt_prior(np.zeros(X.size), deviations)
        if programme.status == 2:  # no p at all
            assert found.outcome is not Outcome.SOLVED
        elif -programme.fun > 1e-6:
            assert found.outcome is Outcome.SOLVED
        outcomes.append(found.outcome)
    assert min(outcomes.count(Outcome.SOLVED), outcomes.count(Outcome.IMPOSSIBLE)) > 5


@pytest.mark.parametrize("averages", [[1.2], [0.5, 0.2], [0.5, 0.51]])
def test_says_that_there_is_none(averages):
    assert tilt_prior(np.zeros(X.size), monomials(averages)).outcome is Outcome.IMPOSSIBLE


def test_fewer_samples_than_averages_are_not_an_accident():
    assert tilt_prior(np.zeros(2), np.eye(2, 3) - 0.3).outcome is not Outcome.SOLVED


def test_a_prior_with_hardly_any_weight_where_it_is_needed():
    found = tilt_prior(-600.0 * X, monomials([0.7]))
    assert found.outcome is Outcome.SOLVED
    assert found.probabilities @ X == pytest.approx(0.7)
