"""Structures and phases under pressure: from elements to a convex hull, to Tc.

``run_search`` proposes crystals of a composition or of a whole system, relaxes them by a force
field and keeps what it finds; ``read_search`` reads it; ``hull_of`` tells what is stable,
``hulls_at_pressures`` at others, with zero-point energies and a second force field.
"""

from __future__ import annotations

from betenet.search.composition import SearchSpace, search_space
from betenet.search.hull import HullEntry, hull_of
from betenet.search.phases import Phase
from betenet.search.pressures import PressureHull, hulls_at_pressures
from betenet.search.run import SearchResult, read_search, run_search
from betenet.search.settings import SearchSettings

__all__ = [
    "HullEntry",
    "Phase",
    "PressureHull",
    "SearchResult",
    "SearchSettings",
    "SearchSpace",
    "hull_of",
    "hulls_at_pressures",
    "read_search",
    "run_search",
    "search_space",
]
