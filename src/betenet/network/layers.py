"""The convolution: element products on the nodes, messages along the edges, a gate."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin, sqrt

import torch
from torch import Tensor
from torch.nn import functional

from betenet.network.batch import Geometry, Messages
from betenet.network.config import NetworkConfig
from betenet.network.layout import (
    SCALAR,
    Block,
    Irrep,
    LayerLayout,
    irrep_name,
    network_layout,
)
from betenet.network.rows import Rows
from betenet.network.site_product import SiteAttributes, site_product

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
    config: NetworkConfig,
    parameters: Parameters,
    name: str,
    x: Tensor,
    z: Tensor | SiteAttributes,
    rows: Rows,
    scale: float = 1.0,
    width: int | None = None,
) -> Tensor:
    """Linear map of the channels that depends on the element.

    Parameters
    ----------
    x
        (row, channel).
    z
        Node attributes of the elements present (element, attribute), or if sites have inputs of
        their own those of each site: `SiteAttributes` for `full`, (site, attribute) for `gated`.
    rows
        The rows of x.
    scale
        Factor of the result, which costs nothing here.
    width
        Number of the result's first channels that are wanted, all if absent.

    Returns
    -------
    Tensor
        (row, channel').

    Notes
    -----
    `full` is the tensor product with z, Σ W[v,u,w] x[u] z[v]. z depends on the element alone, so
    it contracts to one matrix for each element, however many rows there are. With inputs of the
    sites there is no way around the outer product of x and z for each row.
    """
    weight = parameters[name][..., :width]
    if isinstance(z, SiteAttributes):
        attributes, channels, _ = weight.shape
        return site_product(x, *z.of(rows), weight, scale / sqrt(attributes * channels))
    if config.node_product == "gated":
        gates = scale * (1 + z @ parameters[name + ".scale"])
        owners = rows.site if config.site_inputs and rows.site is not None else rows.element
        return (x * (owners @ gates)) @ (weight / sqrt(weight.shape[0]))
    return element_product(weight, x, z, rows, scale)


def element_product(weight: Tensor, x: Tensor, z: Tensor, rows: Rows, scale: float) -> Tensor:
    """Tensor product of what belongs to each row and what its element alone decides.

    Parameters
    ----------
    weight
        (factor of the element, factor of the row, channel').
    x, z
        Factors of the rows and of the elements present (row, ...), (element, ...).
    rows, scale
        As for `node_product`.

    Returns
    -------
    Tensor
        (row, channel').
    """
    attributes, channels, _ = weight.shape
    own = (rows.own @ z) * (scale / sqrt(attributes * channels))
    return rows.by_element(x, (own @ weight.flatten(1)).view(-1, *weight.shape[1:]))


def radial_functions(
    config: NetworkConfig, parameters: Parameters, prefix: str, layout: LayerLayout, g: Geometry
) -> dict[Block, Tensor]:
    """Radial functions of each block that is computed.

    Returns
    -------
    dict
        For `linear`, (degree · basis, channel); for `network`, (distance · degree, channel).
    """
    live = layout.live_blocks
    if config.radial == "linear":
        return {
            block: parameters[f"{prefix}.radial.{block.name}"]
            / sqrt(config.radial_size * len(block.degrees))
            for block in live
        }
    assert g.basis is not None
    first, second = (parameters[f"{prefix}.radial.{k}"] for k in ("hidden", "out"))
    hidden = silu(g.basis @ (first / sqrt(first.shape[0]))) / sqrt(second.shape[0])
    columns = second.split([layout.inputs[b.source] * len(b.degrees) for b in layout.blocks], dim=1)
    functions: dict[Block, Tensor] = {}
    for block, part in zip(layout.blocks, columns, strict=True):
        if block in live:
            table = hidden @ part
            table = table if g.interpolate is None else g.interpolate @ table
            functions[block] = table.view(-1, layout.inputs[block.source])
    return functions


def message(messages: Messages, functions: Tensor, x: Tensor) -> Tensor:
    """Sum over the neighbours of one block's tensor products.

    Parameters
    ----------
    functions
        Radial functions of the block.
    x
        Features that are sent (row, channel).

    Returns
    -------
    Tensor
        (target row, channel).
    """
    return messages.receive @ ((messages.radial @ functions) * (messages.send @ x))


def convolution(
    config: NetworkConfig,
    parameters: Parameters,
    index: int,
    features: Features,
    z: Tensor | SiteAttributes,
    g: Geometry,
) -> Features:
    """One convolution, before the gate.

    Parameters
    ----------
    index
        Index of the layer. Before the first one, rows are those of `Geometry.first_rows`.
    features
        (row, channel) for each representation.
    z
        Attributes of the elements present or of each site, as for `node_product`.
    """
    layout, prefix = network_layout(config)[index], f"layers.{index}"
    blocks = g.first if index == 0 else g.later

    product = _products(config, parameters, index, z)

    def sender_rows(irrep: Irrep) -> Rows:
        return g.first_rows if index == 0 else g.rows[irrep]

    sent: Features = {}
    own: Features = {}
    for irrep, x in features.items():
        rows = sender_rows(irrep)
        if irrep in layout.kept and index > 0 and isinstance(z, SiteAttributes):
            sent[irrep], own[irrep] = sent_and_kept(parameters, prefix, layout, irrep, x, z, rows)
        else:
            sent[irrep] = product("lin1", irrep, x, rows)
    functions = radial_functions(config, parameters, prefix, layout, g)
    outputs: Features = {}
    for irrep in layout.outputs:
        if irrep not in layout.live:
            continue
        arrived = [
            message(blocks[block], functions[block], sent[block.source])
            for block in layout.arriving(irrep)
        ]
        # Where the self-connection has no path the message stands alone.
        kept = irrep in layout.kept
        share = (cos(MIX) if kept else 1.0) / sqrt(config.num_neighbors)
        mixed = product("lin2", irrep, torch.cat(arrived, dim=1), g.rows[irrep], share)
        if kept:
            rows = sender_rows(irrep)
            if irrep not in own:
                own[irrep] = product("self", irrep, features[irrep], rows, sin(MIX))
            mixed = mixed + (
                g.rows[irrep].element @ own[irrep] if rows.site is None else own[irrep]
            )
        outputs[irrep] = mixed
    return outputs


def _products(
    config: NetworkConfig, parameters: Parameters, index: int, z: Tensor | SiteAttributes
) -> Callable[..., Tensor]:
    """Products of features with z by the weights of a layer, as a function of their kind."""
    layout, prefix = network_layout(config)[index], f"layers.{index}"

    def product(kind: str, irrep: Irrep, x: Tensor, rows: Rows, scale: float = 1.0) -> Tensor:
        name = f"{prefix}.{kind}.{irrep_name(irrep)}"
        width = None if kind == "lin1" else layout.live_channels(irrep)
        if index == 0 and kind != "lin2" and config.features_of_elements:
            # Features and attributes change places: here it is x that the element alone decides.
            weight = parameters[name][..., :width].transpose(0, 1)
            own = z.values if isinstance(z, SiteAttributes) else z
            return element_product(weight, own, x, rows, scale)
        return node_product(config, parameters, name, x, z, rows, scale, width)

    return product


def sent_and_kept(
    parameters: Parameters,
    prefix: str,
    layout: LayerLayout,
    irrep: Irrep,
    x: Tensor,
    z: SiteAttributes,
    rows: Rows,
) -> tuple[Tensor, Tensor]:
    """What is sent of some features, and their self-connection, in one product with z.

    Parameters
    ----------
    irrep
        Representation of the features.
    x
        (row, channel).
    z
        Attributes of each site.
    rows
        The rows of x.

    Returns
    -------
    Tensor, Tensor
        (row, channel').
    """
    sent, own = (parameters[f"{prefix}.{kind}.{irrep_name(irrep)}"] for kind in ("lin1", "self"))
    weight = torch.cat([sent, sin(MIX) * own[..., : layout.live_channels(irrep)]], dim=2)
    scale = 1.0 / sqrt(weight.shape[0] * weight.shape[1])
    product = site_product(x, *z.of(rows), weight, scale)
    return product[:, : sent.shape[2]], product[:, sent.shape[2] :]


def gate(layout: LayerLayout, outputs: Features, g: Geometry) -> Features:
    """Activate the scalars; scale everything else by a sigmoid of its own scalar."""
    features: Features = {}
    start = 0
    for irrep, channels in layout.features.items():
        own = outputs[SCALAR][:, start : start + channels]
        start += channels
        site = g.rows[irrep].site if irrep in outputs else None
        if irrep == SCALAR:
            features[irrep] = silu(own)
        elif site is not None:
            features[irrep] = outputs[irrep] * (site @ (SIGMOID_NORM * torch.sigmoid(own)))
    return features
