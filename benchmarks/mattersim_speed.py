"""Seconds of MatterSim's forces, and of phonons by them: our code against others.

python benchmarks/mattersim_speed.py [--file MATTERSIM.pth] [--phonons 40 [--seed 7]]

Forces: against MatterSim's library and our SevenNet. Where the library ``mattersim`` is not
installed, its columns are empty; it reads its own file only. The supercells are those of `phonons`
for Al, Nb and MgB2, each with an atom displaced.

Phonons: of crystals of BETE-NET with at most six atoms, drawn at random, by `phonons`, and by
phonopy with the relaxation of ASE, which call the force field's calculator once for each step and
displaced supercell; with the library in its calculator, too.

One thread; processor time, in turn, so that other programs disturb all alike: of forces the least
of some calls each, of phonons each crystal once.
"""

from __future__ import annotations

import argparse
import importlib
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms, units
from ase.build import bulk
from ase.constraints import FixSymmetry
from ase.filters import FrechetCellFilter
from ase.io import read
from ase.optimize import BFGS

from betenet.datasets.rows import data_folder
from betenet.errors import BetenetError
from betenet.phonon_dos import PhononDos
from betenet.phonons import PhononSettings, make_force_field, phonons
from betenet.phonons.density import Modes, density_of_states
from betenet.phonons.force_constants import as_atoms, choose_supercell, forces_of
from betenet.phonons.force_field import ForceField
from betenet.phonons.mattersim import MODELS, find_weights
from betenet.phonons.mattersim.calculator import MatterSimCalculator
from betenet.structures import standardise
from betenet.units import convert_frequency

MGB2 = Atoms(
    "MgB2",
    scaled_positions=[(0, 0, 0), (1 / 3, 2 / 3, 0.5), (2 / 3, 1 / 3, 0.5)],
    cell=[3.086, 3.086, 3.524, 90, 90, 120],
    pbc=True,
)
SUPERCELLS = {
    "Al": bulk("Al", a=4.05, cubic=True) * 3,
    "Nb": bulk("Nb", a=3.3, cubic=True) * 4,
    "MgB2": MGB2 * (4, 3, 3),
}
REPEATS = 5
OTHER = "7net-l3i5"
MOST_ATOMS = 6


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


def phonons_by_libraries(atoms: Atoms, field: ForceField) -> tuple[PhononDos, float]:
    """Density of states and volume by ASE and phonopy, one call of the calculator after another."""
    phonopy = importlib.import_module("phonopy")
    settings = PhononSettings()
    rest = standardise(atoms, symprec=settings.symprec)
    rest.calc = field.calculator
    squeezed = abs(rest.get_stress()[:3].mean() / units.GPa) > settings.pressure_limit
    rest.set_constraint(FixSymmetry(rest, symprec=settings.symprec))
    moving: Any = rest if squeezed else FrechetCellFilter(rest)
    optimiser = BFGS(moving, logfile=None)
    optimiser.run(fmax=settings.force_tolerance, steps=settings.relaxation_steps)
    rest.set_constraint()
    cells = importlib.import_module("phonopy.structure.atoms")
    cell = cells.PhonopyAtoms(numbers=rest.numbers, cell=rest.cell.array, positions=rest.positions)
    matrix = choose_supercell(rest, settings)
    phonon = phonopy.Phonopy(cell, matrix.T, primitive_matrix="P", symprec=settings.symprec)
    phonon.generate_displacements(distance=settings.displacement)
    moved = phonon.supercells_with_displacements
    phonon.forces = np.array([forces_of(as_atoms(one), field) for one in moved])
    phonon.produce_force_constants(show_drift=False)
    phonon.symmetrize_force_constants(show_drift=False)
    mesh = phonon.run_mesh(settings.q_length, with_eigenvectors=True)
    n_q, n_modes = mesh.frequencies.shape
    shares = np.abs(mesh.eigenvectors).reshape(n_q, n_modes // 3, 3, n_modes) ** 2
    modes = Modes(
        np.asarray(convert_frequency(mesh.frequencies, "THz", "meV")),
        mesh.weights / mesh.weights.sum(),
        shares.sum(axis=2).transpose(0, 2, 1),
    )
    symbols = tuple(rest.get_chemical_symbols())
    return density_of_states(modes, settings.frequency_step, symbols), float(rest.get_volume())


def drawn_crystals(count: int, seed: int) -> list[Atoms]:
    """Crystals of BETE-NET whose primitive cell has few atoms."""
    paths = sorted((data_folder() / "bete_net" / "structures").glob("*.cif"))
    found: list[Atoms] = []
    for place in np.random.default_rng(seed).permutation(len(paths)):
        atoms = read(paths[place])
        assert isinstance(atoms, Atoms)
        if len(standardise(atoms)) <= MOST_ATOMS:
            found.append(atoms)
        if len(found) == count:
            break
    return found


def compare_phonons(crystals: list[Atoms], field: ForceField, others: dict[str, Any]) -> None:
    """Print the seconds of each way, and how far the densities of states are apart."""
    ways: dict[str, Callable[[Atoms], tuple[PhononDos, float]]] = {
        "phonons": lambda atoms: by_betenet(atoms, field),
        "phonopy and ASE": lambda atoms: phonons_by_libraries(atoms, field),
    }
    for name, calculator in others.items():
        other = make_force_field(calculator)
        ways[f"phonopy, ASE, {name}"] = lambda atoms, other=other: phonons_by_libraries(
            atoms, other
        )
    ways["phonons"](crystals[0])
    took: dict[str, list[float]] = {way: [] for way in ways}
    apart: list[tuple[float, float, float]] = []
    for atoms in crystals:
        found: dict[str, tuple[PhononDos, float]] = {}
        for way, compute in ways.items():
            began = time.process_time()
            found[way] = compute(atoms)
            took[way].append(time.process_time() - began)
        (ours, volume), (theirs, other_volume) = found["phonons"], found["phonopy and ASE"]
        apart.append(
            (
                abs(ours.omega_log - theirs.omega_log),
                abs(ours.omega_2 - theirs.omega_2),
                abs(volume / other_volume - 1.0),
            )
        )
    print(f"{field.name}, {len(crystals)} crystals of at most {MOST_ATOMS} atoms, seconds:")
    for way, times in took.items():
        ratio = np.array(times) / np.array(took["phonons"])
        print(
            f"  {way}: median {np.median(times):.2f}, mean {np.mean(times):.2f}, at most 1 s "
            f"{np.mean(np.array(times) <= 1.0):.0%}; times ours: median {np.median(ratio):.1f}"
        )
    middle, most = np.median(apart, axis=0), np.max(apart, axis=0)
    print(
        f"  ω_log, ω_2 and volume apart from phonopy and ASE: median {middle[0]:.3f} meV, "
        f"{middle[1]:.3f} meV, {middle[2]:.2%}; most {most[0]:.3f}, {most[1]:.3f}, {most[2]:.2%}"
    )


def by_betenet(atoms: Atoms, field: ForceField) -> tuple[PhononDos, float]:
    """Density of states and volume by `phonons`."""
    result = phonons(atoms, field)
    return result.dos, float(result.atoms.get_volume())


def main() -> None:
    """Print a table for each set of weights that is here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="weights for the library")
    parser.add_argument("--phonons", type=int, metavar="N", help="phonons of N crystals instead")
    parser.add_argument("--seed", type=int, default=7, help="draw of these crystals")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    sevennet = None if arguments.phonons else make_force_field(OTHER)
    for name in MODELS:
        try:
            path = find_weights(name)
        except BetenetError as error:
            print(error.summary)
            continue
        field = make_force_field(name)
        theirs = arguments.file or path
        others = library(theirs) if MODELS[name].file == theirs.name else {}
        if sevennet is None:
            compare_phonons(drawn_crystals(arguments.phonons, arguments.seed), field, others)
            continue
        network = field.calculator.network  # pyright: ignore[reportAttributeAccessIssue]
        calculators = {
            "ours": field.calculator,
            "without symmetry": MatterSimCalculator(network, use_symmetry=False),
            **others,
            OTHER: sevennet.calculator,
        }
        for crystal, atoms in SUPERCELLS.items():
            atoms.positions[0, 0] += 0.01
            found = seconds(calculators, atoms)
            line = ", ".join(
                f"{who} {value:.3f} s ({value / found['ours']:.1f})" for who, value in found.items()
            )
            print(f"{name} {crystal} {len(atoms)} atoms: {line}")


if __name__ == "__main__":
    main()
