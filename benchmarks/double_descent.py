"""Training and validation loss of full-batch members, with the regions of the double descent.

    betenet train recipes/paper-cso.toml --members 0-1 --out runs/paper-cso
    python benchmarks/double_descent.py runs/paper-cso --figure docs/figures/double_descent.png
    python benchmarks/double_descent.py runs/paper-cso --metrics

Prints, for each member of the run, the epoch and the validation loss of the first minimum, of the
maximum after it and of the lowest loss after that, as `find_regions` sees them in the log, which
has every tenth epoch. A run that is still going on can be looked at.

With --metrics, what the weights that were kept in each region say of λ, ω_log, ω_2 and Tc (μ* 0.10)
of rows that they were not trained on: each member on the rows outside its own bag; and for every
row outside at least one bag, the mean of the spectra by the members that have not seen it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from betenet.datasets.rows import TARGETS, data_folder
from betenet.evaluation.metrics import MOMENTS, table
from betenet.network.model import forward_member
from betenet.quantities import QUANTITIES
from betenet.superconductivity.critical_temperature import allen_dynes
from betenet.superconductivity.moments import moments
from betenet.training.full_batch_results import FullBatchResults
from betenet.training.regions import REGIONS, find_regions

COLOURS = {"classical": "#4a9f84", "critical": "#b5541c", "modern": "#1f4e79"}


def main() -> None:
    """Print the regions of each member; draw the curves, or print metrics, if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--figure", type=Path, help="file to draw into")
    parser.add_argument("--metrics", action="store_true", help="judge the weights of each region")
    arguments = parser.parse_args()
    run = FullBatchResults.open(arguments.run, data_folder())
    figure = curves(run)
    if arguments.figure is not None:
        figure.savefig(arguments.figure, dpi=180)
    if arguments.metrics:
        torch.set_num_threads(1)
        show_metrics(run)


def curves(run: FullBatchResults) -> Figure:
    """Losses over the epochs, a panel for each member; the regions are printed."""
    members = run.members
    figure = Figure(figsize=(3.6 * len(members), 2.7), layout="constrained")
    panels = figure.subplots(1, len(members), squeeze=False, sharey=True)[0]
    for member, axes in zip(members, panels, strict=True):
        curve = run.curve(member)
        epochs, validation = curve.epochs + 1, curve.validation
        axes.loglog(epochs, curve.train, lw=0.7, color="0.6")
        axes.loglog(epochs, validation, lw=0.9, color="black")
        regions = find_regions(validation, smoothing=1)
        print(f"member {member}: {epochs[-1]} epochs, {curve.seconds / 3600:.2f} h")
        for region, index in (regions or {}).items():
            axes.plot(epochs[index], validation[index], "o", ms=5, color=COLOURS[region])
            print(f"  {region:<10} epoch {epochs[index]:>6}  validation {validation[index]:.6f}")
        axes.set_title(f"member {member}", fontsize=8)
        axes.set_xlabel("epoch", fontsize=8)
        axes.tick_params(direction="in", which="both", labelsize=7)
    panels[0].set_ylabel("mean squared error: training (grey), validation", fontsize=7)
    return figure


def show_metrics(run: FullBatchResults) -> None:
    """Scores of each region, per member and for the mean of the members' spectra."""
    everything = {member: spectra(run, member) for member in run.members_with_weights}
    unseen = {member: run.bag(member) == 0 for member in everything}
    by_any = np.any(list(unseen.values()), axis=0)
    targets = np.stack([row.targets for row in run.load.rows])
    coupling, omega_log, omega_2 = (targets[:, TARGETS.index(key)] for key in MOMENTS)
    tc = allen_dynes(coupling, omega_log, omega_2, mu_star=0.10)
    print("\nmean Tc of the rows is the error of saying that nothing superconducts:")
    for member, rows in unseen.items():
        print_rows(f"outside the bag of member {member}", tc[rows])
    print_rows("outside a bag", tc[by_any])
    for region in REGIONS:
        found = {m: a2f[region] for m, a2f in everything.items() if region in a2f}
        print(f"\n{region:<36} λ R²/MAE/RMSE      ω_log (K)         ω_2 (K)   Tc MAE (K)    AP")
        for member, a2f in found.items():
            show(run, f"member {member}, outside its bag", a2f, unseen[member])
        if len(found) > 1:
            weights = np.stack([unseen[member] for member in found]).astype(np.float64)
            judged = weights.sum(0) > 0
            mean = np.einsum("mr,mrb->rb", weights, np.stack(list(found.values())))
            mean[judged] /= weights.sum(0)[judged, None]
            show(run, f"mean of {len(found)}, unseen alone", mean, judged)


def print_rows(name: str, tc: np.ndarray) -> None:
    """One line: how many rows, and what their Tc is."""
    above = f"{(tc > 5.0).sum()} of them above 5 K"
    print(f"  {name}: {tc.size} rows, {above}, mean {tc.mean():.2f} K")


def spectra(run: FullBatchResults, member: int) -> dict[str, np.ndarray]:
    """α²F of all rows by the weights of each region (row, bin)."""
    geometry = run.learned(member).geometry
    with torch.no_grad():
        return {
            region: forward_member(run.recipe.network, weights, geometry).a2f.double().numpy()
            for region, weights in run.weights(member).items()
        }


def show(run: FullBatchResults, name: str, a2f: np.ndarray, chosen: np.ndarray) -> None:
    """One line: scores on the chosen rows, and how many of them were given no spectrum at all."""
    found = moments(run.recipe.network.frequencies, a2f[chosen])
    targets = np.stack([row.targets for row in run.load.rows])[chosen]
    known = {key: targets[:, TARGETS.index(key)] for key in MOMENTS}
    scores = table(exported(known), exported(found))
    cells = [
        f"{one['r2'].value:>6.2f}/{one['mae'].value:.3g}/{one['rmse'].value:.3g}"
        for one in (scores[key] for key in MOMENTS)
    ]
    tc = scores["tc"]
    ending = f"{tc['mae'].value:>10.2f}{tc['average_precision'].value:>8.2f}"
    empty = int((found["coupling"] <= 0.0).sum())
    remark = f"  ({empty} empty)" if empty else ""
    rows = f"{name} ({chosen.sum()} rows)"
    print(f"  {rows:<33}" + "".join(f"{cell:>17}" for cell in cells) + ending + remark)


def exported(found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """λ [1], ω_log and ω_2 [K]; a spectrum that is zero has frequencies of zero."""
    return {key: np.nan_to_num(found[key]) * QUANTITIES[key].export_factor for key in MOMENTS}


if __name__ == "__main__":
    main()
