import math

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT

from betenet.ensemble.estimate import Estimate
from betenet.ensemble.prediction import Prediction
from betenet.errors import DataError
from betenet.phonons import ForceField, make_force_field
from betenet.search import HullEntry, Phase
from betenet.search.phases import symmetry_of
from betenet.search.superconductors import STABLE, Superconductor


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


def made_superconductor(
    number: int, atoms: Atoms, *, above: float, tc: float, stability: str = STABLE
) -> Superconductor:
    """A phase at an enthalpy above the hull [eV] with a Tc [K]; nan for a failed prediction."""
    values = {"coupling": 1.0, "omega_log": 20.0, "tc": tc}
    failed = DataError("It failed.") if math.isnan(tc) else None
    prediction = Prediction(
        name=f"phase_{number}",
        model="none",
        mu_star=0.1,
        tc_method="allen_dynes",
        rule="trapezoid",
        formula=str(atoms.symbols),
        estimates={}
        if failed
        else {
            key: Estimate(
                key=key,
                value=one,
                std=0.1 * one,
                interval_68=(0.9 * one, 1.1 * one),
                interval_95=(0.8 * one, 1.2 * one),
            )
            for key, one in values.items()
        },
        error=failed,
    )
    entry = HullEntry(made_phase(number, atoms, above), above, 0.0, {})
    return Superconductor(entry=entry, prediction=prediction, stability=stability, lowest=0.0)
