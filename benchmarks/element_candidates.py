"""Elements under pressure for the campaign of first-principles spectra: their cells, and the list.

The phases are those that experiments found at about these pressures, with one atom in the cell: a
calculation takes minutes of one core. No formula is held out. Cells are relaxed to their pressure
by a force field, which keeps the space group.

    python benchmarks/element_candidates.py FOLDER
    betenet epc campaign FOLDER/order.csv --out RUN --protocol scout --starting-guess …

Phases: Tonkov and Ponyatovsky, Phase Transformations of Elements under High Pressure (2005).
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from ase import Atoms
from ase.build import bulk
from ase.io import write

from betenet.phonons import compressed

# element, lattice, pressure [GPa]
PHASES = (
    ("Mg", "bcc", 60.0),
    *(("Si", "sh", 20.0), ("Si", "fcc", 100.0), ("Ge", "sh", 90.0), ("Sn", "bcc", 50.0)),
    *(("Pb", "fcc", 10.0), ("Tl", "fcc", 10.0), ("Ga", "fcc", 150.0)),
    *(("Sb", "bcc", 40.0), ("Te", "beta_po", 20.0), ("I", "fcc", 60.0), ("Br", "fcc", 150.0)),
    *(("Zr", "bcc", 60.0), ("Ti", "bcc", 120.0), ("Nb", "bcc", 50.0)),
    *(("Nb", "bcc", 100.0), ("Mo", "bcc", 100.0), ("W", "bcc", 100.0)),
    *(("V", "bcc", 50.0), ("La", "fcc", 20.0), ("Ca", "bcc", 30.0), ("K", "fcc", 15.0)),
    *(("Rb", "fcc", 10.0), ("Ir", "fcc", 50.0)),
)
FAMILY = "element under pressure"
# lengths of the cells that are relaxed [Å]: only starts
EDGE = {"fcc": 4.2, "bcc": 3.3}


def start(element: str, lattice: str) -> Atoms:
    """One atom in a cell of the lattice, before its relaxation."""
    if lattice in EDGE:
        return bulk(element, lattice, a=EDGE[lattice])
    if lattice == "sh":
        return Atoms(element, cell=[2.6, 2.6, 2.45, 90, 90, 120], pbc=True)
    return Atoms(element, cell=[3.0, 3.0, 3.0, 103, 103, 103], pbc=True)


def main() -> None:
    """Write the cells and the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--force-field", default="mattersim-1m")
    parser.add_argument("--first", type=int, default=len(PHASES), help="number of phases")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[float, object, str, str, float]] = []
    for element, lattice, pressure in PHASES[: arguments.first]:
        (record,) = compressed(start(element, lattice), [pressure], arguments.force_field)
        if record.atoms is None:
            print(f"{element} {lattice} at {pressure:g} GPa: {record.error}")
            continue
        path = Path(f"p{pressure:03.0f}") / f"{element}_{lattice}.cif"
        (arguments.folder / path).parent.mkdir(exist_ok=True)
        write(arguments.folder / path, record.atoms)
        rows.append((record.atoms.get_volume(), path, FAMILY, element, pressure))
    rows.sort(key=lambda row: -row[0])  # the larger a cell, the fewer points of q it needs
    with (arguments.folder / "order.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        names = ("order", "file", "family", "formula", "atoms", "pressure_gpa")
        table.writerow((*names, "volume_per_atom_a3"))
        for place, (volume, path, family, element, pressure) in enumerate(rows, 1):
            table.writerow((place, path, family, element, 1, pressure, round(volume, 3)))


if __name__ == "__main__":
    main()
