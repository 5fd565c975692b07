import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from betenet.phonons import ForceField, PhononSettings, make_force_field


@pytest.fixture
def emt() -> ForceField:
    return make_force_field(EMT())


@pytest.fixture
def cu3au() -> Atoms:
    """L1₂: three atoms of copper that symmetry makes equal."""
    atoms = bulk("Cu", "fcc", a=3.8, cubic=True)
    atoms.symbols[0] = "Au"
    return atoms


@pytest.fixture
def quick() -> PhononSettings:
    return PhononSettings(distance=6.0, q_length=40.0, relaxation="none")
