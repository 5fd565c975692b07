"""Shapes without a scale: shares of λ over ln(ω/ω_log), and back to spectra."""

import numpy as np
import pytest

from betenet.superconductivity.moments import moments
from betenet.tc_equations.made_spectra import GRID
from betenet.tc_equations.reduced_shapes import (
    PLACES,
    centred,
    curves_of,
    distances,
    drawn,
    second_moment,
    shapes_of,
    smoothed,
)


@pytest.fixture(scope="module")
def made():
    """Two peaks below 60 meV, of any share, that begin with ω²."""
    rng = np.random.default_rng(4)
    low, high = rng.uniform(12.0, 20.0, (30, 1)), rng.uniform(22.0, 50.0, (30, 1))
    share, width = rng.uniform(0.1, 0.9, (30, 1)), rng.uniform(0.1, 0.2, (30, 1))
    peaks = [np.exp(-0.5 * ((GRID / place - 1.0) / width) ** 2) for place in (low, high)]
    return (share * peaks[0] + (1.0 - share) * peaks[1]) * -np.expm1(-((GRID / 9.0) ** 2))


def test_a_shape_has_neither_coupling_nor_frequency(made):
    shapes = shapes_of(made)
    np.testing.assert_allclose(shapes.sum(axis=1), 1.0)
    np.testing.assert_allclose(shapes @ PLACES, 0.0, atol=1e-6)
    moved = np.roll(made, -40, axis=1)  # the same, at 61 % of its frequencies
    moved[:, -40:] = 0.0
    assert np.max(distances(shapes, shapes_of(3.0 * moved)).diagonal()) < 2e-3


def test_second_moment_is_that_of_the_spectrum(made):
    found = moments(GRID, made)
    exact = found["omega_2"] / found["omega_log"]
    np.testing.assert_allclose(second_moment(shapes_of(made)), exact, rtol=2e-3)


def test_distance_is_how_far_coupling_is_moved():
    shape = np.exp(-0.5 * (PLACES / 0.3) ** 2)[None]
    shape /= shape.sum()
    moved = np.roll(shape, 5, axis=1)
    assert distances(shape, moved)[0, 0] == pytest.approx(5 * (PLACES[1] - PLACES[0]), rel=1e-6)
    assert distances(shape, centred(moved))[0, 0] < 1e-9


def test_smoothing_keeps_what_is_summed(made):
    shapes = shapes_of(made)
    wide = smoothed(shapes, 0.2)
    np.testing.assert_allclose(wide.sum(axis=1), 1.0)
    np.testing.assert_allclose(wide @ PLACES, shapes @ PLACES, atol=1e-6)
    before, after = (second_moment(one) for one in (shapes, wide))
    np.testing.assert_allclose(after / before, np.exp(0.2**2), rtol=0.01)  # of a Gaussian in ln ω


def test_a_shape_comes_back_from_its_spectrum(made):
    shapes = smoothed(shapes_of(made))
    back = shapes_of(drawn(shapes, "").shapes)
    assert np.max(distances(shapes, back).diagonal()) < 5e-3


def test_curves_begin_with_the_square_of_the_frequency():
    shape = np.ones((1, PLACES.size)) / PLACES.size
    places = PLACES[0] - np.array([2.0, 1.0, 0.0])
    curve = curves_of(shape, places)[0]
    np.testing.assert_allclose(np.diff(np.log(curve)), 2.0)
