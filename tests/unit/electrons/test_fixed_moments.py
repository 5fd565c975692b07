import math
from pathlib import Path

import pytest

from betenet.electrons.fixed_moments import (
    FixedMoment,
    curvature_of,
    fixed_key,
    fixed_moments,
    read_fixed,
)
from betenet.errors import DataError


def test_moments_are_small_ones_and_those_around_the_ground_state() -> None:
    assert fixed_moments(2.0, 0.05) == (0.1, 0.2, 1.9, 2.1)
    assert fixed_moments(0.01, 0.05) == (0.1, 0.2)


def test_nothing_is_told_of_states_that_are_missing() -> None:
    found = curvature_of([FixedMoment(moment=0.1, slope=0.02)], 0.0)
    assert math.isnan(found.at_zero)
    assert math.isnan(found.at_moment)


def test_the_slope_is_half_of_the_distance_of_the_levels(tmp_path: Path) -> None:
    assert read_fixed(tmp_path, 1.0, 0.2) is None
    home = tmp_path / fixed_key(1.0, 0.2)
    home.mkdir(parents=True)
    line = "     the spin up/dw Fermi energies are    17.2834   17.1632 ev\n"
    (home / "pw.out").write_text(line.replace("17.2", "18.2") + line)
    found = read_fixed(tmp_path, 1.0, 0.2)
    assert found is not None
    assert found.slope == pytest.approx(0.0601)
    (home / "pw.out").write_text("     the Fermi energy is    17.2834 ev\n")
    with pytest.raises(DataError, match="no Fermi levels of two spins"):
        read_fixed(tmp_path, 1.0, 0.2)
