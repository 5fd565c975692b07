"""Phonons of a source's structures from a force field, kept in one file; to be run again at will.

    python benchmarks/compute_phonons.py --source bete_net --out FOLDER --workers 1

Small supercells first. What is done is in FOLDER/phonons-1.sqlite, found again by the content of
the structure and the settings; a second start goes on where the first was killed. FOLDER/SOURCE.csv
is written at the end and every hundred structures: a line for each structure, with its flags or its
error. The same FOLDER may hold several sources and settings. ``--draw N`` takes N of the structures
with at most six atoms at random, and says how many processor seconds all processes took.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import resource
import time
import warnings
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read

from betenet.datasets.rows import data_folder
from betenet.datasets.training_rows import read_rows
from betenet.errors import BetenetError
from betenet.phonons import (
    DEFAULT,
    FORCE_FIELDS,
    PhononCache,
    PhononResult,
    PhononSettings,
    compute_phonons,
)

PUBLISHED = ("bete_net", "alexandria", "jarvis")
SOURCES = (*PUBLISHED, "antiperovskites", "literature", "campaign", "compressed")
EVERY = 100
FEW_ATOMS = 6
SEED = 7


def read_source(source: str) -> list[tuple[str, Atoms]]:
    """Name and structure of every row, also of those whose targets are held out."""
    if source not in PUBLISHED:
        return [(row.id, row.atoms) for row in read_rows(data_folder(), [source])]
    folder = data_folder() / source
    if source == "bete_net":
        paths = sorted((folder / "structures").glob("*.cif"), key=lambda path: int(path.stem))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [(f"bete_net-{path.stem}", read(path)) for path in paths]
    with gzip.open(folder / "superconductors.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    return [
        (
            str(row["id"]),
            Atoms(
                row["species"], scaled_positions=row["frac_coords"], cell=row["lattice"], pbc=True
            ),
        )
        for row in rows
    ]


def write_table(path: Path, lines: dict[str, dict[str, object]]) -> None:
    """One line for each structure, beside the old table and then in its place."""
    columns = list(dict.fromkeys(key for line in lines.values() for key in line))
    part = path.with_suffix(".part")
    with part.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(lines[name] for name in sorted(lines))
    part.replace(path)


def draw(rows: list[tuple[str, Atoms]], count: int) -> list[tuple[str, Atoms]]:
    """Rows with few atoms in their cells, drawn at random."""
    small = [row for row in rows if len(row[1]) <= FEW_ATOMS]
    chosen = np.random.default_rng(SEED).permutation(len(small))[:count]
    return [small[place] for place in chosen]


def processor_seconds() -> float:
    """Processor time of this process and of those that have ended [s]."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def line_of(name: str, outcome: PhononResult | BetenetError) -> dict[str, object]:
    """What became of one structure."""
    if isinstance(outcome, BetenetError):
        return {"id": name, "error": outcome.summary}
    facts = asdict(outcome.facts)
    facts["flags"] = " ".join(outcome.facts.flags)
    return {"id": name, "formula": str(outcome.atoms.symbols), **facts}


def main() -> None:
    """Compute what is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", choices=SOURCES, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--force-field", choices=list(FORCE_FIELDS), default=DEFAULT)
    defaults = PhononSettings()
    parser.add_argument(
        "--relax", choices=("none", "positions", "cell"), default=defaults.relaxation
    )
    parser.add_argument("--distance", type=float, default=defaults.distance, help="Å")
    parser.add_argument("--most-atoms", type=int, default=defaults.most_atoms)
    parser.add_argument("--limit", type=int, help="only that many structures, the smallest")
    parser.add_argument("--draw", type=int, help="only that many small structures, at random")
    chosen = parser.parse_args()
    settings = PhononSettings(
        relaxation=chosen.relax, distance=chosen.distance, most_atoms=chosen.most_atoms
    )
    rows = read_source(chosen.source)
    rows = draw(rows, chosen.draw) if chosen.draw else rows
    rows.sort(key=lambda row: (len(row[1]), -row[1].get_volume()))
    rows = rows[: chosen.limit]
    lines: dict[str, dict[str, object]] = {}
    table = chosen.out / f"{chosen.source}-{chosen.force_field}-{chosen.relax}.csv"
    began, used, before = time.monotonic(), 0.0, processor_seconds()
    stream = compute_phonons(
        [atoms for _, atoms in rows],
        settings,
        chosen.force_field,
        cache=PhononCache(chosen.out),
        workers=chosen.workers,
        progress=True,
    )
    for count, (place, outcome) in enumerate(stream, 1):
        lines[rows[place][0]] = line_of(rows[place][0], outcome)
        used += outcome.facts.seconds if isinstance(outcome, PhononResult) else 0.0
        if count % EVERY == 0:
            write_table(table, lines)
    write_table(table, lines)
    failed = sum("error" in line for line in lines.values())
    flags = Counter(" ".join(str(line.get("flags", "")) for line in lines.values()).split())
    print(
        f"{len(lines)} structures, {failed} failed, {used / 3600:.2f} core-hours in all, "
        f"{(time.monotonic() - began) / 3600:.2f} h now; flags: {dict(flags)}; {table}"
    )
    took = processor_seconds() - before
    print(f"{took:.1f} processor seconds now, {took / len(lines):.2f} for each structure")


if __name__ == "__main__":
    main()
