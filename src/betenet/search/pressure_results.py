"""Hulls at pressures as files and as text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from betenet.json_output import finite_or_none
from betenet.runs import replace_file
from betenet.search.figures import draw_hull, draw_pressures
from betenet.search.hull import HullEntry
from betenet.search.pressures import PressureHull
from betenet.search.results import COLUMNS, entry_row, write_csv
from betenet.text_table import TextTable

TABLE, DOCUMENT, CURVES = "hulls.csv", "hulls.json", "pressures.png"
HULL_COLUMNS = (
    *(name for name in COLUMNS if name not in {"found", "file", "rank"}),
    *("above_hull_second_ev_per_atom", "uncertainty_ev_per_atom", "uncertainty_from"),
    "zero_point_ev_per_atom",
)
"""Columns of `TABLE`."""
_CURVES = 8
"""Most phases in the figure against pressure."""


def hull_rows(hull: PressureHull) -> list[dict[str, Any]]:
    """One row for each phase at a pressure, with names that carry the unit.

    Parameters
    ----------
    hull
        Hull at one pressure.
    """
    return [
        entry_row(rank, one, hull.entries, hull.pressure)
        | {
            "above_hull_second_ev_per_atom": finite_or_none(
                hull.second.get(one.phase.number, math.nan)
            ),
            "uncertainty_ev_per_atom": finite_or_none(hull.uncertainty(one)),
            "uncertainty_from": hull.source(one),
            "zero_point_ev_per_atom": hull.zero_point.get(one.phase.number),
        }
        for rank, one in enumerate(hull.entries, 1)
    ]


def hulls_to_list(hulls: Sequence[PressureHull]) -> list[dict[str, Any]]:
    """Values for JSON."""
    return [
        {
            "pressure_gpa": hull.pressure,
            "phases": hull_rows(hull),
            "unstable": sorted(hull.unstable),
            "warnings": list(hull.warnings),
        }
        for hull in hulls
    ]


def write_hulls(hulls: Sequence[PressureHull], elements: Sequence[str], folder: Path) -> None:
    """Write the hulls as a table and as JSON, and draw them.

    Parameters
    ----------
    hulls
        Hulls.
    elements
        Elements of the search.
    folder
        Folder of the search.

    Raises
    ------
    DataError
        If something cannot be written.
    """
    write_csv(folder / TABLE, HULL_COLUMNS, [row for hull in hulls for row in hull_rows(hull)])
    text = json.dumps(hulls_to_list(hulls), ensure_ascii=False, indent=1)
    replace_file(folder / DOCUMENT, text + "\n")
    if len(elements) in (2, 3):
        for hull in hulls:
            path = folder / f"hull_{hull.pressure:g}GPa.png"
            draw_hull(hull.entries, elements, hull.pressure, path, hull.uncertainties())
    if len(hulls) > 1:
        draw_pressures(pressure_curves(hulls), "enthalpy above the hull", folder / CURVES)


def pressure_curves(
    hulls: Sequence[PressureHull],
) -> Mapping[str, list[tuple[float, float, float]]]:
    """Pressure, enthalpy above the hull and its uncertainty of the phases that come nearest to it.

    Parameters
    ----------
    hulls
        Hulls.
    """
    points: dict[int, list[tuple[float, float, float]]] = {}
    names: dict[int, str] = {}
    for hull in sorted(hulls, key=lambda one: one.pressure):
        for one in hull.entries:
            points.setdefault(one.phase.number, []).append(
                (hull.pressure, one.above, hull.uncertainty(one))
            )
            names[one.phase.number] = f"{one.phase.formula} {one.phase.space_group}"
    lowest = sorted(points, key=lambda number: (min(y for _, y, _ in points[number]), number))
    return {f"{names[number]} #{number}": points[number] for number in lowest[:_CURVES]}


def hulls_text(hulls: Sequence[PressureHull], shown: float = 0.05) -> str:
    """Tables for people, one for each pressure.

    Parameters
    ----------
    hulls
        Hulls.
    shown
        Enthalpy above the hull up to which phases are shown [eV].
    """
    lines: list[str] = []
    for hull in hulls:
        rows = [_cells(hull, one) for one in hull.entries if one.above <= shown]
        lines += [f"{hull.pressure:g} GPa", _table(hull).text(rows).rstrip()]
        if hull.unstable:
            lines.append(f"left out, for their vibrations: {len(hull.unstable)} phases")
        lines += [f"warning: {one}" for one in hull.warnings] + [""]
    if not any(hull.doubts for hull in hulls):
        lines.append(
            "how sure the hull is, is not known: give a second force field (--second-force-field), "
            "or learn a correction (betenet search correct)"
        )
    return "\n".join(lines).rstrip()


def _cells(hull: PressureHull, one: HullEntry) -> tuple[str, ...]:
    row = entry_row(0, one, hull.entries, hull.pressure)
    uncertainty = hull.uncertainty(one)
    return (
        one.phase.formula,
        f"{one.phase.space_group} ({one.phase.space_group_number})",
        f"{1e3 * one.above:.1f}"
        + ("" if math.isnan(uncertainty) else f" ± {1e3 * uncertainty:.1f}"),
        f"{1e3 * one.formation:.1f}" if math.isfinite(one.formation) else "–",
        f"{one.phase.volume:.2f}",
        str(row["decomposition"]) or "on the hull",
    )


def _table(hull: PressureHull) -> TextTable:
    above = "above hull (meV/atom)"
    return TextTable(
        (
            ("formula", "<12"),
            ("space group", "<16"),
            (f"{above}, E0 counted" if hull.zero_point else above, ">21"),
            ("formation (meV/atom)", ">20"),
            ("Å³/atom", ">7"),
            ("decomposes to", "<40"),
        )
    )
