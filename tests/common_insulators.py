"""Common insulators in their real structures, `reference/insulators.csv`: never learnt from."""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ase import Atoms
from ase.spacegroup import crystal

from betenet.structures import standardise

TABLE = Path(__file__).parent / "reference" / "insulators.csv"
SECOND_ORIGIN = (59, 141, 129, 224, 227)


@dataclass(frozen=True, slots=True)
class Insulator:
    name: str
    magnetic: bool
    atoms: Atoms


@lru_cache(maxsize=1)
def common_insulators() -> tuple[Insulator, ...]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return tuple(_insulator(row) for row in rows)


def _insulator(row: dict[str, str]) -> Insulator:
    cell = [float(number) for number in row["cell"].split()]
    group = int(row["space_group"])
    sites = [site.split() for site in row["sites"].split(";")]
    atoms = crystal(
        [symbol for symbol, *_ in sites],
        basis=[tuple(map(float, place)) for _, *place in sites],
        spacegroup=group,
        setting=2 if group in SECOND_ORIGIN else 1,
        cellpar=[*cell * 3, 90, 90, 90] if len(cell) == 1 else cell,
        symprec=2e-3,
    )
    name = f"{row['formula']} {row['note']}".strip()
    return Insulator(name, row["note"] == "magnetic", standardise(atoms))
