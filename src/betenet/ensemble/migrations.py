"""Old checkpoints load forever: each step turns one format version into the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from betenet.errors import ModelError
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD

FORMAT_VERSION = 2

Card = dict[str, Any]
Tensors = dict[str, Tensor]


def _attributes_first(tensors: Tensors) -> Tensors:
    """A `full` node product is kept as (member, attribute, channel, channel') since version 2."""
    products = (".lin1.", ".lin2.", ".self.")
    return {
        name: value.transpose(1, 2)
        if value.ndim == 4 and any(part in name for part in products)
        else value
        for name, value in tensors.items()
    }


STEPS: dict[int, Callable[[Card], Card]] = {1: dict}
"""`STEPS[n]` turns a card of version n into one of version n + 1."""
TENSOR_STEPS: dict[int, Callable[[Tensors], Tensors]] = {1: _attributes_first}
"""Steps for the parameters; a version that is absent left them as they were."""


def with_tc_methods(card: Card) -> Card:
    """A card whose every table of metrics says by which formula both sides' Tc are.

    Cards that do not say are of the time when it was the simplified one.
    """
    for part in (card, *card.get("with_phonons", {}).values()):
        for table in part.get("metrics", {}).values():
            if isinstance(table, dict) and "tc" in table:
                cast("Card", table).setdefault("tc_method", SIMPLE_METHOD)
    return card


def migrate(card: Card, path: Path) -> Card:
    """Bring a card to the current format.

    Raises
    ------
    ModelError
        If the version is absent or later than this package knows.
    """
    version = card.get("format_version")
    if version is None:
        raise ModelError(
            f"{path} has no format version.",
            "Without it, nobody knows how to read the rest.",
            "Get the ensemble's folder again.",
        )
    if not isinstance(version, int) or not 1 <= version <= FORMAT_VERSION:
        raise ModelError(
            f"{path} has format version {version!r}.",
            f"This version of betenet reads 1 to {FORMAT_VERSION}.",
            "Install a newer betenet.",
        )
    while version < FORMAT_VERSION:
        card = {**STEPS[version](card), "format_version": version + 1}
        version += 1
    return with_tc_methods(card)


def migrate_tensors(tensors: Tensors, version: int) -> Tensors:
    """Bring the parameters of a checkpoint of some version to the current format."""
    for step in range(version, FORMAT_VERSION):
        tensors = TENSOR_STEPS.get(step, dict)(tensors)
    return tensors
