"""Old checkpoints load forever: each step turns a card of one format version into the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from betenet.errors import ModelError

FORMAT_VERSION = 1

STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""`STEPS[n]` turns version n into version n + 1."""


def migrate(card: dict[str, Any], path: Path) -> dict[str, Any]:
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
    return card
