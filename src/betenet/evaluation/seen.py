"""Whether a compound was in the training of a model.

An ensemble may have a table of its training structures (`betenet.ensemble.training_table`), which
names their formulas. One without stores for each of them the whitened statistics of its
composition, rounded to half precision; they are the same for all structures of one reduced formula,
so a formula is recognised by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Bool
from scipy.spatial import KDTree

from betenet.datasets.rows import Row, data_digest
from betenet.ensemble.applicability import Applicability
from betenet.network.elements import composition_statistics

SAME = 0.007
"""Largest difference of a component at which compositions are taken for equal. Over the 8765
training structures of `cso-1` rounding is off by at most 0.002, and the two most similar of the
different formulas, MoRuTi2 and MoRu2Ti3, are 0.025 apart."""
FEWEST = 8
"""With fewer components different formulas may coincide."""


def seen_formulas(
    covered: Applicability, structures: Sequence[Atoms]
) -> Bool[np.ndarray, " row"] | None:
    """Whether a structure of the same reduced formula was in the model's training data.

    Parameters
    ----------
    covered
        What the model's training has covered.
    structures
        One per row.

    Returns
    -------
    Bool[ndarray, " row"] or None
        None if the model does not tell: its training data are not described, or by too little.
    """
    references = np.asarray(covered.references)
    if references.ndim != 2 or not len(references) or references.shape[1] < FEWEST:
        return None
    statistics = np.stack([composition_statistics(atoms.numbers) for atoms in structures])
    components = (statistics - covered.centre) @ covered.projection
    distance, _ = KDTree(references).query(components, p=np.inf)
    return np.asarray(distance) <= SAME


def is_training_data(card: dict[str, Any], rows: Iterable[Row]) -> bool:
    """Whether the rows are exactly those that the model was trained on, by their digest."""
    return card.get("data_digest") == data_digest(rows)
