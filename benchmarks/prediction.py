"""What a prediction costs, each beside a peer measured in the same run.

    python benchmarks/prediction.py [--count 806] [--repeats 5]

1. `import betenet` against `import numpy`.
2. One structure by the whole shipped ensemble, as a fresh process, against `import torch`.
3. 806 structures by the whole ensemble, from ASE objects to quantities, against ASE's own
   neighbour lists for the same structures and cutoff.

The structures of 3 are those of BETE-NET where the data are there, else binary prototypes.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from ase import Atoms
from ase.build import bulk
from ase.io import read
from ase.neighborlist import neighbor_list

from betenet import Ensemble
from betenet.datasets.rows import data_folder
from betenet.errors import DataError

COUNT = 806
REPEATS = 5
EXAMPLE = Path(__file__).parents[1] / "examples" / "Nb.cif"
METALS = (
    *("Li", "Be", "Mg", "Al", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"),
    *("Y", "Zr", "Nb", "Mo", "Ru", "Rh", "Pd", "Ag", "Hf", "Ta", "W", "Re", "Ir", "Pt"),
)


def fresh(*arguments: str, repeats: int = REPEATS) -> float:
    """Fastest of several runs of a fresh Python process [s]."""
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def once(function: Callable[[], object]) -> float:
    """Time of one call [s]."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def structures(count: int = COUNT) -> tuple[str, list[Atoms]]:
    """At most 806 crystals of one to about ten atoms, and where they are from."""
    try:
        folder = data_folder() / "bete_net" / "structures"
        paths = sorted(folder.glob("*.cif"))[:COUNT]
        if len(paths) == COUNT:
            return "BETE-NET", [read(path) for path in paths[:count]]
    except DataError:
        pass
    return "binary prototypes", prototypes()[:count]


def prototypes() -> list[Atoms]:
    """Pairs of metals in two structures, for where the data are not."""
    found: list[Atoms] = []
    for (first, second), (kind, length) in itertools.product(
        itertools.combinations(METALS, 2), (("rocksalt", 4.6), ("cesiumchloride", 3.1))
    ):
        found.append(bulk(first + second, kind, a=length, cubic=len(found) % 2 == 0))
    return found


def report(what: str, ours: float, against: str, peer: float) -> None:
    """Print one line."""
    print(f"{what:<22}{ours:7.3f} s   {against:<20}{peer:7.3f} s   ratio {ours / peer:.2f}")


def main() -> None:
    """Print a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT, help="structures of the third")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="fresh processes for each")
    chosen = parser.parse_args()
    start = partial(fresh, repeats=chosen.repeats)
    empty = start("-c", "pass")
    ours, peer = start("-c", "import betenet") - empty, start("-c", "import numpy") - empty
    print(
        f"import betenet        {ours:7.3f} s   import numpy {peer:.3f} s   ratio {ours / peer:.2f}"
    )
    ours = start("-m", "betenet", "predict", str(EXAMPLE), "--phonons", "none")
    peer = start("-c", "import torch")
    print(
        f"one structure, fresh  {ours:7.3f} s   import torch {peer:.3f} s   ratio {ours / peer:.2f}"
    )
    ensemble = Ensemble.load()
    name, crystals = structures(chosen.count)
    cutoff = ensemble.config.cutoff
    ours = once(lambda: ensemble.predict(crystals))
    peer = once(lambda: [neighbor_list("ijD", crystal, cutoff) for crystal in crystals])
    report(f"{len(crystals)} structures", ours, "ASE neighbour lists", peer)
    threads = torch.get_num_threads()
    print(f"({name}, {ensemble.n_members} members, cutoff {cutoff:g} Å, {threads} threads)")


if __name__ == "__main__":
    main()
