"""What the network is told of a chemical element."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from ase.data import atomic_masses
from jaxtyping import Float, Int

from betenet.known.elements import MAX_NUMBER, scaled_facts
from betenet.network.config import NetworkConfig


@lru_cache(maxsize=8)
def element_inputs(
    config: NetworkConfig,
) -> tuple[Float[np.ndarray, "number feature"], Float[np.ndarray, "number feature"]]:
    """Constant inputs of the embedding, as node features x and as node attributes z.

    `mass-one-hot`: one-hot × atomic mass and one-hot, as published. `periodic`: for both, the
    one-hot beside the standardised facts, an unknown fact standing at the mean.
    """
    one_hot = np.eye(MAX_NUMBER)
    if config.elements == "mass-one-hot":
        return one_hot * atomic_masses[1 : MAX_NUMBER + 1, None], one_hot
    both = np.concatenate([one_hot, scaled_facts()], axis=1)
    return both, both


def composition_statistics(
    numbers: Int[np.ndarray, " site"],
) -> Float[np.ndarray, " statistic"]:
    """Mean, standard deviation, minimum and maximum of the scaled facts over the sites."""
    facts = scaled_facts()[numbers - 1]
    return np.concatenate([facts.mean(0), facts.std(0), facts.min(0), facts.max(0)])
