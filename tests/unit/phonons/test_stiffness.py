from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.data import chemical_symbols

from betenet.phonon_dos import PhononDos
from betenet.phonons import PhononSettings, make_force_field
from betenet.phonons.compute import phonons
from betenet.phonons.force_constants import force_constants
from betenet.phonons.stiffness import (
    IMPLAUSIBLE,
    judge_stiffness,
    site_stiffness,
    usual_stiffness,
)

QUICK = PhononSettings(distance=6.0, q_length=40.0, relaxation="none")


def modes(*centres: float) -> PhononDos:
    omega = np.arange(0.0, 120.0, 0.25)
    sites = np.array([3.0 * np.exp(-((omega - centre) ** 2)) for centre in centres])
    return PhononDos(omega, sites.sum(0), sites)


def test_stiffness_is_the_trace_of_the_sites_own_force_constants() -> None:
    """By phonopy's force constants; exact for any masses, up to the width of the bins."""
    pytest.importorskip("phonopy")
    alloy = bulk("Cu", "fcc", a=3.75, cubic=True)
    alloy.symbols[0] = "Au"
    field = make_force_field(EMT())
    phonopy: Any = force_constants(alloy, field, QUICK).phonopy
    result = phonons(alloy, field, QUICK)
    first = phonopy.primitive.p2s_map
    rows = phonopy.force_constants
    within = first if rows.shape[0] == rows.shape[1] else range(len(first))
    traces = [np.trace(rows[i, s]) / 3.0 for i, s in zip(within, first, strict=True)]
    symbols = phonopy.primitive.symbols
    expected = dict(zip(symbols, traces, strict=True))
    found = site_stiffness(result.dos, result.atoms.get_masses())
    for symbol, value in zip(result.atoms.get_chemical_symbols(), found, strict=True):
        assert value == pytest.approx(expected[symbol], rel=0.02)


def test_usual_metals_are_not_doubted() -> None:
    """Root mean squares of measured phonons: Landolt-Börnstein III/13a, by neutrons."""
    for symbol, omega_2 in (("Al", 25.0), ("Pb", 6.4), ("Nb", 17.5), ("Cu", 20.7)):
        verdict = judge_stiffness(modes(omega_2), bulk(symbol))
        assert list(verdict.doubts()) == [], symbol


def test_phonons_of_a_lighter_metal_are_implausible() -> None:
    verdict = judge_stiffness(modes(25.0), bulk("Pb"))
    assert verdict.is_implausible
    assert verdict.ratio > IMPLAUSIBLE
    (doubt,) = verdict.doubts()
    assert "25.0 meV" in doubt
    assert f"{verdict.usual_omega_2:.1f} meV" in doubt


@pytest.mark.parametrize(
    ("factor", "units"), [(4.1357, "THz and meV"), (1.0 / 8.0655, "cm-1 and meV")]
)
def test_a_wrong_unit_is_named(factor: float, units: str) -> None:
    verdict = judge_stiffness(modes(20.7 * factor), bulk("Cu"))
    (doubt,) = verdict.doubts()
    assert units in doubt


def test_sites_in_another_order_do_not_fit_the_masses() -> None:
    carbide = bulk("NbC", "rocksalt", a=4.47)
    right, wrong = modes(20.0, 65.0), modes(65.0, 20.0)
    assert not judge_stiffness(right, carbide).is_in_wrong_order
    assert judge_stiffness(wrong, carbide).is_in_wrong_order
    assert not judge_stiffness(wrong, carbide, order_known=True).is_in_wrong_order
    # the verdict does not depend on which cell and order of atoms they are told in
    turned = judge_stiffness(right, carbide[[1, 0]])
    assert turned.order_excess == pytest.approx(
        judge_stiffness(wrong, carbide).order_excess, rel=1e-9
    )


def test_an_unknown_element_is_not_judged() -> None:
    unknown = next(s for s in chemical_symbols[1:87] if s not in usual_stiffness())
    verdict = judge_stiffness(modes(25.0), Atoms(unknown, cell=[4, 4, 4], pbc=True))
    assert math.isnan(verdict.ratio)
    assert not verdict.is_implausible
    assert list(verdict.doubts()) == []
