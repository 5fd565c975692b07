"""Full-batch training of many members over one geometry: the published way to train.

Every member sees all crystals in one pass. What is in its bag makes the gradient; what is not
makes the validation loss, at no further cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from betenet.network.batch import Geometry
from betenet.network.config import NetworkConfig
from betenet.network.layers import Parameters
from betenet.network.model import forward, forward_member, member_parameters
from betenet.network.threads import keep_freed_memory

CrystalLoss = Callable[[Tensor], Tensor]
"""From α²F of one member (crystal, frequency) to the loss of each crystal (crystal,)."""
Look = Callable[[Tensor, Tensor], None]
"""Takes training and validation loss (member,)."""
MakeOptimizer = Callable[[Iterable[Tensor]], torch.optim.Optimizer]
"""One that treats every number on its own, as AdamW does, so that members stay apart."""


class FullBatch:
    """Members in training, and their optimiser.

    Parameters
    ----------
    config
        The network's settings.
    parameters
        Where the members start (member, …); they are copied.
    geometry
        All crystals, of training and of validation.
    loss
        Loss of each crystal.
    train, held_out
        Weight of each crystal in each member's training and validation loss (member, crystal);
        the weighted sum is the loss.
    make_optimizer
        Called with the weights to train.
    batched
        Train all members in one pass, with the member axis as a batch: the default on an
        accelerator. On a CPU members follow each other, each a whole step at a time, which keeps
        its numbers in the processor's cache; use one such object in a process for each core.

    Notes
    -----
    A member's course does not depend on its company.
    """

    def __init__(
        self,
        config: NetworkConfig,
        parameters: Parameters,
        geometry: Geometry,
        loss: CrystalLoss,
        *,
        train: Tensor,
        held_out: Tensor,
        make_optimizer: MakeOptimizer,
        batched: bool | None = None,
    ) -> None:
        keep_freed_memory()
        self._config, self._geometry, self._loss = config, geometry, loss
        self._batched = geometry.numbers.is_cuda if batched is None else batched
        self._weights = train, held_out
        groups = [parameters]
        if not self._batched:
            groups = [member_parameters(parameters, member) for member in range(len(train))]
        self._groups = [
            {name: value.detach().clone().requires_grad_() for name, value in group.items()}
            for group in groups
        ]
        self.optimizers = [make_optimizer(group.values()) for group in self._groups]

    @property
    def parameters(self) -> Parameters:
        """Present weights (member, …)."""
        if self._batched:
            return {name: value.detach().clone() for name, value in self._groups[0].items()}
        return {
            name: torch.stack([group[name].detach() for group in self._groups])
            for name in self._groups[0]
        }

    def load_parameters(self, parameters: Parameters) -> None:
        """Take over weights (member, …), as after a restart."""
        with torch.no_grad():
            for member, group in enumerate(self._groups):
                for name, value in group.items():
                    value.copy_(parameters[name] if self._batched else parameters[name][member])

    def step(self, look: Look | None = None) -> tuple[Tensor, Tensor]:
        """One step of every member.

        Parameters
        ----------
        look
            Called with the losses of a member, or of all in one pass, before its weights change:
            whoever wants to keep these copies them here, and not in every step.

        Returns
        -------
        Tensor, Tensor
            Training and validation loss (member,) of the weights before the step.
        """
        if self._batched:
            a2f = forward(self._config, self._groups[0], self._geometry, batched=True).a2f
            return self._descend(torch.vmap(self._loss)(a2f), 0, slice(None), look)
        losses: list[tuple[Tensor, Tensor]] = []
        for member, group in enumerate(self._groups):
            a2f = forward_member(self._config, group, self._geometry).a2f
            each = self._loss(a2f)[None]
            losses.append(self._descend(each, member, slice(member, member + 1), look))
        train, held_out = zip(*losses, strict=True)
        return torch.cat(train), torch.cat(held_out)

    def _descend(
        self, each: Tensor, group: int, members: slice, look: Look | None
    ) -> tuple[Tensor, Tensor]:
        """One step of a group, from the loss of each crystal (member, crystal)."""
        weights, held_out_weights = self._weights
        train = (each * weights[members]).sum(1)
        self.optimizers[group].zero_grad()
        train.sum().backward()
        losses = train.detach(), (each.detach() * held_out_weights[members]).sum(1)
        if look is not None:
            look(*losses)
        self.optimizers[group].step()
        return losses
