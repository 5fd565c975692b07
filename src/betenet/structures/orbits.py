"""Atoms of a cell from the sites listed and the operations; special positions made exact."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import StructureError
from betenet.structures.check import COLLISION_FLOOR, FULL_OCCUPANCY_TOLERANCE, disorder_error
from betenet.structures.cif_sites import Sites
from betenet.structures.symmetry_operations import Operations

ONE_ATOM = (0.3, 0.1, 0.03, 0.01, 0.003)
"""Distance of images of a site [Å] that may be one atom; the farthest that fits is taken."""

SAME_PLACE = 0.02
"""Distance of sites [Å] that are the same one listed twice, or share it."""

COINCIDE = 1e-3
"""Distance of images that are one atom [Å]."""

LARGEST_CELL = 500_000
"""Number of sites times operations that a cell may have."""

WORTH_A_NOTE = 5e-4
"""Distance [Å]: atoms are moved onto special positions by less in silence."""


@dataclass(slots=True)
class FilledCell:
    """Atoms of a cell.

    Attributes
    ----------
    positions
        Fractional positions (atom, 3).
    kinds
        Listed site of each atom (atom,).
    shares
        Element to occupancy for each listed site that is kept.
    notes
        Sentences on what was moved or merged.
    problem
        Reason why some site fits no special position, if so.
    """

    positions: Float[np.ndarray, "atom 3"]
    kinds: Int[np.ndarray, " atom"]
    shares: dict[int, dict[str, float]]
    notes: list[str] = field(default_factory=list[str])
    problem: StructureError | None = None


def fill_cell(
    sites: Sites, operations: Operations, lattice: Float[np.ndarray, "3 3"]
) -> FilledCell:
    """Apply the operations to the sites.

    Parameters
    ----------
    sites
        Sites as listed. One that lies off a special position by no more than its digits allow is
        put on it: 0.333 becomes a third where symmetry asks for it.
    operations
        Operations of the whole cell, centring translations among them.
    lattice
        Vectors as rows [Å].

    Raises
    ------
    StructureError
        If two elements share a site, or the cell is too large.
    """
    if len(sites.labels) * len(operations) > LARGEST_CELL:
        raise StructureError(
            f"The CIF lists {len(sites.labels)} sites and {len(operations)} operations.",
            reason=f"A cell of more than {LARGEST_CELL} atoms is not built.",
            fix="Give the primitive cell.",
        )
    orbits: list[Float[np.ndarray, "image 3"]] = []
    notes: list[str] = []
    problem = None
    for index in range(len(sites.labels)):
        place = _special_position(sites, index, operations, lattice)
        moved = float(np.linalg.norm((place - sites.positions[index]) @ lattice))
        if moved > WORTH_A_NOTE:
            exact = ", ".join(f"{x:.5f}" for x in place.tolist())
            notes.append(
                f"Site {sites.describe(index)} is put on the special position ({exact}), "
                f"{moved:.4f} Å away: its digits do not tell the two apart."
            )
        orbit, closest = _orbit(place, operations, lattice)
        if closest < COLLISION_FLOOR and _is_full(sites, index) and problem is None:
            problem = _too_few_digits(sites, index, closest)
        orbits.append(orbit)
    kinds = np.repeat(np.arange(len(orbits)), [len(orbit) for orbit in orbits])
    positions = np.concatenate(orbits)
    kept, shares, merged = _merge(sites, positions, kinds, lattice)
    return FilledCell(positions[kept], kinds[kept], shares, [*_summary(notes), *merged], problem)


def nearest_image(away: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Differences of fractional coordinates without whole cells, between -1/2 and 1/2."""
    return away - np.round(away)


def _is_full(sites: Sites, index: int) -> bool:
    share = sites.occupancies[index]
    return share is None or abs(share - 1.0) < FULL_OCCUPANCY_TOLERANCE


def _summary(notes: list[str]) -> list[str]:
    return notes if len(notes) < 4 else [*notes[:2], f"So are {len(notes) - 2} other sites."]


def _images(place: Float[np.ndarray, " 3"], operations: Operations) -> Float[np.ndarray, "op 3"]:
    return operations.rotations @ place + operations.translations


def _special_position(
    sites: Sites, index: int, operations: Operations, lattice: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, " 3"]:
    """Return the place that the near images of a site have in common, if its digits allow it."""
    place = sites.positions[index]
    if len(operations) == 1:
        return place
    away = nearest_image(_images(place, operations) - place)
    distances = np.sqrt(((away @ lattice) ** 2).sum(axis=1))
    for radius in ONE_ATOM:
        near = distances < radius
        shift: Float[np.ndarray, " 3"] = away[near].mean(axis=0)
        left = nearest_image(_images(place + shift, operations)[near] - place - shift)
        exact = bool((abs(left @ lattice) < COINCIDE / 10).all())
        if exact and bool((abs(shift) <= sites.precisions[index]).all()):
            return place + shift
    return place


def _orbit(
    place: Float[np.ndarray, " 3"], operations: Operations, lattice: Float[np.ndarray, "3 3"]
) -> tuple[Float[np.ndarray, "image 3"], float]:
    """Different images of a place, and the shortest distance between two of them [Å]."""
    images = _images(place, operations) % 1.0
    if len(images) == 1:
        return images, np.inf
    away = nearest_image(images[:, None] - images)
    distances = np.sqrt(((away @ lattice) ** 2).sum(axis=-1))
    kept = np.flatnonzero(~np.tril(distances < COINCIDE, -1).any(axis=1))
    between = distances[np.ix_(kept, kept)] + np.diag(np.full(len(kept), np.inf))
    return images[kept], float(between.min())


def _too_few_digits(sites: Sites, index: int, closest: float) -> StructureError:
    return StructureError(
        f"Site {sites.describe(index)} lies {closest:.3f} Å from its own image by symmetry.",
        reason="It stands beside a special position, but farther off than its digits allow: "
        "coordinates with too few digits, a wrong setting of the space group, or a split site.",
        fix="Write the coordinates of the special position with five digits, 0.33333 for a third, "
        "or state the setting that the coordinates belong to.",
    )


def _merge(
    sites: Sites,
    positions: Float[np.ndarray, "atom 3"],
    kinds: Int[np.ndarray, " atom"],
    lattice: Float[np.ndarray, "3 3"],
) -> tuple[Int[np.ndarray, " kept"], dict[int, dict[str, float]], list[str]]:
    """Keep the first of sites at one place, and add up who sits there."""
    into = {index: index for index in range(len(sites.labels))}
    for one, other in _same_places(positions, kinds, lattice):
        into[other] = min(into[other], into[one])
    shares: dict[int, dict[str, float]] = {}
    stated: dict[int, bool] = {}
    for index, first in into.items():
        share = sites.occupancies[index]
        element = sites.elements[index]
        others = shares.setdefault(first, {})
        if others and element not in others:
            place = ", ".join(f"{x:.4f}" for x in (sites.positions[index] % 1.0).tolist())
            both = f"{next(iter(others))} and {element} are both listed there"
            raise disorder_error(f"the site at {place}", both)
        stated[first] = stated.get(first, False) or not _is_full(sites, index)
        total = others.get(element, 0.0) + (1.0 if share is None else share)
        others[element] = total if stated[first] else 1.0
    twice = [sites.labels[index] for index, first in into.items() if first != index]
    labels = ", ".join(twice[:5]) + (" …" if len(twice) > 5 else "")
    notes = [f"Listed sites are equivalent by symmetry to others and are taken once: {labels}."]
    kept = np.flatnonzero(np.isin(kinds, list(shares)))
    return kept, shares, notes if twice else []


def _same_places(
    positions: Float[np.ndarray, "atom 3"],
    kinds: Int[np.ndarray, " atom"],
    lattice: Float[np.ndarray, "3 3"],
) -> list[tuple[int, int]]:
    """Pairs of listed sites, the earlier first, that have an atom at the same place."""
    inside = positions % 1.0
    inside[inside >= 1.0] = 0.0
    spacings = 1.0 / np.sqrt((np.linalg.inv(lattice) ** 2).sum(axis=0))
    reach = float(min(SAME_PLACE / spacings.min(), 0.4))
    spatial: Any = importlib.import_module("scipy.spatial")  # untyped, and slow to import
    tree = spatial.cKDTree(inside, boxsize=1.0)
    pairs: Int[np.ndarray, "pair 2"] = tree.query_pairs(reach * np.sqrt(3), output_type="ndarray")
    away = nearest_image(inside[pairs[:, 0]] - inside[pairs[:, 1]])
    near = np.sqrt(((away @ lattice) ** 2).sum(axis=1)) < SAME_PLACE
    found = np.sort(kinds[pairs[near]], axis=1)
    return [(int(a), int(b)) for a, b in np.unique(found, axis=0) if a != b]
