"""A crystal with exactly its symmetry, its axes along those that crystallographers choose."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from betenet.structures.cell import cell_vectors
from betenet.structures.standardise import primitive_cell


def idealise(atoms: Atoms, *, symprec: float = 1e-3) -> Atoms:
    """Return the primitive cell with symmetry made exact, in the standard orientation.

    Parameters
    ----------
    atoms
        A crystal.
    symprec
        Distance within which symmetry is looked for [Å]; atoms and cell move by no more.

    Returns
    -------
    Atoms
        Cubic axes along x, y and z; the c-axis of hexagonal, trigonal and tetragonal crystals along
        z, a of the conventional cell along x. The primitive vectors have equal lengths where
        symmetry allows it.

    Raises
    ------
    StructureError
        If no symmetry can be found, not even the identity.

    Notes
    -----
    `standardise` neither turns nor symmetrises a crystal. Codes that look for symmetry among a
    fixed list of rotations, as pw.x does, find a fraction of it in a cubic crystal that lies askew:
    of the 48 operations of bcc with its first primitive vector along x they find 4.

    References
    ----------
    Togo, Shinohara and Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024) (spglib).

    Examples
    --------
    >>> from ase import Atoms
    >>> askew = Atoms("Nb", cell=[2.858, 2.858, 2.858, 109.47122, 109.47122, 109.47122], pbc=True)
    >>> np.abs(idealise(askew).cell.array).round(3).tolist()
    [[1.65, 1.65, 1.65], [1.65, 1.65, 1.65], [1.65, 1.65, 1.65]]
    """
    lattice = cell_vectors(atoms)
    places = np.linalg.solve(lattice.T, atoms.positions.T).T
    numbers = np.array(atoms.numbers, dtype=np.intc)
    cell, positions, numbers = primitive_cell(lattice, places, numbers, symprec, idealise=True)
    return Atoms(numbers=numbers, scaled_positions=positions, cell=cell, pbc=True)
