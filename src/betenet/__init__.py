"""Superconductivity from crystal structure: α²F(ω), λ, ω_log, ω_2 and Tc, with uncertainties.

The names below are imported when they are first used, so importing the package costs nothing and
what does not need torch never loads it.
"""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from betenet.ensemble import Ensemble
    from betenet.errors import BetenetError
    from betenet.spectrum import Spectrum
    from betenet.structures import read_structures
    from betenet.superconductivity.critical_temperature import (
        allen_dynes,
        allen_dynes_simple,
        critical_temperature,
        mcmillan,
        xie_2019,
        xie_2022,
    )
    from betenet.superconductivity.moments import moments

    load = Ensemble.load

__version__ = "0.1.0"

__all__ = [
    "BetenetError",
    "Ensemble",
    "Spectrum",
    "__version__",
    "allen_dynes",
    "allen_dynes_simple",
    "critical_temperature",
    "load",
    "mcmillan",
    "moments",
    "read_structures",
    "xie_2019",
    "xie_2022",
]

_TC = "betenet.superconductivity.critical_temperature"

# where each name lives: module, and path inside it
_HOMES = {
    "BetenetError": ("betenet.errors", "BetenetError"),
    "Ensemble": ("betenet.ensemble", "Ensemble"),
    "Spectrum": ("betenet.spectrum", "Spectrum"),
    "allen_dynes": (_TC, "allen_dynes"),
    "allen_dynes_simple": (_TC, "allen_dynes_simple"),
    "critical_temperature": (_TC, "critical_temperature"),
    "load": ("betenet.ensemble", "Ensemble.load"),
    "mcmillan": (_TC, "mcmillan"),
    "moments": ("betenet.superconductivity.moments", "moments"),
    "read_structures": ("betenet.structures", "read_structures"),
    "xie_2019": (_TC, "xie_2019"),
    "xie_2022": (_TC, "xie_2022"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, path = _HOMES[name]
    value: object = attrgetter(path)(import_module(module))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
