"""Crystals relaxed to a pressure are under that pressure."""

from pathlib import Path

import numpy as np
import pytest
from ase import units
from ase.build import bulk
from tests.fixture_types import Patch

from betenet.phonons import AS_RELAXED, ForceField, compressed, phonons


def test_the_stress_is_the_pressure_and_the_space_group_stays(emt: ForceField) -> None:
    records = list(compressed(bulk("Cu"), [0.0, 30.0, 100.0], emt))
    for record, pressure in zip(records, (0.0, 30.0, 100.0), strict=True):
        assert record.name == f"Cu at {pressure:g} GPa"
        atoms = record.atoms.copy()
        atoms.calc = emt.calculator
        found = -np.trace(atoms.get_stress(voigt=False)) / 3.0 / units.GPa
        assert found == pytest.approx(pressure, abs=0.2)
        assert any(f"{pressure:g} GPa" in one for one in record.warnings)
    volumes = [record.atoms.get_volume() for record in records]
    assert volumes[0] > volumes[1] > volumes[2]


def test_its_phonons_are_stiffer_and_under_the_pressure(emt: ForceField) -> None:
    low, high = (
        phonons(record.atoms, emt, AS_RELAXED) for record in compressed(bulk("Cu"), [0, 50], emt)
    )
    assert high.dos.omega_log > 1.2 * low.dos.omega_log
    assert high.facts.pressure == pytest.approx(50.0, abs=0.2)
    assert not high.facts.flags


def test_what_cannot_be_read_is_an_error_and_the_others_are_done(
    emt: ForceField, tmp_path: Path
) -> None:
    (tmp_path / "empty.cif").write_text("")
    bad, good = compressed([tmp_path / "empty.cif", bulk("Cu")], [10.0], emt)
    assert "empty" in str(bad.error)
    assert good.error is None


def test_what_cannot_be_relaxed_is_named_once(emt: ForceField, monkeypatch: Patch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("it exploded")

    monkeypatch.setattr("betenet.phonons.pressure.relax", fail)
    (found,) = compressed(bulk("Cu"), [10.0, 20.0], emt)
    assert "Cu#0 at 10 GPa" in str(found.error) or "Cu at 10 GPa" in str(found.error)
    assert "it exploded" in str(found.error)
