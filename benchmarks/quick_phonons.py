"""Processor seconds of phonons by the number of atoms in the primitive cell.

    python benchmarks/quick_phonons.py [--count 6] [--atoms 1 2 3 4 5 6 8 10 12] [--seed 3]

It says up to how many atoms phonons are part of a prediction by default (`QUICK_ATOMS`). Crystals
are drawn at random, half of them from BETE-NET and half from Alexandria where both have some. One
thread; the force field is loaded before, which takes two seconds once.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import defaultdict

import numpy as np
import torch
from ase import Atoms
from compute_phonons import read_source

from betenet.errors import BetenetError
from betenet.phonons import DEFAULT, make_force_field, phonons
from betenet.phonons.force_field import ForceField
from betenet.structures import standardise


def drawn_crystals(sizes: list[int], count: int, seed: int) -> dict[int, list[Atoms]]:
    """Crystals of each number of atoms, of one source and the other in turn."""
    found: dict[int, list[Atoms]] = {size: [] for size in sizes}
    for source, share in (("bete_net", count // 2), ("alexandria", count)):
        rows = read_source(source)
        for place in np.random.default_rng(seed).permutation(len(rows)):
            atoms = rows[place][1]
            # its cell may not be primitive, but no primitive one has more atoms
            if all(len(cells) >= share for cells in found.values()):
                break
            cell = standardise(atoms)
            if len(found.get(len(cell), [None] * share)) < share:
                found[len(cell)].append(cell)
    return found


def seconds(atoms: Atoms, field: ForceField) -> float:
    """Processor time of the phonons of one crystal; also of those that fail."""
    began = time.process_time()
    try:
        phonons(atoms, field)
    except BetenetError as error:
        print(f"  {atoms.symbols}: {error.summary}")
    return time.process_time() - began


def main() -> None:
    """Print a line for each number of atoms."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=6, help="crystals of each number of atoms")
    parser.add_argument("--atoms", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6, 8, 10, 12])
    parser.add_argument("--seed", type=int, default=3, help="draw of the crystals")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    field = make_force_field(DEFAULT)
    took: dict[int, list[float]] = defaultdict(list)
    for size, cells in drawn_crystals(arguments.atoms, arguments.count, arguments.seed).items():
        for cell in cells:
            took[size].append(seconds(cell, field))
        times = np.array(took[size])
        if not len(times):
            continue
        print(
            f"{size:2d} atoms, {len(times)} crystals: median {np.median(times):.2f} s, nine of ten "
            f"{np.quantile(times, 0.9):.2f} s, most {times.max():.2f} s; at most 1 s "
            f"{np.mean(times <= 1.0):.0%}, 1.5 s {np.mean(times <= 1.5):.0%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
