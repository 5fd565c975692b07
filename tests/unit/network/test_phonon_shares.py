"""Densities of states on a network's grid: no state is lost, and frequencies stay."""

import numpy as np
import pytest

from betenet.network.phonon_shares import SMOOTHING, phonon_shares
from betenet.phonon_dos import PhononDos

GRID = np.geomspace(0.6, 420.0, 200)


def debye(top: float) -> tuple[np.ndarray, np.ndarray]:
    omega = np.linspace(-5.0, 60.0, 1301)
    return omega, np.where((omega > 0) & (omega < top), 9 * omega**2 / top**3, 0.0)


def test_mean_frequencies_are_those_of_debye():
    omega, soft = debye(20.0)
    hard = debye(50.0)[1]
    shares = phonon_shares(GRID, PhononDos(omega, soft + hard, np.stack([soft, hard])))
    assert shares.sum(1) == pytest.approx(1.0)
    assert shares @ GRID == pytest.approx([15.0, 37.5], rel=5e-3)
    variance = shares @ GRID**2
    assert variance == pytest.approx(
        np.array([0.6 * 20.0**2, 0.6 * 50.0**2]) + SMOOTHING**2, rel=2e-2
    )


def test_a_total_counts_as_one_atom():
    omega, total = debye(30.0)
    whole = phonon_shares(GRID, PhononDos(omega, total))
    assert whole == pytest.approx(phonon_shares(GRID, PhononDos(omega, total, total[None])))


def test_imaginary_states_do_not_count_and_an_atom_without_real_ones_is_empty():
    omega = np.linspace(-30.0, 30.0, 601)
    below = np.exp(-0.5 * ((omega + 15.0) / 2.0) ** 2)
    above = np.exp(-0.5 * ((omega - 15.0) / 2.0) ** 2)
    shares = phonon_shares(
        GRID, PhononDos(omega, below + above, np.stack([np.where(omega < 0, below, 0.0), above]))
    )
    assert shares[0].sum() == 0.0
    assert shares[1].sum() == pytest.approx(1.0)


def test_the_grid_of_a_file_does_not_matter():
    fine, coarse = np.linspace(0.0, 60.0, 6001), np.linspace(0.0, 60.0, 241)
    curves = [
        phonon_shares(GRID, PhononDos(w, np.exp(-0.5 * ((w - 30.0) / 4.0) ** 2)))
        for w in (fine, coarse)
    ]
    assert curves[0] == pytest.approx(curves[1], abs=2e-3)
