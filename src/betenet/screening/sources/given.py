"""What databases say beside the structure, under our names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from betenet.known.candidate_rules import BAND_GAP, HULL_DISTANCE

IDS = (
    "id",
    "material_id",
    "jid",
    "mat_id",
    "immutable_id",
    "uid",
    "identifier",
    "entry_id",
)
"""Keys of a database's own name for an entry, the first that is there counts."""

BAND_GAPS = (
    BAND_GAP,
    "band_gap",
    "optb88vdw_bandgap",
    "band_gap_ind",
    "bandgap",
    "bandgap_pbe",
)
"""Materials Project, JARVIS, Alexandria (the indirect one is the gap), WBM; all in eV."""

HULL_DISTANCES = (
    HULL_DISTANCE,
    "energy_above_hull",
    "e_above_hull",
    "ehull",
    "hull_distance",
    "_oqmd_stability",
)
"""Materials Project, Alexandria and WBM, JARVIS, Alexandria by OPTIMADE, OQMD; eV per atom."""

LONGEST_TEXT = 200
"""Longer texts are no properties (input files, references)."""

_ABSENT = frozenset({"", "na", "nan", "none", "null"})


def given_in(*tables: Mapping[str, object]) -> dict[str, float | str]:
    """Numbers and short texts of tables, the first one that has a key counts.

    Parameters
    ----------
    tables
        Tables of one entry. Truth values become 1 and 0; what is no number and no text is left out,
        as are JARVIS's ``"na"`` and numbers that are not finite.

    Returns
    -------
    dict
        Band gap and distance from the hull under our names, everything else under its own.

    Examples
    --------
    >>> given_in({"optb88vdw_bandgap": 0.0, "ehull": "0.02", "spg": 225, "mbj_bandgap": "na"})
    {'band_gap_ev': 0.0, 'energy_above_hull_ev_per_atom': 0.02, 'spg': 225.0}
    """
    merged: dict[str, object] = {}
    for table in tables:
        merged = {**table, **merged}
    given: dict[str, float | str] = {}
    for name, keys in ((BAND_GAP, BAND_GAPS), (HULL_DISTANCE, HULL_DISTANCES)):
        for key, value in _aliases(merged, keys):
            number = _number(value)
            if number is not None:
                given.setdefault(name, number)
            merged.pop(key)
    for key, value in merged.items():
        simple = _simple(value)
        if simple is not None and not key.startswith("@"):
            given[key] = simple
    return given


def id_in(*tables: Mapping[str, object]) -> str | None:
    """The database's own name for an entry, if it has one."""
    for key in IDS:
        for table in tables:
            value = table.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return str(value).strip()
    return None


def is_known(key: str) -> bool:
    """Whether a property of a server is one that we have a name for."""
    return _without_provider(key) in {*BAND_GAPS, *HULL_DISTANCES} or key in HULL_DISTANCES


def _aliases(table: Mapping[str, object], keys: tuple[str, ...]) -> list[tuple[str, object]]:
    """Entries of a table whose keys are these, in the order of the keys."""
    found = [
        (keys.index(own if own in keys else _without_provider(own)), own)
        for own in table
        if own in keys or _without_provider(own) in keys
    ]
    return [(own, table[own]) for _, own in sorted(found)]


def _without_provider(key: str) -> str:
    """OPTIMADE's providers mark their own properties: ``_alexandria_band_gap``."""
    return re.sub(r"^_[a-z0-9]+_", "", key)


def _number(value: object) -> float | None:
    try:
        number = float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _simple(value: object) -> float | str | None:
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, str) and len(value) <= LONGEST_TEXT and value.lower() not in _ABSENT:
        return value
    item = getattr(value, "item", None)  # a number of NumPy
    return _simple(item()) if callable(item) and getattr(value, "ndim", 1) == 0 else None
