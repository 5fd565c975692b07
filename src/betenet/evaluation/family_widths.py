"""Intervals that hold in families whose errors are larger: how much wider they must be."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from betenet.ensemble.calibration import CENTRAL_95, HYDRIDES, Calibration, balance
from betenet.evaluation.held_out import COLUMN, FEWEST, cross_validation
from betenet.evaluation.metrics import NEEDED
from betenet.training.run import Workload

NOISY = "jarvis"
"""Source whose hydrides do not count: a part of them is unstable."""


def family_widths(
    load: Workload, out: Path, calibration: Calibration
) -> dict[str, dict[str, dict[str, float]]]:
    """How much wider intervals of hydrides must be than those of the rows that were judged.

    Parameters
    ----------
    load, out
        The run's data and folder, with its cross-validation finished.
    calibration
        As `calibrate` gives it.

    Returns
    -------
    dict
        ``wider`` of a card: for each family of `betenet.ensemble.calibration` the factor, the rows
        that it is learnt from, and the coverage of the 95 % intervals of λ and ω_log before and
        after; empty where there are few rows.
    """
    is_hydride = ["H" in row.atoms.symbols and row.source != NOISY for row in load.rows]
    if sum(is_hydride) < FEWEST:
        return {}
    found = cross_validation(load, out, np.array(is_hydride))
    found = found.subset(found.members > 1)
    if not len(found.rows) or not all(name in calibration for name in NEEDED):
        return {}
    errors, columns = found.errors(), [COLUMN[name] for name in NEEDED]
    lines = [calibration[name] for name in NEEDED]
    widths = [
        np.hypot(line["scale"] * found.spreads[:, column], line["floor"])
        for column, line in zip(columns, lines, strict=True)
    ]
    scores = np.concatenate(
        [np.abs(errors[:, column]) / width for column, width in zip(columns, widths, strict=True)]
    )
    factor = max(1.0, balance(scores))
    hydrides = {
        "factor": round(factor, 3),
        "rows": len(found.rows),
        "interval_95_before": round(float(np.mean(scores <= CENTRAL_95)), 3),
        "interval_95": round(float(np.mean(scores <= CENTRAL_95 * factor)), 3),
    }
    return {"wider": {HYDRIDES: hydrides}}
