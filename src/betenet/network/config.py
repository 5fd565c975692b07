"""The settings of a network: everything that fixes its shape and its physics, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.network.angular import LMAX
from betenet.toml_input import configure

PHONON_DOS = "phonon-dos"
"""Source of numbers of each site that are given with the structure."""
FORCE_FIELD_INPUTS, FORCE_FIELD_CUTOFF = 128, 5.0
"""Numbers that a force field gives for each site, and how far it looks [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Shape and physics of one network.

    Every default is the shipped model's choice; :meth:`paper` gives the published network.
    """

    cutoff: float = 6.0
    """Radius of the neighbourhood of an atom [Å]."""
    lmax: int = 2
    """Highest degree of the features and of the spherical harmonics, 0 to 3."""
    layers: int = 3
    """Number of convolutions; the last one gives scalars only."""
    width: int = 48
    """Channels of each irreducible representation."""
    parity: Literal["natural", "full"] = "natural"
    """`natural` keeps (-1)^l only; `full` adds pseudo-vectors and their kin where reachable. What
    a last layer cannot use (pseudo-vectors need four layers) is stored but never computed."""
    elements: Literal["mass-one-hot", "periodic"] = "periodic"
    """What an atom is told of its element: one-hot times mass, or one-hot and tabulated facts."""
    site_inputs: int = 0
    """Numbers that describe each site besides its element, a phonon density of states say. As
    published, they are part of the node attributes z, and ones take their place in x; with
    `periodic` elements they are part of both."""
    site_source: Literal["phonon-dos", "mattersim-1m"] = "phonon-dos"
    """Where the numbers of each site come from: a phonon density of states that is given with the
    structure, or what a force field makes of the structure (`network.force_field_inputs`)."""
    embedding: int = 32
    """Width of the element embedding."""
    node_product: Literal["full", "gated"] = "gated"
    """`full`: tensor product of features and element; `gated`: one shared matrix, with a
    scale for each channel that depends on the element."""
    radial: Literal["linear", "network"] = "linear"
    """`linear`: free combination of the basis, so that all images of a pair merge into one edge;
    `network`: a small neural network of the distance, one edge for each distance."""
    radial_basis: Literal["bessel", "gaussian"] = "bessel"
    radial_size: int = 8
    """Number of radial basis functions."""
    radial_hidden: int = 100
    """Width of the hidden layer of a radial `network`."""
    merge_paths: bool = True
    """Sum the paths that lead to the same representation before the linear map after them."""
    num_neighbors: float = 40.0
    """Edges of a typical atom; sums over neighbours are divided by its square root."""
    readout: Literal["bins", "lognormal", "vibrations"] = "lognormal"
    """`bins`: a rectified value for each frequency; `lognormal`: a sum of log-normal peaks;
    `vibrations`: such a sum, of the phonon density of states of each site instead of α²F."""
    peaks: int = 6
    """Peaks of each site (lognormal, vibrations)."""
    hidden: int = 64
    """Width of the hidden layers of the lognormal readout."""
    mass_scaling: bool = True
    """Let the peaks of a site start at frequencies ∝ 1/√mass (lognormal)."""
    composition: bool = True
    """Give the readout statistics of the tabulated facts over the cell, and its volume."""
    sources: tuple[str, ...] = ("bete_net", "alexandria", "jarvis")
    """Levels of theory that the readout tells apart; the first one is used for predictions."""
    frequency_min: float = 0.6
    """First frequency of the grid [meV]."""
    frequency_max: float = 420.0
    """Last frequency of the grid [meV]."""
    frequency_count: int = 132
    frequency_spacing: Literal["linear", "geometric"] = "geometric"

    def __post_init__(self) -> None:
        if not 0 <= self.lmax <= LMAX:
            raise ConfigError(
                f"lmax = {self.lmax} is not supported.",
                "Spherical harmonics are there for l = 0 to 3.",
                f"Choose lmax between 0 and {LMAX}.",
            )
        for name in ("cutoff", "layers", "width", "radial_size", "num_neighbors", "peaks"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"{name} = {getattr(self, name)} makes no network.",
                    "It counts or measures something.",
                    f"Set {name} above zero.",
                )
        if not 0 < self.frequency_min < self.frequency_max or self.frequency_count < 2:
            raise ConfigError(
                "The frequency grid is empty or reversed.",
                f"It runs from {self.frequency_min} to {self.frequency_max} meV in "
                f"{self.frequency_count} points.",
                "Set 0 < frequency_min < frequency_max and at least two points.",
            )
        is_described = self.site_inputs == FORCE_FIELD_INPUTS and self.cutoff >= FORCE_FIELD_CUTOFF
        if self.site_source != PHONON_DOS and not is_described:
            raise ConfigError(
                f"site_source = {self.site_source!r} does not go with site_inputs = "
                f"{self.site_inputs} and cutoff = {self.cutoff}.",
                f"It gives {FORCE_FIELD_INPUTS} numbers for each site and looks "
                f"{FORCE_FIELD_CUTOFF:g} Å far.",
                f"Set site_inputs = {FORCE_FIELD_INPUTS} and cutoff to {FORCE_FIELD_CUTOFF:g} or "
                "more.",
            )
        if self.readout == "vibrations" and self.frequency_spacing != "geometric":
            raise ConfigError(
                'readout = "vibrations" needs a grid at equal steps of ln ω.',
                f"frequency_spacing is {self.frequency_spacing!r}.",
                'Set frequency_spacing = "geometric".',
            )

    @property
    def takes_phonons(self) -> bool:
        """Whether a phonon density of states of each site is an input."""
        return bool(self.site_inputs) and self.site_source == PHONON_DOS

    @property
    def features_of_elements(self) -> bool:
        """Whether only the attributes z know of the inputs of the sites.

        Features before the first layer are then those of the element, and their products contract.
        """
        return bool(
            self.site_inputs and self.elements == "mass-one-hot" and self.node_product == "full"
        )

    @property
    def frequencies(self) -> Float[np.ndarray, " n_freq"]:
        """The frequency grid [meV]."""
        ends = (self.frequency_min, self.frequency_max)
        return _grid(self.frequency_spacing, *ends, self.frequency_count).copy()

    @classmethod
    def paper(cls) -> NetworkConfig:
        """The published structure-only network (CSO).

        References
        ----------
        Gibson et al., npj Comput. Mater. 11, 7 (2025).
        """
        return cls(
            cutoff=4.0,
            lmax=1,
            layers=3,
            width=32,
            parity="full",
            elements="mass-one-hot",
            embedding=64,
            node_product="full",
            radial="network",
            radial_basis="gaussian",
            radial_size=10,
            merge_paths=False,
            num_neighbors=16.84626,
            readout="bins",
            mass_scaling=False,
            composition=False,
            sources=("bete_net",),
            frequency_min=0.25,
            frequency_max=100.25,
            frequency_count=51,
            frequency_spacing="linear",
        )

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> NetworkConfig:
        """Build from a table, as read from TOML.

        Raises
        ------
        ConfigError
            If a key is unknown; the message lists the valid ones.
        """
        return configure(cls, table, "network")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for TOML or JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


@lru_cache(maxsize=8)
def _grid(spacing: str, low: float, high: float, count: int) -> Float[np.ndarray, " n_freq"]:
    return (np.linspace if spacing == "linear" else np.geomspace)(low, high, count)
