"""Phonon densities of states from the structure alone: networks that have learnt a force field's.

Where no phonons are given, the peaks of α²F are taken from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from betenet.ensemble.checkpoint import read_card, read_parameters
from betenet.ensemble.prepared import PreparedCrystal
from betenet.ensemble.shipped import find_model
from betenet.errors import ModelError, StructureError
from betenet.graphs import CrystalGraph, build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import joint_geometry
from betenet.network.layers import Parameters
from betenet.network.model import forward
from betenet.phonon_dos import PhononDos

DEFAULT_VIBRATIONS = "vibrations-2"
"""Name of the shipped networks."""
READOUT = "vibrations"
"""Readout of networks whose output is a phonon density of states."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vibrations:
    """Networks that predict the phonon density of states of each site.

    Attributes
    ----------
    name
        Name of the model.
    card
        Contents of its card.
    config
        Settings of the networks.
    parameters
        With a leading member axis.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from betenet.graphs import build_graph
    >>> known = Vibrations.load()
    >>> (dos,) = known.predict([build_graph(bulk("Nb"), known.config.cutoff)])
    >>> round(dos.n_states, 1), 10 < dos.omega_2 < 25  # meV
    (3.0, True)
    """

    name: str
    card: dict[str, Any]
    config: NetworkConfig
    parameters: Parameters

    @classmethod
    def load(cls, name_or_path: str | Path = DEFAULT_VIBRATIONS) -> Vibrations:
        """Load shipped networks by name, or any by their folder.

        Raises
        ------
        ModelError
            If there is no such model, its files are broken, or it predicts something else.
        """
        path = find_model(name_or_path)
        card = read_card(path)
        config = NetworkConfig.from_dict(card["network"])
        if config.readout != READOUT:
            raise ModelError(
                f"{card['name']} does not predict phonon densities of states.",
                f"Its readout is {config.readout!r}.",
                f"Choose {DEFAULT_VIBRATIONS}, or train with recipes/vibrations-2.toml.",
            )
        parameters = read_parameters(path, config, card["members"])
        return cls(name=card["name"], card=card, config=config, parameters=parameters)

    def predict(self, graphs: Sequence[CrystalGraph]) -> list[PhononDos]:
        """Phonon density of states of each crystal, the mean over the members.

        Parameters
        ----------
        graphs
            Built with the cutoff of `config`.
        """
        if not graphs:
            return []
        weight = next(iter(self.parameters.values()))
        whole = joint_geometry(graphs, self.config)
        geometry = collate([whole], self.config, weight.dtype, weight.device)
        with torch.no_grad():
            output = forward(self.config, self.parameters, geometry)
        sites = output.site_a2f.double().mean(0).cpu().numpy()
        parts = np.split(sites, np.cumsum([graph.n_sites for graph in graphs])[:-1])
        return [PhononDos(self.config.frequencies, part.sum(0), part) for part in parts]


def predicted_vibrations(
    items: Sequence[PreparedCrystal], config: NetworkConfig, weight: torch.Tensor
) -> list[PhononDos | None]:
    """Phonon density of states of each structure that has no phonons, None for the others.

    Parameters
    ----------
    items
        What is to be predicted.
    config
        Settings of the networks that predict α²F: those with the readout `lognormal` know moments
        and no peaks, others keep theirs.
    weight
        One of their parameters: vibrations are computed in the same precision, on the same device.
    """
    if config.readout != "lognormal":
        return [None] * len(items)
    known = shipped_vibrations(weight.dtype, weight.device)
    graphs: dict[int, CrystalGraph] = {}
    for place, one in enumerate(items):
        if one.graph is None or one.record.atoms is None or one.phonons.dos is not None:
            continue
        if config.cutoff == known.config.cutoff:
            graphs[place] = one.graph
            continue
        with suppress(StructureError):  # too large for this cutoff: it keeps its own peaks
            graphs[place] = build_graph(one.record.atoms, known.config.cutoff)
    found = dict(zip(graphs, known.predict(list(graphs.values())), strict=True))
    return [found.get(place) for place in range(len(items))]


@lru_cache(maxsize=2)
def shipped_vibrations(dtype: torch.dtype, device: torch.device) -> Vibrations:
    """Shipped networks in a precision and on a device, loaded once."""
    known = Vibrations.load()
    moved = {name: value.to(device, dtype) for name, value in known.parameters.items()}
    return replace(known, parameters=moved)
