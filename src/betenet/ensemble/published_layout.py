"""The published network's state dict: its names, its shapes, and where each number belongs.

The names are those of the modules of e3nn's gate_points_2101, of which the network is built:
`layers.0.first` and `layers.1.first` are gated convolutions, `layers.2` is the last one, `em` the
embedding. A convolution holds `sc`, `lin1` and `lin2` (products with the node attributes, flat)
and `fc` (the radial network). Numbers are moved, never combined; e3nn itself is not needed.

References
----------
Gibson et al., npj Comput. Mater. 11, 7 (2025); its code: github.com/henniggroup/BETE-NET.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from betenet.errors import ModelError
from betenet.known.elements import MAX_NUMBER
from betenet.network.config import NetworkConfig
from betenet.network.layers import Parameters
from betenet.network.layout import Irrep, LayerLayout, irrep_name, network_layout

SHOWN = 4
"""Names that an error lists before it only counts them."""

_CONSTANT = re.compile(r"\.(output_mask|_compiled_\w+\._w3j_\d_\d_\d)$")
"""Constants that e3nn stores beside the weights."""
_PRODUCTS = {"self": "sc", "lin1": "lin1", "lin2": "lin2"}


def published_config(state: Mapping[str, Tensor]) -> NetworkConfig:
    """The network that a state dict belongs to: the paper's, with or without phonons.

    The embedding of the published network takes 118 numbers (one-hot of the element, hydrogen
    first; times the mass in x), CPD and FPD 51 more (the phonon density of states of the site).
    """
    paper = NetworkConfig.paper()
    weight = state.get("em.weight")
    wide = MAX_NUMBER + paper.frequency_count
    phonons = weight is not None and weight.ndim == 2 and weight.shape[1] == wide
    return replace(paper, site_inputs=paper.frequency_count) if phonons else paper


def published_shapes(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight in a published file."""
    shapes: dict[str, tuple[int, ...]] = {
        "em.weight": (config.embedding, MAX_NUMBER + config.site_inputs),
        "em.bias": (config.embedding,),
    }
    for prefix, layout in _layers(config):
        for kind, theirs in _PRODUCTS.items():
            size = sum(source * target for _, source, target in _paths(layout, kind))
            shapes[f"{prefix}.{theirs}.weight"] = (size * config.embedding,)
        columns = sum(layout.inputs[block.source] for block in layout.blocks)
        shapes[f"{prefix}.fc.layer0.weight"] = (config.radial_size, config.radial_hidden)
        shapes[f"{prefix}.fc.layer1.weight"] = (config.radial_hidden, columns)
    return shapes


def check_state(state: Mapping[str, Tensor], config: NetworkConfig, path: Path) -> None:
    """Refuse a state dict that is not of this network.

    Raises
    ------
    ModelError
        If it goes beyond l = 1, or a weight is missing, unknown, of another shape or not finite.
    """
    _check_degree(state, config, path)
    shapes = published_shapes(config)
    found = {name: tuple(value.shape) for name, value in state.items()}
    # A product without weights of its own has an empty one.
    extra = [n for n in found if n not in shapes and found[n] != (0,) and not _CONSTANT.search(n)]
    wrong = [
        f"{name} is {found[name]}, not {shape}"
        for name, shape in shapes.items()
        if name in found and found[name] != shape
    ]
    broken = [name for name in shapes if name in found and not _is_finite(state[name])]
    missing = [name for name in shapes if name not in found]
    for what, names in (
        ("weights are missing", missing),
        ("weights are unknown", extra),
        ("weights have another shape", wrong),
        ("weights are not finite numbers", broken),
    ):
        if names:
            raise ModelError(
                f"{path} is not of the published network: {what}: {listed(names)}.",
                "Two gated convolutions and a last one of e3nn's gate_points_2101, 32 channels, "
                f"l up to 1; embedding em of {MAX_NUMBER} numbers (CSO) or {MAX_NUMBER + 51} "
                "(CPD, FPD); 51 frequencies.",
                "Give the published files as they are; other networks cannot be imported.",
            )


def convert_member(state: Mapping[str, Tensor], config: NetworkConfig) -> Parameters:
    """One member in the names and shapes of `parameter_shapes`, in the precision of the file.

    Parameters
    ----------
    state
        Checked by `check_state`.
    """
    member = {"embedding.weight": state["em.weight"].T, "embedding.bias": state["em.bias"]}
    for index, (prefix, layout) in enumerate(_layers(config)):
        ours = f"layers.{index}"
        for kind, theirs in _PRODUCTS.items():
            flat = state[f"{prefix}.{theirs}.weight"]
            for irrep, matrix in _products(flat, _paths(layout, kind), config.embedding).items():
                member[f"{ours}.{kind}.{irrep_name(irrep)}"] = matrix
        member[f"{ours}.radial.hidden"] = state[f"{prefix}.fc.layer0.weight"]
        member[f"{ours}.radial.out"] = _radial_columns(layout, state[f"{prefix}.fc.layer1.weight"])
    return member


def _layers(config: NetworkConfig) -> list[tuple[str, LayerLayout]]:
    """Name of each convolution in a published file, with its layout; all but the last are gated."""
    layouts = network_layout(config)
    gated = [(f"layers.{index}.first", layout) for index, layout in enumerate(layouts[:-1])]
    return [*gated, (f"layers.{len(layouts) - 1}", layouts[-1])]


def _paths(layout: LayerLayout, kind: str) -> list[tuple[Irrep, int, int]]:
    """Representation and channels in and out of each path of a product, in e3nn's order."""
    if kind == "lin1":
        return [(irrep, size, size) for irrep, size in layout.inputs.items()]
    if kind == "self":
        shared = [irrep for irrep in layout.inputs if irrep in layout.outputs]
        return [(irrep, layout.inputs[irrep], layout.outputs[irrep]) for irrep in shared]
    # What arrives is sorted by representation, and stays in the order of its paths within one.
    return [
        (target, layout.inputs[block.source], layout.outputs[target])
        for target in sorted(layout.outputs)
        for block in layout.arriving(target)
    ]


def _products(
    flat: Tensor, paths: Sequence[tuple[Irrep, int, int]], attributes: int
) -> dict[Irrep, Tensor]:
    """From e3nn's flat (channel, attribute, channel') to (attribute, channel, channel')."""
    parts = flat.split([source * attributes * target for _, source, target in paths])
    found: dict[Irrep, list[Tensor]] = {}
    for part, (irrep, source, target) in zip(parts, paths, strict=True):
        found.setdefault(irrep, []).append(part.view(source, attributes, target).transpose(0, 1))
    return {irrep: torch.cat(each, dim=1) for irrep, each in found.items()}


def _radial_columns(layout: LayerLayout, weight: Tensor) -> Tensor:
    """e3nn's paths run over source, then harmonic, then target; ours over source and target."""
    sources = list(layout.inputs)
    theirs = sorted(layout.blocks, key=lambda b: (sources.index(b.source), b.degrees, b.target))
    parts = weight.split([layout.inputs[block.source] for block in theirs], dim=1)
    columns = dict(zip(theirs, parts, strict=True))
    return torch.cat([columns[block] for block in layout.blocks], dim=1)


def _check_degree(state: Mapping[str, Tensor], config: NetworkConfig, path: Path) -> None:
    """The first layer has a radial function for each degree and channel of the embedding."""
    weight = state.get("layers.0.first.fc.layer1.weight")
    if weight is None or weight.ndim != 2 or weight.shape[1] % config.embedding:
        return  # named with the other shapes
    lmax = weight.shape[1] // config.embedding - 1
    if lmax > config.lmax:
        raise ModelError(
            f"{path} holds a network with l up to {lmax}.",
            "Clebsch-Gordan signs for l ≥ 2 differ between versions of e3nn (0.4.4 and 0.6 do), "
            "and the file does not say which ones it was trained with.",
            f"Import networks with l up to {config.lmax}, as published.",
        )


def _is_finite(value: Tensor) -> bool:
    """As float32, which is what is stored."""
    return value.is_floating_point() and bool(value.float().isfinite().all())


def listed(names: Sequence[str]) -> str:
    """Some of the names, and how many there are besides."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
