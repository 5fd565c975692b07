"""A density of states by site, carried from one cell of a crystal to another cell of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from betenet.errors import StructureError
from betenet.phonon_dos import PhononDos
from betenet.structures import standardise
from betenet.structures.check import describe_site

MATRIX_ENTRIES = (-1, 0, 1)
"""Largest entry of the matrix between two reduced bases of one lattice."""

LATTICE_TOLERANCE = 0.06
"""Relative difference of lengths, and of angles in radian, up to which two lattices can be of one
crystal: also at another level of theory, relaxed or not."""

SPGLIB_ROUNDING = 0.05
"""How far an atom of a cell may lie from its image in the averaged primitive cell [Å]."""


def match_sites(
    dos: PhononDos, dos_structure: Atoms, structure: Atoms, *, tolerance: float = 0.3
) -> PhononDos:
    """Density of states for the atoms of a structure from that of another cell of its crystal.

    Parameters
    ----------
    dos
        Density of states with a site for each atom of ``dos_structure``.
    dos_structure
        Cell that the density of states was computed for.
    structure
        The crystal in any cell: primitive, conventional, a supercell; turned, reflected, shifted,
        its atoms in another order, or slightly relaxed.
    tolerance
        How far an atom may be from its place in the other cell [Å].

    Returns
    -------
    PhononDos
        With a site for each atom of ``structure``; ∫ grows with the number of atoms.

    Raises
    ------
    StructureError
        If there is no density of states by site, the two are not one crystal, or sites have no
        partner; the error names them.

    Notes
    -----
    Both are brought to their reduced primitive cells. Of all ways to lay one on the other, the one
    with the smallest largest distance between partners is taken; the symmetry of the crystal makes
    some of them equal, and the density of states with them.

    Examples
    --------
    >>> from ase.build import bulk
    >>> primitive = bulk("NaCl", "rocksalt", a=5.64)
    >>> dos = PhononDos(np.array([0.0, 1.0]), np.full(2, 6.0), np.full((2, 2), 3.0), ("Na", "Cl"))
    >>> match_sites(dos, primitive, bulk("NaCl", "rocksalt", a=5.64, cubic=True)).n_states
    24.0
    """
    if dos.sites is None or len(dos.sites) != len(dos_structure):
        raise StructureError(
            f"The density of states has {0 if dos.sites is None else len(dos.sites)} sites, its "
            f"structure {len(dos_structure)}.",
            "Each atom needs its own share.",
            "Give the structure that the density of states was computed for.",
        )
    source, target = standardise(dos_structure), standardise(structure)
    _check_composition(source, target)
    partners = _partners(source, target, tolerance)
    sites = primitive_shares(dos.sites, dos_structure, source)
    chosen = sites[partners[_primitive_site(structure, target)]]
    symbols = tuple(structure.get_chemical_symbols())
    return PhononDos(dos.frequencies, chosen.sum(axis=0), chosen, symbols)


def primitive_shares(
    sites: Float[np.ndarray, "atom n_freq"], atoms: Atoms, primitive: Atoms
) -> Float[np.ndarray, "site n_freq"]:
    """Shares of the atoms of a primitive cell: means over the atoms that repeat each of them.

    Parameters
    ----------
    sites
        Share of each atom of a cell [states/meV].
    atoms
        The cell.
    primitive
        Its primitive cell, as `standardise` makes it.

    Raises
    ------
    StructureError
        If an atom has no place in the primitive cell.
    """
    places = _primitive_site(atoms, primitive)
    return np.array([sites[places == site].mean(axis=0) for site in range(len(primitive))])


def _check_composition(source: Atoms, target: Atoms) -> None:
    if sorted(source.numbers) != sorted(target.numbers):
        raise StructureError(
            f"The density of states is that of {source.symbols}, not of {target.symbols}.",
            "Their primitive cells do not hold the same atoms.",
            "Give the density of states of this crystal.",
        )


def _primitive_site(atoms: Atoms, primitive: Atoms) -> Int[np.ndarray, " atom"]:
    """Atom of the primitive cell, which keeps orientation and origin, that each atom repeats."""
    apart = _distances(atoms.positions, primitive.positions, primitive.cell.array)
    apart[atoms.numbers[:, None] != primitive.numbers] = np.inf
    nearest = apart.min(axis=1)
    if nearest.max() > SPGLIB_ROUNDING:
        worst = int(nearest.argmax())
        raise StructureError(
            f"{describe_site(atoms, worst)} has no place in its primitive cell.".capitalize(),
            f"The nearest one is {nearest[worst]:.3f} Å away.",
            "Check the positions of the structure.",
        )
    return apart.argmin(axis=1)


class _Match(NamedTuple):
    """One way to lay the cells on each other; the smaller, the better."""

    n_far: int
    farthest: float
    distance: Float[np.ndarray, " site"]
    partner: Int[np.ndarray, " site"]


def _partners(source: Atoms, target: Atoms, tolerance: float) -> Int[np.ndarray, " site"]:
    """Site of the source that each site of the target is."""
    bases = _same_lattice(source.cell.array, target.cell.array)
    numbers, counts = np.unique(target.numbers, return_counts=True)
    best: _Match | None = None
    # the rarest element leaves the fewest shifts to try; the others only tell whose fault it is
    for anchor in numbers[np.argsort(counts, kind="stable")]:
        for match in _matches(source, target, bases, int(anchor), tolerance):
            if best is None or match[:2] < best[:2]:
                best = match
        if best is not None and best.n_far == 0:
            return best.partner
    raise _mismatch(target, best, tolerance, n_bases=len(bases))


def _matches(
    source: Atoms,
    target: Atoms,
    bases: Float[np.ndarray, "basis 3 3"],
    anchor: int,
    tolerance: float,
) -> Iterator[_Match]:
    """Ways that lay an atom of the anchor's element exactly on the first such atom."""
    fixed = target.get_scaled_positions()[target.numbers == anchor][0]
    for basis in bases:
        places = source.get_scaled_positions() @ np.linalg.inv(basis)
        for origin in places[source.numbers == anchor]:
            moved = (places - origin + fixed) @ target.cell.array
            apart = _distances(target.positions, moved, target.cell.array)
            apart[target.numbers[:, None] != source.numbers] = np.inf
            distance, partner = apart.min(axis=1), apart.argmin(axis=1)
            if len(np.unique(partner)) == len(partner):
                n_far = int((distance > tolerance).sum())
                yield _Match(n_far, float(distance.max()), distance, partner)


def _same_lattice(
    source: Float[np.ndarray, "3 3"], target: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "basis 3 3"]:
    """Every U for which the vectors U · source have the lengths and angles of the target's."""
    matrices = np.array(list(product(MATRIX_ENTRIES, repeat=9)), dtype=float).reshape(-1, 3, 3)
    matrices = matrices[np.abs(np.abs(np.linalg.det(matrices)) - 1.0) < 0.5]
    vectors = matrices @ source
    lengths = np.linalg.norm(vectors, axis=2)
    wanted = np.linalg.norm(target, axis=1)
    directions, goal = vectors / lengths[:, :, None], target / wanted[:, None]
    cosines = directions @ directions.transpose(0, 2, 1)
    same = (np.abs(lengths / wanted - 1.0).max(axis=1) < LATTICE_TOLERANCE) & (
        np.abs(cosines - goal @ goal.T).max(axis=(1, 2)) < LATTICE_TOLERANCE
    )
    return matrices[same]


def _distances(
    first: Float[np.ndarray, "first 3"],
    second: Float[np.ndarray, "second 3"],
    lattice: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "first second"]:
    """Between each two points, modulo a reduced lattice [Å]."""
    apart = (first[:, None] - second) @ np.linalg.inv(lattice)
    # in a skewed cell the nearest image need not be the one inside it
    near = np.array(list(product((-1, 0, 1), repeat=3)))
    apart = (apart - np.round(apart))[:, :, None] + near
    return np.linalg.norm(apart @ lattice, axis=3).min(axis=2)


def _mismatch(
    target: Atoms,
    best: _Match | None,
    tolerance: float,
    *,
    n_bases: int,
) -> StructureError:
    fix = "Give the density of states of this crystal, or a larger tolerance."
    if not n_bases:
        return StructureError(
            f"The lattice of the density of states is not that of {target.symbols}.",
            f"Lengths or angles differ by more than {LATTICE_TOLERANCE:.0%}.",
            fix,
        )
    if best is None:
        return StructureError(
            f"The sites of {target.symbols} cannot be told apart in the density of states.",
            "Two of them come closest to the same one, however the cells are laid over each other.",
            fix,
        )
    far = [describe_site(target, int(site)) for site in np.flatnonzero(best.distance > tolerance)]
    return StructureError(
        f"Sites of {target.symbols} without a partner: {'; '.join(far)}.",
        f"In the best match the farthest is {best.farthest:.3f} Å away, beyond {tolerance:g} Å.",
        fix,
    )
