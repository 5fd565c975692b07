"""What a correction was learnt from, and what it is worth, as a table and as JSON."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from betenet.json_output import finite_or_none
from betenet.search.correct import Judged, Learnt
from betenet.text_table import TextTable

FILE = "correction.json"


def learnt_to_dict(learnt: Learnt) -> dict[str, Any]:
    """Values for JSON: each crystal, what was unseen, and errors before and after."""
    return {
        "force_field": learnt.force_field.name,
        "pressure_gpa": learnt.found.settings.pressure,
        "crystals": [
            {
                "number": one.difference.number,
                "formula": one.entry.phase.formula,
                "space_group": one.entry.phase.space_group,
                "n_atoms": len(one.difference.atoms),
                "enthalpy_above_hull_ev_per_atom": one.entry.above,
                "difference_ev_per_atom": one.difference.energy,
                "error_before_ev_per_atom": finite_or_none(before),
                "error_unseen_ev_per_atom": finite_or_none(one.miss),
                "deviation_unseen_ev_per_atom": finite_or_none(
                    one.deviation * learnt.correction.widening
                ),
            }
            for one, before in zip(learnt.judged, learnt.errors_before(), strict=True)
        ],
        "rms_error_before_ev_per_atom": finite_or_none(root_mean_square(learnt.errors_before())),
        "rms_error_unseen_ev_per_atom": finite_or_none(root_mean_square(learnt.errors_after())),
        "widening": learnt.correction.widening,
        "failed": {str(number): one.to_dict() for number, one in learnt.failed.items()},
        "waiting": list(learnt.waiting),
    }


def root_mean_square(errors: np.ndarray) -> float:
    """Root of the mean of squares; nan if an error is not known."""
    return float(np.sqrt(np.mean(np.square(errors)))) if len(errors) else math.nan


def learnt_text(learnt: Learnt, file: str) -> str:
    """Table for people."""
    table = TextTable(
        (
            ("formula", "<12"),
            ("space group", "<16"),
            ("atoms", ">5"),
            ("above hull (meV/atom)", ">21"),
            ("error (meV/atom)", ">16"),
            ("corrected, unseen", ">17"),
        )
    )
    rows = [
        _cells(one, before, learnt.correction.widening)
        for one, before in zip(learnt.judged, learnt.errors_before(), strict=True)
    ]
    before, after = (
        1e3 * root_mean_square(one) for one in (learnt.errors_before(), learnt.errors_after())
    )
    lines = [table.text(rows).rstrip(), ""]
    if math.isfinite(before) and math.isfinite(after):
        name = learnt.force_field.name
        lines += [
            f"{name} errs by {before:.0f} meV/atom (root mean square) beyond a constant for each",
            f"element; with the correction {after:.0f} meV/atom are left, each crystal predicted",
            "from the others alone",
        ]
    else:
        lines.append("what it is worth is not known: it takes three crystals or more")
    if math.isfinite(after) and after >= before:
        lines.append("warning: the correction is no gain: calculate more crystals, or leave it")
    lines += [f"#{number} failed: {one.in_one_line()}" for number, one in learnt.failed.items()]
    if learnt.waiting:
        lines.append(f"{len(learnt.waiting)} are left for which the time was over")
    lines.append(f"written to {file}; use it: betenet search hull DIR --correction {file}")
    return "\n".join(lines)


def _cells(one: Judged, before: float, widening: float) -> tuple[str, ...]:
    unseen = "–"
    if math.isfinite(one.miss):
        unseen = f"{1e3 * one.miss:.0f} ± {1e3 * widening * one.deviation:.0f}"
    return (
        one.entry.phase.formula,
        f"{one.entry.phase.space_group} ({one.entry.phase.space_group_number})",
        str(len(one.difference.atoms)),
        f"{1e3 * one.entry.above:.1f}",
        f"{1e3 * before:.0f}" if math.isfinite(one.miss) else "–",
        unseen,
    )
