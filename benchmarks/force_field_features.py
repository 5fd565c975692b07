"""What a force field knows of the sites of crystals: its last scalars before the energy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from ase import Atoms

from betenet.phonons import DEFAULT, make_force_field


def site_features(structures: Sequence[Atoms], components: int) -> np.ndarray:
    """Principal components of each crystal's mean over its sites (row, component).

    Parameters
    ----------
    structures
        Cells as the force field has relaxed them.
    components
        How many, the largest first.

    Notes
    -----
    They are what the module that gives the energy of each site gets.
    """
    field = make_force_field(DEFAULT)
    caught: list[np.ndarray] = []

    def keep(_: torch.nn.Module, inputs: tuple[dict[str, torch.Tensor]]) -> None:
        caught.append(inputs[0]["x"].detach().numpy().mean(0))

    model: torch.nn.Module = field.calculator.model  # type: ignore[attr-defined]
    names = dict(model.named_children())
    handle = names["reduce_input_to_hidden"].register_forward_pre_hook(keep)
    for atoms in structures:
        copy = atoms.copy()
        copy.calc = field.calculator
        copy.get_potential_energy()
    handle.remove()
    table = np.array(caught)
    scaled = (table - table.mean(0)) / (table.std(0) + 1e-9)
    left, singular, _ = np.linalg.svd(scaled, full_matrices=False)
    return (left * singular)[:, :components]
