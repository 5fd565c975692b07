"""Relaxed cells: the enthalpy is E + PV, and the file holds the cell that was found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import units
from ase.build import bulk
from ase.io import read

from betenet.phonons import ForceField, relaxed_structures
from betenet.phonons.relaxed_structure import CSV_COLUMNS, SUFFIXES


def test_enthalpy_rises_by_the_volume_with_pressure(emt: ForceField) -> None:
    low, middle, high = relaxed_structures(bulk("Cu"), [19.0, 20.0, 21.0], emt)
    slope = (high.enthalpy - low.enthalpy) / (2.0 * units.GPa)  # dH/dP = V
    assert slope == pytest.approx(middle.volumes[1], rel=1e-3)
    assert middle.converged
    assert low.pressure_before == pytest.approx(-np.trace(_stress(emt)) / 3 / units.GPa)


def _stress(emt: ForceField) -> np.ndarray:
    atoms = bulk("Cu")
    atoms.calc = emt.calculator
    return atoms.get_stress(voigt=False)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_what_is_written_is_the_relaxed_cell(emt: ForceField, tmp_path: Path, kind: str) -> None:
    (found,) = relaxed_structures(bulk("CuAu", "cesiumchloride", a=3.0), [30.0], emt)
    path = tmp_path / f"cell{SUFFIXES[kind]}"
    found.write(path)
    atoms = read(path)
    assert atoms.get_volume() == pytest.approx(found.volumes[1], rel=1e-9)
    assert found.space_group == "Pm-3m (221)"
    assert set(found.csv_row("x.cif")) == set(CSV_COLUMNS)


def test_beyond_what_is_known_of_the_force_field_is_said(emt: ForceField) -> None:
    zero, high = relaxed_structures(bulk("Cu"), [0.0, 40.0], emt)
    assert not zero.warnings
    assert "not known" in high.warnings[-1]


def test_the_change_of_the_volume_is_that_of_an_atom(emt: ForceField) -> None:
    (found,) = relaxed_structures(bulk("Cu"), [0.0], emt)
    doubled = replace(found, atoms=found.atoms.repeat((2, 1, 1)))
    assert doubled.volume_change == pytest.approx(found.volume_change)
    assert doubled.to_dict()["volume_change"] == pytest.approx(found.volume_change)
