import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT

from betenet.phonons import ForceField, make_force_field
from betenet.search import Phase
from betenet.search.phases import symmetry_of


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def emt() -> ForceField:
    return make_force_field(EMT())


def made_phase(number: int, atoms: Atoms, enthalpy: float) -> Phase:
    """A phase of an enthalpy for each atom [eV]."""
    symbol, group = symmetry_of(atoms)
    return Phase(
        number=number,
        origin="test",
        atoms=atoms,
        enthalpy=enthalpy,
        converged=True,
        steps=0,
        space_group=symbol,
        space_group_number=group,
    )
