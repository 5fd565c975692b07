"""Rebuild the cells of literature calculations that state none, and relax them at their pressure.

    python benchmarks/rebuild_cells.py --work runs/cells --out recipes/pressure/cells.jsonl

recipes/pressure/prototypes.toml says where the atoms are, or which cells are searched. What is done
is kept in the folder of --work, and not done again, nor is what the file of --out says already;
--part 0/2 and --part 1/2 share the work. A crystal is kept where its space group is the stated one
and no other crystal of that group lies within 10 meV for each atom; the others are named with the
reason.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read
from ase.symbols import string2symbols
from cell_candidates import (
    Candidate,
    assignments,
    freedom,
    merged,
    relaxed,
    start,
)

from betenet.datasets.folds import reduced_formula
from betenet.datasets.pressure_labels import SYMPREC, Label, read_labels, space_group_of
from betenet.datasets.rows import data_folder
from betenet.phonons.force_field import DEFAULT, ForceField, make_force_field
from betenet.search.crowding import compressed_volume
from betenet.structures import standardise
from betenet.toml_input import decode_toml

PROTOTYPES = Path("recipes", "pressure", "prototypes.toml")
CERTAIN = 0.010
"""Least enthalpy of the next crystal of the same space group above the lowest, per atom [eV]."""
BUDGET = 110
"""Short relaxations of a search."""
FOLLOWED = 10
"""Of them, those of lowest enthalpy that are relaxed to the end."""
CONFIRMED = 4
"""Assignments with the lowest enthalpies that are started again, as often as this each."""
NOT_YET = "not rebuilt yet"
"""What is written of a crystal that is listed, and whose work is not done."""
WINDOW = 0.06
"""Enthalpy above the lowest up to which crystals are relaxed at the other pressures [eV]."""


def main() -> None:
    """Rebuild what is not done, and write what is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder that keeps the results")
    parser.add_argument("--out", type=Path, help="file to write when all is done")
    parser.add_argument("--part", default="0/1", help="which part of the crystals, of how many")
    parser.add_argument("--what", choices=("all", "prototypes", "searches"), default="all")
    parser.add_argument("--only", help="formula of the only crystal to do")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    states = states_without_cell(read_labels(data_folder())[0])
    tasks = decode_toml(PROTOTYPES.read_text(encoding="utf-8"))["crystal"]
    arguments.work.mkdir(parents=True, exist_ok=True)
    field = make_force_field(DEFAULT)
    part, parts = map(int, arguments.part.split("/"))
    earlier = read_cells(arguments.out)
    left = {
        (line["formula"], line["space_group"])
        for line in earlier.values()
        if line.get("refused") == NOT_YET
    }
    for index, task in enumerate(tasks):
        key = (reduced_formula(string2symbols(task["formula"])), task["space_group"])
        path = arguments.work / f"{key[0]}-{key[1]}.json"
        decided = bool(earlier) and key not in left
        if index % parts != part or path.exists() or key not in states or decided:
            continue
        if arguments.what == ("searches" if "units" not in task else "prototypes"):
            continue
        if arguments.only in (None, task["formula"]):
            path.write_text(json.dumps(rebuilt(task, states[key], field)))
            print(path.stem, *json.loads(path.read_text())["told"], sep=" | ", flush=True)
    if arguments.out:
        listed = {
            (reduced_formula(string2symbols(task["formula"])), task["space_group"])
            for task in tasks
        }
        write(arguments.out, arguments.work, states, listed, earlier)


Lines = Mapping[tuple[str, int, float], dict[str, Any]]


def read_cells(path: Path | None) -> Lines:
    """Lines of a file of cells by formula, space group and pressure; none without a file."""
    if path is None or not path.exists():
        return {}
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {(one["formula"], one["space_group"], one["pressure_gpa"]): one for one in lines}


States = Mapping[tuple[str, int], Sequence[Label]]


def states_without_cell(labels: Sequence[Label]) -> States:
    """Labels without a cell by formula and space group."""
    found: dict[tuple[str, int], list[Label]] = defaultdict(list)
    for label in labels:
        if label.atoms is None:
            found[label.formula, label.space_group].append(label)
    return found


def rebuilt(task: Mapping[str, Any], labels: Sequence[Label], field: ForceField) -> dict[str, Any]:
    """Cells of a crystal at each of its pressures, or why there is none."""
    number = int(task["space_group"])
    symbols = string2symbols(task["formula"])
    pressures = sorted({float(np.nan_to_num(one.pressure)) for one in labels})
    middle = pressures[len(pressures) // 2]
    rng = np.random.default_rng(zlib.crc32(f"{task['formula']} {number}".encode()))
    if "cell" in task:
        found = from_archive(task, middle, field)
    elif "sites" in task:
        found = from_prototype(task, symbols, middle, rng, field)
    else:
        found = searched(task, symbols, middle, rng, field)
    good = [one for one in merged(found) if space_group_of(one.atoms) == number]
    cells = [at_pressure(good, pressure, middle, number, field) for pressure in pressures]
    told = [f"{len(found)} relaxed"] + [cell.get("told", "") for cell in cells]
    return {"task": dict(task), "cells": cells, "told": told}


def from_prototype(
    task: Mapping[str, Any],
    symbols: Sequence[str],
    pressure: float,
    rng: np.random.Generator,
    field: ForceField,
) -> list[Candidate]:
    """Relax starts on the stated sites."""
    volume = compressed_volume(Counter(symbols), pressure)
    most = int(task.get("starts", 6 if freedom(task["space_group"], task["sites"]) else 2))
    found: list[Candidate] = []
    for trial in range(20 * most):
        if len(found) == most:
            break
        first = start(task["space_group"], task["sites"], volume * (1 + trial % 5 / 10), rng)
        one = None if first is None else relaxed(first, field, pressure, task["sites"])
        if one is not None:
            found.append(one)
    return found


def from_archive(task: Mapping[str, Any], pressure: float, field: ForceField) -> list[Candidate]:
    """Relax a cell of the same composition and space group that others have published."""
    archive, member = task["cell"]
    with tarfile.open(data_folder() / "structure_search" / archive) as file:
        part = file.extractfile(member)
        assert part is not None
        text = part.read().decode()
    atoms = read(io.StringIO(text), format="vasp")
    assert isinstance(atoms, Atoms)
    one = relaxed(standardise(atoms, symprec=SYMPREC), field, pressure, {})
    return [] if one is None else [one]


def searched(
    task: Mapping[str, Any],
    symbols: Sequence[str],
    pressure: float,
    rng: np.random.Generator,
    field: ForceField,
) -> list[Candidate]:
    """Relax starts on all Wyckoff positions, then more on those that came out lowest."""
    number, volume = int(task["space_group"]), compressed_volume(Counter(symbols), pressure)
    sites = [
        one
        for units in task["units"]
        for one in assignments(
            number, {k: n * units for k, n in Counter(symbols).items()}, task["freedom"]
        )
    ]

    def tried(one: Mapping[str, Sequence[str]], quick: bool) -> Candidate | None:
        for _ in range(8):
            first = start(number, one, volume, rng)
            if first is not None:
                return relaxed(first, field, pressure, one, quick=quick)
        return None

    order = list(rng.permutation(len(sites)))
    rounds = 1 + BUDGET // max(1, len(order))
    quick = [tried(sites[index], True) for index in (order * min(8, rounds))[:BUDGET]]
    short = merged([one for one in quick if one is not None])
    ends = [relaxed(one.atoms, field, pressure, one.sites) for one in short[:FOLLOWED]]
    found = [one for one in ends if one is not None]
    kept = [one for one in merged(found) if space_group_of(one.atoms) == number]
    again = [tried(best.sites, False) for best in kept[:CONFIRMED] for _ in range(CONFIRMED)]
    return found + [one for one in again if one is not None]


def at_pressure(
    good: Sequence[Candidate], pressure: float, middle: float, number: int, field: ForceField
) -> dict[str, Any]:
    """The crystal of lowest enthalpy at a pressure, or why none is certain."""
    if not good:
        return {"pressure_gpa": pressure, "refused": "no relaxed start has the space group"}
    near = [one for one in good if one.enthalpy - good[0].enthalpy < WINDOW][:8]
    there: list[Candidate] = list(near)
    if pressure != middle:
        moved = [(one, relaxed(one.atoms, field, pressure, one.sites)) for one in near]
        there = [
            Candidate(new.atoms, new.sites, new.enthalpy, old.found) for old, new in moved if new
        ]
    there = [one for one in merged(there) if space_group_of(one.atoms) == number]
    if not there:
        return {"pressure_gpa": pressure, "refused": "at this pressure it has another space group"}
    best = there[0]
    gap = there[1].enthalpy - best.enthalpy if len(there) > 1 else None
    result: dict[str, Any] = {
        "pressure_gpa": pressure,
        "sites": {key: list(value) for key, value in best.sites.items()},
        "enthalpy_ev_per_atom": round(best.enthalpy, 5),
        "gap_mev_per_atom": None if gap is None else round(1e3 * gap, 1),
        "found": best.found,
        "lattice": np.round(best.atoms.cell.array, 6).tolist(),
        "species": best.atoms.get_chemical_symbols(),
        "frac_coords": np.round(best.atoms.get_scaled_positions(), 6).tolist(),
    }
    if gap is not None and gap < CERTAIN:
        result["refused"] = (
            f"another crystal of the space group lies {1e3 * gap:.0f} meV/atom above"
        )
    elif best.found < 2 and freedom(number, best.sites):
        result["refused"] = "the crystal of lowest enthalpy was found only once"
    result["told"] = f"{pressure:g} GPa V {best.volume:.3f} gap {gap} n {best.found} {best.sites}"
    result["told"] += f" REFUSED {result['refused']}" if "refused" in result else ""
    return result


def write(
    path: Path, work: Path, states: States, listed: set[tuple[str, int]], earlier: Lines
) -> None:
    """Write the cells that are certain, one a line, those of before too, and print the others."""
    lines: list[str] = []
    for key, labels in states.items():
        file = work / f"{key[0]}-{key[1]}.json"
        done = json.loads(file.read_text()) if file.exists() else None
        for pressure in sorted({float(np.nan_to_num(one.pressure)) for one in labels}):
            ids = [one.id for one in labels if float(np.nan_to_num(one.pressure)) == pressure]
            cells = [] if done is None else done["cells"]
            cell = next((one for one in cells if one["pressure_gpa"] == pressure), None)
            line: dict[str, Any] = {"labels": ids, "formula": key[0], "space_group": key[1]}
            if done is None and (old := earlier.get((*key, pressure))) is not None:
                lines.append(json.dumps(old))
                continue
            if cell is None:
                why = NOT_YET if key in listed else "no prototype is certain"
                cell = {"pressure_gpa": pressure, "refused": why}
            task = {} if done is None else done["task"]
            line |= {"prototype": task.get("prototype", "search"), "force_field": DEFAULT, **cell}
            line.pop("told", None)
            if "refused" in line:
                for name in ("lattice", "species", "frac_coords"):
                    line.pop(name, None)
            lines.append(json.dumps(line))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    refused = sum('"refused"' in line for line in lines)
    print(f"{path}: {len(lines) - refused} cells, {refused} states without one")


if __name__ == "__main__":
    main()
