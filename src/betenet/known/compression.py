"""How far a crystal is compressed, and how close its hydrogen atoms come: from its cell alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from betenet.known.elements import bonding
from betenet.structures.neighbours import NEAR, neighbours


@dataclass(frozen=True, slots=True)
class Compression:
    """Compression of a crystal.

    Attributes
    ----------
    volume_ratio
        Volume of the cell over that of the elements at ambient pressure [1].
    hydrogen_share
        Share of hydrogen atoms [1].
    hydrogen_distance
        Shortest distance of two hydrogen atoms [Å]; infinite where none lie within 5 Å.
    """

    volume_ratio: float
    hydrogen_share: float
    hydrogen_distance: float


def compression(atoms: Atoms) -> Compression:
    """Compression of a crystal, from its cell.

    Parameters
    ----------
    atoms
        Cell that is periodic in three directions.

    Returns
    -------
    Compression
        Compounds that are not compressed have a ratio of about 0.6 to 1.1: the less, the more of
        their volume the elements have as molecules.

    Notes
    -----
    The volumes of the elements are the molar volumes of `elements.csv`: of hydrogen that of the
    solid molecules, 19 Å³ for an atom. An element without one counts 33 Å³.

    Examples
    --------
    Copper at rest, and with half its volume:

    >>> from ase.build import bulk
    >>> round(compression(bulk("Cu", a=3.615)).volume_ratio, 2)
    1.0
    >>> round(compression(bulk("Cu", a=3.615 * 0.5 ** (1 / 3))).volume_ratio, 2)
    0.5
    """
    numbers = atoms.numbers
    ambient = float(bonding().volume[numbers].sum())
    hydrogen = numbers == 1
    shortest = math.inf
    if hydrogen.any():
        first, second, _, lengths = neighbours(atoms, NEAR)
        both = hydrogen[first] & hydrogen[second]
        shortest = float(np.min(lengths[both], initial=math.inf))
    return Compression(
        volume_ratio=float(atoms.get_volume()) / ambient,
        hydrogen_share=float(hydrogen.mean()),
        hydrogen_distance=shortest,
    )
