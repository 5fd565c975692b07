"""The paper's kind of training run in one TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from betenet.errors import ConfigError
from betenet.network.config import NetworkConfig
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
    """

    name: str
    description: str = ""
    method: str = KIND
    sources: tuple[str, ...] = ("bete_net",)
    members: int = 100
    bags: Literal["bootstrap", "published"] = "bootstrap"
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
        return configure(cls, {**table, "network": network}, "recipe")

    def to_dict(self) -> dict[str, Any]:
        """Nested tables of plain values."""
        return asdict(self)


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
