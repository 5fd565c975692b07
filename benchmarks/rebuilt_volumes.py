"""How far the volumes of cells under pressure are off that the force field relaxes.

    python benchmarks/rebuilt_volumes.py

Relaxes the cells under pressure that others have published, and those of our own campaign of
first-principles calculations, at their pressure in the force field that cells are rebuilt with, and
prints the ratio of the volumes.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from ase import Atoms

from betenet.datasets.jsonl_fields import read_structure
from betenet.datasets.pressure_labels import LOW_WEIGHT, read_labels
from betenet.datasets.rows import data_folder
from betenet.phonons import DEFAULT, PhononSettings, make_force_field
from betenet.phonons.relaxation import relax
from betenet.structures import standardise

CAMPAIGN = Path("benchmarks", "first_principles", "campaign")
SETTINGS = PhononSettings(force_tolerance=0.02, pressure_limit=1e6, growth_limit=1e6)


def main() -> None:
    """Print a table, and the median and largest deviation of each kind."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    warnings.simplefilter("ignore")
    field = make_force_field(DEFAULT)
    kinds = {"campaign, PBEsol": own_cells(), "published": published_cells()}
    for kind, cells in kinds.items():
        ratios: list[float] = []
        for name, pressure, atoms in cells:
            rest = relax(atoms, field, SETTINGS, pressure=pressure)
            ratios.append(rest.atoms.get_volume() / atoms.get_volume())
            stated = f"{atoms.get_volume() / len(atoms):8.3f} Å³ stated"
            told = f"{pressure:7.1f} GPa {stated}, ratio {ratios[-1]:.3f}"
            print(f"{name:28s} {told}{'' if rest.converged else ', not converged'}", flush=True)
        away = np.abs(np.array(ratios) - 1.0)
        print(f"{kind}: {len(away)}, median {np.median(away):.1%}, largest {away.max():.1%}")


def own_cells() -> list[tuple[str, float, Atoms]]:
    """Name, pressure [GPa] and cell of the campaign's crystals."""
    found: list[tuple[str, float, Atoms]] = []
    for path in sorted(CAMPAIGN.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        atoms = standardise(read_structure(data["structure"]))
        pressure = path.stem.rpartition("-")[2].removesuffix("GPa")
        found.append((path.stem, float(pressure) if pressure.isdigit() else 0.0, atoms))
    return found


def published_cells() -> list[tuple[str, float, Atoms]]:
    """Name, pressure [GPa] and cell of hydrides and elements under pressure, where both are known.

    Those that are known to be poor are left out.
    """
    labels, _ = read_labels(data_folder())
    return [
        (one.id, one.pressure, standardise(one.atoms))
        for one in labels
        if one.source == "pressurised_cells" and one.atoms is not None
        if one.pressure >= 0 and one.weight > LOW_WEIGHT
    ]


if __name__ == "__main__":
    main()
