"""How near atoms may come, and how large cells are at first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii

from betenet.known.elements import bonding
from betenet.structures.neighbours import neighbours

CLOSE = 0.55
"""Share of the sum of covalent radii below which a start is thrown away."""
RELAXED_CLOSE = 0.45
"""Share below which a relaxed crystal has collapsed: force fields have holes at such distances."""
HYDROGEN = 0.7
"""Least distance of two hydrogen atoms in a start [Å]; the molecule has 0.74."""
_HYDROGEN_VOLUME = 3.2
_LARGEST_METAL = 45.0


def compressed_volume(counts: Mapping[str, int], pressure: float) -> float:
    """Rough volume of a crystal for each atom at a pressure [Å³]: only a start.

    Parameters
    ----------
    counts
        Atoms of each element.
    pressure
        Pressure [GPa].

    Examples
    --------
    >>> round(compressed_volume({"Ca": 1, "H": 6}, 150.0), 1)
    5.1
    """
    table = bonding().volume
    pressure = max(pressure, 0.0)
    light = _HYDROGEN_VOLUME * (1.0 + pressure / 60.0) ** -0.3
    heavy = (1.0 + pressure / 12.0) ** -0.25
    total = sum(
        count * (light if one == "H" else heavy * min(table[atomic_numbers[one]], _LARGEST_METAL))
        for one, count in counts.items()
    )
    return float(total / sum(counts.values()))


def is_crowded(atoms: Atoms, share: float = CLOSE) -> bool:
    """Whether atoms, or an atom and its image, are nearer than they are in any crystal.

    Parameters
    ----------
    atoms
        Crystal.
    share
        Share of the sum of covalent radii that is too near.

    Examples
    --------
    >>> from ase.build import bulk
    >>> is_crowded(bulk("Nb")), is_crowded(bulk("Nb", a=1.5))
    (False, True)
    """
    radii = covalent_radii[atoms.numbers]
    reach = 2.0 * share * float(radii.max())
    if atoms.cell.volume < 1e-3 or min(atoms.cell.lengths()) < 0.5:
        return True
    first, second, _, distances = neighbours(atoms, max(reach, HYDROGEN))
    least = share * (radii[first] + radii[second])
    hydrogen = (atoms.numbers[first] == 1) & (atoms.numbers[second] == 1)
    least[hydrogen] = HYDROGEN * share / CLOSE
    return bool(np.any(distances < least))
