"""Symmetry operations in fractional coordinates: read from text, completed, held against a cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import StructureError
from betenet.structures.cell import call_spglib
from betenet.structures.cif_blocks import as_number

LARGEST_GROUP = 192
"""Number of operations of a conventional cell of F m -3 m, translations of the centring counted."""

MAX_OPERATIONS = 4 * LARGEST_GROUP
"""Number of operations beyond which a list is of no crystal; some write cells of several primitive
ones."""

TWENTY_FOURTHS = 24
"""Translations of all settings are multiples of 1/24."""

ROUNDED_TRANSLATION = 4e-3
"""Translations this close to a multiple of 1/24 are that: 0.33 is a third."""


@dataclass(frozen=True)
class Operations:
    """Operations x → R x + t of one cell.

    Attributes
    ----------
    rotations
        Rotations in fractional coordinates (op, 3, 3).
    translations
        Translations between 0 and 1 (op, 3).
    """

    rotations: Int[np.ndarray, "op 3 3"]
    translations: Float[np.ndarray, "op 3"]

    @classmethod
    def of_hall_number(cls, hall: int) -> Operations:
        """Operations of one of spglib's 530 settings."""
        found = call_spglib("get_symmetry_from_database", hall)
        return cls(found["rotations"].astype(int), found["translations"] % 1.0)

    @classmethod
    def identity(cls) -> Operations:
        """P 1."""
        return cls(np.eye(3, dtype=int)[None], np.zeros((1, 3)))

    def __len__(self) -> int:
        return len(self.rotations)

    @cached_property
    def keys(self) -> frozenset[tuple[int, ...]]:
        """Operations as whole numbers, translations in 1/10000 to the nearest 1/24."""
        steps = np.round(self.translations * 1e4).astype(int) % 10_000
        return frozenset(
            map(tuple, np.concatenate([self.rotations.reshape(-1, 9), steps], axis=1).tolist())
        )

    def times(self, other: Operations) -> Operations:
        """Products of every operation after every one of the other, each once."""
        rotations = np.einsum("aij,bjk->abik", self.rotations, other.rotations)
        shifts = np.einsum("aij,bj->abi", self.rotations, other.translations)
        translations = shifts + self.translations[:, None]
        return _unique(Operations(rotations.reshape(-1, 3, 3), translations.reshape(-1, 3)))

    def completed(self) -> Operations:
        """Return the smallest group that holds these operations.

        Raises
        ------
        StructureError
            If there is none of the size of a space group.
        """
        group = self.times(Operations.identity())
        if Operations.identity().keys.isdisjoint(group.keys):
            one = Operations.identity()
            group = Operations(
                np.concatenate([one.rotations, group.rotations]),
                np.concatenate([one.translations, group.translations]),
            )
        while len(products := group.times(group)) != len(group):
            if len(products) > MAX_OPERATIONS:
                raise StructureError(
                    "The symmetry operations in the CIF do not form a group.",
                    reason=f"Applied one after the other, they give more than {MAX_OPERATIONS}.",
                    fix="Correct the list, or remove it and state the space group's symbol.",
                )
            group = products
        return group

    def misfit(self, lattice: Float[np.ndarray, "3 3"]) -> float:
        """Largest relative change of the cell's metric under the rotations; 0 if they fit it."""
        metric = lattice @ lattice.T
        turned = np.einsum("aji,jk,akl->ail", self.rotations, metric, self.rotations)
        edges = np.sqrt(np.diag(metric))
        return float((abs(turned - metric) / np.outer(edges, edges)).max())


def _unique(operations: Operations) -> Operations:
    rotations = operations.rotations.reshape(-1, 9)
    translations = _rounded(operations.translations)
    rows = np.concatenate([rotations, np.round(translations * 1e4).astype(int) % 10_000], axis=1)
    kept = np.sort(np.unique(rows, axis=0, return_index=True)[1])
    return Operations(operations.rotations[kept], translations[kept])


def _rounded(translations: Float[np.ndarray, "op 3"]) -> Float[np.ndarray, "op 3"]:
    nearest = np.round(translations * TWENTY_FOURTHS) / TWENTY_FOURTHS
    near = abs(translations - nearest) < ROUNDED_TRANSLATION
    return np.where(near, nearest, translations) % 1.0


def parse_operations(texts: list[str]) -> Operations:
    """Read operations such as ``-x+1/2, y, z``, one or several in each text.

    Raises
    ------
    StructureError
        Naming the first one that cannot be read.
    """
    singles = [single for text in texts for single in _split(text)]
    if len(singles) > MAX_OPERATIONS:
        raise StructureError(
            f"The CIF lists {len(singles)} symmetry operations.",
            reason=f"No space group has more than {LARGEST_GROUP} in a conventional cell.",
            fix="Remove the list and state the space group's symbol.",
        )
    rows = [_parse(single) for single in singles]
    rotations = np.array([row[0] for row in rows])
    translations = np.array([row[1] for row in rows], dtype=float)
    return _unique(Operations(rotations.reshape(-1, 3, 3), translations.reshape(-1, 3)))


def _split(text: str) -> list[str]:
    """Cut a text with one or several operations into one text for each."""
    pieces = [piece for piece in re.split(r"[;\n]", text) if piece.strip(" ,'\"")]
    found: list[str] = []
    for piece in pieces:
        words = piece.replace("'", " ").replace('"', " ").split()
        terms = [term for term in "".join(words).split(",") if term]
        if len(words) > 1 and all(word.count(",") == 2 for word in words):
            found += words
        elif len(terms) % 3 == 0:
            found += [",".join(terms[start : start + 3]) for start in range(0, len(terms), 3)]
        else:
            found.append(piece)
    return found


def _parse(text: str) -> tuple[list[list[int]], list[float]]:
    plain = re.sub(r"[\s*_]", "", text.lower()).replace("\u2212", "-")
    terms = plain.split(",")
    rows = [_parse_term(term) for term in terms]
    known = [row for row in rows if row is not None]
    rotation = [row[0] for row in known]
    if len(known) != 3 or len(rows) != 3 or abs(round(np.linalg.det(rotation))) != 1:
        raise StructureError(
            f"The symmetry operation {text.strip()!r} of the CIF cannot be read.",
            reason="An operation has three parts, such as -x+1/2, y, z, and keeps the volume.",
            fix="Correct it, or remove all operations and state the space group's symbol.",
        )
    return rotation, [row[1] for row in known]


def _parse_term(term: str) -> tuple[list[int], float] | None:
    parts = re.findall(r"[+-]?[^+-]+", term)
    if not parts or "".join(parts) != term:
        return None
    row = [0, 0, 0]
    shift = 0.0
    for part in parts:
        sign = -1 if part[0] == "-" else 1
        bare = part.lstrip("+-")
        if bare in {"x", "y", "z"}:
            row["xyz".index(bare)] += sign
        elif (number := as_number(bare)) is not None and bare[0] in "0123456789.":
            shift += sign * number
        else:
            return None
    return row, shift % 1.0
