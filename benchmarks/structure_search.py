"""How many relaxations a search needs to find known crystals, beside a search by chance alone.

    python benchmarks/structure_search.py --work runs/search --cases Si MgB2 --seeds 3
    python benchmarks/structure_search.py --speed

No prototypes are used: what is found is found from the elements alone. What is done is kept in the
folder of --work. --speed prints relaxations a minute of one processor, eight candidates together
and, for the same candidates, one after the other by ASE.
"""

from __future__ import annotations

import argparse
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from ase import Atoms, units
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from ase.spacegroup import crystal

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
from betenet.search.store import RECORDS, SearchStore
from betenet.structures import standardise


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
    "TiO2": Case("TiO2", "O2Ti", "I4_1/amd", 0.0, 6),
    "Li": Case("Li", "Li", "Fm-3m", 20.0, 4),
    "Na": Case("Na", "Na", "Im-3m", 10.0, 4),
    "Na-80GPa": Case("Na", "Na", "Fm-3m", 80.0, 4),
    "H3S": Case("H3S", "H3S", "Im-3m", 200.0, 8),
    "CaH6": Case("CaH6", "CaH6", "Im-3m", 150.0, 7),
    "YH6": Case("YH6", "H6Y", "Im-3m", 200.0, 7),
    "LaH10": Case("LaH10", "H10La", "Fm-3m", 200.0, 11),
    "Mg-B": Case("Mg-B", "B2Mg", "P6/mmm", 0.0, 9),
    "Al2O3": Case("Al2O3", "Al2O3", "R-3c", 0.0, 10),
    "B": Case("B", "B", "R-3m", 0.0, 12),
}
"""Literature: Si, J. Z. Hu et al., PRB 34, 4679 (1986) (simple hexagonal near 16 GPa); Li and Na,
M. I. McMahon and R. J. Nelmes, Chem. Soc. Rev. 35, 943 (2006); H3S, D. Duan et al., Sci. Rep. 4,
6968 (2014); CaH6, H. Wang et al., PNAS 109, 6463 (2012); YH6, LaH10, H. Liu et al., PNAS 114, 6990
(2017)."""
CELLS = {
    "TiO2": ("TiO", 141, (3.78, 9.51, 90), [(0, 0, 0), (0, 0, 0.208)]),
    "Al2O3": ("AlO", 167, (4.76, 12.99, 120), [(0, 0, 0.352), (0.306, 0, 0.25)]),
    "B": ("BB", 166, (4.91, 12.57, 120), [(0.119, -0.119, 0.891), (0.197, -0.197, 0.024)]),
}
"""Elements, space group, a, c [Å], γ [°] and sites of crystals that are none of the prototypes."""
KINDS = {"genetic": 0.2, "random": 1.0}
MARKS = (25, 50, 100, 200)
"""Numbers of relaxations of the table of success rates."""


class _Enough(Exception):  # noqa: N818 - no error: the search has found what it looks for
    """Ends a search."""


def main() -> None:
    """Search the cases, or measure the speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=["Si", "MgB2"])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--relaxations", type=int, default=200)
    parser.add_argument("--most-atoms", type=int, help="instead of the size of each case")
    parser.add_argument("--to-the-end", action="store_true", help="go on when all is found")
    parser.add_argument("--work", type=Path, help="folder that keeps the searches")
    parser.add_argument("--figure", type=Path, help="success against relaxations is drawn here")
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.speed:
        measure_speed()
        return
    with TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        marks = " ".join(f"{one:>4}" for one in MARKS)
        print(f"{'case':<9} {'kind':<8} {'found':<7} {'seeds by':>8} {marks}  relaxations")
        curves = {name: success_of(name, arguments, work) for name in arguments.cases}
    if arguments.figure:
        draw(curves, arguments.figure)


Firsts = dict[str, list[float]]
"""By the kind of search and what is looked for, the relaxations of each seed; inf: not found."""


def success_of(name: str, arguments: argparse.Namespace, work: Path) -> Firsts:
    """Search with every seed and kind, and print how often, and how soon, crystals were found."""
    case = CASES[name]
    known, lowest = known_enthalpy(case), inf
    folders = {
        kind: [work / f"{name}-{kind}-{seed}" for seed in range(arguments.seeds)]
        for kind in arguments.kinds
    }
    while True:  # until no search has found anything lower
        before = lowest
        for kind, own in folders.items():
            for seed, folder in enumerate(own):
                with_first_batches(folder, work / f"{name}-genetic-{seed}")
                goals = Goals(case, known, min(lowest, known))
                lowest = min(lowest, searched(goals, kind, seed, folder, arguments))
        if lowest >= before - SAME_ENTHALPY or arguments.to_the_end:
            break
    goals = Goals(case, known, min(lowest, known))
    firsts: Firsts = {}
    for kind, own in folders.items():
        for what, is_it in (("known", goals.is_known), ("lowest", goals.is_lowest)):
            firsts[f"{kind} {what}"] = [first_found(one, is_it) for one in own]
    tell(name, firsts, 1e3 * (min(lowest, known) - known))
    return firsts


@dataclass(frozen=True, slots=True)
class Goals:
    """What a search looks for: the known crystal, and the lowest that any search has found.

    Attributes
    ----------
    case
        The known crystal.
    known, lowest
        Enthalpies for each atom [eV].
    """

    case: Case
    known: float
    lowest: float

    def is_known(self, phase: Phase) -> bool:
        """Whether a crystal is the known one: composition, space group and enthalpy."""
        named = (phase.composition, phase.space_group) == (self.case.formula, self.case.space_group)
        return named and abs(phase.enthalpy - self.known) < SAME_ENTHALPY

    def is_lowest(self, phase: Phase) -> bool:
        """Whether a crystal is as low as the lowest of its composition."""
        same = phase.composition == self.case.formula
        return same and phase.enthalpy < self.lowest + SAME_ENTHALPY


def searched(
    goals: Goals, kind: str, seed: int, folder: Path, arguments: argparse.Namespace
) -> float:
    """Search until all is found; the lowest enthalpy of the composition for each atom [eV]."""
    case = goals.case
    settings = SearchSettings(
        target=case.target,
        pressure=case.pressure,
        seed=seed,
        relaxations=arguments.relaxations,
        most_atoms=arguments.most_atoms or case.most_atoms,
        random_share=KINDS[kind],
        prototypes=False,
    )

    def has_all(phases: Sequence[Phase]) -> bool:
        all_found = any(map(goals.is_known, phases)) and any(map(goals.is_lowest, phases))
        return all_found and not arguments.to_the_end

    def told(found: SearchResult) -> None:
        if has_all([one.phase for one in found.entries]):
            raise _Enough

    if not has_all([*phases_in(folder)]):
        with suppress(_Enough):
            run_search(settings, folder, told=told)
    own = [one.enthalpy for one in phases_in(folder) if one.composition == case.formula]
    return min(own, default=inf)


def with_first_batches(folder: Path, genetic: Path) -> None:
    """Give a search by chance the batches of chance that the genetic one begins with."""
    settings = SearchSettings(target="Si")
    for batch in range(settings.first // settings.together):
        record = Path(RECORDS) / f"batch-{batch:05d}.json"
        if (genetic / record).exists() and not (folder / record).exists():
            (folder / RECORDS).mkdir(parents=True, exist_ok=True)
            shutil.copy(genetic / record, folder / record)


def phases_in(folder: Path) -> Iterator[Phase]:
    """Phases of a search in the order of their numbers, repetitions among them."""
    store, batches = SearchStore(folder), len(list((folder / RECORDS).glob("batch-*.json")))
    for batch in range(batches):
        for outcome in store.read(batch) or []:
            if outcome.phase is not None:
                yield outcome.phase


def first_found(folder: Path, is_it: Callable[[Phase], bool]) -> float:
    """Number of relaxations up to the one that has found a crystal; inf if none has."""
    return next((one.number + 1.0 for one in phases_in(folder) if is_it(one)), inf)


def tell(name: str, firsts: Firsts, below: float) -> None:
    """Print how many seeds have found the crystals by how many relaxations."""
    for label, numbers in firsts.items():
        kind, what = label.split()
        by = " ".join(f"{sum(one <= mark for one in numbers):>4}" for mark in MARKS)
        each = " ".join("-" if one == inf else f"{one:.0f}" for one in numbers)
        off = f"  ({below:+.0f} meV/atom)" if what == "lowest" else ""
        print(f"{name:<9} {kind:<8} {what:<7} {len(numbers):>8} {by}  {each}{off}", flush=True)


def draw(curves: Mapping[str, Firsts], target: Path) -> None:
    """Draw the share of seeds that have found the known crystal against relaxations."""
    columns = 4
    rows = -(-len(curves) // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(7.2, 1.7 * rows), sharex=True, sharey=True, squeeze=False
    )
    for axes in panels.flat[len(curves) :]:
        axes.set_visible(False)
    styles = (("genetic", "C3", "-"), ("random", "0.2", ":"))
    for axes, (name, firsts) in zip(panels.flat, curves.items(), strict=False):
        for kind, colour, style in styles:
            numbers = sorted(firsts.get(f"{kind} known", []))
            if numbers:
                share = np.arange(len(numbers) + 1) / len(numbers)
                places = [0.5, *(min(one, 1e4) for one in numbers)]
                axes.step(places, share, where="post", color=colour, ls=style, lw=1.2, label=kind)
        axes.axhline(0.9, color="0.85", lw=0.6, zorder=0)
        axes.set_title(name, fontsize=8)
        axes.set_xscale("log")
        axes.set_xlim(0.8, 200)
        axes.set_ylim(0, 1.05)
        axes.tick_params(labelsize=7, labelbottom=True)
    panels[0, 0].legend(fontsize=6, frameon=False)
    figure.supxlabel("relaxations", fontsize=8)
    figure.supylabel("share of seeds that have found it", fontsize=8)
    figure.tight_layout()
    figure.savefig(target, dpi=200)
    plt.close(figure)


def known_enthalpy(case: Case) -> float:
    """Enthalpy for each atom of the known crystal in the force field: a prototype at rest [eV]."""
    space = search_space(case.formula, case.most_atoms)
    starts = [atoms for _, atoms in substituted_prototypes(space, case.pressure, 0)]
    if case.target in CELLS:
        elements, group, (a, c, gamma), sites = CELLS[case.target]
        starts = [crystal(elements, sites, spacegroup=group, cellpar=[a, a, c, 90, 90, gamma])]
    made = [
        Candidate(number=number, origin="known", atoms=standardise(atoms))
        for number, atoms in enumerate(starts)
    ]
    field = make_force_field("mattersim-1m")
    with one_thread():
        outcomes = relax_candidates(made, field, case.pressure, {})
    phases = [one.phase for one in outcomes if one.phase is not None]
    return min(one.enthalpy for one in phases if one.space_group == case.space_group)


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
