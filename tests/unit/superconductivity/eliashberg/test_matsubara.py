import numpy as np
import pytest
from scipy.special import digamma, polygamma

from betenet.superconductivity.eliashberg.matsubara import (
    ORDER,
    SHORT,
    SINGLE,
    matsubara_nodes,
    n_nodes,
    partial_weights,
)

WHOLE = [1, 2, 7, 15, 16, 17, 31, 32, 100, 1023, 1024, 10_000, 1_000_000]
# A block ends at up to four times its beginning, where the Gauss error of 1/n is 3^-16 of it.
RATIONAL = 2e-8
BETWEEN = [16.5, 31.9, 100.3, 1000.5, 123_456.7]


def total(function, number):
    x, w = matsubara_nodes(np.array([float(number)]))
    return float(np.sum(w * function(x)))


def assert_sums(function, number, rel):
    assert total(function, number) == pytest.approx(np.sum(function(np.arange(number))), rel=rel)


@pytest.mark.parametrize("number", WHOLE)
def test_polynomials_are_summed_exactly(number):
    for degree in range(2 * ORDER):
        # the highest degree that Gauss's quadrature with ORDER nodes has in each block
        assert_sums(lambda n, degree=degree: (n / number) ** degree, number, rel=1e-11)


@pytest.mark.parametrize("number", BETWEEN)
@pytest.mark.parametrize(
    ("function", "closed"),
    [
        (np.ones_like, lambda n: n),
        (lambda n: n, lambda n: n * (n - 1) / 2),
        (lambda n: n**2, lambda n: (n - 1) * n * (2 * n - 1) / 6),
        (lambda n: n**3, lambda n: (n * (n - 1) / 2) ** 2),
        (lambda n: 1 / (2 * n + 1), lambda n: (digamma(n + 0.5) - digamma(0.5)) / 2),
        (lambda n: 1 / (2 * n + 1) ** 2, lambda n: (polygamma(1, 0.5) - polygamma(1, n + 0.5)) / 4),
    ],
    ids=["1", "n", "n^2", "n^3", "1/(2n+1)", "1/(2n+1)^2"],
)
def test_a_number_that_is_not_whole_continues_the_sum_analytically(number, function, closed):
    assert total(function, number) == pytest.approx(closed(number), rel=RATIONAL)


@pytest.mark.parametrize("number", WHOLE)
@pytest.mark.parametrize("power", [1, 2])
def test_inverse_frequencies(number, power):
    assert_sums(lambda n: (2 * n + 1.0) ** -power, number, rel=RATIONAL)


@pytest.mark.parametrize("width", [0.01, 0.3, 1.0, 3.0, 10.0, 300.0, 1e5])
@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_lorentzians_of_any_width(width, shift):
    # what λ(n) and λ(n + m + 1) are made of; 1e-6 is what the eigenvalue is meant to have
    for number in WHOLE:
        assert_sums(lambda n: width**2 / (width**2 + (n + shift) ** 2), number, rel=1e-6)


@pytest.mark.parametrize("number", [SHORT, 2 * SHORT, 4 * SHORT, 1024, 2**17])
def test_the_sum_is_continuous_where_a_block_is_added(number):
    def function(n):
        return 1.0 / (2 * n + 1.0) / (1.0 + (n / 5.0) ** 2)

    below, above = total(function, number * (1 - 1e-9)), total(function, number * (1 + 1e-9))
    assert below == pytest.approx(above, rel=1e-7)


@pytest.mark.parametrize("number", [0.2, 1.0, 3.4, 15.75])
def test_few_frequencies_are_taken_one_by_one(number):
    x, w = matsubara_nodes(np.array([number]))
    np.testing.assert_array_equal(x[0], np.arange(np.ceil(number)))
    assert np.all(w[0, :-1] == 1.0)
    assert w.sum() == pytest.approx(number, rel=1e-14)


@pytest.mark.parametrize("number", [16.0, 16.1, 31.99, 32.0, 777.7, 1e6])
def test_nodes_lie_within_the_sum_and_weights_are_positive(number):
    x, w = matsubara_nodes(np.array([number]))
    assert x.shape == w.shape == (1, int(n_nodes(np.array([number]))[0]))
    assert np.all(np.diff(x[0]) > 0.0)
    assert x[0, 0] == 0.0
    assert x[0, -1] <= number - 1.0 + 1e-9 * number
    assert np.all(w > 0.0)
    np.testing.assert_array_equal(x[0, :SINGLE], np.arange(SINGLE))


def test_the_number_of_terms_grows_with_the_logarithm():
    doubled = SHORT * 2.0 ** np.arange(20)
    assert np.all(np.diff(n_nodes(doubled)) == ORDER)
    assert n_nodes(np.array([1e6]))[0] < 150


@pytest.mark.parametrize(
    "numbers", [[100.0, 64.0, 127.9], [3.2, 3.9, 4.0], [15.6, 30.0], [30.0, 15.6]]
)
def test_a_batch_is_its_rows(numbers):
    # 15.6 and 30 need 16 terms both, but not the same: they may be refused, never mixed up
    try:
        x, w = matsubara_nodes(np.array(numbers))
    except ValueError:
        assert min(numbers) < SHORT <= max(numbers)
        return
    for row, number in enumerate(numbers):
        single_x, single_w = matsubara_nodes(np.array([number]))
        np.testing.assert_allclose(x[row], single_x[0], rtol=1e-13)
        np.testing.assert_allclose(w[row], single_w[0], rtol=1e-13)


def test_numbers_that_need_different_terms_are_refused():
    with pytest.raises(ValueError, match="different numbers of terms"):
        matsubara_nodes(np.array([20.0, 2000.0]))


def test_weights_of_a_shorter_sum_at_the_nodes_of_a_longer_one():
    ends = np.array([3.0, 30.0, 100.0, 777.0, 5000.0])
    n = np.full(ends.size, 1000.0)
    x, w = matsubara_nodes(n)
    shorter = partial_weights(x, w, n, ends)
    for row, end in enumerate(np.minimum(ends, 1000.0).astype(int)):
        index = np.arange(end)
        for function in (lambda i: 1.0 / (i + 3.0), lambda i: np.exp(-i / 300.0)):
            expected = function(index).sum()
            assert shorter[row] @ function(x[row]) == pytest.approx(expected, rel=1e-6)
