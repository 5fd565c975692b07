"""What the graphs of 10 000 structures cost, beside the neighbour lists of ASE.

    python benchmarks/graphs.py [--count 10000]

Crystals of at most eight atoms, from ASE objects to graphs with a cutoff of 6 Å, in milliseconds
per structure: by one process, by one a core, from a filled cache, and by ASE's `neighbor_list` for
every 20th of them in the same run. Then the same for fewer, large cells, where more is to be won.

The structures are those of the training data where the data are there, else binary prototypes.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence

from ase import Atoms
from ase.neighborlist import neighbor_list
from prediction import prototypes

from betenet.datasets.rows import data_folder
from betenet.datasets.training_rows import read_rows
from betenet.errors import DataError
from betenet.graphs import GraphCache, build_graph, build_graphs

COUNT = 10_000
MAX_ATOMS = 8
CUTOFF = 6.0
REPEATS = 3
ASE_EVERY = 20


def structures(count: int) -> tuple[str, list[Atoms]]:
    """As many small crystals; where there are fewer, strained copies fill the list up."""
    try:
        rows = read_rows(data_folder(), ("bete_net", "alexandria", "jarvis"))
        name, found = "training data", [row.atoms for row in rows if len(row.atoms) <= MAX_ATOMS]
    except DataError:
        name, found = "binary prototypes", prototypes()
    different = len(found)
    for index in range(count - different):
        atoms = found[index].copy()
        atoms.set_cell(atoms.cell.array * 1.01, scale_atoms=True)
        found.append(atoms)
    return f"{name}, {min(different, count)} different", found[:count]


def fastest(function: Callable[[], object], count: int, repeats: int = REPEATS) -> float:
    """Fastest of several calls for a number of structures [ms for one]."""
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times) / count * 1e3


def measure(what: str, crystals: Sequence[Atoms], cores: int) -> None:
    """Print a line for each way to the same graphs."""
    count = len(crystals)
    some = crystals[::ASE_EVERY]
    peer = fastest(lambda: [neighbor_list("ijD", atoms, CUTOFF) for atoms in some], len(some), 1)
    atoms = sum(len(crystal) for crystal in crystals) / count
    print(f"{count} {what}: {atoms:.1f} atoms on average")

    def report(way: str, ours: float) -> None:
        print(f"  {way:<24}{ours:8.4f} ms   ASE {peer:7.3f} ms   ratio {ours / peer:.4f}")

    report("1 process", fastest(lambda: build_graphs(crystals, CUTOFF, workers=1), count))
    report(
        f"{cores} processes", fastest(lambda: build_graphs(crystals, CUTOFF, workers=cores), count)
    )
    with tempfile.TemporaryDirectory() as folder:
        cache = GraphCache(folder)

        def build() -> None:
            build_graphs(crystals, CUTOFF, workers=1, cache=cache)

        report("1 process, filling cache", fastest(build, count, 1))
        report("from the cache", fastest(build, count))
        kept = cache.n_bytes
        print(
            f"  on disk                 {kept / len(cache):8.0f} bytes each ({kept / 1e6:.1f} MB)"
        )


def main() -> None:
    """Print a block for small cells and one for large ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT, help="small crystals")
    name, crystals = structures(parser.parse_args().count)
    # vesin, which loads torch, is no part of the first measurement
    build_graph(crystals[0], CUTOFF)
    cores = len(os.sched_getaffinity(0))
    measure(f"small cells ({name})", crystals, cores)
    measure("supercells of them", [crystal.repeat(3) for crystal in crystals[::5]], cores)
    print(
        f"(per structure; cutoff {CUTOFF:g} Å, {cores} cores, ASE on every {ASE_EVERY}th structure)"
    )


if __name__ == "__main__":
    main()
