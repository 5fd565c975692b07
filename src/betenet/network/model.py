"""The network: elements and geometry in, α²F of each site and each crystal out.

Parameters are plain tensors with a leading member axis; the geometry is shared by all members.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from betenet.network.batch import Geometry
from betenet.network.config import NetworkConfig
from betenet.network.elements import element_inputs
from betenet.network.geometry import statistics_size
from betenet.network.layers import Parameters, convolution, gate
from betenet.network.layout import SCALAR, LayerLayout, irrep_name, network_layout
from betenet.network.readout import bins_readout, lognormal_readout
from betenet.network.site_product import SiteAttributes
from betenet.network.threads import keep_freed_memory, on_threads
from betenet.network.vibrations_readout import outputs_of_vibrations, vibrations_readout


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """α²F on the grid of the configuration [1].

    For the readout `vibrations` the phonon density of states of an atom stands in its place
    [1/meV].

    Attributes
    ----------
    site_a2f
        One spectrum for each atom, (…, atom, frequency).
    a2f
        Their mean over the atoms of each crystal, (…, crystal, frequency).
    fermi_dos
        Mean electronic density of states of an atom at the Fermi level (…, crystal) [1/eV]; NaN
        for readouts that do not have it.
    """

    site_a2f: Tensor
    a2f: Tensor
    fermi_dos: Tensor


def parameter_shapes(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter of one member."""
    inputs = element_inputs(config)[0].shape[1] + config.site_inputs
    shapes: dict[str, tuple[int, ...]] = {
        "embedding.weight": (inputs, config.embedding),
        "embedding.bias": (config.embedding,),
    }
    for index, layout in enumerate(network_layout(config)):
        shapes |= _layer_shapes(config, layout, f"layers.{index}")
    if config.readout != "bins":
        lognormal = config.readout == "lognormal"
        out = 3 * config.peaks + 3 if lognormal else outputs_of_vibrations(config)
        shapes["readout.in"] = (2 * config.width + statistics_size(config), config.hidden)
        shapes["readout.mid"] = (config.hidden, config.hidden)
        if lognormal:
            shapes["readout.source"] = (len(config.sources), config.hidden)
        shapes["readout.out"] = (config.hidden, out)
        shapes["readout.bias"] = (out,)
    return shapes


def _layer_shapes(
    config: NetworkConfig, layout: LayerLayout, prefix: str
) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}

    def product(name: str, channels: int, out: int) -> None:
        if config.node_product == "full":
            shapes[name] = (config.embedding, channels, out)
        else:
            shapes[name] = (channels, out)
            shapes[name + ".scale"] = (config.embedding, channels)

    for irrep, channels in layout.inputs.items():
        product(f"{prefix}.lin1.{irrep_name(irrep)}", channels, channels)
    for irrep, channels in layout.outputs.items():
        product(f"{prefix}.lin2.{irrep_name(irrep)}", layout.mid_channels(irrep), channels)
        if irrep in layout.inputs:
            product(f"{prefix}.self.{irrep_name(irrep)}", layout.inputs[irrep], channels)
    if config.radial == "linear":
        for block in layout.blocks:
            size = config.radial_size * len(block.degrees)
            shapes[f"{prefix}.radial.{block.name}"] = (size, layout.inputs[block.source])
    else:
        total = sum(layout.inputs[b.source] * len(b.degrees) for b in layout.blocks)
        shapes[f"{prefix}.radial.hidden"] = (config.radial_size, config.radial_hidden)
        shapes[f"{prefix}.radial.out"] = (config.radial_hidden, total)
    return shapes


def initialise(
    config: NetworkConfig, seeds: list[int], dtype: torch.dtype = torch.float32
) -> Parameters:
    """Random parameters, one member for each seed.

    Weights are drawn from a unit normal; the normalisation is part of the forward pass. The
    element-dependent scales and the readout start small, so that a new network predicts the same
    broad spectrum for every crystal.

    Returns
    -------
    dict
        Tensors (member, …).
    """
    small = {"readout.out": 0.1, "readout.source": 0.1}
    shapes = parameter_shapes(config)
    members: list[Parameters] = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        member: Parameters = {}
        for name, shape in shapes.items():
            scale = small.get(name, 0.3 / shape[0] ** 0.5 if name.endswith(".scale") else 1.0)
            if name == "embedding.weight":
                # As a linear layer of the published code starts.
                bound = shape[0] ** -0.5
                value = (2 * torch.rand(shape, generator=generator) - 1) * bound
                if config.elements == "periodic":
                    value = torch.randn(shape, generator=generator) * 0.3
            elif name.endswith("bias"):
                value = torch.zeros(shape)
            else:
                value = torch.randn(shape, generator=generator) * scale
            member[name] = value.to(dtype)
        members.append(member)
    return {name: torch.stack([m[name] for m in members]) for name in shapes}


def member_parameters(parameters: Parameters, member: int) -> Parameters:
    """Views of one member's parameters, without the member axis."""
    return {name: value[member] for name, value in parameters.items()}


def _embedded(config: NetworkConfig, parameters: Parameters, g: Geometry) -> tuple[Tensor, Tensor]:
    """Features x and attributes z of each element, or of each site if they know of its inputs."""
    weight, bias = parameters["embedding.weight"], parameters["embedding.bias"]
    x, z = (
        torch.as_tensor(table[g.present - 1], dtype=weight.dtype, device=weight.device)
        @ weight[: table.shape[1]]
        for table in element_inputs(config)
    )
    if g.site_inputs is not None:
        of_element, own = g.first_rows.element, weight[-config.site_inputs :]
        attributes = g.site_inputs @ own
        # As published, ones stand for the inputs of the sites in x.
        plain = config.elements == "mass-one-hot"
        x = x + own.sum(0) if plain else of_element @ x + attributes
        x = of_element @ x if plain and not config.features_of_elements else x
        z = of_element @ z + attributes
    return torch.relu(x + bias), torch.relu(z + bias)


def forward_member(
    config: NetworkConfig,
    parameters: Parameters,
    g: Geometry,
    source: Tensor | None = None,
    dropout: float = 0.0,
) -> NetworkOutput:
    """Forward pass of one member.

    Parameters
    ----------
    parameters
        Without the member axis.
    g
        Geometry of the batch.
    source
        Index of the level of theory of each crystal; the first one if absent (crystal,).
    dropout
        Share of hidden units left out, in training.
    """
    x, attributes = _embedded(config, parameters, g)
    by_site = config.node_product == "full" and g.site_inputs is not None
    z = SiteAttributes(attributes) if by_site else attributes
    features = {SCALAR: x}
    layouts = network_layout(config)
    for index, layout in enumerate(layouts):
        outputs = convolution(config, parameters, index, features, z, g)
        features = gate(layout, outputs, g) if index < len(layouts) - 1 else outputs
    scalars = features[SCALAR]
    dos = scalars.new_full((len(scalars),), torch.nan)
    if config.readout == "bins":
        site = bins_readout(scalars)
    elif config.readout == "vibrations":
        site = vibrations_readout(config, parameters, scalars, g, dropout)
    else:
        label = torch.zeros_like(g.counts) if source is None else source
        site, dos = lognormal_readout(config, parameters, scalars, label, g, dropout)
    return NetworkOutput(g.expand @ site, g.pool @ site, (g.pool @ dos[:, None])[:, 0])


def forward(
    config: NetworkConfig,
    parameters: Parameters,
    g: Geometry,
    source: Tensor | None = None,
    *,
    batched: bool | None = None,
) -> NetworkOutput:
    """Forward pass of every member over one geometry.

    Parameters
    ----------
    parameters
        With a leading member axis.
    g
        Geometry of the batch.
    source
        Index of the level of theory of each crystal; the first one if absent (crystal,).
    batched
        Compute all members in one pass, with the member axis as a batch: fast on an accelerator,
        and the default there. On a CPU small products gain nothing from it, so members follow
        each other, on as many threads as torch may use.

    Returns
    -------
    NetworkOutput
        With a leading member axis.
    """

    def one(member: Parameters) -> tuple[Tensor, Tensor, Tensor]:
        output = forward_member(config, member, g, source)
        return output.site_a2f, output.a2f, output.fermi_dos

    if g.numbers.is_cuda if batched is None else batched:
        return NetworkOutput(*torch.vmap(one)(parameters))
    keep_freed_memory()
    count = len(next(iter(parameters.values())))
    outputs = on_threads(lambda member: one(member_parameters(parameters, member)), range(count))
    return NetworkOutput(*(torch.stack(kind) for kind in zip(*outputs, strict=True)))
