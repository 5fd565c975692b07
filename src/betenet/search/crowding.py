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
_HYDROGEN_VOLUME = 2.8
_LARGEST_METAL = 45.0
_OF_ANIONS = {"N": 8.0, "O": 10.0, "F": 11.0, "S": 18.0, "Cl": 20.0, "Se": 21.0, "Br": 26.0}
"""Volumes in compounds [Å³], smaller than in the crystals of the elements, which are molecules."""
_STIFFNESS = 3.6e4
"""Bulk modulus times the square of the volume of an atom, about the same for all [GPa Å⁶]."""
_SMALLEST = 9.0
_SCALED = (0.7, 1.4)
"""Least and largest change of a volume in one step."""


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
    3.8
    """
    table = bonding().volume
    pressure = max(pressure, 0.0)
    total = 0.0
    for one, count in counts.items():
        if one == "H":
            total += count * _HYDROGEN_VOLUME * (1.0 + pressure / 60.0) ** -0.3
            continue
        volume = min(float(table[atomic_numbers[one]]), _LARGEST_METAL)
        if len(counts) > 1:
            volume = min(volume, _OF_ANIONS.get(one, volume))
        total += count * volume * (1.0 + 3.0 * pressure * volume**2 / _STIFFNESS) ** (-1 / 3)
    return float(total / sum(counts.values()))


def nearer_volume(atoms: Atoms, found: float, pressure: float) -> Atoms:
    """A crystal scaled to about the volume that it has at a pressure: one step of Newton's.

    Parameters
    ----------
    atoms
        Crystal.
    found
        Its pressure [GPa].
    pressure
        Pressure that it should have [GPa].

    Examples
    --------
    >>> from ase.build import bulk
    >>> scaled = nearer_volume(bulk("Al", a=4.0), 5.0, 0.0)
    >>> float(round(scaled.cell.volume / 16.0, 3))
    1.036
    """
    volume = max(float(atoms.cell.volume) / len(atoms), _SMALLEST)
    stiffness = _STIFFNESS / volume**2 + 2.0 * max(pressure, 0.0)
    factor = float(np.clip(1.0 + (found - pressure) / stiffness, *_SCALED))
    scaled = atoms.copy()
    scaled.set_cell(atoms.cell.array * factor ** (1 / 3), scale_atoms=True)
    return scaled


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
