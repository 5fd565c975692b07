"""From a database of structures to a ranked shortlist, stage by stage.

The names below are imported when they are first used: `status_of` needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from betenet.screening.funnel import Funnel, Stage
    from betenet.screening.screening import Screening, plan, screen, write_outputs
    from betenet.screening.status import Status, status_of
    from betenet.screening.substitution import substitute

__all__ = [
    "Funnel",
    "Screening",
    "Stage",
    "Status",
    "plan",
    "screen",
    "status_of",
    "substitute",
    "write_outputs",
]

_MODULES = {
    **dict.fromkeys(("Funnel", "Stage"), "funnel"),
    **dict.fromkeys(("Screening", "plan", "screen", "write_outputs"), "screening"),
    **dict.fromkeys(("Status", "status_of"), "status"),
    "substitute": "substitution",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
