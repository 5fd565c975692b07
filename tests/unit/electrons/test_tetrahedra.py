import math
import sys

import numpy as np
import pytest
from tests.made_bands import free_electrons, mesh

from betenet.electrons.tetrahedra import (
    double_delta,
    fermi_energy,
    occupations,
    transitions,
)

CUBE = np.eye(3)


def test_as_many_states_are_filled_as_asked_for() -> None:
    energies = np.concatenate([free_electrons(8).energies[0] + 3.0 * n for n in range(3)], axis=-1)
    for filled in (0.2, 1.5, 2.7):
        level = fermi_energy(CUBE, energies, filled)
        shares = occupations(CUBE, energies - level)
        assert shares.mean(axis=(0, 1, 2)).sum() == pytest.approx(filled, abs=1e-5)


def test_transitions_over_a_wide_gap_need_no_tetrahedra() -> None:
    flat = np.ones((6, 6, 6, 1))
    # full at -1 eV, empty at 3 eV: 1/4 for each pair
    assert transitions(CUBE, np.repeat(-flat, 2, axis=-1), 3.0 * flat) == pytest.approx(0.5)
    # 0.4 eV apart, with tetrahedra
    assert transitions(CUBE, -0.2 * flat, 0.2 * flat) == pytest.approx(2.5, rel=1e-3)
    assert transitions(CUBE, flat, flat) == transitions(CUBE, -flat, -flat) == 0.0


def test_a_smooth_pair_has_the_same_with_and_without_tetrahedra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wave = np.cos(2.0 * np.pi * mesh(16, 16, 16)).sum(axis=-1)[..., None]
    here, there = 0.4 * wave + 0.1, 0.4 * wave + 2.9
    without = transitions(CUBE, here, there)
    monkeypatch.setattr("betenet.electrons.tetrahedra.SMOOTH", math.inf)
    assert transitions(CUBE, here, there) == pytest.approx(without, rel=2e-3)


def test_what_the_library_prints_does_not_reach_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    # equal energies at all corners: it prints that they nest
    wave = np.cos(2.0 * np.pi * mesh(8, 8, 1)[..., :2]).sum(axis=-1)[..., None]
    sys.stdout.write("before\n")
    assert math.isfinite(double_delta(CUBE, wave, -wave))
    assert math.isfinite(transitions(CUBE, wave, -wave))
    sys.stdout.write("after\n")
    assert capfd.readouterr().out == "before\nafter\n"
