"""Whether a structure is an ordered crystal that the network can be asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import product
from math import gcd
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols, covalent_radii
from jaxtyping import Float

from betenet.errors import StructureError
from betenet.structures.cell import cell_vectors, reduce_cell

MAX_ATOMS = 200
"""Number of atoms that a primitive cell may have, unless the caller allows more: memory grows with
them."""

MOST_GIVEN = 10_000
"""Number of atoms of a cell, primitive or not, whose symmetry is searched: the time grows with
their square, and is minutes here."""

MAX_ATOMIC_NUMBER = 103
"""Atomic number of lawrencium: no crystal of a heavier element has been made."""

MIN_VOLUME_PER_ATOM = 0.1
"""Volume that an atom needs at least [Å³]. Metallic hydrogen near 1 TPa still has 0.8 Å³ per
atom."""
MAX_VOLUME_PER_ATOM = 1e5
"""Å³. Caesium has 115; a small molecule in a large empty box has 10 000."""

FLAT_CELL = 1e-6
"""Volume over the product of the edges below which the three edges lie in a plane."""
LONGEST_GIVEN = 1e5
"""Length of a lattice vector as it is given [Å]."""
LONGEST_PERIOD = 3e3
"""Length of the reduced lattice vectors [Å]. The longest known polytypes of SiC repeat after 1500
Å."""
REACH = 10.0
"""Distance [Å] within which neighbours are looked for, by whatever comes later."""
MOST_IMAGES = 200_000
"""Images of a cell within `REACH` across its planes, more than the shortest vectors make: a search
takes a second then. A cubic cell of 3 Å has 729."""
FARTHEST = 1e6
"""Cells between an atom and the origin: beyond, few digits are left for its place in the cell."""

FULL_OCCUPANCY_TOLERANCE = 1e-3

COLLISION_FRACTION = 0.4
"""Share of the sum of covalent radii below which two atoms collide. Caesium at 200 GPa still keeps
half of it."""

COLLISION_FLOOR = 0.5
"""Distance between atoms at least [Å]. The bond of H₂ is 0.74 Å; nothing in a crystal is
shorter."""

SMALL = 24
"""Most atoms of a cell whose distances are all looked at."""

_NEXT_IMAGES = np.array(
    sorted(product((-1.0, 0.0, 1.0), repeat=3), key=lambda image: image != (0, 0, 0))
)


def check_structure(atoms: Atoms, *, max_atoms: int | None = MAX_ATOMS) -> None:
    """Raise unless the structure is an ordered crystal of sensible geometry and size.

    Parameters
    ----------
    atoms
        The structure as it was read, or after :func:`betenet.structures.standardise`.
    max_atoms
        Most atoms in the primitive cell; ``None`` for no limit. A cell may hold several primitive
        ones, at most as many as the greatest common divisor of its element counts; it is refused
        here only if even then they are too large. ``standardise`` applies the limit exactly.

    Raises
    ------
    StructureError
        Naming the site or the limit, for: no atoms; a position or cell that is not a number; not
        periodic in all three directions; a cell as of `check_lattice`; an atom a million cells
        away; a dummy element or one beyond Z = 103;
        partial or mixed occupancy; atoms that collide; too many atoms.

    Notes
    -----
    Two atoms collide when they, or their periodic images, are closer than the sum of their
    spheres, whose radius is 0.4 covalent radii and at least 0.25 Å. So H-H is allowed down to
    0.5 Å: hydrides under pressure pass.

    Examples
    --------
    >>> from ase.build import bulk
    >>> check_structure(bulk("Nb"))
    """
    _check_given(atoms, max_atoms)
    _check_numbers(atoms)
    reduced = _check_cell(atoms)
    _check_places(atoms)
    _check_elements(atoms)
    _check_occupancy(atoms)
    check_size(fewest_atoms(atoms), max_atoms, at_least=True)
    _check_collisions(atoms, reduced)


def fewest_atoms(atoms: Atoms) -> int:
    """Fewest atoms that the primitive cell can have: those of one formula unit of this cell."""
    return len(atoms) // gcd(*Counter(atoms.numbers.tolist()).values())


def check_size(n_atoms: int, max_atoms: int | None, *, at_least: bool = False) -> None:
    """Raise if a primitive cell of ``n_atoms`` atoms is larger than the limit."""
    if max_atoms is None or n_atoms <= max_atoms:
        return
    raise StructureError(
        f"The primitive cell has {'at least ' if at_least else ''}{n_atoms} atoms; "
        f"the limit is {max_atoms}.",
        reason="The memory that a prediction takes grows with the number of atoms.",
        fix="Give the primitive cell of a smaller crystal. In Python, prepare_structures takes "
        "another limit, max_atoms.",
    )


def describe_site(atoms: Atoms, index: int) -> str:
    """Name a site for an error: its number from 0, element and fractional position."""
    place = cast("Any", np.linalg.solve(cell_vectors(atoms).T, atoms.positions[index])).tolist()
    inside = ", ".join(f"{x:.4f}" for x in place)
    return f"site {index} ({symbol_of(atoms, index)} at {inside})"


def _check_given(atoms: Atoms, max_atoms: int | None) -> None:
    """Refuse a cell in which nobody would wait for the search of the primitive one."""
    if max_atoms is not None and len(atoms) > max(MOST_GIVEN, max_atoms):
        raise StructureError(
            f"The structure has {len(atoms):,} atoms; the limit is {MOST_GIVEN:,}.",
            reason="The search for its primitive cell takes too long.",
            fix="Give the primitive cell, or a smaller supercell.",
        )


def symbol_of(atoms: Atoms, index: int) -> str:
    """Symbol of a site; of one that is no element its number."""
    number = int(atoms.numbers[index])
    return chemical_symbols[number] if 0 <= number < len(chemical_symbols) else f"Z = {number}"


def _check_numbers(atoms: Atoms) -> None:
    if len(atoms) == 0:
        raise StructureError(
            "The structure has no atoms.",
            reason="There is nothing to predict.",
            fix="Check that the file holds a structure.",
        )
    finite = np.isfinite(atoms.positions).all(axis=1)
    if not finite.all():
        site = int(np.argmin(finite))
        raise StructureError(
            f"The position of site {site} ({symbol_of(atoms, site)}) is not a number.",
            reason=f"It reads {atoms.positions[site].tolist()}.",
            fix="Correct the coordinates of this site.",
        )
    if not np.isfinite(cell_vectors(atoms)).all():
        raise StructureError(
            "The cell holds a value that is not a number.",
            reason=f"It reads {cell_vectors(atoms).tolist()}.",
            fix="Correct the lattice of the structure.",
        )


def check_lattice(lattice: Float[np.ndarray, "3 3"], n_atoms: int) -> Float[np.ndarray, "3 3"]:
    """Raise unless a cell has a size and a shape in which neighbours can be looked for.

    Parameters
    ----------
    lattice
        Lattice vectors as rows [Å], all of them numbers.
    n_atoms
        Atoms in the cell.

    Returns
    -------
    Float[ndarray, "3 3"]
        Shortest vectors of the lattice, as of `reduce_cell` [Å].

    Raises
    ------
    StructureError
        If a vector is far too long, all three lie in a plane, the volume per atom is far too small
        or too large, the cell repeats within less than the shortest bond or only after thousands
        of Å, or it is so skewed that its neighbours are millions.

    Notes
    -----
    The time of every search for neighbours grows with the number of images within its reach, so
    that this is asked before any of them.
    """
    if np.abs(lattice).max() > LONGEST_GIVEN:
        raise _wrong_lattice(
            f"A lattice vector is {np.abs(lattice).max():.3g} Å long; "
            f"the limit is {LONGEST_GIVEN:,.0f} Å.",
            "No crystal has a period of that length.",
        )
    volume = abs(float(np.linalg.det(lattice)))
    edges = float(np.sqrt((lattice**2).sum(axis=1)).prod())
    per_atom = volume / n_atoms
    if per_atom < MIN_VOLUME_PER_ATOM and volume <= FLAT_CELL * edges:
        raise _wrong_lattice(
            "The cell has no volume: its lattice vectors lie in one plane.",
            f"They read {lattice.tolist()} Å, which gives {volume:.3g} Å³.",
        )
    if not MIN_VOLUME_PER_ATOM <= per_atom <= MAX_VOLUME_PER_ATOM:
        size = "small" if per_atom < MIN_VOLUME_PER_ATOM else "large"
        raise _wrong_lattice(
            f"The cell is far too {size} for what it holds: {volume:.3g} Å³ for "
            f"{n_atoms:,} atom{'s' if n_atoms > 1 else ''}.",
            f"Between {MIN_VOLUME_PER_ATOM:g} and {MAX_VOLUME_PER_ATOM:,.0f} Å³ for each atom are "
            "possible.",
            "Look for wrong units of the cell, or atoms that are listed many times.",
        )
    reduced = reduce_cell(lattice)
    _check_shape(lattice, reduced)
    return reduced


def _check_shape(lattice: Float[np.ndarray, "3 3"], reduced: Float[np.ndarray, "3 3"]) -> None:
    """Refuse needles, cells that overlap themselves, and cells that are skewed without end."""
    periods = np.sqrt((reduced**2).sum(axis=1))
    words = ", ".join(f"{period:.4g}" for period in periods)
    if periods.min() < COLLISION_FLOOR:
        raise _wrong_lattice(
            f"Atoms collide: the cell repeats every {periods.min():.3g} Å, and with it each atom.",
            f"Its shortest lattice vectors are {words} Å long; no bond is shorter than "
            f"{COLLISION_FLOOR} Å.",
        )
    if periods.max() > LONGEST_PERIOD:
        raise _wrong_lattice(
            f"The cell is {periods.max():,.4g} Å long; the limit is {LONGEST_PERIOD:,.0f} Å.",
            f"Its shortest lattice vectors are {words} Å long.",
        )
    heights = _heights(lattice)
    if _images(heights) > MOST_IMAGES + _images(_heights(reduced)):
        vectors = "; ".join(" ".join(f"{x:.6f}" for x in row) for row in reduced.tolist())
        raise _wrong_lattice(
            "The cell is too skewed: its opposite faces are "
            f"{', '.join(f'{height:.2g}' for height in heights)} Å apart.",
            "The search for neighbours would look at millions of its images.",
            f"Write the crystal in the shortest vectors of this lattice: {vectors} (Å).",
        )


def _heights(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3"]:
    """Distances between opposite faces of a cell [Å]."""
    return 1.0 / np.sqrt((np.linalg.inv(lattice) ** 2).sum(axis=0))


def _images(heights: Float[np.ndarray, "3"]) -> float:
    return float(np.prod(2.0 * np.ceil(REACH / heights) + 1.0))


def _wrong_lattice(
    summary: str, reason: str, fix: str = "Correct the lattice vectors; lengths are in Å."
) -> StructureError:
    return StructureError(summary, reason=reason, fix=fix)


def _check_places(atoms: Atoms) -> None:
    """Refuse atoms so far away that their places in the cell are lost to rounding."""
    places = np.abs(np.linalg.solve(cell_vectors(atoms).T, atoms.positions.T).T).max(axis=1)
    site = int(np.argmax(places))
    if places[site] > FARTHEST:
        raise StructureError(
            f"Site {site} ({symbol_of(atoms, site)}) is {places[site]:.3g} cells away from "
            "the origin.",
            reason=f"Its position reads {atoms.positions[site].tolist()} Å.",
            fix="Correct the coordinates of this site: fractional ones lie between 0 and 1.",
        )


def _check_cell(atoms: Atoms) -> Float[np.ndarray, "3 3"]:
    if not all(atoms.pbc):
        pbc = ", ".join("yes" if periodic else "no" for periodic in atoms.pbc)
        raise StructureError(
            f"The structure is not periodic in all three directions (a, b, c: {pbc}).",
            reason="Superconductivity is predicted for bulk crystals, not for molecules, wires "
            "or slabs.",
            fix="Give a cell with three lattice vectors, and pbc = True if the crystal is a bulk.",
        )
    return check_lattice(cell_vectors(atoms), len(atoms))


def _check_elements(atoms: Atoms) -> None:
    bad = np.flatnonzero((atoms.numbers < 1) | (atoms.numbers > MAX_ATOMIC_NUMBER))
    if bad.size:
        raise StructureError(
            f"S{describe_site(atoms, int(bad[0]))[1:]} is not a usable element "
            f"(atomic number {atoms.numbers[bad[0]]}).",
            reason="Dummy atoms, vacancies and elements beyond Z = 103 have no place in a crystal.",
            fix="Replace it by a real element, or remove the site.",
        )


def _check_occupancy(atoms: Atoms) -> None:
    kinds = atoms.arrays.get("spacegroup_kinds", np.arange(len(atoms)))
    occupancy = cast("Any", atoms).info.get("occupancy", {})
    for kind, site in cast("Mapping[str, Mapping[str, object]]", occupancy).items():
        if not _is_ordered(site):
            found = np.flatnonzero(kinds == int(kind))
            where = describe_site(atoms, int(found[0])) if found.size else f"site {kind}"
            shares = " + ".join(f"{element} {share}" for element, share in site.items())
            raise disorder_error(where, shares)
    for key in ("occupancy", "occupancies"):
        shares = atoms.arrays.get(key)
        if shares is not None:
            for index in np.flatnonzero(abs(shares - 1.0) > FULL_OCCUPANCY_TOLERANCE):
                site = int(index)
                raise disorder_error(
                    describe_site(atoms, site), f"{atoms.symbols[site]} {shares[site]}"
                )


def _is_ordered(site: Mapping[str, object]) -> bool:
    """Whether one element fills the site; CIF's ``.`` and ``?`` stand for an occupancy of 1."""
    if len(site) != 1:
        return False
    (share,) = site.values()
    return isinstance(share, str) or abs(float(str(share)) - 1.0) <= FULL_OCCUPANCY_TOLERANCE


def disorder_error(where: str, shares: str) -> StructureError:
    """Return the error for a site that is not filled by exactly one element."""
    return StructureError(
        f"Partial or mixed occupancy of {where}: {shares}.",
        reason="The network knows ordered crystals only; taking the majority species would be "
        "another material.",
        fix="Give an ordered approximant (a supercell with whole atoms) or set the occupancy to 1.",
    )


def _are_apart(
    lattice: Float[np.ndarray, "3 3"],
    positions: Float[np.ndarray, "site 3"],
    radii: Float[np.ndarray, " site"],
) -> bool:
    """Whether all distances are surely larger than the sums of radii; False if in doubt.

    What a general search for neighbours would say, for a small cell twenty times as fast: no image
    but the next ones in each direction can be near, unless the planes of the lattice are.
    """
    inverse = np.linalg.inv(lattice)
    if _heights(lattice).min() <= 2.0 * radii.max() / 1.4:
        return False
    places = positions @ inverse
    apart = places[:, None] - places
    apart -= np.round(apart)
    vectors = (apart[None] + _NEXT_IMAGES[:, None, None]) @ lattice
    squares = (vectors**2).sum(axis=-1)
    squares[0][np.diag_indices(len(radii))] = np.inf  # an atom and itself
    return bool((squares > 1.000001 * (radii[:, None] + radii) ** 2).all())


def _check_collisions(atoms: Atoms, reduced: Float[np.ndarray, "3 3"]) -> None:
    from ase import neighborlist

    radii = np.maximum(
        COLLISION_FLOOR / 2, COLLISION_FRACTION * np.asarray(covalent_radii)[atoms.numbers]
    )
    if len(atoms) <= SMALL and _are_apart(reduced, atoms.positions, radii):
        return
    first, second, distance = cast("Any", neighborlist).primitive_neighbor_list(
        "ijd", atoms.pbc, reduced, atoms.positions, radii
    )
    if len(distance) == 0:
        return
    closest = int(np.argmin(distance))
    i, j = int(first[closest]), int(second[closest])
    other = "its own image" if i == j else describe_site(atoms, j)
    raise StructureError(
        f"Atoms collide: {describe_site(atoms, i)} is {distance[closest]:.3f} Å from {other}.",
        reason=f"Less than {radii[i] + radii[j]:.2f} Å between {atoms.symbols[i]} and "
        f"{atoms.symbols[j]} does not occur, even under pressure.",
        fix="Look for wrong units of the cell, an atom that is listed twice, or coordinates with "
        "too few digits for the symmetry to act on.",
    )
