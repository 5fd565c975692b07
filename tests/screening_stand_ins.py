"""Crystals to screen, a source in memory, and funnels that let everything in."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.build import bulk

from betenet.screening.candidates import Candidate, Entry
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.run import ScreeningRun

METALS = ("Al", "Cu", "Ni", "Pd", "Ag", "Pt", "Au", "Nb", "Ta", "W", "V", "Mo")


def known_or_not(**asked: Any) -> Stage:
    """A stage that decides everything: the tiny model knows next to nothing."""
    return Stage(**{"name": "structure", "kind": "structure", "keep_unknown": True, **asked})


def funnel_of(*stages: Stage, **filters: Any) -> Funnel:
    """A funnel of a source in memory that lets everything in, unless its filters say else."""
    everything = {"duplicates": False, "keep_insulators": True}
    return Funnel(source="memory", stages=stages, filters={**everything, **filters})


class MemorySource:
    """A source whose entries are given, and which counts how many of them were read."""

    def __init__(self, entries: Sequence[Entry], name: str = "memory") -> None:
        self.entries, self.name = list(entries), name
        self.read = 0

    def identity(self) -> dict[str, Any]:
        return {"name": self.name, "entries": len(self.entries)}

    def __iter__(self) -> Iterator[Entry]:
        for entry in self.entries:
            self.read += 1
            yield entry


def crystals(count: int) -> list[Candidate]:
    """Elements and compounds of one to four atoms, no two alike."""
    found: list[Candidate] = []
    for number in range(count):
        metal, size = METALS[number % len(METALS)], 1.0 + 0.01 * (number // len(METALS))
        atoms: Atoms = bulk(metal, "fcc", a=4.0 * size)
        if number % 3 == 1:
            atoms = bulk(metal + "N", "rocksalt", a=4.4 * size)
        if number % 3 == 2:
            atoms = bulk(metal + "Al", "cesiumchloride", a=3.1 * size).repeat((1, 1, 2))
            atoms.positions[0, 2] += 0.1
        found.append(Candidate(name=f"crystal-{number:04d}", atoms=atoms))
    return found


def run_in(folder: Path, model: Path) -> ScreeningRun:
    """A run of two stages with a budget each."""
    probability = "probability_tc_above_5_kelvin"
    funnel = funnel_of(
        known_or_not(name="first", model=str(model), budget=40),
        known_or_not(name="second", model=str(model), score=probability, budget=20),
    )
    source = MemorySource(crystals(80))
    return ScreeningRun.prepare(folder, funnel, source, quiet=True, batch=4)
