"""The candidates of the BETE-NET paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.known.candidate_rules import PAPER


def chain(formula: str) -> Atoms:
    """Metal atoms in a row, as a primitive cell."""
    atoms = Atoms(formula, pbc=True)
    atoms.set_cell([3.0, 3.0, 2.6 * len(atoms)])
    atoms.positions[:, 2] = 2.6 * np.arange(len(atoms))
    return atoms


@pytest.mark.parametrize(
    ("atoms", "known", "reason"),
    [
        (bulk("Nb"), {}, ""),
        (bulk("Nb"), {"hull_distance": 0.05, "band_gap": 0.0}, ""),
        (bulk("Nb"), {"hull_distance": 0.051}, "energy above the hull is 0.051 eV per atom"),
        (bulk("Nb"), {"band_gap": 0.1}, "band gap is 0.1 eV"),
        (chain("NbTiVZr"), {}, ""),
        (chain("NbTiVZrHf"), {}, "has 5 elements, more than 4"),
        (chain("Nb4Ti4"), {}, ""),
        (chain("Nb4Ti5"), {}, "has 9 atoms in the primitive cell, more than 8"),
        (bulk("NaCl", "rocksalt", a=5.64), {}, "likely an insulator"),
        (bulk("NaCl", "rocksalt", a=4.0), {"pressure": 300.0}, ""),
    ],
)
def test_metals_of_few_atoms_near_the_hull(
    atoms: Atoms, known: dict[str, Any], reason: str
) -> None:
    found = PAPER.refuse(atoms, **known)
    assert reason in found
    assert bool(found) == bool(reason)
