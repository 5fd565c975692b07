"""An unstable crystal comes to rest where nothing is unstable."""

import numpy as np
import pytest
from ase.build import bulk

from betenet.phonons import ForceField, PhononSettings, harmonic_phonons
from betenet.phonons.follow import follow_unstable
from betenet.phonons.pressure import relaxed_structures
from betenet.phonons.relaxation import relax


def test_simple_cubic_copper_becomes_close_packed(emt: ForceField) -> None:
    (found,) = relaxed_structures(bulk("Cu", "sc", a=2.4), [0.0], emt, follow=4)
    (close,) = relaxed_structures(bulk("Cu"), [0.0], emt)
    assert found.atoms is not None
    assert "Pm-3m" not in found.space_group
    assert found.enthalpy == pytest.approx(close.enthalpy, abs=0.01)
    assert found.volumes[1] / len(found.atoms) == pytest.approx(close.volumes[1], rel=0.01)
    result, _ = harmonic_phonons(found.atoms, emt, PhononSettings(distance=8.0, relaxation="none"))
    assert result.is_stable
    assert any("followed" in one for one in found.warnings)


def test_a_stable_crystal_stays_where_it_is(emt: ForceField) -> None:
    rest = relax(
        bulk("Cu"), emt, PhononSettings(pressure_limit=np.inf, growth_limit=np.inf), pressure=20.0
    )
    found = follow_unstable(rest, emt, 20.0)
    assert found.stable
    assert found.rest is rest
