"""The loss around the weights that full-batch members had in each region of the double descent.

    python benchmarks/loss_landscape.py runs/paper-cso --member 1 --figure F.png

Draws training and validation loss of one member on a plane through its weights in each region: two
random directions, filter-normalised and orthogonal, the same ones for each region up to the lengths
of its filters. Prints for all members whose training is over how much the loss rises at some
distances from the weights, as mean and standard deviation over random directions; and how far
training has taken the weights. A distance of 1 is as long as the weights.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure

from betenet.datasets.rows import data_folder
from betenet.network.layers import Parameters
from betenet.network.model import initialise, member_parameters
from betenet.training.full_batch_results import FullBatchResults
from betenet.training.loss_landscape import LossLandscape, Sharpness, loss_landscape, sharpness

KINDS = {"train": "training loss", "held_out": "validation loss"}
LEVELS = 16


def main() -> None:
    """Print the sharpness of each region; draw the plane if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--figure", type=Path, help="file to draw into")
    parser.add_argument("--member", type=int, default=0, help="whose plane is drawn")
    parser.add_argument("--points", type=int, default=21, help="along each direction, odd")
    parser.add_argument(
        "--span", type=float, default=0.3, help="how far, in lengths of the weights"
    )
    parser.add_argument("--directions", type=int, default=32, help="for the sharpness")
    parser.add_argument("--seed", type=int, default=0, help="of the directions")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run = FullBatchResults.open(arguments.run, data_folder())
    show_sharpness(run, arguments.directions, arguments.seed)
    if arguments.figure is not None:
        started, data = time.perf_counter(), run.learned(arguments.member)
        planes = {
            region: loss_landscape(
                run.recipe.network,
                weights,
                data,
                span=arguments.span,
                n_points=arguments.points,
                seed=arguments.seed,
            )
            for region, weights in run.weights(arguments.member).items()
        }
        seconds = time.perf_counter() - started
        print(f"\n{len(planes)} planes of member {arguments.member}: {seconds:.1f} s")
        draw(planes).savefig(arguments.figure, dpi=105)


def show_sharpness(run: FullBatchResults, n_directions: int, seed: int) -> None:
    """A table for each member: the losses at the weights, and their rise."""
    for member in run.members_with_weights:
        data = run.learned(member)
        print(f"\nmember {member}, {n_directions} directions")
        kept = run.weights(member)
        first = member_parameters(initialise(run.recipe.network, [member]), 0)
        show_distances({"start": first, **kept})
        for region, weights in kept.items():
            found = sharpness(
                run.recipe.network, weights, data, n_directions=n_directions, seed=seed
            )
            print(f"  {region:<10}" + "".join(f"{f'rise at {r:g}':>22}" for r in found.radii))
            for kind, name in KINDS.items():
                print(f"    {name:<16} {getattr(found, kind):.2e}" + rises(found, kind))


def show_distances(visited: dict[str, Parameters]) -> None:
    """Between all pairs of weights, in lengths of the earlier ones."""
    flat = {
        name: torch.cat([weights[key].double().flatten() for key in sorted(weights)])
        for name, weights in visited.items()
    }
    pairs = (
        f"{one} to {other} {float((flat[other] - flat[one]).norm() / flat[one].norm()):.3f}"
        for one, other in itertools.combinations(flat, 2)
    )
    print("  distances: " + ", ".join(pairs))


def rises(found: Sharpness, kind: str) -> str:
    """Mean and standard deviation over the directions."""
    rise = getattr(found, f"{kind}_rise")
    spread = rise.std(axis=0, ddof=1) if len(rise) > 1 else np.full(rise.shape[1], np.nan)
    pairs = zip(rise.mean(axis=0), spread, strict=True)
    return "".join(f"{f'{mean:.2e} ± {one:.1e}':>22}" for mean, one in pairs)


def draw(planes: dict[str, LossLandscape]) -> Figure:
    """A column for each region, a row for each loss; one scale of colours for each row."""
    figure = Figure(figsize=(2.2 * len(planes) + 0.8, 4.6), layout="constrained")
    panels = figure.subplots(2, len(planes), squeeze=False, sharex=True, sharey=True)
    for row, (kind, name) in zip(panels, KINDS.items(), strict=True):
        values = np.array([getattr(plane, kind) for plane in planes.values()])
        levels = np.geomspace(values.min(), values.max(), LEVELS)
        filled = [
            contours(axes, plane, getattr(plane, kind), levels)
            for axes, plane in zip(row, planes.values(), strict=True)
        ]
        bar = figure.colorbar(filled[0], ax=row.tolist(), pad=0.02, aspect=18)
        bar.set_label(name, fontsize=8)
        bar.set_ticks(levels[::3].tolist(), labels=[f"{level:.1e}" for level in levels[::3]])
        bar.ax.tick_params(labelsize=7)
        row[0].set_ylabel(r"$\beta$", fontsize=8)
    for axes, region in zip(panels[0], planes, strict=True):
        axes.set_title(region, fontsize=9)
    for axes in panels[1]:
        axes.set_xlabel(r"$\alpha$", fontsize=8)
    return figure


def contours(
    axes: Axes, plane: LossLandscape, values: np.ndarray, levels: np.ndarray
) -> QuadContourSet:
    """One panel, with a cross at the weights and the loss there."""
    norm = LogNorm(levels[0], levels[-1])
    filled = axes.contourf(plane.alpha, plane.beta, values, levels, norm=norm, cmap="viridis")
    axes.contour(plane.alpha, plane.beta, values, levels, norm=norm, colors="white", linewidths=0.4)
    axes.plot(0.0, 0.0, "+", color="white", ms=5, mew=1.0)
    middle = len(plane.alpha) // 2
    axes.text(
        *(0.04, 0.04, f"{values[middle, middle]:.2e} at +"),
        transform=axes.transAxes,
        fontsize=7,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
    )
    axes.set_aspect("equal")
    axes.tick_params(direction="in", labelsize=7, color="white")
    return filled


if __name__ == "__main__":
    main()
