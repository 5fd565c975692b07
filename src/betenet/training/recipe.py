"""A training run that can be repeated: data, network, loss, schedule and seeds in one TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from betenet.errors import ConfigError
from betenet.network.config import NetworkConfig
from betenet.phonons.library import PhononLibrary
from betenet.toml_input import configure, read_config
from betenet.training.losses import LossConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Rows to train on."""

    sources: tuple[str, ...] = ("bete_net", "alexandria", "jarvis")
    source_weights: tuple[float, ...] = (3.0, 1.0, 1.0)
    """Weight of a row in the loss, by source."""
    levels: tuple[str, ...] = ()
    """Level of theory of each source, one of the network's sources; its own name if empty. Small
    sources take that of a large one whose calculations are alike."""
    coupling_max: float = 4.0
    """Rows with a larger λ are left out of training: mostly soft modes that did not converge."""
    phonons: tuple[str, ...] = ()
    """Libraries of phonon densities of states (`phonons.library`), one for each force field: the
    model's card gets a linear correction of its predictions by each. A network with the readout
    `vibrations` learns those of `phonons_of_files`; others are trained without."""
    phonons_of_files: str = ""
    """Force field whose line serves all other phonons: the one nearest to first principles. The
    last of the libraries if empty."""
    n_folds: int = 5
    """Folds by reduced formula, for cross-validation."""

    def learnt_phonons(self) -> PhononLibrary:
        """The library whose phonons a network with the readout `vibrations` learns.

        Raises
        ------
        ConfigError
            If there is none of that force field.
        DataError
            If a library cannot be read.
        """
        libraries = [PhononLibrary.read(Path(path)) for path in self.phonons]
        wanted = self.phonons_of_files or (libraries[-1].force_field if libraries else "")
        for library in libraries:
            if library.force_field == wanted:
                return library
        known = ", ".join(library.force_field for library in libraries) or "none"
        raise ConfigError(
            f"[data] phonons_of_files: there is no library of {wanted or 'phonons'}.",
            f"There are those of {known}.",
            "Name the force field of one of the libraries in `phonons`.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """Schedule of one member and number of members."""

    members: int = 16
    first_seed: int = 0
    draws: float = 1.0
    """Bootstrap draws in units of the number of formulas."""
    repeats: bool = True
    """Let a formula that is drawn twice count twice; without, as in the published bootstraps, the
    bag is a subsample of 1 - exp(-draws) of the formulas."""
    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 2e-3
    """Peak of a one-cycle schedule."""
    weight_decay: float = 1e-2
    clip_norm: float = 1.0
    dropout: float = 0.1
    average: float = 0.99
    """Decay of the running average of the weights, which is what is kept."""
    patience: int = 6
    """Epochs without a better out-of-bag loss before a member stops."""
    keep: Literal["best", "last"] = "best"
    """Weights that are kept: of the epoch with the lowest out-of-bag loss, or of the last one. The
    loss is that of the first source: what is learnt late from others does not count in it."""

    def __post_init__(self) -> None:
        for name in ("members", "draws", "epochs", "batch_size", "learning_rate", "patience"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"[training] {name} = {getattr(self, name)} trains nothing.",
                    "It must be above zero.",
                    f"Set {name} in the recipe.",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what a training run produces."""

    name: str
    description: str = ""
    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        levels = self.data.levels or self.data.sources
        if len(levels) != len(self.data.sources):
            raise ConfigError(
                "[data] levels and sources differ in length.",
                "Each source has one level of theory.",
                "Give as many levels as sources, or none.",
            )
        distinct = tuple(dict.fromkeys(levels))
        if self.network.sources[: len(distinct)] != distinct:
            raise ConfigError(
                f"[network] sources {self.network.sources} do not begin with those of [data], "
                f"{distinct}.",
                "The network labels the levels of theory in that order.",
                "Write the same list in both sections.",
            )
        if self.network.takes_phonons:
            raise ConfigError(
                f"[network] site_inputs = {self.network.site_inputs} cannot be trained so.",
                "Rows in small batches have no inputs of their sites.",
                'Take method = "full-batch" with phonon_dos, as recipes/paper-cpd.toml does.',
            )
        if len(self.data.source_weights) != len(self.data.sources):
            raise ConfigError(
                "[data] source_weights and sources differ in length.",
                "Each source needs one weight.",
                "Give as many weights as sources.",
            )

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Recipe:
        """Build from nested tables.

        Raises
        ------
        ConfigError
            If a key is unknown or missing; the message lists the valid ones.
        """
        return configure(cls, table, "recipe")

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """Read a TOML file.

        Raises
        ------
        ConfigError
            If the file is missing or is not TOML, or a key is unknown.
        """
        return cls.from_dict(read_config(path))

    def to_dict(self) -> dict[str, Any]:
        """Nested tables of plain values."""
        return asdict(self)
