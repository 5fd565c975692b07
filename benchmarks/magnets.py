"""Moments under pressure of crystals whose answer is known, ranked by how soft they are.

    python benchmarks/magnets.py [FOLDER]
    python benchmarks/magnets.py --run OUT --pseudopotentials gbrv_pbesol/ [--only Cr V …]

The first prints the table of what is kept in FOLDER (a `magnetism.json` below a folder for each
crystal; by default `benchmarks/first_principles/magnets`): moments, softness, curvature of E(M),
whether the soft are softer than the hard and the non-magnetic have no moment; and iron's moment at
the volumes of elk's table (data/electrons/elk_fe_moment.csv: all electrons, PBE), by lines between
computed volumes. The second computes the crystals of `CRYSTALS` with `run_magnetism` (some core
minutes each; it may be killed and started again), and prints the table of OUT.

Cells are those of experiment, or a per cent away. PBE with GBRV's pseudopotentials, protocol
balanced with k_density = 24 (Fe, Co and Ni of the kept ones: 30, up to 20 and 45 GPa, both
starts); from the high start alone, but for V. What experiments say is from memory.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from betenet.datasets.rows import data_folder
from betenet.electrons.calculations import PROGRAMS, electrons_protocol
from betenet.electrons.magnetism import run_magnetism
from betenet.electrons.magnetism_workflow import Trials
from betenet.espresso.runner import Runner
from betenet.structures import StructureRecord

KEPT = Path(__file__).parent / "first_principles" / "magnets"
SETTINGS = {"functional": "PBE", "density_convergence": 1e-8, "k_density": 24}
SOFT, HARD, NONE = "soft", "hard", "none"


FERROMAGNETIC = Trials(orders=("ferromagnetic",), starts=("high",), curvature=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A crystal whose answer is known."""

    make: Callable[[], Atoms]
    answer: str
    why: str
    pressures: tuple[float, ...] = (0.0, 10.0)
    trials: Trials = FERROMAGNETIC
    changes: Mapping[str, object] = field(default_factory=dict[str, object])


def cubic(symbols: list[str], places: list[tuple[float, float, float]], a: float) -> Atoms:
    """A crystal of space group 221."""
    return crystal(symbols, places, spacegroup=221, cellpar=[a, a, a, 90, 90, 90])


CENTRE, CORNER = (0.5, 0.5, 0.5), (0.0, 0.0, 0.0)
CRYSTALS = {
    "Cr": Case(
        make=lambda: bulk("Cr", "bcc", a=2.884),
        answer=SOFT,
        why="its order ends in a quantum critical point at 9.7 GPa (Jaramillo 2010)",
        pressures=(0.0, 5.0),
        trials=Trials(orders=("antiferromagnetic-1",), starts=("high",)),
    ),
    "Ni3Al": Case(
        make=lambda: cubic(["Ni", "Al"], [(0.0, 0.5, 0.5), CORNER], 3.54),
        answer=SOFT,
        why="a weak ferromagnet, gone at 8.1 GPa (Niklowitz 2005)",
        pressures=(0.0, 3.0),
        trials=Trials(orders=("ferromagnetic",), starts=("high",)),
        changes={"density_convergence": 1e-6},  # minutes for a state as it is
    ),
    "Fe": Case(make=lambda: bulk("Fe", "bcc", a=2.866), answer=HARD, why="Curie point 1043 K"),
    "Co": Case(make=lambda: bulk("Co", "fcc", a=3.54), answer=HARD, why="Curie point 1390 K"),
    "Ni": Case(make=lambda: bulk("Ni", "fcc", a=3.524), answer=HARD, why="magnetic beyond 200 GPa"),
    "V": Case(
        make=lambda: bulk("V", "bcc", a=3.03),
        answer=NONE,
        why="a superconductor of 5.4 K",
        pressures=(0.0,),
        trials=Trials(orders=("ferromagnetic",), curvature=True),
    ),
    "NiAl": Case(
        make=lambda: cubic(["Ni", "Al"], [CORNER, CENTRE], 2.887),
        answer=NONE,
        why="a paramagnet with a full d shell",
        pressures=(0.0,),
    ),
    "Pd": Case(
        make=lambda: bulk("Pd", "fcc", a=3.89),
        answer=NONE,
        why="nearly a magnet, and none",
        pressures=(0.0,),
    ),
}


def main() -> None:
    """Compute if asked to; print M(P) of each crystal, the ranking, and iron beside elk."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=KEPT)
    parser.add_argument("--run", type=Path, help="folder to compute in")
    parser.add_argument("--pseudopotentials", type=Path)
    parser.add_argument("--only", nargs="+", choices=tuple(CRYSTALS), default=tuple(CRYSTALS))
    chosen = parser.parse_args()
    if chosen.run is not None:
        compute(chosen.run, chosen.pseudopotentials, chosen.only)
    found = [
        json.loads(path.read_text("utf-8"))
        for path in sorted((chosen.run or chosen.folder).glob("*/magnetism.json"))
    ]
    for one in found:
        show(one)
    ranking(found)


def compute(out: Path, pseudopotentials: Path | None, names: list[str]) -> None:
    """Compute crystals, or go on with them."""
    runner = Runner.on_this_machine(None, mpi="none", needed=PROGRAMS)
    for name in names:
        case = CRYSTALS[name]
        results = run_magnetism(
            [StructureRecord(name=name, atoms=case.make())],
            out,
            runner,
            case.pressures,
            protocol=electrons_protocol(changes={**SETTINGS, **case.changes}),
            pseudopotentials=pseudopotentials,
            trials=case.trials,
            tell=print,
        )
        for one in results:
            if one.error is not None:
                print(one.error.in_one_line(name))


def show(found: dict[str, Any]) -> None:
    """M(P), softness and curvature of a crystal."""
    soft, curved = found["softness"], found.get("curvature")
    print(f"{found['name']}: softness {number(soft['softness_per_gpa'])} per GPa")
    for one in soft["moments"]:
        print(f"  {one['pressure_gpa']:6.1f} GPa  {one['moment_mu_b']:.3f} μ_B  {one['order']}")
    if curved is not None:
        zero, own = (curved[f"at_{one}_ev_per_mu_b2"] for one in ("zero", "moment"))
        print(f"  E(M): {number(zero)} eV/μ_B² without a moment, {number(own)} at the moment")
    if found["name"] == "Fe":
        beside_elk(found)


def ranking(found: list[dict[str, Any]]) -> None:
    """Whether the soft are softer than the hard, and the non-magnetic have no moment."""
    known = [one for one in found if one["name"] in CRYSTALS]
    print(f"\n{'crystal':<8} {'answer':<7} {'μ_B':>6} {'softness/GPa':>13}  by experiment")
    rows: dict[str, list[tuple[float, float]]] = {SOFT: [], HARD: [], NONE: []}
    for one in sorted(known, key=lambda one: -(one["softness"]["softness_per_gpa"] or 0.0)):
        case, soft = CRYSTALS[one["name"]], one["softness"]
        moment = soft["moments"][0]["moment_mu_b"]
        rows[case.answer].append((soft["softness_per_gpa"] or 0.0, moment))
        value = number(soft["softness_per_gpa"])
        print(f"{one['name']:<8} {case.answer:<7} {moment:6.3f} {value:>13}  {case.why}")
    if rows[SOFT] and rows[HARD]:
        right = min(rows[SOFT])[0] > max(rows[HARD])[0]
        print(f"every soft one is softer than every hard one: {'yes' if right else 'NO'}")
    if rows[NONE]:
        right = all(moment < 0.05 for _, moment in rows[NONE])
        print(f"no moment where there is none: {'yes' if right else 'NO'}")


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
