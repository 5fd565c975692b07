"""Superconductors of a search as tables, a page, and a list for first-principles calculations."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from betenet.espresso.campaign_list import FILE, FORMULA, PRESSURE
from betenet.known.candidate_rules import HULL_DISTANCE
from betenet.pages.html import page, paragraph, picture, section, table, warning_box
from betenet.phonons.relaxed_structure import write_cell
from betenet.plotting.canvas import (
    A2F_COLOUR,
    COUPLING_COLOUR,
    FIGURE_SIZE,
    SMALL_FONT,
    dress,
    typeset,
)
from betenet.runs import replace_file, replacing_folder
from betenet.search.figures import draw_hull
from betenet.search.results import decomposition_text, write_csv
from betenet.search.run import SearchResult
from betenet.search.superconductors import STABLE, Superconductor
from betenet.text_table import TextTable

TABLE, DOCUMENT, PAGE, CAMPAIGN = "tc.csv", "tc.json", "report.html", "campaign.csv"
CELLS = "superconductors"
"""Folder of the cells that `CAMPAIGN` names."""
_FIRST = (
    "Stability and phonons are those of a force field, and Tc is predicted by networks: "
    "the list says what to calculate from first principles next."
)
_HEAD = (
    *("formula", "space group", "Tc (K)", "λ", "ω_log (meV)", "above hull (meV/atom)"),
    *("vibrations", "decomposes to"),
)


def write_superconductors(
    found: SearchResult, phases: Sequence[Superconductor], folder: Path
) -> None:
    """Write the table, JSON, the page, the cells and the list for `betenet epc campaign`.

    Parameters
    ----------
    found
        The search.
    phases
        Its phases, ranked.
    folder
        Folder of the search.

    Raises
    ------
    DataError
        If something cannot be written.
    """
    pressure = found.settings.pressure
    rows = [one.to_row(pressure) for one in phases]
    write_csv(folder / TABLE, tuple(rows[0]), rows)
    document = json.dumps(superconductors_to_dict(found, phases), ensure_ascii=False, indent=1)
    replace_file(folder / DOCUMENT, document + "\n")
    replace_file(folder / PAGE, report_page(found, phases))
    listed: list[dict[str, Any]] = []
    with replacing_folder(folder / CELLS) as unfinished:
        for one in phases:
            if one.prediction.error is not None:
                continue
            name = f"{one.prediction.name}.cif"
            write_cell(unfinished / name, one.entry.phase.atoms)
            listed.append(
                {
                    FILE: f"{CELLS}/{name}",
                    PRESSURE: pressure,
                    FORMULA: one.entry.phase.formula,
                    HULL_DISTANCE: one.entry.above,
                }
            )
    write_csv(folder / CAMPAIGN, (FILE, PRESSURE, FORMULA, HULL_DISTANCE), listed)


def superconductors_to_dict(
    found: SearchResult, phases: Sequence[Superconductor]
) -> dict[str, Any]:
    """Values for JSON: the rows, and each whole prediction."""
    return {
        "settings": found.settings.to_dict(),
        "phases": [
            one.to_row(found.settings.pressure)
            | {"prediction": one.prediction.to_dict(per_site=False)}
            for one in phases
        ],
    }


def superconductors_text(
    found: SearchResult, phases: Sequence[Superconductor], folder: Path
) -> str:
    """Table for people."""
    rows = [
        (
            "*" if one.is_best else "",
            one.entry.phase.formula,
            f"{one.entry.phase.space_group} ({one.entry.phase.space_group_number})",
            *_numbers(one),
            one.stability,
        )
        for one in phases
    ]
    made = TextTable(
        (
            ("", "<1"),
            ("formula", "<12"),
            ("space group", "<16"),
            ("Tc (K)", ">18"),
            ("λ", ">5"),
            ("ω_log (meV)", ">11"),
            ("above hull (meV/atom)", ">21"),
            ("vibrations", "<10"),
        )
    )
    below = (
        f"{len(phases)} phases at {found.settings.pressure:g} GPa; * no stable phase has both a "
        f"higher Tc and a lower enthalpy\nfor first principles: betenet epc campaign "
        f"{folder / CAMPAIGN} --out DIR"
    )
    return f"{made.text(rows).rstrip()}\n\n{below}"


def _numbers(one: Superconductor) -> tuple[str, str, str, str]:
    above = f"{1e3 * one.entry.above:.1f}"
    if one.prediction.error is not None:
        return "–", "–", "–", above
    tc = one.prediction.estimates["tc"].as_text()
    return tc, f"{one.value('coupling'):.2f}", f"{one.value('omega_log'):.1f}", above


def report_page(found: SearchResult, phases: Sequence[Superconductor]) -> str:
    """The page of a search: Tc beside stability, the hull, and what to know first."""
    settings, space = found.settings, found.space
    by_number = {one.phase.number: one.phase for one in found.entries}
    rows = [
        (
            f"{'★ ' if one.is_best else ''}{one.entry.phase.formula}",
            one.entry.phase.space_group,
            *_numbers(one),
            one.stability,
            decomposition_text(one.entry, by_number) or "on the hull",
        )
        for one in phases
    ]
    told = (
        f"{found.done} candidates of {space.target} were relaxed at {settings.pressure:g} GPa by "
        f"{settings.force_field} (seed {settings.seed}, at most {settings.most_atoms} atoms): "
        f"{len(found.entries)} distinct phases, {len(found.stable)} on the hull."
    )
    parts = [
        warning_box([_FIRST, *found.warnings]),
        section(
            "Tc and stability",
            paragraph(told),
            picture(tc_figure(phases), "Tc against the enthalpy above the hull"),
            table(
                "Phases near the hull; ★ where no stable phase has both a higher Tc and a lower "
                "enthalpy",
                _HEAD,
                rows,
            ),
        ),
    ]
    if len(space.elements) in (2, 3) and space.is_system:
        figure = Figure(figsize=FIGURE_SIZE, layout="constrained")
        axes = figure.add_subplot()
        draw_hull(found.entries, space.elements, settings.pressure, axes)
        parts.append(section("Hull", picture(figure, "Convex hull of the phases that were found")))
    return page(f"{space.target} at {settings.pressure:g} GPa", parts)


def tc_figure(phases: Sequence[Superconductor]) -> Figure:
    """Tc against the enthalpy above the hull; open where the vibrations are unstable."""
    figure = Figure(figsize=FIGURE_SIZE, layout="constrained")
    axes = figure.add_subplot()
    for one in phases:
        if not math.isfinite(one.tc):
            continue
        point = (1e3 * one.entry.above, one.tc)
        colour = COUPLING_COLOUR if one.is_best else A2F_COLOUR
        filled = colour if one.stability == STABLE else "none"
        axes.plot(*point, "o", color=colour, markerfacecolor=filled, markersize=4)
        if one.is_best:
            axes.annotate(
                f"{typeset(one.entry.phase.formula)} {one.entry.phase.space_group}",
                point,
                xytext=(4, 3),
                textcoords="offset points",
                fontsize=SMALL_FONT,
            )
    axes.margins(0.12)
    dress(axes, "enthalpy above the hull (meV/atom)", "Tc (K)")
    return figure
