"""Training and validation loss of full-batch members, with the regions of the double descent.

    betenet train recipes/paper-cso.toml --members 0-1 --out runs/paper-cso
    python benchmarks/double_descent.py runs/paper-cso --figure docs/figures/double_descent.png

Prints, for each member of the run, the epoch and the validation loss of the first minimum, of the
maximum after it and of the lowest loss after that, as `find_regions` sees them. A run that is
still going on can be looked at.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from betenet.ensemble.full_batch_member import LOG
from betenet.ensemble.regions import find_regions

COLOURS = {"classical": "#4a9f84", "critical": "#b5541c", "modern": "#1f4e79"}


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Records of one member, without a last line that is still being written."""
    lines = (folder / LOG).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]


def main() -> None:
    """Print the regions of each member; draw the curves if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--figure", type=Path, help="file to draw into")
    arguments = parser.parse_args()
    members = sorted(arguments.run.glob("member-*"))
    figure = Figure(figsize=(3.6 * len(members), 2.7), layout="constrained")
    panels = figure.subplots(1, len(members), squeeze=False, sharey=True)[0]
    for folder, axes in zip(members, panels, strict=True):
        log = read_log(folder)
        epochs = [record["epoch"] + 1 for record in log]
        validation = [record["validation_loss"] for record in log]
        axes.loglog(epochs, [record["train_loss"] for record in log], lw=0.7, color="0.6")
        axes.loglog(epochs, validation, lw=0.9, color="black")
        regions = find_regions(validation, smoothing=1)
        hours = log[-1]["seconds"] / 3600
        print(f"{folder.name}: {epochs[-1]} epochs, {hours:.2f} h")
        for region, index in (regions or {}).items():
            axes.plot(epochs[index], validation[index], "o", ms=5, color=COLOURS[region])
            print(f"  {region:<10} epoch {epochs[index]:>6}  validation {validation[index]:.6f}")
        axes.set_title(folder.name, fontsize=8)
        axes.set_xlabel("epoch", fontsize=8)
        axes.tick_params(direction="in", which="both", labelsize=7)
    panels[0].set_ylabel("mean squared error: training (grey), validation", fontsize=7)
    if arguments.figure is not None:
        figure.savefig(arguments.figure, dpi=180)


if __name__ == "__main__":
    main()
