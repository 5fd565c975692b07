"""Where a model is to be trusted: its errors by family, on rows of every source it has not seen.

    python benchmarks/families.py recipes/cso-2.toml runs/cso-2 --figure docs/figures/families.png

Each row is predicted by the networks of its fold, at its own level of theory. Tc is that of
McMillan's formula with ω_log at μ* = 0.10 on both sides, as few rows know ω_2. Beside the error
stands that of the family's median, a constant that knows the answers; ρ is the rank correlation.
Intervals are those of the card's calibration, made of the rows of the first source by the same
networks.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from ase import Atoms
from matplotlib import pyplot as plt
from scipy.stats import spearmanr

from betenet.datasets.rows import data_folder
from betenet.ensemble.estimates import estimate_quantities
from betenet.evaluation.held_out import RULE, HeldOut, calibrate, cross_validation
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR, SIMPLE_METHOD
from betenet.training.recipe import Recipe
from betenet.training.run import Workload

TAIL = 15.0
"""Tc above which a row counts as one of the tail [K]."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Tc of rows: true, predicted, and whether it lies in the intervals."""

    true: np.ndarray
    predicted: np.ndarray
    inside_68: np.ndarray
    inside_95: np.ndarray


def main() -> None:
    """Print the table, and draw the figure if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--figure", type=Path)
    chosen = parser.parse_args()
    load = Workload.load(Recipe.read(chosen.recipe), data_folder())
    is_counted = np.array([row.source != "jarvis" for row in load.rows])
    held_out = cross_validation(load, chosen.run, is_counted)
    first = load.data.first_source[held_out.rows]
    found = judge(load, held_out, calibrate(held_out.subset(first)))
    families = families_of(load, held_out, found)
    for line in table(found, families):
        print(line)
    if chosen.figure:
        draw(found, families, chosen.figure)


def judge(
    load: Workload, held_out: HeldOut, calibration: Mapping[str, Mapping[str, float]]
) -> Judged:
    """Tc of each row, and whether its intervals hold it."""
    grid = load.recipe.network.frequencies
    true = held_out.true_tc(SIMPLE_METHOD)
    settings = (DEFAULT_MU_STAR, SIMPLE_METHOD, RULE)
    estimates = [
        estimate_quantities(Spectrum(grid, spectra), *settings, calibration)["tc"]
        for spectra in held_out.spectra
    ]
    inside = [
        [
            low - 1e-3 <= tc <= high + 1e-3
            for tc, (low, high) in zip(true, (getattr(e, name) for e in estimates), strict=True)
        ]
        for name in ("interval_68", "interval_95")
    ]
    values = np.array([estimate.value for estimate in estimates])
    return Judged(true, values, np.array(inside[0]), np.array(inside[1]))


def families_of(load: Workload, held_out: HeldOut, found: Judged) -> dict[str, np.ndarray]:
    """Which rows belong to each family, by its name."""
    rows = [load.rows[place] for place in held_out.rows.tolist()]
    pressed = np.array([row.source in ("literature", "campaign") for row in rows])
    hydride = np.array(["H" in row.atoms.symbols for row in rows])
    light = np.array([bool(set("BCN") & set(row.atoms.symbols)) for row in rows]) & ~hydride
    layered = np.array([is_alb2(row.atoms) for row in rows])
    rest = ~(pressed | hydride | light)
    return {
        "all": np.ones(len(rows), dtype=bool),
        f"Tc above {TAIL:g} K": found.true > TAIL,
        "hydrides, ambient": hydride & ~pressed,
        "hydrides, literature and own": hydride & pressed,
        "others, literature and own": pressed & ~hydride,
        "AlB2 type": layered,
        "borides, carbides, nitrides": light & ~pressed,
        "metals without H, B, C, N": rest,
    }


def is_alb2(atoms: Atoms) -> bool:
    """Three atoms in the cell, two of them of one kind in a plane at 120°, the metal between."""
    counts = sorted(list(atoms.symbols).count(name) for name in set(atoms.symbols))
    if len(atoms) != 3 or counts != [1, 2]:
        return False
    lengths, angles = atoms.cell.lengths(), np.sort(atoms.cell.angles())
    is_hexagonal = bool((abs(angles - 90) < 1).sum() == 2 and min(abs(angles - [120] * 3)) < 1)
    return is_hexagonal and float(np.ptp(np.sort(lengths)[:2])) < 1.0


def table(found: Judged, families: Mapping[str, np.ndarray]) -> list[str]:
    """Lines in Markdown."""
    lines = [
        "| family | rows | MAE, K | of the median, K | bias, K | ρ | in 68 % | in 95 % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, chosen in families.items():
        true, predicted = found.true[chosen], found.predicted[chosen]
        if not len(true):
            continue
        rank = spearmanr(true, predicted).statistic if len(true) > 2 else float("nan")
        lines.append(
            f"| {name} | {len(true)} | {abs(true - predicted).mean():.2f} "
            f"| {abs(true - np.median(true)).mean():.2f} | {(predicted - true).mean():+.2f} "
            f"| {rank:.2f} | {found.inside_68[chosen].mean():.2f} "
            f"| {found.inside_95[chosen].mean():.2f} |"
        )
    return lines


def draw(found: Judged, families: Mapping[str, np.ndarray], path: Path) -> None:
    """Predicted against calculated Tc, a panel for each family."""
    mpl.use("Agg")
    names = [name for name in families if name not in ("all", f"Tc above {TAIL:g} K")]
    figure, axes = plt.subplots(2, 3, figsize=(9.6, 6.4), layout="constrained")
    for name, ax in zip(names, axes.ravel(), strict=True):
        chosen = families[name]
        true, predicted = (np.maximum(v[chosen], 0.01) for v in (found.true, found.predicted))
        ax.loglog(true, predicted, "o", markersize=2.5, alpha=0.4, markeredgewidth=0)
        ax.plot([0.01, 400], [0.01, 400], color="0.5", linewidth=0.8)
        ax.set(title=f"{name} ({len(true)})", xlim=(0.008, 400), ylim=(0.008, 400))
    figure.supxlabel("Tc calculated from first principles, K (0.01 and below at the edge)")
    figure.supylabel("Tc predicted by networks that have not seen the formula, K")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
