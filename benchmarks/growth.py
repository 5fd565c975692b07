"""How time and memory grow with members, structures, atoms per cell and edges.

    python benchmarks/growth.py [--points 1] [--figure FILE]

Each point is a process of its own, on one core: crystals without any symmetry (rattled cells of
two metals), from graphs to spectra by the shipped network, and a training step of the published
one. Prints the table and draws the figure of `docs/laboratory/performance.md`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from ase import Atoms
from ase.build import bulk, make_supercell
from engine import peak_memory
from matplotlib.ticker import LogLocator, NullLocator

from betenet import Ensemble
from betenet.ensemble.batching import batches
from betenet.ensemble.ensemble import BATCH_PAIRS
from betenet.graphs import CrystalGraph, build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import joint_geometry
from betenet.network.model import initialise
from betenet.training.full_batch import FullBatch

FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "growth.png"
METALS = ("Ti", "V", "Cr", "Zr", "Nb", "Mo", "Hf", "Ta", "W", "Re")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One measurement."""

    members: int = 4
    structures: int = 200
    atoms: int = 4
    cutoff: float = 0.0
    """Å; the network's own if zero."""


AXES: dict[str, list[Point]] = {
    "members": [Point(members=n) for n in (1, 2, 4, 8, 16)],
    "structures": [Point(structures=n) for n in (50, 100, 200, 400, 800)],
    "atoms": [Point(structures=50, atoms=n) for n in (2, 4, 8, 16, 32, 64)],
    "cutoff": [Point(cutoff=x) for x in (3.0, 4.0, 5.0, 6.0, 7.0)],
}


def sides(count: int) -> tuple[int, int, int]:
    """Three factors of a power of two, as equal as can be."""
    doublings = count.bit_length() - 1
    return tuple(2 ** ((doublings + 2 - axis) // 3) for axis in range(3))


def crystals(point: Point) -> list[Atoms]:
    """Cells of two metals, each atom displaced."""
    random = np.random.default_rng(0)
    found: list[Atoms] = []
    for index in range(point.structures):
        first, second = random.choice(METALS, 2, replace=False)
        cell = bulk(first + second, "cesiumchloride", a=3.2)
        cell = make_supercell(cell, np.diag(sides(point.atoms // 2)))
        cell.rattle(0.1, seed=index)
        found.append(cell)
    return found


def predict(point: Point, graphs: list[CrystalGraph], ensemble: Ensemble) -> Callable[[], Any]:
    """From graphs to the spectra of some members of the shipped network, in batches."""
    some = {k: v[: point.members] for k, v in ensemble.parameters.items()}
    fewer = replace(ensemble, parameters=some)
    return lambda: [
        fewer.spectra(batch) for batch in batches(graphs, lambda graph: graph.n_pairs, BATCH_PAIRS)
    ]


def train(point: Point, graphs: list[CrystalGraph], config: NetworkConfig) -> Callable[[], Any]:
    """A training step of some members of the published network."""
    count = len(graphs)
    weight = torch.full((point.members, count), 1 / count)
    return FullBatch(
        config,
        initialise(config, list(range(point.members))),
        collate([joint_geometry(graphs, config)], config),
        lambda a2f: a2f.square().mean(1),
        train=weight,
        held_out=weight,
        make_optimizer=partial(torch.optim.AdamW, lr=0.005, fused=True),
    ).step


def measure(point: Point, training: bool, results: Any) -> None:
    """Time [s], memory [MB] and edges of a point."""
    torch.set_num_threads(1)
    ensemble, paper = Ensemble.load(), NetworkConfig.paper()
    cutoff = point.cutoff or (paper if training else ensemble.config).cutoff
    graphs = [build_graph(atoms, cutoff) for atoms in crystals(point)]
    edges = sum(len(graph.receivers) for graph in graphs)
    before = peak_memory()
    if training:
        work = train(point, graphs, replace(paper, cutoff=cutoff))
    else:
        config = replace(ensemble.config, cutoff=cutoff)
        work = predict(point, graphs, replace(ensemble, config=config))
    times: list[float] = []
    for _ in range(4):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    results.put((min(times), max(peak_memory() - before, 0.0), edges))


def run(point: Point, training: bool) -> tuple[float, float, int]:
    """`measure` in a fresh process."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    worker = context.Process(target=measure, args=(point, training, results))
    worker.start()
    found = results.get()
    worker.join()
    return found


def draw(
    measured: dict[str, list[tuple[Point, list[tuple[float, float, int]]]]], path: Path
) -> None:
    """One column for each axis: time above, memory below."""
    figure, panels = plt.subplots(2, 4, figsize=(12, 5.2), sharex="col", layout="constrained")
    labels = ("prediction, shipped network", "training step, published network")
    for column, (axis, points) in enumerate(measured.items()):
        for kind, label in enumerate(labels):
            x = [p[kind][2] if axis == "cutoff" else getattr(q, axis) for q, p in points]
            for row in (0, 1):
                panel = panels[row, column]
                panel.loglog(x, [p[kind][row] for _, p in points], "o-", label=label)
                panel.grid(alpha=0.3)
                for ruler in (panel.xaxis, panel.yaxis):
                    ruler.set_minor_locator(NullLocator())
                    ruler.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
                    ruler.set_major_formatter("{x:g}")
                if axis != "cutoff":
                    panel.set_xticks(x)
        names = {"atoms": "atoms per cell", "cutoff": "edges of all graphs (by the cutoff)"}
        panels[1, column].set_xlabel(names.get(axis, axis))
    panels[0, 0].set_ylabel("time on one core [s]")
    panels[1, 0].set_ylabel("memory above start [MB]")
    panels[0, 0].legend(frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Print the table, draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, help="of each row, the smallest; all by default")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="file to draw into")
    chosen = parser.parse_args()
    print(
        "| varied | members | structures | atoms | cutoff [Å] | edges | prediction [s] | [MB] "
        "| edges | training step [s] | [MB] |\n" + "|---" * 11 + "|"
    )
    measured: dict[str, list[tuple[Point, list[tuple[float, float, int]]]]] = {}
    for axis, points in AXES.items():
        measured[axis] = []
        for point in points[: chosen.points]:
            found = [run(point, training) for training in (False, True)]
            measured[axis].append((point, found))
            cutoff = f"{point.cutoff:g}" if point.cutoff else "6 / 4"
            cells = [axis, point.members, point.structures, point.atoms, cutoff]
            for seconds, memory, edges in found:
                cells += [edges, f"{seconds:.3f}", f"{memory:.0f}"]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    draw(measured, chosen.figure)
    print(f"\n{chosen.figure}")


if __name__ == "__main__":
    main()
