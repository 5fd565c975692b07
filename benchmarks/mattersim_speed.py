"""Seconds of MatterSim's forces: our code against its library and against our SevenNet.

python benchmarks/mattersim_speed.py [--file MATTERSIM.pth] [--phonons]

Where the library ``mattersim`` is not installed, its columns are empty; it reads its own file only.
The supercells are those of `phonons` for Al, Nb and MgB2, each with an atom displaced. One thread;
processor time, the least of some calls each, in turn, so that other programs disturb all alike.
"""

from __future__ import annotations

import argparse
import importlib
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from ase import Atoms
from ase.build import bulk

from betenet.errors import BetenetError
from betenet.phonons import DEFAULT, make_force_field, phonons
from betenet.phonons.mattersim import MODELS, find_weights
from betenet.phonons.mattersim.calculator import MatterSimCalculator

MGB2 = Atoms(
    "MgB2",
    scaled_positions=[(0, 0, 0), (1 / 3, 2 / 3, 0.5), (2 / 3, 1 / 3, 0.5)],
    cell=[3.086, 3.086, 3.524, 90, 90, 120],
    pbc=True,
)
CRYSTALS = {"Al": bulk("Al", a=4.05), "Nb": bulk("Nb", a=3.3), "MgB2": MGB2}
SUPERCELLS = {
    "Al": bulk("Al", a=4.05, cubic=True) * 3,
    "Nb": bulk("Nb", a=3.3, cubic=True) * 4,
    "MgB2": MGB2 * (4, 3, 3),
}
REPEATS = 5


def seconds(calculators: dict[str, Any], atoms: Atoms) -> dict[str, float]:
    """Least processor time of a call of each calculator."""
    least = dict.fromkeys(calculators, float("inf"))
    for _ in range(REPEATS + 1):
        for name, calculator in calculators.items():
            fresh = atoms.copy()
            began = time.process_time()
            calculator.calculate(fresh, ["energy", "forces", "stress"], ["positions"])
            least[name] = min(least[name], time.process_time() - began)
    return least


def library(path: Path) -> dict[str, Any]:
    """The calculator of the library, if it is installed."""
    try:
        module = importlib.import_module("mattersim.forcefield")
        importlib.import_module("loguru").logger.remove()
    except ImportError:
        return {}
    return {"library": module.MatterSimCalculator(load_path=str(path), device="cpu")}


def seconds_of_phonons(work: Callable[[], object]) -> float:
    """Processor time of all of it."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Print a table for each set of weights that is here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="weights for the library")
    parser.add_argument("--phonons", action="store_true", help="whole phonon calculations too")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    sevennet = make_force_field(DEFAULT)
    for name in MODELS:
        try:
            path = find_weights(name)
        except BetenetError as error:
            print(error.summary)
            continue
        field = make_force_field(name)
        network = field.calculator.network  # pyright: ignore[reportAttributeAccessIssue]
        theirs = arguments.file or path
        calculators = {
            "ours": field.calculator,
            "without symmetry": MatterSimCalculator(network, use_symmetry=False),
            **(library(theirs) if MODELS[name].file == theirs.name else {}),
            DEFAULT: sevennet.calculator,
        }
        for crystal, atoms in SUPERCELLS.items():
            atoms.positions[0, 0] += 0.01
            found = seconds(calculators, atoms)
            line = ", ".join(
                f"{who} {value:.3f} s ({value / found['ours']:.1f})" for who, value in found.items()
            )
            print(f"{name} {crystal} {len(atoms)} atoms: {line}")
        if not arguments.phonons:
            continue
        for crystal, atoms in CRYSTALS.items():
            line = ", ".join(
                f"{one.name} {seconds_of_phonons(lambda: phonons(atoms, one)):.1f} s"  # noqa: B023
                for one in (field, sevennet)
            )
            print(f"phonons of {crystal}: {line}")


if __name__ == "__main__":
    main()
