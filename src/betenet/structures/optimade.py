"""The structure of an OPTIMADE resource as Atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from betenet.errors import StructureError
from betenet.json_input import number_array
from betenet.structures.check import FULL_OCCUPANCY_TOLERANCE, disorder_error

NEEDED = (
    "lattice_vectors",
    "cartesian_site_positions",
    "species_at_sites",
    "species",
    "dimension_types",
    "structure_features",
)
"""Fields to ask a server for."""

_REFUSED = {
    "assemblies": "has sites that exclude each other",
    "implicit_atoms": "has atoms without a site",
    "site_attachments": "has atoms attached to a site, at unknown places",
    "unknown_positions": "has sites whose positions are unknown",
}
"""Features that OPTIMADE names; disorder is read off the species, which say where it is."""


def atoms_from_optimade(attributes: Mapping[str, Any]) -> Atoms:
    """Build the atoms of an OPTIMADE structure.

    Parameters
    ----------
    attributes
        Attributes of the resource: lattice vectors and Cartesian positions in Å, species by name.

    Raises
    ------
    StructureError
        If a site is disordered, vacant or of no known element, or a field is missing.

    References
    ----------
    OPTIMADE specification 1.2, "Structures Entries".

    Examples
    --------
    >>> lattice = [[0, 2, 2], [2, 0, 2], [2, 2, 0]]
    >>> atoms_from_optimade({"lattice_vectors": lattice, "cartesian_site_positions": [[0, 0, 0]],
    ...                      "species_at_sites": ["Al"]}).get_chemical_formula()
    'Al'
    """
    for feature in attributes.get("structure_features") or ():
        if feature in _REFUSED:
            raise StructureError(
                f"The structure {_REFUSED[feature]}.",
                f"Its OPTIMADE entry lists the feature {feature!r}.",
                "Give an ordered crystal with every atom on a site.",
            )
    missing = [key for key in NEEDED[:3] if not attributes.get(key)]
    if missing:
        raise StructureError(
            f"The entry has no structure: {', '.join(missing)} missing or empty.",
            "OPTIMADE lets a server leave them out.",
            "Look the entry up in the database itself.",
        )
    symbols = _symbols(attributes)
    positions = _numbers(attributes["cartesian_site_positions"], (len(symbols), 3), "positions")
    lattice = _numbers(attributes["lattice_vectors"], (3, 3), "lattice_vectors")
    periodic = [bool(x) for x in attributes.get("dimension_types") or (1, 1, 1)]
    return Atoms(symbols, positions=positions, cell=lattice, pbc=periodic)


def _symbols(attributes: Mapping[str, Any]) -> list[str]:
    """Element of each site."""
    kinds = {kind["name"]: kind for kind in attributes.get("species") or ()}
    symbols: list[str] = []
    for site, label in enumerate(attributes["species_at_sites"]):
        kind = kinds.get(label, {"chemical_symbols": [label], "concentration": [1.0]})
        symbols.append(_symbol(kind, site))
    return symbols


def _symbol(kind: Mapping[str, Any], site: int) -> str:
    elements: Sequence[str] = kind["chemical_symbols"]
    shares: Sequence[float] = kind.get("concentration") or [1.0]
    if len(elements) != 1 or abs(float(shares[0]) - 1.0) > FULL_OCCUPANCY_TOLERANCE:
        raise disorder_error(
            f"site {site}", " + ".join(f"{e} {x:g}" for e, x in zip(elements, shares, strict=False))
        )
    if kind.get("attached"):
        raise StructureError(
            f"Site {site} has atoms attached to it, at unknown places.",
            f"Its species lists {', '.join(kind['attached'])}.",
            "Give a crystal with every atom on a site.",
        )
    if not atomic_numbers.get(elements[0]):
        raise StructureError(
            f"Site {site} holds {elements[0]!r}, which is not an element.",
            "Vacancies and unknown symbols have no place in a crystal.",
            "Replace it by a real element, or remove the site.",
        )
    return elements[0]


def _numbers(values: object, shape: tuple[int, int], what: str) -> np.ndarray:
    try:
        # OPTIMADE writes null where a number is unknown: it becomes nan
        array = number_array(values, what, finite=False)
    except ValueError:
        array = np.empty(0)
    if array.shape != shape or not np.isfinite(array).all():
        raise StructureError(
            f"The {what} of the entry are not {shape[0]} × {shape[1]} numbers.",
            "A number is unknown, or the lists are of unequal length.",
            "Look the entry up in the database itself.",
        )
    return array
