r"""The loss around trained weights: on a plane through them, and how fast it rises from them.

A step of a given length means little in itself: weights that are scaled up in one layer and down
in the next make the same network. So directions are *filter-normalised*: each filter of a direction
is as long as the same filter of the weights, and a step of 1 is as long as the weights.

References
----------
Li, Xu, Taylor, Studer, Goldstein, Adv. Neural Inf. Process. Syst. 31 (2018), arXiv:1712.09913.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from betenet.errors import ConfigError, ModelError
from betenet.network.config import NetworkConfig
from betenet.network.layers import Parameters
from betenet.network.model import forward_member
from betenet.training.full_batch_member import FullBatchData

RADII = (0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossLandscape:
    """Loss on a plane through the weights.

    Attributes
    ----------
    alpha, beta
        Steps along the two directions, in lengths of the weights [1].
    train, held_out
        Training and validation loss at each pair of steps [the loss's own].
    """

    alpha: Float[np.ndarray, " alpha"]
    beta: Float[np.ndarray, " beta"]
    train: Float[np.ndarray, "beta alpha"]
    held_out: Float[np.ndarray, "beta alpha"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpness:
    """Loss at the weights, and its rise at some distances from them in random directions.

    Attributes
    ----------
    radii
        Distances, in lengths of the weights [1].
    train, held_out
        Training and validation loss at the weights [the loss's own].
    train_rise, held_out_rise
        Mean of the loss a step forwards and a step backwards, less that at the weights: what a
        slope there adds cancels, what is left is curvature [the loss's own].
    """

    radii: Float[np.ndarray, " radius"]
    train: float
    held_out: float
    train_rise: Float[np.ndarray, "direction radius"]
    held_out_rise: Float[np.ndarray, "direction radius"]


def loss_landscape(
    network: NetworkConfig,
    parameters: Parameters,
    data: FullBatchData,
    *,
    span: float = 1.0,
    n_points: int = 21,
    seed: int = 0,
) -> LossLandscape:
    """Training and validation loss on a random plane through the weights of one member.

    Parameters
    ----------
    network
        The network's settings.
    parameters
        The weights, without the member axis.
    data
        Crystals, and their weights in the two losses.
    span
        The plane reaches from -span to span in both directions, in lengths of the weights [1].
    n_points
        Points along each direction, odd: the middle one is at the weights.
    seed
        Seed of the two directions.

    Raises
    ------
    ConfigError
        If the plane has no extent, or no point in its middle.
    ModelError
        If a loss is not finite.
    """
    if not (0.0 < span < np.inf and n_points >= 3 and n_points % 2):
        raise ConfigError(
            f"No plane with span = {span} and n_points = {n_points}.",
            "It needs an extent, and a point in its middle where the weights are.",
            "Set span above zero, and n_points to an odd number from 3 on.",
        )
    first, second = filter_normalised_directions(parameters, 2, seed)
    steps = np.linspace(-span, span, n_points)
    points = (
        {name: value + a * first[name] + b * second[name] for name, value in parameters.items()}
        for b in steps.tolist()
        for a in steps.tolist()
    )
    losses = _losses(network, points, data).reshape(n_points, n_points, 2)
    return LossLandscape(alpha=steps, beta=steps, train=losses[..., 0], held_out=losses[..., 1])


def sharpness(
    network: NetworkConfig,
    parameters: Parameters,
    data: FullBatchData,
    *,
    radii: Sequence[float] = RADII,
    n_directions: int = 16,
    seed: int = 0,
) -> Sharpness:
    r"""How fast the loss of one member rises around its weights, whatever the direction.

    Parameters
    ----------
    network, parameters, data
        As for :func:`loss_landscape`.
    radii
        Distances, in lengths of the weights [1].
    n_directions
        Random directions, each drawn for itself: their spread says how sure the mean is.
    seed
        Seed of the first direction; the others have the numbers after it.

    Raises
    ------
    ConfigError
        If there is no direction, no distance, or one that is not positive.
    ModelError
        If a loss is not finite.

    Notes
    -----
    For a small radius r the mean rise over all directions is

    .. math:: \frac{r^2}{2} \sum_f \frac{\lVert w_f \rVert^2}{n_f} \operatorname{tr} H_{ff}

    with the n_f weights w_f of filter f, and their block of the Hessian of the loss. Weights that
    the data never reach (of elements that do not occur, say) count in ‖w_f‖ and n_f all the same.
    """
    if n_directions < 1 or not len(radii) or not all(0.0 < radius < np.inf for radius in radii):
        raise ConfigError(
            f"No sharpness from {n_directions} directions and radii {tuple(radii)}.",
            "It is the mean rise of the loss at some distances in some directions.",
            "Ask for one direction or more, and for radii above zero.",
        )

    def points() -> Iterator[Parameters]:
        yield parameters
        for number in range(n_directions):
            (direction,) = filter_normalised_directions(parameters, 1, seed + number)
            for radius in radii:
                for step in (radius, -radius):
                    yield {name: w + step * direction[name] for name, w in parameters.items()}

    losses = _losses(network, points(), data)
    there = losses[1:].reshape(n_directions, len(radii), 2, 2).mean(2)
    return Sharpness(
        radii=np.array(radii, dtype=np.float64),
        train=float(losses[0, 0]),
        held_out=float(losses[0, 1]),
        train_rise=there[..., 0] - losses[0, 0],
        held_out_rise=there[..., 1] - losses[0, 1],
    )


def filter_normalised_directions(
    parameters: Parameters, count: int, seed: int = 0
) -> list[Parameters]:
    """Random directions whose filters are as long as those of the weights.

    Parameters
    ----------
    parameters
        The weights, without the member axis.
    count
        How many directions.
    seed
        Seed of the draws.

    Returns
    -------
    list of dict
        Tensors shaped as the weights. Directions are orthogonal to each other, filter by filter,
        and so as a whole; all have one length, that of the weights' filters together.

    Notes
    -----
    A filter is all that leads to one output channel of one linear map: every parameter of this
    network has its outputs on the last axis, so it is one index there. In the tensor products of
    features and element that are the weights of all pairs (attribute, channel) with one output
    channel; in the radial network those of one hidden unit, or of one radial function; in the
    embedding those of all elements for one attribute; gates are output channels like others.

    Orthogonalising whole directions after normalising them, or before, would spoil one property
    for the other. Within each filter there is room for both: normal draws are orthogonalised
    there, and then given the filter's length. A filter must have as many weights as there are
    directions for that.

    Parameters of one axis (biases) stay where they are, as in the reference: each of their
    filters is a single weight, which could only be doubled or removed. So do filters with fewer
    weights than directions.

    Examples
    --------
    >>> one, other = filter_normalised_directions({"w": torch.tensor([[3.0], [4.0]])}, 2)
    >>> round(float(one["w"].norm()), 5), round(float(other["w"].norm()), 5)
    (5.0, 5.0)
    >>> abs(float((one["w"] * other["w"]).sum())) < 1e-5
    True
    """
    generator = torch.Generator().manual_seed(seed)
    directions: list[Parameters] = [{} for _ in range(count)]
    for name, weights in sorted(parameters.items()):  # a file and a new network order them apart
        inputs = tuple(range(weights.ndim - 1))
        if weights[..., :1].numel() < max(count, 2) or not inputs:
            parts = [torch.zeros_like(weights)] * count
        else:
            length = weights.detach().double().pow(2).sum(inputs, keepdim=True).sqrt()
            units = _orthonormal(weights.shape, inputs, count, generator)
            parts = [(unit.to(weights.device) * length).to(weights.dtype) for unit in units]
        for direction, part in zip(directions, parts, strict=True):
            direction[name] = part
    return directions


def _orthonormal(
    shape: torch.Size, inputs: tuple[int, ...], count: int, generator: torch.Generator
) -> list[Tensor]:
    """Random tensors whose filters have unit length and are orthogonal to each other's."""
    units: list[Tensor] = []
    for _ in range(count):
        drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
        for unit in units:
            drawn = drawn - (drawn * unit).sum(inputs, keepdim=True) * unit
        units.append(drawn / drawn.pow(2).sum(inputs, keepdim=True).sqrt())
    return units


def _losses(
    network: NetworkConfig, points: Iterator[Parameters], data: FullBatchData
) -> Float[np.ndarray, "point 2"]:
    """Training and validation loss of each set of weights."""
    weights = torch.stack([data.train, data.held_out])
    with torch.no_grad():
        each = [data.loss(forward_member(network, p, data.geometry).a2f) for p in points]
        losses = (torch.stack(each) @ weights.T).double().cpu().numpy()
    if not np.isfinite(losses).all():
        raise ModelError(
            f"The loss is not finite at {int((~np.isfinite(losses)).any(1).sum())} points.",
            "The weights there are too large, or were not finite to begin with.",
            "Look at a smaller part of the plane, or at the training's log.",
        )
    return losses
