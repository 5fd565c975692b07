"""Single points: their inputs, and what is read of them."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from tests.espresso_runs import FIXTURES

from betenet.espresso.pw_output import read_pw_output
from betenet.espresso.settings import Settings
from betenet.espresso.single_point import KEY, SinglePoint, single_point_protocol
from betenet.espresso.workflow import Workflow


def test_forces_and_stress_are_those_that_were_printed() -> None:
    found = read_pw_output(FIXTURES / "silicon" / "relax.out")
    assert found.forces is not None
    assert np.linalg.norm(found.forces, axis=1).max() == pytest.approx(found.max_force)
    assert found.forces.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-4)
    metal = read_pw_output(FIXTURES / "aluminium" / "dense" / "pw.out")
    assert metal.stress is not None
    # compressed crystals have a positive pressure and a negative stress
    assert -np.trace(metal.stress) / 3.0 * 160.21766 == pytest.approx(metal.pressure, abs=2e-3)


def test_a_single_point_relaxes_nothing_and_writes_no_waves(aluminium: Workflow) -> None:
    protocol = single_point_protocol(None, {"cutoff": 30.0, "density_cutoff": 120.0})
    settings = Settings(protocol=protocol, pseudopotentials=aluminium.settings.pseudopotentials)
    point = SinglePoint(atoms=bulk("Al"), settings=settings, grid=(4, 4, 4))
    (step,) = point.steps(Path())
    text = step.input_text()
    assert step.key == KEY
    for words in ("'scf'", "'PBE'", "'none'", "4 4 4 0 0 0"):
        assert words in text
    assert step.results == ()
    finer = SinglePoint(atoms=bulk("Al"), settings=settings, grid=(5, 5, 5))
    assert point.told() != finer.told()
