"""The published structure-only network (CSO), built plainly from e3nn's own layers.

It is what `NetworkConfig.paper()` is held against, and the peer of the benchmark of a training
step: one pass over all atoms and all edges, nothing shared, nothing merged.

References
----------
Gibson et al., npj Comput. Mater. 11, 7 (2025).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, pi, sin, sqrt
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.data import atomic_masses
from ase.neighborlist import neighbor_list
from torch import Tensor, nn
from torch.nn import functional

from betenet.network.config import NetworkConfig
from betenet.network.layout import irrep_name, network_layout

CUTOFF = 4.0  # Å
NUM_NEIGHBORS = 16.84626  # mean over the 806 published structures, self-edges included
ELEMENTS = 118
EMBEDDING = 64
N_FREQUENCIES = 51
N_BASIS = 10
RADIAL_HIDDEN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBatch:
    """Crystals as the published code holds them: one row for each atom, one for each edge."""

    mass_one_hot: Tensor
    one_hot: Tensor
    crystal: Tensor
    sources: Tensor
    targets: Tensor
    vectors: Tensor


def paper_batch(
    structures: Sequence[Atoms],
    dtype: torch.dtype = torch.float64,
    site_dos: np.ndarray | None = None,
) -> PaperBatch:
    """Neighbours within 4 Å by ASE, with a zero-length edge from each atom to itself.

    `site_dos` (site, frequency) makes it an input of the networks with phonon densities of states.
    """
    sources, targets, vectors = [], [], []
    offset = 0
    for atoms in structures:
        i, j, shift = neighbor_list("ijS", atoms, CUTOFF, self_interaction=True)
        sources.append(i + offset)
        targets.append(j + offset)
        vectors.append(atoms.positions[j] - atoms.positions[i] + shift @ atoms.cell.array)
        offset += len(atoms)
    numbers = np.concatenate([atoms.numbers for atoms in structures])
    one_hot = np.eye(ELEMENTS)[numbers - 1]
    crystal = np.repeat(np.arange(len(structures)), [len(atoms) for atoms in structures])
    masses = one_hot * atomic_masses[numbers, None]
    if site_dos is not None:
        masses = np.concatenate([masses, np.ones_like(site_dos)], axis=1)
        one_hot = np.concatenate([one_hot, site_dos], axis=1)
    return PaperBatch(
        mass_one_hot=torch.as_tensor(masses, dtype=dtype),
        one_hot=torch.as_tensor(one_hot, dtype=dtype),
        crystal=torch.as_tensor(crystal),
        sources=torch.as_tensor(np.concatenate(sources)),
        targets=torch.as_tensor(np.concatenate(targets)),
        vectors=torch.as_tensor(np.concatenate(vectors), dtype=dtype),
    )


class PaperConvolution(nn.Module):
    """Message passing with the element's attributes in every linear map."""

    def __init__(self, irreps_in: Any, irreps_out: Any) -> None:
        from e3nn import o3
        from e3nn.nn import FullyConnectedNet

        super().__init__()
        attributes = o3.Irreps(f"{EMBEDDING}x0e")
        harmonics = o3.Irreps.spherical_harmonics(1)
        paths = [
            (i, j, (mul, target))
            for i, (mul, source) in enumerate(irreps_in)
            for j, (_, edge) in enumerate(harmonics)
            for target in source * edge
            if target in irreps_out
        ]
        middle, place, _ = o3.Irreps([path[2] for path in paths]).sort()
        self.self_connection = o3.FullyConnectedTensorProduct(irreps_in, attributes, irreps_out)
        self.first = o3.FullyConnectedTensorProduct(irreps_in, attributes, irreps_in)
        self.message = o3.TensorProduct(
            irreps_in,
            harmonics,
            middle,
            [(i, j, place[k], "uvu", True) for k, (i, j, _) in enumerate(paths)],
            internal_weights=False,
            shared_weights=False,
        )
        self.radial = FullyConnectedNet(
            [N_BASIS, RADIAL_HIDDEN, self.message.weight_numel], functional.silu
        )
        self.second = o3.FullyConnectedTensorProduct(middle, attributes, irreps_out)

    def forward(
        self, x: Tensor, z: Tensor, batch: PaperBatch, harmonics: Tensor, basis: Tensor
    ) -> Tensor:
        sent = self.message(self.first(x, z)[batch.sources], harmonics, self.radial(basis))
        arrived = sent.new_zeros(len(x), sent.shape[1]).index_add(0, batch.targets, sent)
        mixed = self.second(arrived / sqrt(NUM_NEIGHBORS), z)
        # Where the self-connection has no path the message stands alone.
        kept = self.self_connection.output_mask
        share = cos(pi / 8) * kept + (1 - kept)
        return sin(pi / 8) * self.self_connection(x, z) + share * mixed


class PaperNetwork(nn.Module):
    """One member; `paper_network` builds it in the precision wanted."""

    def __init__(self, site_inputs: int = 0) -> None:
        from e3nn import o3
        from e3nn.nn import Gate

        super().__init__()
        self.embedding = nn.Linear(ELEMENTS + site_inputs, EMBEDDING)
        self.convolutions = nn.ModuleList()
        self.gates = nn.ModuleList()
        irreps = o3.Irreps(f"{EMBEDDING}x0e")
        for gates, gated in (("32x0e", "32x1o"), ("64x0e", "32x1o + 32x1e")):
            gate = Gate("32x0e", [functional.silu], gates, [torch.sigmoid], gated)
            self.convolutions.append(PaperConvolution(irreps, gate.irreps_in))
            self.gates.append(gate)
            irreps = gate.irreps_out
        self.convolutions.append(PaperConvolution(irreps, o3.Irreps(f"{N_FREQUENCIES}x0e")))

    def forward(self, batch: PaperBatch) -> tuple[Tensor, Tensor]:
        """α²F of each site (site, frequency) and of each crystal (crystal, frequency)."""
        from e3nn import o3
        from e3nn.math import soft_one_hot_linspace

        lengths = batch.vectors.norm(dim=1)
        basis = soft_one_hot_linspace(lengths, 0.0, CUTOFF, N_BASIS, basis="gaussian", cutoff=False)
        basis = basis * sqrt(N_BASIS)
        ramp = torch.sin(pi * lengths / CUTOFF) ** 2
        envelope = torch.where(lengths < CUTOFF / 2, torch.ones_like(lengths), ramp)
        harmonics = envelope[:, None] * o3.spherical_harmonics(
            [0, 1], batch.vectors, normalize=True, normalization="component"
        )
        x = torch.relu(self.embedding(batch.mass_one_hot))
        z = torch.relu(self.embedding(batch.one_hot))
        for index, convolution in enumerate(self.convolutions):
            x = convolution(x, z, batch, harmonics, basis)
            if index < len(self.gates):
                x = self.gates[index](x)
        site = torch.relu(x)
        counts = torch.bincount(batch.crystal)
        total = site.new_zeros(len(counts), site.shape[1]).index_add(0, batch.crystal, site)
        return site, total / counts[:, None]


class PublishedNetwork(nn.Module):
    """The same network from e3nn's own modules, with the names of the published state dicts.

    The published code is e3nn's gate_points_2101 with the embedding `em` set before it; nothing of
    `PaperNetwork` enters here.
    """

    def __init__(self, site_inputs: int = 0, lmax: int = 1) -> None:
        from e3nn import o3
        from e3nn.nn.models import gate_points_2101

        super().__init__()
        both_parities = [(32, (degree, p)) for degree in range(lmax + 1) for p in (-1, 1)]
        whole = gate_points_2101.Network(
            irreps_in=o3.Irreps(f"{EMBEDDING}x0e"),
            irreps_hidden=o3.Irreps(both_parities),
            irreps_out=o3.Irreps(f"{N_FREQUENCIES}x0e"),
            irreps_node_attr=o3.Irreps(f"{EMBEDDING}x0e"),
            irreps_edge_attr=o3.Irreps.spherical_harmonics(lmax),
            layers=2,
            max_radius=CUTOFF,
            number_of_basis=N_BASIS,
            radial_layers=1,
            radial_neurons=RADIAL_HIDDEN,
            num_neighbors=NUM_NEIGHBORS,
            num_nodes=1.0,
        )
        self.layers = whole.layers
        self.em = nn.Linear(ELEMENTS + site_inputs, EMBEDDING)

    def forward(self, batch: PaperBatch) -> Tensor:
        """α²F of each crystal (crystal, frequency)."""
        from e3nn import o3
        from e3nn.math import soft_one_hot_linspace
        from e3nn.nn.models.gate_points_2101 import scatter, smooth_cutoff

        lengths = batch.vectors.norm(dim=1)
        basis = soft_one_hot_linspace(lengths, 0.0, CUTOFF, N_BASIS, basis="gaussian", cutoff=False)
        harmonics = smooth_cutoff(lengths / CUTOFF)[:, None] * o3.spherical_harmonics(
            [0, 1], batch.vectors, normalize=True, normalization="component"
        )
        x = torch.relu(self.em(batch.mass_one_hot))
        z = torch.relu(self.em(batch.one_hot))
        for layer in self.layers:
            x = layer(x, z, batch.sources, batch.targets, harmonics, basis * sqrt(N_BASIS))
        counts = torch.bincount(batch.crystal)
        return scatter(torch.relu(x), batch.crystal, dim_size=len(counts)) / counts[:, None]


def paper_network(dtype: torch.dtype = torch.float64, site_inputs: int = 0) -> PaperNetwork:
    """A network with e3nn's random weights; its Clebsch-Gordan coefficients are of `dtype` too."""
    with default_dtype(dtype):
        return PaperNetwork(site_inputs)


def published_network(
    dtype: torch.dtype = torch.float64, site_inputs: int = 0, lmax: int = 1
) -> PublishedNetwork:
    """The same of the network whose state dict is named as the published ones are."""
    with default_dtype(dtype):
        return PublishedNetwork(site_inputs, lmax)


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """e3nn makes its constants in torch's default precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def pack(network: PaperNetwork, parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """One member of `NetworkConfig.paper()` in the names and shapes of the plain network.

    A bijection that only moves numbers, so it holds for weights and for gradients.

    Parameters
    ----------
    parameters
        Without the member axis.
    """
    packed = {
        "embedding.weight": parameters["embedding.weight"].T,
        "embedding.bias": parameters["embedding.bias"],
    }
    products = {"self_connection": "self", "first": "lin1", "second": "lin2"}
    for index, convolution in enumerate(network.convolutions):
        theirs, ours = f"convolutions.{index}", f"layers.{index}"
        for name, kind in products.items():
            weights = _flat(getattr(convolution, name), parameters, f"{ours}.{kind}")
            packed[f"{theirs}.{name}.weight"] = weights
        packed[f"{theirs}.radial.layer0.weight"] = parameters[f"{ours}.radial.hidden"]
        packed[f"{theirs}.radial.layer1.weight"] = _radial_columns(
            convolution.message, parameters[f"{ours}.radial.out"], index
        )
    return packed


def load_member(network: PaperNetwork, parameters: Mapping[str, Tensor], member: int = 0) -> None:
    """Give the plain network the weights of one member of an ensemble."""
    packed = pack(network, {name: value[member] for name, value in parameters.items()})
    weights = dict(network.named_parameters())
    if weights.keys() != packed.keys():
        raise KeyError(f"not the same parameters: {sorted(weights.keys() ^ packed.keys())}")
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(packed[name])


def _flat(product: Any, parameters: Mapping[str, Tensor], prefix: str) -> Tensor:
    """e3nn keeps the weights of a product path by path, each one flat."""
    rows, columns = _places(product.irreps_in1), _places(product.irreps_out)
    parts = [
        parameters[f"{prefix}.{product.irreps_out[path.i_out].ir}"][
            :, rows[path.i_in1], columns[path.i_out]
        ]
        .transpose(0, 1)
        .reshape(-1)
        for path in product.instructions
    ]
    return torch.cat(parts)


def _places(irreps: Any) -> list[slice]:
    """Channels of each entry among all those of its representation."""
    taken: dict[str, int] = {}
    places: list[slice] = []
    for mul, irrep in irreps:
        start = taken.get(str(irrep), 0)
        taken[str(irrep)] = start + mul
        places.append(slice(start, start + mul))
    return places


def _radial_columns(message: Any, out: Tensor, layer: int) -> Tensor:
    """Columns of the radial net in the order of e3nn's paths."""
    layout = network_layout(NetworkConfig.paper())[layer]
    ours: dict[tuple[str, int, str], Tensor] = {}
    start = 0
    for block in layout.blocks:
        (degree,) = block.degrees
        stop = start + layout.inputs[block.source]
        key = (irrep_name(block.source), degree, irrep_name(block.target))
        ours[key] = out[:, start:stop]
        start = stop
    order = [
        (
            str(message.irreps_in1[path.i_in1].ir),
            message.irreps_in2[path.i_in2].ir.l,
            str(message.irreps_out[path.i_out].ir),
        )
        for path in message.instructions
    ]
    return torch.cat([ours[key] for key in order], dim=1)
