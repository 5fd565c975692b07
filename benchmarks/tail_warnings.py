"""Are the worst predictions warned of? Shares of the largest errors of Tc that carry a finding.

    python benchmarks/tail_warnings.py recipes/cso-2.toml runs/cso-2

Each row is predicted by the networks of its fold and judged beside the training of that fold, so
that no finding knows its formula. Of every family the tenth with the largest errors of Tc is
looked at: how many of them carry a finding, beside how many of the whole family do; then all rows
by the size of their errors. Tc is that of
McMillan's formula with ω_log at μ* = 0.10 on both sides.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from families import Judged, families_of, judge

from betenet.datasets.rows import data_folder
from betenet.ensemble.applicability import Applicability
from betenet.ensemble.calibration import family_factor, widened
from betenet.ensemble.estimates import summarise
from betenet.ensemble.wide_intervals import wide_intervals
from betenet.evaluation.family_widths import family_widths
from betenet.evaluation.held_out import RULE, HeldOut, calibrate, cross_validation
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR, SIMPLE_METHOD
from betenet.training.recipe import Recipe
from betenet.training.run import Workload

WORST = 0.1
"""Share of a family's rows whose errors are called its worst."""
SIZES = (5.0, 10.0, 20.0, 40.0)
"""Errors between which rows are looked at as well [K]."""
FEWEST = 30
"""Rows of a family below which a tenth says nothing."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("run", type=Path)
    chosen = parser.parse_args()
    load = Workload.load(Recipe.read(chosen.recipe), data_folder())
    is_counted = np.array([row.source != "jarvis" for row in load.rows])
    held_out = cross_validation(load, chosen.run, is_counted)
    calibration = calibrate(held_out.subset(load.data.first_source[held_out.rows]))
    found = judge(load, held_out, calibration)
    wider = family_widths(load, chosen.run, calibration)
    beside, wide = warned(load, held_out, calibration, wider)
    for line in table(found, families_of(load, held_out, found), beside, wide):
        print(line)
    errors = np.abs(found.predicted - found.true)
    for low, high in zip(SIZES, (*SIZES[1:], np.inf), strict=True):
        rows = (errors > low) & (errors <= high)
        print(
            f"errors of {low:g} to {high:g} K: {(beside | wide)[rows].mean():.0%} of {rows.sum()}"
        )


def warned(
    load: Workload,
    held_out: HeldOut,
    calibration: Mapping[str, Mapping[str, float]],
    wider: Mapping[str, object],
) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are unlike the training of their fold, and which have a wide interval (row,)."""
    grid = load.recipe.network.frequencies
    beside, wide = np.zeros((2, len(held_out.rows)), dtype=bool)
    for fold in range(load.recipe.data.n_folds):
        others = [g for g, f in zip(load.graphs, load.folds, strict=True) if f != fold]
        covered = Applicability.learn(others)
        for place in np.flatnonzero(load.folds[held_out.rows] == fold).tolist():
            graph = load.graphs[held_out.rows[place]]
            beside[place] = bool(covered.findings(graph))
            known = widened(calibration, family_factor(wider, graph.numbers))
            spectrum = Spectrum(grid, held_out.spectra[place])
            summary = summarise(spectrum, DEFAULT_MU_STAR, SIMPLE_METHOD, RULE, known)
            wide[place] = any(wide_intervals(summary, list))
    return beside, wide


def table(
    found: Judged, families: Mapping[str, np.ndarray], beside: np.ndarray, wide: np.ndarray
) -> list[str]:
    """Lines in Markdown."""
    lines = [
        "| family | rows | worst tenth from, K | unlike training | wide | either | of all |",
        "|---|---|---|---|---|---|---|",
    ]
    errors, either = np.abs(found.predicted - found.true), beside | wide
    for name, chosen in families.items():
        rows = np.flatnonzero(chosen)
        if len(rows) < FEWEST:
            continue
        worst = rows[np.argsort(-errors[rows])[: round(WORST * len(rows))]]
        shares = [f"{marks[worst].mean():.0%}" for marks in (beside, wide, either)]
        lines.append(
            f"| {name} | {len(rows)} | {errors[worst].min():.1f} | {' | '.join(shares)} "
            f"| {either[rows].mean():.0%} |"
        )
    return lines


if __name__ == "__main__":
    main()
