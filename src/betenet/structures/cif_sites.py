"""The sites that a CIF lists: their elements, coordinates, and how precisely these are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.errors import StructureError
from betenet.structures.cif_blocks import UNKNOWN, CifBlock, as_number
from betenet.structures.element_names import (
    ELEMENTS,
    HYDROGEN_ISOTOPES,
    element_of_label,
    element_of_type,
)
from betenet.structures.formula import formula_amounts

ROUNDED = 0.7
"""Part of a unit of the last digit by which a coordinate may be off: 0.66 can be two thirds."""

LEAST_PRECISION = 1e-3
"""Coordinates with more digits may be off by this much as well; programs round on the way."""

MOST_PRECISION = 1e-2
"""Coordinates with fewer digits, 0.5 say, are meant as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """Listed sites, one entry each.

    Attributes
    ----------
    labels
        Labels as written, for messages.
    elements
        Symbols; D and T stay apart from H.
    positions
        Fractional coordinates (site, 3).
    precisions
        Error that each coordinate may have by its number of digits (site, 3).
    occupancies
        Occupancy of each site; None where the CIF says nothing.
    """

    labels: list[str]
    elements: list[str]
    positions: Float[np.ndarray, "site 3"]
    precisions: Float[np.ndarray, "site 3"]
    occupancies: list[float | None]

    def describe(self, index: int) -> str:
        """Label and coordinates of a site."""
        place = ", ".join(f"{x:.6g}" for x in self.positions[index].tolist())
        return f"{self.labels[index]} ({place})"


def read_sites(block: CifBlock, lattice: Float[np.ndarray, "3 3"]) -> Sites:
    """Read the sites of a block.

    Raises
    ------
    StructureError
        If an element or a coordinate of a site is not known.
    """
    labels = block.column("_atom_site_label", "_atom_site_type_symbol")
    positions, precisions = _read_coordinates(block, labels, lattice)
    occupancies = block.column("_atom_site_occupancy") or [""] * len(labels)
    return Sites(
        labels=labels,
        elements=_read_elements(block),
        positions=positions,
        precisions=precisions,
        occupancies=[None if text in UNKNOWN else _occupancy(text) for text in occupancies],
    )


def stated_amounts(block: CifBlock) -> dict[str, float]:
    """Atoms of each element in the stated formula; empty if it is no plain one.

    Between blanks a symbol may be in capitals, as in ``NB3 SN1``. A formula all in capitals without
    blanks, BN or CO2, could mean two things and is passed over.
    """
    words = block.text("_chemical_formula_sum").split()
    if len(words) > 1:
        return formula_amounts(" ".join(map(str.capitalize, words)))
    amounts = formula_amounts("".join(words))
    return {} if len(amounts) > 1 and words[0] == words[0].upper() else amounts


def _occupancy(text: str) -> float:
    number = as_number(text)
    if number is None:
        raise StructureError(
            f"The occupancy {text!r} in the CIF is not a number.",
            reason="Whether a site is full decides which crystal it is.",
            fix="Write 1 for a full site.",
        )
    return number


def _read_coordinates(
    block: CifBlock, labels: list[str], lattice: Float[np.ndarray, "3 3"]
) -> tuple[Float[np.ndarray, "site 3"], Float[np.ndarray, "site 3"]]:
    kind = "fract" if block.column("_atom_site_fract_x") else "cartn"
    written = [block.column(f"_atom_site_{kind}_{axis}") for axis in "xyz"]
    places = np.zeros((len(labels), 3))
    precisions = np.full((len(labels), 3), LEAST_PRECISION)
    for axis, column in enumerate(written):
        for index, label in enumerate(labels):
            text = column[index] if index < len(column) else "?"
            number = as_number(text)
            if number is None:
                raise StructureError(
                    f"Coordinate {'xyz'[axis]} of site {label} in the CIF is {text!r}.",
                    reason="An atom whose place is not known cannot be put into the crystal.",
                    fix="Write a number, or remove the site if it is a dummy.",
                )
            places[index, axis] = number
            precisions[index, axis] = _precision(text)
    if kind == "cartn":
        return np.linalg.solve(lattice.T, places.T).T, np.full_like(places, LEAST_PRECISION)
    return places, precisions


def _precision(text: str) -> float:
    decimals = re.search(r"\.(\d*)", text)
    unit = 10.0 ** -len(decimals[1]) if decimals else 0.0
    return min(max(ROUNDED * unit, LEAST_PRECISION), MOST_PRECISION)


def _read_elements(block: CifBlock) -> list[str]:
    """Element of each site, by its type symbol if there is one, else by its label."""
    labels = block.column("_atom_site_label")
    types = block.column("_atom_site_type_symbol")
    named = {*stated_amounts(block)}
    if not named:
        listed = (re.match("[A-Za-z]*", text) for text in block.column("_atom_type_symbol"))
        named = {match[0] for match in listed if match and match[0] in ELEMENTS}
    if "H" in named:
        named |= {*HYDROGEN_ISOTOPES}
    if types and not all(text in UNKNOWN for text in types):
        told = [re.match(r"[A-Z][a-z]?(?![A-Za-z])", label) for label in labels or types]
        return [
            element_of_type(index, text, named | ({label[0]} if label else set()))
            for index, (text, label) in enumerate(zip(types, told, strict=True))
        ]
    return [element_of_label(text, named) for text in labels]
