"""Crystals to screen, and stand-ins for a source and a funnel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.build import bulk

from betenet.screening.candidates import Candidate, Entry
from betenet.screening.run import ScreeningRun

METALS = ("Al", "Cu", "Ni", "Pd", "Ag", "Pt", "Au", "Nb", "Ta", "W", "V", "Mo")


@dataclass(frozen=True, kw_only=True)
class FakeStage:
    name: str
    kind: str
    model: str | None = None
    force_field: Any = None  # a calculator too, in the tests
    score: str | None = None
    threshold: float | None = None
    precision: float | None = None
    recall: float | None = None
    budget: int | None = None
    keep_unknown: bool = True  # the tiny model knows next to nothing
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FakeFunnel:
    stages: tuple[FakeStage, ...]
    source: str = "memory"
    filters: dict[str, Any] = field(default_factory=dict)
    mu_star: float = 0.1

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.to_dict(), default=str).encode()).hexdigest()


class FakeSource:
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
    stages = (
        FakeStage(name="first", kind="structure", model=str(model), budget=40),
        FakeStage(name="second", kind="structure", model=str(model), score="coupling", budget=20),
    )
    funnel, source = FakeFunnel(stages=stages), FakeSource(crystals(80))
    return ScreeningRun.prepare(folder, funnel, source, quiet=True, batch=4)
