"""Rows of a training run as tensors, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from betenet.datasets.rows import Row
from betenet.network.batch import Geometry, collate
from betenet.network.geometry import CrystalGeometry
from betenet.network.layers import Parameters
from betenet.training.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Rows as tensors, shared by all members.

    Attributes
    ----------
    crystals
        Geometry of each row.
    formulas
        Reduced formulas.
    sources
        Index of each row's source (row,).
    levels
        Index of each row's level of theory among the network's (row,).
    targets
        Natural logarithms, NaN where unknown (row, target).
    log_dos
        ln of the density of states at the Fermi level, NaN where unknown (row,).
    spectra
        Normalised to the network's grid; NaN where unknown (row, frequency).
    weights
        How much each row counts beside the others of its source (row,).
    site_dos
        Share of each atom's vibrations at each frequency (atom, frequency), of each row, zeros
        where unknown; empty if the network does not learn them.
    """

    crystals: list[CrystalGeometry]
    formulas: list[str]
    sources: Tensor
    levels: Tensor
    targets: Tensor
    log_dos: Tensor
    spectra: Tensor
    weights: Tensor
    site_dos: tuple[Tensor, ...] = ()

    @property
    def first_source(self) -> Bool[np.ndarray, " row"]:
        """Rows of the source that is judged, whose level of theory is predicted."""
        return self.sources.numpy() == 0

    @classmethod
    def build(
        cls, rows: Sequence[Row], crystals: Sequence[CrystalGeometry], recipe: Recipe
    ) -> TrainingSet:
        """Collect rows whose geometry is known."""
        grid = recipe.network.frequencies
        names = recipe.data.sources
        level = dict(zip(names, recipe.data.levels or names, strict=True))
        spectra = np.full((len(rows), len(grid)), np.nan)
        for index, row in enumerate(rows):
            if row.spectrum is not None:
                spectra[index] = np.interp(grid, *row.spectrum, left=0.0, right=0.0)
        return cls(
            crystals=list(crystals),
            formulas=[row.formula for row in rows],
            sources=torch.tensor([names.index(row.source) for row in rows]),
            levels=torch.tensor([recipe.network.sources.index(level[row.source]) for row in rows]),
            targets=torch.tensor(
                np.log(np.stack([row.targets for row in rows])), dtype=torch.float32
            ),
            log_dos=torch.tensor([row.fermi_dos for row in rows], dtype=torch.float32).log(),
            spectra=torch.tensor(spectra, dtype=torch.float32),
            weights=torch.tensor([row.weight for row in rows], dtype=torch.float32),
        )


def batch_geometry(
    recipe: Recipe, parameters: Parameters, data: TrainingSet, rows: Int[np.ndarray, " row"]
) -> tuple[Geometry, Tensor]:
    """Geometry and levels of theory of some rows, on the device of the parameters."""
    weight = next(iter(parameters.values()))
    crystals = [data.crystals[k] for k in rows]
    geometry = collate(crystals, recipe.network, weight.dtype, weight.device)
    return geometry, data.levels[rows].to(weight.device)
