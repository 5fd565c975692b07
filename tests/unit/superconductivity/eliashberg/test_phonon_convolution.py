import numpy as np
import pytest
from scipy.integrate import quad

from betenet.superconductivity.eliashberg import phonon_convolution
from betenet.superconductivity.eliashberg.phonon_convolution import (
    joining_matrices,
    phonon_curve,
    thermal_curve,
)
from betenet.superconductivity.moments import coupling_constant

NODES = np.array([0.0, 0.5, 1.3, 2.0, 3.0])
CURVE = np.array([0.0, 0.4, 1.2, 0.1, 0.7])  # not zero where it ends
POINTS = np.array([0.3, 1.1, 2.7])
COLUMNS = 6.2 * np.sinh(np.linspace(-1.0, 1.0, 161)) / np.sinh(1.0)


@pytest.mark.parametrize("function", [np.ones_like, np.square, lambda x: 1.0 / (x**2 + 1.0)])
def test_integral_over_phonons(function):
    emitted, absorbed = joining_matrices(NODES, CURVE, POINTS, COLUMNS)
    for matrix, sign in ((emitted, -1.0), (absorbed, 1.0)):
        expected = [
            quad(
                lambda nu, x=x, sign=sign: np.interp(nu, NODES, CURVE) * function(x + sign * nu),
                *(0.0, 3.0),
                points=NODES[1:-1],
            )[0]
            for x in POINTS
        ]
        np.testing.assert_allclose(matrix @ function(COLUMNS), expected, rtol=1e-5)


def test_error_is_of_fourth_order():
    def error(number):
        columns = np.linspace(-6.2, 6.2, number)
        emitted, _ = joining_matrices(NODES, CURVE, POINTS, columns)
        fine, _ = joining_matrices(NODES, CURVE, POINTS, np.linspace(-6.2, 6.2, 3001))
        wave = np.abs(emitted @ np.cos(2.0 * columns))
        return np.abs(wave - np.abs(fine @ np.cos(2.0 * np.linspace(-6.2, 6.2, 3001)))).max()

    assert error(161) < error(81) / 12.0


def test_narrow_cells_do_not_cancel(monkeypatch):
    # cells of 1e-9 of the phonons' range: a second difference has no digit left
    columns = 1.0 + 7.0 * np.sinh(np.linspace(-20.0, 20.0, 401)) / np.sinh(20.0)
    width = 1e-7
    peak = 1.0 / (1.0 + ((columns - 1.0) / width) ** 2)
    expected = np.pi * width * np.interp(1.7, NODES, CURVE)
    emitted, _ = joining_matrices(NODES, CURVE, POINTS, columns)
    assert (emitted @ peak)[2] == pytest.approx(expected, rel=1e-4)
    monkeypatch.setattr(phonon_convolution, "_NARROW", 0.0)
    emitted, _ = joining_matrices(NODES, CURVE, POINTS, columns)
    assert (emitted @ peak)[2] != pytest.approx(expected, rel=1e-4)


# ------------------------------------------------------------------------------------------- α²F

GRIDS = {"dense": np.linspace(0.5, 30.0, 60), "begins with a gap": np.arange(0.25, 31.0, 2.0)}


@pytest.mark.parametrize("rule", ["onset", "trapezoid", "published"])
@pytest.mark.parametrize("name", GRIDS)
def test_coupling_of_the_curve_is_that_of_the_moments(name, rule):
    grid = GRIDS[name]
    a2f = 0.5 * np.exp(-(((grid - 14.0) / 6.0) ** 2)) + 0.02 * (grid < 20.0)
    nodes, curve = phonon_curve(grid, a2f, rule, 0.3)
    assert nodes[0] == curve[0] == 0.0
    slope = np.diff(curve) / np.diff(nodes)
    at_zero = (curve[:-1] - slope * nodes[:-1])[1:]  # of all lines but the first, which begins at 0
    total = 2.0 * np.sum(np.diff(curve)) + 2.0 * at_zero @ np.log(nodes[2:] / nodes[1:-1])
    assert total == pytest.approx(float(coupling_constant(grid, a2f, rule)), rel=2e-3)


def test_curve_ends_with_the_weight():
    grid = GRIDS["dense"]
    nodes, curve = phonon_curve(grid, np.where(grid < 10.0, 0.3, 0.0), "onset", 0.3)
    assert nodes[-1] == grid[grid < 10.0][-1] + 0.5
    assert curve[-1] == 0.0


def test_thermal_phonons():
    nodes, curve = phonon_curve(GRIDS["dense"], np.full(60, 0.4), "onset", 0.3)
    thermal = thermal_curve(nodes, curve, 0.3)
    assert thermal[0] == 0.0
    np.testing.assert_allclose(thermal[1:] * np.expm1(nodes[1:] / 0.3), curve[1:], rtol=1e-12)
    # 1 K beside 30 meV: not one, and no overflow
    assert thermal_curve(nodes, curve, 1e-3)[-1] < 1e-200
