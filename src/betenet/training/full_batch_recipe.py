"""The paper's kind of training run in one TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from betenet.ensemble.site_inputs import check_site_inputs
from betenet.errors import ConfigError
from betenet.network.config import NetworkConfig
from betenet.superconductivity.binned import FEWEST_BINS
from betenet.toml_input import configure, read_config
from betenet.training.full_batch_member import FullBatchConfig
from betenet.training.recipe import Recipe
from betenet.training.spectrum_losses import LOSSES

KIND = "full-batch"
"""What ``method`` says in such a recipe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FullBatchRecipe:
    """Everything that decides what a full-batch run produces.

    Attributes
    ----------
    bags
        ``"published"``: training rows by the published lists of ids, each row once;
        ``"bootstrap"``: drawn here, by formula, with repeats. What is not drawn validates.
    phonon_dos
        Phonon density of states of each site that the network takes, ``"coarse"`` (the published
        CPD) or ``"fine"`` (FPD); empty for none (CSO). It sets ``site_inputs`` of the network.
    """

    name: str
    description: str = ""
    method: str = KIND
    sources: tuple[str, ...] = ("bete_net",)
    members: int = 100
    bags: Literal["bootstrap", "published"] = "bootstrap"
    phonon_dos: Literal["", "coarse", "fine"] = ""
    network: NetworkConfig = field(default_factory=NetworkConfig.paper)
    training: FullBatchConfig = field(default_factory=FullBatchConfig)

    def __post_init__(self) -> None:
        if self.members < 1:
            raise ConfigError(
                f"members = {self.members} trains nothing.",
                "An ensemble has at least one member.",
                "Set members in the recipe.",
            )
        if self.training.loss not in LOSSES:
            raise ConfigError(
                f"[training] loss = {self.training.loss!r} is not known.",
                "It is not implemented.",
                f"Use one of {', '.join(LOSSES)}.",
            )
        if self.network.frequency_spacing != "linear" or self.network.frequency_count < FEWEST_BINS:
            raise ConfigError(
                f"[network] has {self.network.frequency_count} frequencies with "
                f"{self.network.frequency_spacing} spacing.",
                f"Targets are smoothed onto bins of equal width, {FEWEST_BINS} or more.",
                'Set frequency_spacing = "linear", and more bins.',
            )
        self._check_site_inputs()

    def _check_site_inputs(self) -> None:
        if self.phonon_dos:
            check_site_inputs(self.network)
        elif self.network.site_inputs:
            raise ConfigError(
                f"[network] site_inputs = {self.network.site_inputs}, but phonon_dos is not set.",
                "The inputs of the sites are their phonon density of states.",
                'Set phonon_dos = "coarse" or "fine", and leave site_inputs out: it follows.',
            )

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> FullBatchRecipe:
        """Build from nested tables; a ``[network]`` changes the published one.

        Raises
        ------
        ConfigError
            If a key is unknown or the name is missing.
        """
        network = table.get("network", {})
        if isinstance(network, Mapping):
            network = {**NetworkConfig.paper().to_dict(), **cast("dict[str, Any]", network)}
            if table.get("phonon_dos") and not network["site_inputs"]:
                network["site_inputs"] = network["frequency_count"]
        return configure(cls, {**table, "network": network}, "recipe")

    def to_dict(self) -> dict[str, Any]:
        """Nested tables of plain values."""
        table = asdict(self)
        if not self.phonon_dos:
            del table["phonon_dos"]  # runs that were begun before it could be chosen go on
        return table


def read_recipe(path: str | Path) -> Recipe | FullBatchRecipe:
    """A recipe of either kind, as its ``method`` says.

    Raises
    ------
    ConfigError
        If the file is missing or is not TOML, or a key is unknown.
    """
    table = read_config(path)
    kind = FullBatchRecipe if table.get("method") == KIND else Recipe
    return kind.from_dict(table)
