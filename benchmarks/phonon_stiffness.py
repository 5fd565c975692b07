"""Usual stiffness of each element, and how well it tells right phonons from wrong ones.

    python benchmarks/phonon_stiffness.py [--write]

Reads the phonons of ``recipes/phonons/mattersim-1m.npz`` (stable crystals alone). With ``--write``
the table ``src/betenet/phonons/stiffness.csv`` is made of all of them. The rates that are printed
are those of one half of the crystals, judged by a table of the other half, and the other way round.
Wrong files are those of other crystals with as many sites, and sites in another order.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
from ase import Atoms

from betenet.phonon_dos import PhononDos
from betenet.phonons import stiffness
from betenet.phonons.library import PhononLibrary
from betenet.phonons.stiffness import (
    IMPLAUSIBLE,
    TABLE,
    UNUSUAL,
    StiffnessVerdict,
    judge_stiffness,
    site_stiffness,
)

ROOT = Path(__file__).parents[1]
FEWEST = 3
"""Atoms from which an element has an entry."""
STABLE = 0.01
"""Largest share of imaginary modes."""
WRONG = 10
"""Wrong files tried for each crystal."""

Crystal = tuple[Atoms, PhononDos]


def crystals() -> list[Crystal]:
    """Atoms, without places, and phonons of the stable crystals of the library."""
    library = PhononLibrary.read(ROOT / "recipes/phonons/mattersim-1m.npz")
    return [
        (Atoms(numbers=entry.numbers), entry.dos())
        for entry in library.entries.values()
        if entry.imaginary <= STABLE
    ]


def medians(known: Sequence[Crystal]) -> dict[str, tuple[float, int]]:
    """Median stiffness [eV/Å²] and number of atoms of each element."""
    found: dict[str, list[float]] = {}
    for atoms, dos in known:
        values = site_stiffness(dos, atoms.get_masses())
        for symbol, value in zip(atoms.get_chemical_symbols(), values, strict=True):
            found.setdefault(symbol, []).append(float(value))
    return {
        symbol: (float(np.median(values)), len(values))
        for symbol, values in sorted(found.items())
        if len(values) >= FEWEST
    }


def judged(
    table: Sequence[Crystal], tried: Sequence[Crystal], rng: np.random.Generator
) -> dict[str, list[StiffnessVerdict]]:
    """Verdicts of right files, files of other crystals, and sites in another order."""
    usual = {symbol: value for symbol, (value, _) in medians(table).items()}
    told: dict[str, list[StiffnessVerdict]] = {"right": [], "other crystal": [], "order": []}
    with patch.object(stiffness, "usual_stiffness", lambda: usual):
        for atoms, dos in tried:
            told["right"].append(judge_stiffness(dos, atoms))
            others = [b for a, b in tried if len(a) == len(atoms) and a is not atoms]
            for index in rng.choice(len(others), min(WRONG, len(others)), replace=False):
                told["other crystal"].append(judge_stiffness(others[int(index)], atoms))
            order = rng.permutation(len(atoms))
            if np.any(atoms.numbers[order] != atoms.numbers):
                assert dos.sites is not None
                moved = PhononDos(dos.frequencies, dos.total, dos.sites[order])
                told["order"].append(judge_stiffness(moved, atoms))
    return told


def main() -> None:
    """Print the rates; write the table if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {TABLE}")
    arguments = parser.parse_args()
    known = crystals()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(known))
    halves = [[known[int(i)] for i in part] for part in (order[::2], order[1::2])]
    first, second = judged(halves[0], halves[1], rng), judged(halves[1], halves[0], rng)
    print(f"{len(known)} stable crystals, each judged by a table of the other half")
    for name in first:
        verdicts = [one for one in first[name] + second[name] if np.isfinite(one.ratio)]
        away = np.abs(np.log([one.ratio for one in verdicts]))
        rates = ", ".join(
            f"{np.mean(away > np.log(limit)):.2%} beyond {limit:g}"
            for limit in (UNUSUAL, IMPLAUSIBLE)
        )
        wrong = np.mean([one.is_in_wrong_order for one in verdicts])
        refused = np.mean([one.is_implausible for one in verdicts])
        print(
            f"{name:<14} {len(verdicts):>6} files: {rates}; order {wrong:.2%}; {refused:.2%} in all"
        )
    if arguments.write:
        lines = [
            "# Usual stiffness M<omega^2> of each element in stable metals [eV/A^2], the median",
            "# over so many atoms; phonons of mattersim-1m. benchmarks/phonon_stiffness.py",
            "element,stiffness,atoms",
        ]
        lines += [f"{symbol},{value:.3g},{n}" for symbol, (value, n) in medians(known).items()]
        (ROOT / "src/betenet/phonons" / TABLE).write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
