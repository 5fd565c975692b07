from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from tests.common_insulators import Insulator, common_insulators

from betenet.known.insulators import LIKELY, POSSIBLE, composition_logit, metal_logit
from betenet.known.magnetic import magnetic_findings

JUDGED = common_insulators()
NAMED = ("AlN", "BN zincblende", "SiC zincblende", "LiF", "GaAs", "ZnS", "PbTe", "C diamond")


def test_there_are_enough_insulators_to_judge_by() -> None:
    assert len(JUDGED) >= 60


def test_few_insulators_are_missed() -> None:
    """Magnetic ones that are named as such count."""
    missed = [
        one.name
        for one in JUDGED
        if metal_logit(one.atoms) >= POSSIBLE and not magnetic_findings(one.atoms)
    ]
    assert len(missed) <= 0.05 * len(JUDGED), missed


def test_most_insulators_are_likely_ones() -> None:
    likely = [metal_logit(one.atoms) < LIKELY for one in JUDGED if not one.magnetic]
    assert np.mean(likely) > 0.75


@pytest.mark.parametrize("one", [one for one in JUDGED if one.name in NAMED], ids=lambda o: o.name)
def test_common_insulators_are_named(one: Insulator) -> None:
    assert metal_logit(one.atoms) < POSSIBLE


@pytest.mark.parametrize(
    "atoms",
    [
        *(
            bulk(symbol)
            for symbol in ("Nb", "V", "Ta", "Pb", "Al", "Sn", "In", "Zr", "La", "Mg", "Na")
        ),
        bulk("NbN", "rocksalt", a=4.39),
        bulk("TiN", "rocksalt", a=4.24),
        bulk("NbC", "rocksalt", a=4.47),
        bulk("PdH", "rocksalt", a=4.09),
        bulk("CdTe", "rocksalt", a=5.9),
        bulk("GaAs", "rocksalt", a=5.0),
    ],
    ids=lambda atoms: atoms.get_chemical_formula(),
)
def test_metals_are_not_likely_insulators(atoms: Atoms) -> None:
    assert metal_logit(atoms) >= LIKELY


def test_structure_decides_where_the_composition_does_not() -> None:
    """GaAs is a semiconductor in its own structure, and a metal in that of rock salt."""
    four, six = bulk("GaAs", "zincblende", a=5.653), bulk("GaAs", "rocksalt", a=5.0)
    assert composition_logit(four) == composition_logit(six)
    assert metal_logit(four) < metal_logit(six)
