"""Where a screening comes from: settings, versions, digests, and whom it owes something."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from betenet.citations import CITATIONS, EQUATIONS, FIRST_PRINCIPLES, Citation
from betenet.pages.html import folded, parts, section
from betenet.screening.description import RunDescription
from betenet.screening.report.forecast_section import FORECAST
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR, ELIASHBERG

LONGEST = 300
"""Letters of a value; a list of thousands of numbers tells nobody anything."""
_OF_PHONONS = {"togo2023phonopy"}
_OF_FORCE_FIELDS = {
    "7net": {"park2024sevennet"},
    "mattersim": {"yang2024mattersim", "chen2022m3gnet"},
}
"""Works behind the force fields, by how their names begin."""
_FUNNEL = "funnel"


def provenance_section(run: RunDescription) -> str:
    """The manifest, entry by entry, and what to cite."""
    apart = (FORECAST, _FUNNEL)
    kept = {key: value for key, value in run.manifest.items() if key not in apart}
    asked = run.manifest.get(_FUNNEL)
    works = [(one.as_text(), one.owed.replace("`", "")) for one in owed(run)]
    return section(
        "Provenance",
        _settings("The manifest of the run", kept),
        folded("The funnel as it was asked for", _settings("", {"": asked})) if asked else "",
        folded("Works to cite", parts(__name__).works(works)),
    )


def _settings(caption: str, of: Mapping[str, Any]) -> str:
    return parts(__name__).words(caption, ["entry", "value"], list(_entries(of)), named=True)


def owed(run: RunDescription) -> list[Citation]:
    """Works that this run rests on."""
    solves = ELIASHBERG in json.dumps(run.manifest)
    by = [stage.by for stage in run.stages if stage.rules.phonons]
    idle = set() if by else set(_OF_PHONONS)
    for name, works in _OF_FORCE_FIELDS.items():
        if not any(part.startswith(name) for one in by for part in one.split("+")):
            idle |= works
    return [
        one
        for one in CITATIONS
        if one.role != FIRST_PRINCIPLES
        and (one.role != EQUATIONS or solves)
        and one.key not in idle
    ]


def mu_star_of(run: RunDescription) -> float:
    """μ* of the run: of the manifest, at whatever depth, or the default."""
    found = _find(run.manifest, "mu_star")
    return float(found) if isinstance(found, int | float) else DEFAULT_MU_STAR


def _find(table: Mapping[str, Any], key: str) -> Any:
    if key in table:
        return table[key]
    for value in table.values():
        if isinstance(value, dict):
            found = _find(cast("dict[str, Any]", value), key)
            if found is not None:
                return found
    return None


def _entries(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Flat: the path of each value, and the value in words."""
    for key, value in table.items():
        path = f"{above}.{key}".strip(".")
        deeper = _as_table(value)
        if deeper:
            yield from _entries(deeper, path)
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield path, text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _as_table(value: Any) -> Mapping[str, Any] | None:
    """Tables, and lists of them under their names."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    if isinstance(value, list) and all(isinstance(part, dict) for part in cast("list[Any]", value)):
        parts = cast("list[dict[str, Any]]", value)
        return {str(part.get("name", i)): part for i, part in enumerate(parts, start=1)}
    return None
