import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from tests.fixture_types import Patch

from betenet.errors import ConfigError
from betenet.phonons import WEIGHTS, make_force_field
from betenet.phonons.extra import load
from betenet.phonons.force_field import identity_of


def test_calculator_is_known_by_its_class_and_parameters() -> None:
    assert identity_of(EMT()) == identity_of(EMT())
    assert identity_of(LennardJones(epsilon=1.0)) != identity_of(LennardJones(epsilon=2.0))
    assert identity_of(EMT()) != identity_of(LennardJones())
    assert make_force_field(EMT()).name == "EMT"


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="7net-l3i5"):
        make_force_field("chgnet")


def test_missing_package_tells_what_to_install(monkeypatch: Patch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install .*\[phonons\]"):
        make_force_field("7net-l3i5")
    with pytest.raises(ConfigError, match="package no_such_package"):
        load("no_such_package.module")


def test_missing_weights_are_an_error_and_nothing_is_downloaded(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr("betenet.phonons.force_field.package_folder", lambda _: tmp_path)
    with pytest.raises(ConfigError, match="nothing is downloaded"):
        make_force_field("7net-l3i5")


def test_importing_the_room_imports_no_torch() -> None:
    program = "import betenet.phonons, sys; print('torch' in sys.modules, 'phonopy' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", WEIGHTS)
def test_sevennet_offline_gives_forces_that_are_gradients(name: str, monkeypatch: Patch) -> None:
    pytest.importorskip("sevenn")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    field = make_force_field(name)
    assert {13, 41, 79} <= field.known_elements
    assert field.cutoff == 5.0
    atoms = bulk("AlNi", "cesiumchloride", a=2.9)
    atoms.rattle(0.1, seed=3)
    atoms.calc = field.calculator
    forces = atoms.get_forces()
    assert np.abs(forces).max() > 0.3
    energies = []
    for step in (0.02, -0.02):
        moved = atoms.copy()
        moved.positions[1] += [step, 0.0, 0.0]
        moved.calc = field.calculator
        energies.append(moved.get_potential_energy())
    assert (energies[1] - energies[0]) / 0.04 == pytest.approx(forces[1, 0], rel=0.02, abs=0.01)
