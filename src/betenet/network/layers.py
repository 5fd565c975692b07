"""The convolution: element products on the nodes, messages along the edges, a gate."""

from __future__ import annotations

from math import cos, pi, sin, sqrt

import torch
from torch import Tensor
from torch.nn import functional

from betenet.network.config import NetworkConfig
from betenet.network.geometry import Geometry
from betenet.network.layout import SCALAR, Block, Irrep, LayerLayout, irrep_name

Parameters = dict[str, Tensor]
Features = dict[Irrep, Tensor]

# Second moments of the activations under a unit normal input are brought to one (e3nn).
SILU_NORM = 1.6791768
SIGMOID_NORM = 1.8467055
# Share of the message in the sum of self-connection and message.
MIX = pi / 8


def silu(x: Tensor) -> Tensor:
    """x·sigmoid(x), with unit second moment."""
    return SILU_NORM * functional.silu(x)


def node_product(
    config: NetworkConfig, parameters: Parameters, name: str, x: Tensor, z: Tensor, g: Geometry
) -> Tensor:
    """Linear map of the channels that depends on the element.

    Parameters
    ----------
    x
        (site, m, channel).
    z
        Element attributes of the elements present (element, attribute).

    Returns
    -------
    Tensor
        (site, m, channel').

    Notes
    -----
    `full` is the tensor product with z. z depends on the element alone, so it contracts to one
    matrix for each element; sites are gathered by element and padded for one batched product.
    """
    weight = parameters[name]
    if config.node_product == "gated":
        scale = 1 + z @ parameters[name + ".scale"]
        return (x * scale[g.species][:, None, :]) @ (weight / sqrt(weight.shape[0]))
    channels, attributes, out = weight.shape
    matrices = torch.einsum("uvw,sv->suw", weight, z) / sqrt(channels * attributes)
    components = x.shape[1]
    padded = torch.cat([x, x.new_zeros(1, components, channels)])[g.slots.reshape(-1)]
    grouped = padded.reshape(len(g.present), -1, channels)
    product = torch.bmm(grouped, matrices).reshape(-1, components, out)
    return product[g.places]


def radial_weights(
    config: NetworkConfig, parameters: Parameters, prefix: str, layout: LayerLayout, g: Geometry
) -> dict[str, Tensor]:
    """Radial functions of each block.

    Returns
    -------
    dict
        For `linear`, (degree · basis, channel); for `network`, (degree, edge, channel).
    """
    if config.radial == "linear":
        return {
            block.name: parameters[f"{prefix}.radial.{block.name}"]
            / sqrt(config.radial_size * len(block.degrees))
            for block in layout.blocks
        }
    assert g.basis is not None
    assert g.distinct is not None
    first, second = (parameters[f"{prefix}.radial.{k}"] for k in ("hidden", "out"))
    hidden = silu(g.basis @ first / sqrt(first.shape[0]))
    table = (hidden @ second / sqrt(second.shape[0]))[g.distinct]
    weights: dict[str, Tensor] = {}
    start = 0
    for block in layout.blocks:
        channels = layout.inputs[block.source]
        stop = start + channels * len(block.degrees)
        columns = table[:, start:stop].reshape(len(table), len(block.degrees), channels)
        weights[block.name] = columns.transpose(0, 1)
        start = stop
    return weights


def message(block: Block, weight: Tensor, x: Tensor, g: Geometry) -> Tensor:
    """Sum over the neighbours of one block's tensor products.

    Parameters
    ----------
    weight
        Radial functions of the block.
    x
        Features of the senders (edge, m, channel).

    Returns
    -------
    Tensor
        (site, m', channel).
    """
    coupling = g.coupling(block)
    if weight.ndim == 2:
        kernel = coupling @ weight
    elif len(block.degrees) == 1:
        kernel = coupling * weight[0][:, None, :]
    else:
        kernel = torch.einsum("aebk,keu->aebu", coupling, weight)
    # unbind and split give their gradients back in one piece; indexing would fill with zeros.
    parts, columns = kernel.unbind(0), x.split(1, dim=1)
    total = parts[0] * columns[0]
    for part, column in zip(parts[1:], columns[1:], strict=True):
        total = torch.addcmul(total, part, column)
    return total.new_zeros(len(g.numbers), *total.shape[1:]).index_add(0, g.receivers, total)


def convolution(
    config: NetworkConfig,
    parameters: Parameters,
    prefix: str,
    layout: LayerLayout,
    features: Features,
    z: Tensor,
    g: Geometry,
) -> Features:
    """One convolution, before the gate.

    Parameters
    ----------
    features
        (site, m, channel) for each representation.
    z
        Element attributes (element, attribute).
    """

    def product(kind: str, irrep: Irrep, x: Tensor) -> Tensor:
        return node_product(config, parameters, f"{prefix}.{kind}.{irrep_name(irrep)}", x, z, g)

    sent = {irrep: product("lin1", irrep, x)[g.senders] for irrep, x in features.items()}
    weights = radial_weights(config, parameters, prefix, layout, g)
    outputs: Features = {}
    for irrep in layout.outputs:
        if irrep not in layout.live:
            continue
        arrived = [
            message(block, weights[block.name], sent[block.source], g)
            for block in layout.arriving(irrep)
        ]
        mixed = product("lin2", irrep, torch.cat(arrived, dim=2) / sqrt(config.num_neighbors))
        if irrep in layout.inputs:
            mixed = sin(MIX) * product("self", irrep, features[irrep]) + cos(MIX) * mixed
        outputs[irrep] = mixed
    return outputs


def gate(layout: LayerLayout, outputs: Features) -> Features:
    """Activate the scalars; scale everything else by a sigmoid of its own scalar."""
    scalars = outputs[SCALAR]
    width = layout.features[SCALAR]
    features: Features = {SCALAR: silu(scalars[:, :, :width])}
    start = width
    for irrep, channels in layout.features.items():
        if irrep == SCALAR:
            continue
        if irrep in outputs:
            gates = torch.sigmoid(scalars[:, :, start : start + channels])
            features[irrep] = outputs[irrep] * (SIGMOID_NORM * gates)
        start += channels
    return features
