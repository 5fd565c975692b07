"""How many relaxations a search needs to find known crystals, beside a search by chance alone.

    python benchmarks/structure_search.py --work runs/search --cases Si MgB2 --seeds 3
    python benchmarks/structure_search.py --speed

No prototypes are used: what is found is found from the elements alone. What is done is kept in the
folder of --work. --speed prints relaxations a minute of one processor, eight candidates together
and, for the same candidates, one after the other by ASE.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from ase import Atoms, units
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS

from betenet.phonons import make_force_field
from betenet.phonons.force_field import ForceField
from betenet.phonons.relaxation import relax_together
from betenet.phonons.run import one_thread
from betenet.search import Phase, SearchResult, SearchSettings, run_search, search_space
from betenet.search.phases import SAME_ENTHALPY
from betenet.search.proposals import Candidate
from betenet.search.prototypes import substituted_prototypes
from betenet.search.random_crystals import random_crystal
from betenet.search.rest import FULL, relax_candidates
from betenet.search.store import SearchStore


@dataclass(frozen=True, slots=True)
class Case:
    """A crystal that is known.

    Attributes
    ----------
    target
        What is searched.
    formula, space_group
        What should be found: elements in alphabetical order.
    pressure
        Pressure [GPa].
    most_atoms
        Most atoms of a cell.
    """

    target: str
    formula: str
    space_group: str
    pressure: float
    most_atoms: int


CASES = {
    "Si": Case("Si", "Si", "Fd-3m", 0.0, 8),
    "Si-16GPa": Case("Si", "Si", "P6/mmm", 16.0, 8),
    "MgB2": Case("MgB2", "B2Mg", "P6/mmm", 0.0, 6),
    "NbC": Case("NbC", "CNb", "Fm-3m", 0.0, 8),
    "TiN": Case("TiN", "NTi", "Fm-3m", 0.0, 8),
    "TiO2": Case("TiO2", "O2Ti", "P4_2/mnm", 0.0, 6),
    "Li": Case("Li", "Li", "Fm-3m", 20.0, 4),
    "Na": Case("Na", "Na", "Im-3m", 10.0, 4),
    "H3S": Case("H3S", "H3S", "Im-3m", 200.0, 8),
    "CaH6": Case("CaH6", "CaH6", "Im-3m", 150.0, 7),
    "YH6": Case("YH6", "H6Y", "Im-3m", 200.0, 7),
    "LaH10": Case("LaH10", "H10La", "Fm-3m", 200.0, 11),
    "Mg-B": Case("Mg-B", "B2Mg", "P6/mmm", 0.0, 9),
}
"""Literature: Si, J. Z. Hu et al., PRB 34, 4679 (1986) (simple hexagonal near 16 GPa); Li and Na,
M. I. McMahon and R. J. Nelmes, Chem. Soc. Rev. 35, 943 (2006); H3S, D. Duan et al., Sci. Rep. 4,
6968 (2014); CaH6, H. Wang et al., PNAS 109, 6463 (2012); YH6, LaH10, H. Liu et al., PNAS 114, 6990
(2017)."""


def main() -> None:
    """Search the cases, or measure the speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=["Si", "MgB2"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--relaxations", type=int, default=200)
    parser.add_argument("--most-atoms", type=int, help="instead of the size of each case")
    parser.add_argument("--work", type=Path, help="folder that keeps the searches")
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.speed:
        measure_speed()
        return
    with TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        print(f"{'case':<9} {'kind':<8} {'found':<6} {'relaxations until then':<34} lowest")
        for name in arguments.cases:
            for kind, share in (("genetic", 0.2), ("random", 1.0)):
                row(name, kind, share, arguments, work)


def row(name: str, kind: str, share: float, arguments: argparse.Namespace, work: Path) -> None:
    """Search with every seed and print how often, and how soon, the crystal was found."""
    case = CASES[name]
    known = known_enthalpy(case)
    numbers: list[int | None] = []
    lowest: list[str] = []
    for seed in range(arguments.seeds):
        folder = work / f"{name}-{kind}-{seed}"
        settings = SearchSettings(
            target=case.target,
            pressure=case.pressure,
            seed=seed,
            relaxations=arguments.relaxations,
            most_atoms=arguments.most_atoms or case.most_atoms,
            random_share=share,
            prototypes=False,
        )
        found = run_search(settings, folder)
        numbers.append(first_found(folder, case, found, known))
        lowest.append(lowest_of(case, found, known))
    hits = [one for one in numbers if one is not None]
    told = " ".join("–" if one is None else str(one) for one in numbers)
    print(
        f"{name:<9} {kind:<8} {len(hits)}/{len(numbers):<4} {told:<34} {'; '.join(lowest)}",
        flush=True,
    )


def known_enthalpy(case: Case) -> float:
    """Enthalpy for each atom of the known crystal in the force field: a prototype at rest [eV]."""
    space = search_space(case.formula, case.most_atoms)
    made = [
        Candidate(number=number, origin=name, atoms=atoms)
        for number, (name, atoms) in enumerate(substituted_prototypes(space, case.pressure, 0))
    ]
    field = make_force_field("mattersim-1m")
    with one_thread():
        outcomes = relax_candidates(made, field, case.pressure, {})
    phases = [one.phase for one in outcomes if one.phase is not None]
    return min(one.enthalpy for one in phases if one.space_group == case.space_group)


def is_known(phase: Phase, case: Case, known: float) -> bool:
    """Whether a crystal is the known one: composition, space group and enthalpy."""
    named = (phase.composition, phase.space_group) == (case.formula, case.space_group)
    return named and abs(phase.enthalpy - known) < SAME_ENTHALPY


def first_found(folder: Path, case: Case, found: SearchResult, known: float) -> int | None:
    """Number of relaxations up to the one that has found the crystal; None if none has."""
    store = SearchStore(folder)
    for batch in range(-(-found.settings.relaxations // found.settings.together)):
        for outcome in store.read(batch) or []:
            if outcome.phase is not None and is_known(outcome.phase, case, known):
                return outcome.phase.number + 1
    return None


def lowest_of(case: Case, found: SearchResult, known: float) -> str:
    """The lowest phase of the composition, and how far it lies below the known one."""
    own = [one.phase for one in found.entries if one.phase.composition == case.formula]
    if not own:
        return "none"
    best = min(own, key=lambda one: one.enthalpy)
    if is_known(best, case, known):
        return best.space_group
    return f"{best.space_group} ({1e3 * (best.enthalpy - known):+.0f} meV/atom)"


def measure_speed() -> None:
    """Relaxations a minute of one processor for cells of 4, 8 and 16 atoms."""
    field = make_force_field("mattersim-1m")
    print("atoms  betenet/min  ASE/min  ratio  at rest: betenet, ASE")
    for size in (4, 8, 16):
        rng = np.random.default_rng(size)
        made = (random_crystal({"B": size // 2, "Mg": size // 2}, 20.0, rng) for _ in range(40))
        starts = [one for one in made if one is not None and len(one) == size][:8]
        together, settled = timed(starts, field)
        alone, others = timed_by_ase(starts, field)
        print(
            f"{size:5d} {60 * len(starts) / together:12.0f} {60 * len(starts) / alone:8.1f} "
            f"{alone / together:6.1f}  {settled}/{len(starts)}, {others}/{len(starts)}",
            flush=True,
        )


def timed(starts: Sequence[Atoms], field: ForceField) -> tuple[float, int]:
    """Processor seconds of relaxations at 20 GPa together, and how many came to rest."""
    with one_thread():
        began = time.process_time()
        found = relax_together(starts, field, FULL, pressure=20.0)
        seconds = time.process_time() - began
    return seconds, sum(not isinstance(one, Exception) and one.converged for one in found)


def timed_by_ase(starts: Sequence[Atoms], field: ForceField) -> tuple[float, int]:
    """The same by ASE's BFGS, one after the other, with the same tolerance and steps."""
    settled = 0
    with one_thread():
        began = time.process_time()
        for start in starts:
            atoms = start.copy()
            atoms.calc = field.calculator
            strained = FrechetCellFilter(atoms, scalar_pressure=20.0 * units.GPa)
            with BFGS(strained, logfile=None) as relaxing:
                settled += bool(relaxing.run(FULL.force_tolerance, FULL.relaxation_steps))
        seconds = time.process_time() - began
    return seconds, settled


if __name__ == "__main__":
    main()
