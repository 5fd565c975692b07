r"""One layer of MatterSim on the edges of a crystal, with its gradient written by hand.

For the edge e from atom i to neighbour j, with the three-body sums T and the radial functions b:

.. math::
    e_1 &= e + \mathrm{gated}_3(T \circ m_i), \\
    e_2 &= e_1 + \mathrm{gated}(e_1 W + p_i + q_j) \circ (b A), \\
    v_i' &= \sum_{e \ni i} \mathrm{gated}'(e_2 W' + p'_i + q'_j) \circ \mathrm{silu}(b A')

where gated(x) is a silu network times a sigmoid one. What the first layer of a gated network makes
of the two atoms, p and q, is computed once an atom, not once an edge: a third of the work is left
of that layer. Some edges are taken at a time, so that all that is known of them stays in a core's
cache; this and the gradient by hand save another half.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import silu

EDGES_AT_ONCE = 512
"""Their rows, 5 kB each with 128 units in single precision, stay in the cache; from 384 to 768 the
time is the same, with fewer there are more calls."""

_silu_backward = torch.ops.aten.silu_backward
_sigmoid_backward = torch.ops.aten.sigmoid_backward


class Gate(NamedTuple):
    """A gated network without what its first layer makes of the atoms; matrices are (in, out)."""

    first: Tensor
    """Weights of the edge: the columns of the silu network, then those of the sigmoid one."""
    silu_weight: Tensor
    silu_bias: Tensor
    sigmoid_weight: Tensor
    sigmoid_bias: Tensor

    def forward(self, first: Tensor) -> tuple[Tensor, Tensor]:
        """What the silu and the sigmoid are of, and the sigmoid of; of the first layer's sums."""
        units = len(self.silu_weight)
        hidden = silu(first)
        linear = torch.addmm(self.silu_bias, hidden[:, :units], self.silu_weight)
        gate = torch.addmm(self.sigmoid_bias, hidden[:, units:], self.sigmoid_weight)
        return linear, gate.sigmoid_()

    def backward(self, grad: Tensor, first: Tensor, linear: Tensor, gate: Tensor) -> Tensor:
        """Gradient with respect to the first layer's sums."""
        to_linear = _silu_backward(grad * gate, linear)
        to_gate = _sigmoid_backward(grad.mul_(silu(linear)), gate)
        to_hidden = torch.cat(
            [to_linear @ self.silu_weight.t(), to_gate @ self.sigmoid_weight.t()], dim=1
        )
        return _silu_backward(to_hidden, first)


class EdgeWeights(NamedTuple):
    """Matrices (in, out) of one layer that act on edges."""

    angles_silu: Tensor
    angles_sigmoid: Tensor
    edge_gate: Gate
    edge_radial: Tensor
    atom_gate: Gate
    atom_radial: Tensor


class Pairs(NamedTuple):
    """Between which atoms the edges are; those with a three-body sum come first."""

    centres: Tensor
    neighbours: Tensor
    repeats: Tensor | None = None
    """Edges of the same centre that each stands for (edge, 1); absent where each is alone."""


class _Kept(NamedTuple):
    """What the gradient needs of some edges."""

    angles: tuple[Tensor, Tensor] | None
    edge: tuple[Tensor, Tensor, Tensor]
    atom: tuple[Tensor, Tensor, Tensor]


class MessagePassing(torch.autograd.Function):
    """New edges, and the sum of messages at each atom."""

    @staticmethod
    def forward(  # noqa: PLR0913 - the tensors of an autograd function cannot be in one object
        ctx: Any,
        edges: Tensor,
        angles: Tensor,
        radial: Tensor,
        masks: Tensor,
        at_centre: Tensor,
        at_neighbour: Tensor,
        pairs: Pairs,
        weights: EdgeWeights,
    ) -> tuple[Tensor, Tensor]:
        """Edges (edge, units) and sums (atom, units)."""
        layer = _Layer(angles, radial, masks, pairs, weights)
        new, sums = torch.empty_like(edges), edges.new_zeros(len(at_centre), edges.shape[1])
        kept = [
            layer.forward(part, edges, (at_centre, at_neighbour), (new, sums))
            for part in layer.parts
        ]
        ctx.layer, ctx.kept = layer, kept
        return new, sums

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of all but the last two arguments."""
        to_new, to_sums = grad_outputs
        layer: _Layer = ctx.layer
        # the first layer's atoms are their elements alone
        grads = layer.empty_gradients(to_new, of_atoms=any(ctx.needs_input_grad[3:6]))
        for part, kept in zip(layer.parts, ctx.kept, strict=True):
            layer.backward(part, kept, (to_new, to_sums), grads)
        return (
            grads["edges"],
            grads["angles"],
            grads["radial"],
            grads.get("masks"),
            grads.get("at_centre"),
            grads.get("at_neighbour"),
            None,
            None,
        )


class _Layer:
    """The sums over some edges, and their gradients."""

    def __init__(
        self, angles: Tensor, radial: Tensor, masks: Tensor, pairs: Pairs, weights: EdgeWeights
    ) -> None:
        self.angles, self.radial, self.masks = angles, radial, masks
        self.pairs, self.weights = pairs, weights
        near, count = len(angles), len(radial)
        # a part has a three-body sum on every edge or on none
        starts = [*range(0, near, EDGES_AT_ONCE), *range(near, count, EDGES_AT_ONCE)]
        ends = [*starts[1:], count][: len(starts)]
        self.parts = [slice(start, end) for start, end in zip(starts, ends, strict=True)]

    def empty_gradients(self, like: Tensor, *, of_atoms: bool) -> Mapping[str, Tensor]:
        """Where the gradients of all edges go, and those of the atoms where they are wanted."""
        atoms, units = len(self.masks), like.shape[1]
        found = {
            "edges": torch.empty_like(like),
            "angles": torch.empty_like(self.angles),
            "radial": torch.empty_like(self.radial),
        }
        if not of_atoms:
            return found
        return found | {
            "masks": torch.zeros_like(self.masks),
            "at_centre": like.new_zeros(atoms, 4 * units),
            "at_neighbour": like.new_zeros(atoms, 4 * units),
        }

    def forward(
        self,
        part: slice,
        edges: Tensor,
        of_atoms: tuple[Tensor, Tensor],
        out: tuple[Tensor, Tensor],
    ) -> _Kept:
        """Put the new edges of a part into ``out``, and add their messages."""
        weights, units = self.weights, edges.shape[1]
        centres, neighbours = self.pairs.centres[part], self.pairs.neighbours[part]
        old, angles = edges[part], None
        if part.start < len(self.angles):
            masked = self.angles[part] * self.masks.index_select(0, centres)
            angles = (masked @ weights.angles_silu, (masked @ weights.angles_sigmoid).sigmoid_())
            old = torch.addcmul(old, silu(angles[0]), angles[1])
        from_atoms = of_atoms[0].index_select(0, centres)
        from_atoms += of_atoms[1].index_select(0, neighbours)
        first = torch.addmm(from_atoms[:, : 2 * units], old, weights.edge_gate.first)
        edge = (first, *weights.edge_gate.forward(first))
        change = silu(edge[1]).mul_(edge[2])
        new = out[0][part]
        torch.addcmul(old, change, self.radial[part] @ weights.edge_radial, out=new)
        first = torch.addmm(from_atoms[:, 2 * units :], new, weights.atom_gate.first)
        atom = (first, *weights.atom_gate.forward(first))
        message = silu(atom[1]).mul_(atom[2])
        message *= silu(self.radial[part] @ weights.atom_radial)
        if self.pairs.repeats is not None:
            message *= self.pairs.repeats[part]
        out[1].index_add_(0, centres, message)
        return _Kept(angles, edge, atom)

    def backward(
        self,
        part: slice,
        kept: _Kept,
        given: tuple[Tensor, Tensor],
        grads: Mapping[str, Tensor],
    ) -> None:
        """Put the gradients of a part into ``grads``, and add those of the atoms."""
        weights, radial = self.weights, self.radial[part]
        centres, neighbours = self.pairs.centres[part], self.pairs.neighbours[part]
        to_firsts: list[Tensor] = []

        to_message = given[1].index_select(0, centres)
        if self.pairs.repeats is not None:
            to_message *= self.pairs.repeats[part]
        first, linear, gate = kept.atom
        before = radial @ weights.atom_radial
        to_radial = _silu_backward(silu(linear).mul_(gate).mul_(to_message), before)
        into = grads["radial"][part]
        torch.mm(to_radial, weights.atom_radial.t(), out=into)
        to_first = weights.atom_gate.backward(to_message.mul_(silu(before)), first, linear, gate)
        to_firsts.append(to_first)
        to_edge = torch.addmm(given[0][part], to_first, weights.atom_gate.first.t())

        first, linear, gate = kept.edge
        to_radial = silu(linear).mul_(gate).mul_(to_edge)
        into.addmm_(to_radial, weights.edge_radial.t())
        to_change = (radial @ weights.edge_radial).mul_(to_edge)
        to_first = weights.edge_gate.backward(to_change, first, linear, gate)
        to_firsts.append(to_first)
        to_edge = torch.addmm(
            to_edge, to_first, weights.edge_gate.first.t(), out=grads["edges"][part]
        )
        if "masks" in grads:
            to_atoms = torch.cat(to_firsts[::-1], dim=1)
            grads["at_centre"].index_add_(0, centres, to_atoms)
            grads["at_neighbour"].index_add_(0, neighbours, to_atoms)
        if kept.angles is not None:
            self._backward_angles(part, kept.angles, to_edge, grads)

    def _backward_angles(
        self,
        part: slice,
        kept: tuple[Tensor, Tensor],
        to_edge: Tensor,
        grads: Mapping[str, Tensor],
    ) -> None:
        linear, gate = kept
        centres = self.pairs.centres[part]
        to_masked = (
            _silu_backward(to_edge * gate, linear) @ self.weights.angles_silu.t()
            + _sigmoid_backward(silu(linear).mul_(to_edge), gate) @ self.weights.angles_sigmoid.t()
        )
        torch.mul(to_masked, self.masks.index_select(0, centres), out=grads["angles"][part])
        if "masks" in grads:
            grads["masks"].index_add_(0, centres, to_masked.mul_(self.angles[part]))
