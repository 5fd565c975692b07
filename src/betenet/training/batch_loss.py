"""The loss of a batch: moments, electrons, known spectra and known phonons."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from betenet.network.layers import Parameters
from betenet.network.model import forward_member
from betenet.training.losses import (
    GridMoments,
    dos_loss,
    moment_loss,
    phonon_dos_loss,
    smoothness_loss,
    spectrum_loss,
)
from betenet.training.recipe import Recipe
from betenet.training.training_set import TrainingSet, batch_geometry

FEWEST = 1e-12
"""Share of the states that a prediction has at least at each frequency: logarithms are finite."""


def batch_loss(
    recipe: Recipe,
    data: TrainingSet,
    batch: Int[np.ndarray, " row"],
    weights: Tensor,
    parameters: Parameters,
    moments: GridMoments,
) -> Tensor:
    """Loss of some rows, with its gradient.

    Parameters
    ----------
    recipe
        Settings of the run.
    data
        All rows.
    batch
        Indices of the rows of the batch (row,).
    weights
        Weight of each of all rows.
    parameters
        Weights of the member, without the member axis.
    moments
        Moments on the network's grid.
    """
    geometry, sources = batch_geometry(recipe, parameters, data, batch)
    output = forward_member(recipe.network, parameters, geometry, sources, recipe.training.dropout)
    if recipe.network.readout == "vibrations":
        return vibrations_loss(recipe, output.site_a2f.cpu(), data, batch)
    a2f = output.a2f.cpu()
    share = weights[batch]
    loss = moment_loss(recipe.loss, moments.log_moments(a2f), data.targets[batch], share)
    if recipe.loss.fermi_dos > 0 and recipe.network.readout != "bins":
        dos = dos_loss(recipe.loss, output.fermi_dos.cpu(), data.log_dos[batch], share)
        loss = loss + recipe.loss.fermi_dos * dos
    loss = loss * share.mean()
    known = torch.isfinite(data.spectra[batch]).all(dim=1)
    if recipe.loss.spectrum > 0 and known.any():
        shape = spectrum_loss(moments, a2f[known], data.spectra[batch][known])
        loss = loss + recipe.loss.spectrum * known.float().mean() * shape
    if recipe.loss.smoothness > 0:
        loss = loss + recipe.loss.smoothness * smoothness_loss(moments, a2f)
    return loss


def vibrations_loss(
    recipe: Recipe, site_dos: Tensor, data: TrainingSet, batch: Int[np.ndarray, " row"]
) -> Tensor:
    """Relative entropy of the known phonon densities of states of some rows to predicted ones.

    Parameters
    ----------
    recipe
        Settings of the run.
    site_dos
        Predicted density of states of each atom (atom, frequency) [1/meV].
    data
        All rows.
    batch
        Indices of the rows (row,).
    """
    grid = torch.as_tensor(recipe.network.frequencies, dtype=site_dos.dtype)
    states = site_dos * grid
    shares = states / states.sum(1, keepdim=True)
    known = torch.cat([data.site_dos[k] for k in batch])
    return phonon_dos_loss(shares.clamp(min=FEWEST).log(), known)
