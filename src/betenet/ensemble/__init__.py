"""Trained ensembles of networks: load one, predict with it; train one from a recipe.

The names below load on first use: a prediction's record and its estimates need no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from betenet.ensemble.ensemble import Ensemble
    from betenet.ensemble.shipped import DEFAULT_MODEL, DEFAULT_PHONON_MODEL, list_models
    from betenet.ensemble.vibrations import Vibrations

__all__ = ["DEFAULT_MODEL", "DEFAULT_PHONON_MODEL", "Ensemble", "Vibrations", "list_models"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from betenet.ensemble import ensemble, shipped, vibrations

        homes = {"Ensemble": ensemble, "Vibrations": vibrations}
        return getattr(homes.get(name, shipped), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
