"""What the network is told of a chemical element."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np
from ase.data import atomic_masses
from jaxtyping import Float, Int

from betenet.network.config import NetworkConfig

MAX_NUMBER = 118
_LOGARITHMIC = (
    "mass_u",
    "melting_point_kelvin",
    "boiling_point_kelvin",
    "molar_volume_cm3",
    "bulk_modulus_gpa",
    "thermal_conductivity_w_per_m_k",
)
_IDENTITY = ("atomic_number", "symbol")


@lru_cache(maxsize=1)
def element_facts() -> tuple[tuple[str, ...], Float[np.ndarray, "number fact"]]:
    """Tabulated facts of the elements, `elements.csv`.

    Returns
    -------
    names
        One for each column; a name starting with ``log_`` holds the natural logarithm.
    Float[ndarray, "number fact"]
        Row Z - 1 is the element Z, in the units of the names; NaN where nothing is tabulated.
    """
    text = files("betenet.network").joinpath("elements.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    columns = [name for name in rows[0] if name not in _IDENTITY]
    table = np.full((MAX_NUMBER, len(columns)), np.nan)
    for row in rows:
        table[int(row["atomic_number"]) - 1] = [
            float(row[c]) if row[c] else np.nan for c in columns
        ]
    names: list[str] = []
    for index, name in enumerate(columns):
        if name == "tc_element_kelvin":
            table[: len(rows), index] = np.sqrt(np.nan_to_num(table[: len(rows), index]))
            names.append("sqrt_tc_element_kelvin")
        elif name in _LOGARITHMIC:
            table[:, index] = np.log(table[:, index])
            names.append("log_" + name)
        else:
            names.append(name)
    return tuple(names), table


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


@lru_cache(maxsize=1)
def scaled_facts() -> Float[np.ndarray, "number fact"]:
    """`element_facts` with zero mean and unit variance; an unknown fact stands at the mean."""
    _, facts = element_facts()
    return np.nan_to_num((facts - np.nanmean(facts, axis=0)) / np.nanstd(facts, axis=0))


def composition_statistics(
    numbers: Int[np.ndarray, " site"],
) -> Float[np.ndarray, " statistic"]:
    """Mean, standard deviation, minimum and maximum of the scaled facts over the sites."""
    facts = scaled_facts()[numbers - 1]
    return np.concatenate([facts.mean(0), facts.std(0), facts.min(0), facts.max(0)])
