"""What a search is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from betenet.errors import ConfigError
from betenet.phonons import DEFAULT

METHOD = 2
"""Number of the procedure: results of another one do not go on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchSettings:
    """Settings of a search.

    Parameters
    ----------
    target
        Formula, or chemical system.
    pressure
        Pressure [GPa].
    force_field
        Name of a force field, or ``module:function``.
    seed
        Seed: searches of one seed propose the same crystals.
    relaxations
        Number of candidates that are relaxed, rounded up to whole batches (`together`); a search
        may be continued with more.
    most_atoms
        Most atoms of a primitive cell.
    generation
        Candidates that are proposed at a time, from what is known before.
    first
        Candidates of chance before the genetic search begins.
    together
        Candidates that are relaxed a step of all at a time: what a kill may lose.
    choices
        Crystals of which each candidate is the one of the lowest energy before it is relaxed.
    random_share
        Share of candidates of chance afterwards; 1 for a search by chance alone.
    prototypes
        Whether shipped prototypes with the elements come first.
    structures
        Files of structures whose sites are given the elements, too.
    composition_weight
        How much mates are chosen by their nearness in composition: 0 to 1.

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    target: str
    pressure: float = 0.0
    force_field: str = DEFAULT
    seed: int = 0
    relaxations: int = 200
    most_atoms: int = 12
    generation: int = 24
    first: int = 48
    together: int = 8
    choices: int = 4
    random_share: float = 0.2
    prototypes: bool = True
    structures: tuple[str, ...] = ()
    composition_weight: float = 0.5

    def __post_init__(self) -> None:
        for name in ("relaxations", "generation", "first", "together", "choices"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}.", "It has to be at least 1.", "Raise it."
                )
        for name in ("random_share", "composition_weight"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}.", "It is a share.", "Give 0 to 1."
                )
        if self.generation % self.together:
            raise ConfigError(
                f"A generation of {self.generation} is no multiple of {self.together}.",
                "A batch of candidates belongs to one generation.",
                f"Make `generation` a multiple of `together`, {self.together}.",
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "structures": list(self.structures)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SearchSettings:
        """Build from what `to_dict` returns.

        Raises
        ------
        KeyError, TypeError, ConfigError
            If it is something else.
        """
        return cls(**{**data, "structures": tuple(data["structures"])})
