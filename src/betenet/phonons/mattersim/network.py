"""MatterSim's network: energies of the sites of crystals, and their gradient."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import silu

from betenet.phonons.mattersim.basis import AngleBasis, PairBasis
from betenet.phonons.mattersim.message_passing import EdgeWeights, Gate, MessagePassing, Pairs
from betenet.phonons.mattersim.weights import Architecture

UNTRAINED = 0.0501
"""Embeddings begin evenly distributed up to 0.05 on either side of zero."""


class MatterSim:
    """The network with its parameters.

    Parameters
    ----------
    architecture
        Its sizes.
    parameters
        Parameters by the names that the library ``mattersim`` gives them.
    dtype
        In which is computed.

    References
    ----------
    Yang et al., arXiv:2405.04967 (2024) (MatterSim); Chen and Ong, Nat. Comput. Sci. 2, 718 (2022)
    (M3GNet).
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Mapping[str, Tensor],
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.architecture = architecture
        self.dtype = dtype
        self._parameters = {
            name: value.detach().to(dtype)
            for name, value in parameters.items()
            if not name.startswith(("rbf.", "sbf."))
        }
        size = architecture.max_n
        self._pairs = PairBasis(size, architecture.cutoff, dtype)
        self._angles = AngleBasis(size, architecture.cutoff, architecture.threebody_cutoff, dtype)
        self._layers = [
            _Layer(self._part(f"graph_conv.{k}.")) for k in range(architecture.num_blocks)
        ]
        own = self._parameters
        self._embedding = own["atom_embedding.mlp.0.linear.weight"].t().contiguous()
        self._encoder = own["edge_encoder.mlp.0.linear.weight"].t()
        # energies are of thousands of eV and forces of thousandths
        self._scale = own["normalizer.scale"].double()
        self._shift = own["normalizer.shift"].double()
        self._final = self._part("final.")

    @property
    def known_elements(self) -> frozenset[int]:
        """Atomic numbers whose embedding has left the range it was drawn from before training."""
        largest = self._embedding.abs().amax(dim=1)
        return frozenset(torch.nonzero(largest > UNTRAINED).flatten().tolist())

    def site_energies(
        self, numbers: Tensor, pairs: Pairs, vectors: Tensor, chosen: Tensor | None = None
    ) -> Tensor:
        """Energy of each site [eV], in double precision; can be differentiated.

        Parameters
        ----------
        numbers, pairs, vectors, chosen
            As `describe` takes them.
        """
        atoms = self.describe(numbers, pairs, vectors, chosen)
        energies = self._readout(atoms).squeeze(1).double()
        return energies * self._scale[numbers] + self._shift[numbers]

    def describe(
        self, numbers: Tensor, pairs: Pairs, vectors: Tensor, chosen: Tensor | None = None
    ) -> Tensor:
        """What the network knows of each site and its surroundings before the energy (site, unit).

        Parameters
        ----------
        numbers
            Atomic numbers (site,).
        pairs
            Sites at both ends of each edge (edge,), and how many edges of its centre one of the
            chosen ones stands for.
        vectors
            Vectors from the centre of each edge to its neighbour (edge, 3) [Å].
        chosen
            Edges that are computed, one of those that symmetry makes equal at a site; all if
            absent.
        """
        vectors = vectors.to(self.dtype)
        lengths = torch.linalg.vector_norm(vectors, dim=1)
        is_near = lengths.detach() < self.architecture.threebody_cutoff
        near, places = torch.nonzero(is_near).squeeze(1), is_near.cumsum(0) - 1
        if chosen is None:
            chosen = torch.arange(len(lengths))
        # those with a three-body sum first
        wanted = chosen[is_near[chosen]]
        order = torch.cat([wanted, chosen[~is_near[chosen]]])
        angles = self._angles(
            vectors[near], lengths[near], pairs.centres[near], len(numbers), places[wanted]
        )
        radial = self._pairs(lengths[order])
        repeats = None if pairs.repeats is None else pairs.repeats[order].to(self.dtype)
        pairs = Pairs(pairs.centres[order], pairs.neighbours[order], repeats)

        atoms = self._embedding[numbers]
        edges = silu(radial @ self._encoder)
        for layer in self._layers:
            atoms, edges = layer(atoms, edges, angles, radial, pairs)
        return atoms

    def _readout(self, atoms: Tensor) -> Tensor:
        linear = gate = atoms
        for k in range(3):
            linear = _linear(self._final, f"g.{k}", linear)
            gate = _linear(self._final, f"sigma.{k}", gate)
            if k < 2:
                linear, gate = silu(linear), silu(gate)
        return linear * torch.sigmoid(gate)

    def _part(self, prefix: str) -> dict[str, Tensor]:
        return {
            name.removeprefix(prefix): value
            for name, value in self._parameters.items()
            if name.startswith(prefix)
        }


def _linear(part: Mapping[str, Tensor], name: str, values: Tensor) -> Tensor:
    return torch.addmm(part[f"{name}.linear.bias"], values, part[f"{name}.linear.weight"].t())


class _Layer:
    """One layer: what is done once an atom here, what is done once an edge by `MessagePassing`."""

    def __init__(self, part: Mapping[str, Tensor]) -> None:
        self.mask = part["three_body.atom_mlp.linear.weight"].t()
        self.mask_bias = part["three_body.atom_mlp.linear.bias"]
        units = len(part["edge_layer_edge.linear.weight"])
        firsts = {
            kind: torch.cat(
                [part[f"gated_mlp_{kind}.{half}.0.linear.weight"] for half in ("g", "sigma")]
            ).t()
            for kind in ("edge", "atom")
        }
        both = torch.cat([firsts["edge"], firsts["atom"]], dim=1)
        self.at_centre = both[:units].contiguous()
        self.at_neighbour = both[units : 2 * units].contiguous()
        self.bias = torch.cat(
            [
                part[f"gated_mlp_{kind}.{half}.0.linear.bias"]
                for kind in ("edge", "atom")
                for half in ("g", "sigma")
            ]
        )
        gates = {
            kind: Gate(
                firsts[kind][2 * units :].contiguous(),
                part[f"gated_mlp_{kind}.g.1.linear.weight"].t().contiguous(),
                part[f"gated_mlp_{kind}.g.1.linear.bias"],
                part[f"gated_mlp_{kind}.sigma.1.linear.weight"].t().contiguous(),
                part[f"gated_mlp_{kind}.sigma.1.linear.bias"],
            )
            for kind in ("edge", "atom")
        }
        self.weights = EdgeWeights(
            angles_silu=part["three_body.edge_gate_mlp.g.0.linear.weight"].t().contiguous(),
            angles_sigmoid=part["three_body.edge_gate_mlp.sigma.0.linear.weight"].t().contiguous(),
            edge_gate=gates["edge"],
            edge_radial=part["edge_layer_edge.linear.weight"].t().contiguous(),
            atom_gate=gates["atom"],
            atom_radial=part["edge_layer_atom.linear.weight"].t().contiguous(),
        )

    def __call__(
        self, atoms: Tensor, edges: Tensor, angles: Tensor, radial: Tensor, pairs: Pairs
    ) -> tuple[Tensor, Tensor]:
        """New atoms (atom, units) and edges (edge, units)."""
        masks = torch.sigmoid(torch.addmm(self.mask_bias, atoms, self.mask))
        at_centre = torch.addmm(self.bias, atoms, self.at_centre)
        at_neighbour = atoms @ self.at_neighbour
        new, messages = MessagePassing.apply(
            edges, angles, radial, masks, at_centre, at_neighbour, pairs, self.weights
        )
        return atoms + messages, new
