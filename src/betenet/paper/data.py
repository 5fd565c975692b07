"""The published database as the report needs it: rows, references, and densities of states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from betenet.datasets.bete_net_database import DatabaseRow
from betenet.datasets.jsonl_rows import Dataset
from betenet.datasets.published_folder import published_dataset
from betenet.datasets.published_rows import published_rows
from betenet.evaluation.compare import reference_values
from betenet.paper.base_model import base_features
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD

JUDGED = ("coupling", "omega_log", "omega_2")
"""Quantities of Table I besides Tc: λ [1], ω_log and ω_2 [K]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PaperData:
    """Materials of the database.

    Attributes
    ----------
    dataset
        Every row that can be used, with the moments of its binned α²F by the published rule.
    raw
        What the database has of each row, by id.
    mu_star
        μ* of every Tc [1].
    """

    dataset: Dataset
    raw: Mapping[str, DatabaseRow]
    mu_star: float

    @cached_property
    def ids(self) -> list[str]:
        """Id of each row."""
        return [entry.row.id for entry in self.dataset.entries]

    @cached_property
    def formulas(self) -> list[str]:
        """Reduced formula of each row."""
        return [entry.row.formula for entry in self.dataset.entries]

    @cached_property
    def elements(self) -> list[frozenset[str]]:
        """Elements of each row."""
        return [frozenset(e.row.atoms.get_chemical_symbols()) for e in self.dataset.entries]

    @cached_property
    def reference(self) -> dict[str, Float[np.ndarray, " row"]]:
        """λ [1], ω_log, ω_2 and Tc [K] of each row's binned α²F."""
        rows = [entry.row for entry in self.dataset.entries]
        return reference_values(rows, mu_star=self.mu_star, tc_method=DEFAULT_METHOD)

    @cached_property
    def features(self) -> Float[np.ndarray, "row feature"]:
        """Features of the base model; NaN where the database lacks them."""
        return np.stack([base_features(self.raw[name]) for name in self.ids])

    @cached_property
    def train(self) -> Bool[np.ndarray, " row"]:
        """Rows of the published training set."""
        return self._of("train")

    @cached_property
    def test(self) -> Bool[np.ndarray, " row"]:
        """Rows of the published test set."""
        return self._of("test")

    def testing(self) -> Dataset:
        """The rows that models are judged on."""
        entries = self.dataset.entries
        kept = tuple(e for e, tested in zip(entries, self.test, strict=True) if tested)
        return replace(self.dataset, entries=kept)

    def _of(self, split: str) -> Bool[np.ndarray, " row"]:
        return np.array([entry.split == split for entry in self.dataset.entries])


def read_paper_data(folder: str | Path, *, mu_star: float) -> PaperData:
    """Read a folder in the published layout.

    Parameters
    ----------
    folder
        With ``database.json``, ``structures/`` and perhaps ``indices/``.
    mu_star
        μ* of every Tc [1].

    Raises
    ------
    DataError
        If the database cannot be read, or no row of it can be used.
    """
    found = published_rows(folder)
    dataset = published_dataset(folder, found)
    raw = {entry.row.id: row for entry, row in zip(dataset.entries, found.database, strict=True)}
    return PaperData(dataset=dataset, raw=raw, mu_star=mu_star)
