"""Moments under pressure that `betenet electrons magnetism` has computed, beside elk's of bcc iron.

    python benchmarks/magnets.py [FOLDER]

FOLDER holds a `magnetism.json` below a folder for each crystal, as the command leaves it; by
default those of `benchmarks/first_principles/magnets` (GBRV pseudopotentials, PBE, protocol
balanced). Of iron, moments at the volumes of elk's table (data/electrons/elk_fe_moment.csv: all
electrons, PBE), by lines between computed volumes. Commands that made them:

    betenet electrons magnetism Fe.cif --out magnets/ --pressures 0,20,45 --orders ferromagnetic \
        --set functional=PBE --pseudopotentials gbrv_pbesol/
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from betenet.datasets.rows import data_folder

KEPT = Path(__file__).parent / "first_principles" / "magnets"


def main() -> None:
    """Print M(P) of each crystal, and iron beside elk."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=KEPT)
    chosen = parser.parse_args()
    for path in sorted(chosen.folder.glob("*/magnetism.json")):
        found = json.loads(path.read_text("utf-8"))
        soft = found["softness"]
        print(f"{found['name']}: softness {number(soft['softness_per_gpa'])} per GPa")
        for one in soft["moments"]:
            print(f"  {one['pressure_gpa']:6.1f} GPa  {one['moment_mu_b']:.3f} μ_B  {one['order']}")
        if found["name"] == "Fe":
            beside_elk(found)


def number(value: float | None) -> str:
    """A number, or that it is not known."""
    return "unknown" if value is None else f"{value:.4f}"


def beside_elk(found: dict[str, Any]) -> None:
    """Moments of iron at elk's volumes."""
    states: dict[float, dict[str, Any]] = {}
    for one in found["points"]:
        volume = one["volume_angstrom3_per_atom"]
        if volume not in states or one["energy_ev_per_atom"] < states[volume]["energy_ev_per_atom"]:
            states[volume] = one
    volumes = np.array(sorted(states))
    moments = np.array([states[volume]["moment_mu_b"] for volume in volumes])
    table = data_folder() / "electrons" / "elk_fe_moment.csv"
    print("  Å³ per atom      ours       elk  difference [μ_B]")
    with table.open() as lines:
        for row in csv.DictReader(lines):
            volume, elk = float(row["volume_A3_per_atom"]), float(row["moment_muB"])
            if 0.99 * volumes[0] <= volume <= 1.01 * volumes[-1]:
                ours = float(np.interp(volume, volumes, moments))
                print(f"  {volume:11.3f} {ours:9.3f} {elk:9.3f} {ours - elk:+11.3f}")


if __name__ == "__main__":
    main()
