"""Runs of pw.x with moments: one volume, one order, one start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from betenet.electrons.magnetic_orders import MagneticOrder
from betenet.errors import DataError
from betenet.espresso.grids import (
    grid_of_density,
    mixed_axes,
    reciprocal_operations,
    symmetric_grid,
)
from betenet.espresso.layout import PSEUDOPOTENTIALS
from betenet.espresso.namelist import Value
from betenet.espresso.pw_inputs import common_namelists, format_vector
from betenet.espresso.pw_output import read_pw_output
from betenet.espresso.settings import Settings, symbols_of
from betenet.espresso.steps import Inherited, Step

STARTS = {"high": 3.0, "low": 0.6}
"""Moment of a magnetic site that a calculation starts with [μ_B]. One of 8 μ_B overshoots."""
_NUMBER = r"\s*([-+]?\d+\.\d+)"
_TOTAL = re.compile(rf"total magnetization\s*={_NUMBER}\s*Bohr")
_ABSOLUTE = re.compile(rf"absolute magnetization\s*={_NUMBER}\s*Bohr")


@dataclass(frozen=True, slots=True, kw_only=True)
class MagneticPoint:
    """A self-consistent state with moments.

    Attributes
    ----------
    ratio
        Volume over the given one [1].
    order, start
        Names of the order and the start.
    volume
        Volume of an atom [Å³].
    energy
        Energy of an atom [eV].
    pressure
        Pressure [GPa].
    moment
        Moment of a magnetic site: the total of a ferromagnet over its sites; of an antiferromagnet
        the integral of the absolute magnetisation [μ_B].
    total, absolute
        Magnetisation of the cell, and its absolute value integrated [μ_B].
    """

    ratio: float
    order: str
    start: str
    volume: float
    energy: float
    pressure: float
    moment: float
    total: float
    absolute: float


def point_key(ratio: float, order: str, start: str) -> str:
    """Key of a step, which is its folder too."""
    return f"volume-{round(1000 * ratio):04d}/{order}-{start}"


def magnetic_step(settings: Settings, order: MagneticOrder, ratio: float, start: str) -> Step:
    """A self-consistent calculation of an order at a volume."""
    atoms = Atoms(
        symbols_of(order.atoms),
        cell=order.atoms.cell.array * ratio ** (1.0 / 3.0),
        scaled_positions=order.atoms.get_scaled_positions(wrap=False),
        pbc=True,
    )
    labels = [
        _label(symbol, sign)
        for symbol, sign in zip(symbols_of(atoms), order.signs.tolist(), strict=True)
    ]
    kinds = list(dict.fromkeys(labels))
    namelists = common_namelists(settings, "scf", control={"disk_io": "none", "tprnfor": False})
    system: dict[str, Value] = {"nat": len(atoms), "ntyp": len(kinds), "nspin": 2}
    for number, label in enumerate(kinds, start=1):
        sign = int(order.signs[labels.index(label)])
        valence = settings.pseudopotentials[_symbol(label)].valence
        system[f"starting_magnetization({number})"] = round(sign * STARTS[start] / valence, 4)
    namelists["system"] |= system
    return Step(
        key=point_key(ratio, order.name, start),
        program="pw.x",
        namelists=namelists,
        cards=_cards(settings, atoms, labels, kinds),
        inherits=(Inherited(source=PSEUDOPOTENTIALS, target=PSEUDOPOTENTIALS),),
        pools=True,
    )


def read_point(
    folder: Path, order: MagneticOrder, ratio: float, start: str
) -> MagneticPoint | None:
    """What a step has found; None before it is done.

    Raises
    ------
    DataError
        If the output states no magnetisation.
    """
    path = folder / point_key(ratio, order.name, start) / "pw.out"
    if not path.exists():
        return None
    output = read_pw_output(path)
    text = path.read_text(encoding="utf-8", errors="replace")
    total, absolute = _TOTAL.findall(text), _ABSOLUTE.findall(text)
    if not (total and absolute and output.converged):
        raise DataError(
            f"{path} states no converged magnetisation.",
            "pw.x prints it for nspin = 2.",
            "Remove the folder of this step and start the run again.",
        )
    n_atoms = len(order.atoms)
    whole, integral = float(total[-1]), float(absolute[-1])
    ferro = bool(np.all(order.signs >= 0))
    return MagneticPoint(
        ratio=ratio,
        order=order.name,
        start=start,
        volume=output.volume / n_atoms,
        energy=output.total_energy / n_atoms,
        pressure=output.pressure,
        moment=(abs(whole) if ferro else integral) / order.n_moments,
        total=whole,
        absolute=integral,
    )


def _label(symbol: str, sign: int) -> str:
    """Label of an atom, which a digit makes another kind for pw.x."""
    return symbol + {1: "1", -1: "2", 0: ""}[sign]


def _symbol(label: str) -> str:
    return label.rstrip("0123456789")


def _cards(settings: Settings, atoms: Atoms, labels: list[str], kinds: list[str]) -> str:
    operations = reciprocal_operations(atoms)
    grid = grid_of_density(atoms.cell.array, settings.protocol.k_density)
    grid = symmetric_grid(grid, mixed_axes(operations))
    lines = ["ATOMIC_SPECIES"]
    for label in kinds:
        symbol = _symbol(label)
        mass = float(atomic_masses[atomic_numbers[symbol]])
        lines.append(f"{label} {mass:.6f} {settings.pseudopotentials[symbol].path.name}")
    lines += ["CELL_PARAMETERS angstrom", *(format_vector(row) for row in atoms.cell.array)]
    places = zip(labels, atoms.get_scaled_positions(wrap=False), strict=True)
    lines += ["ATOMIC_POSITIONS crystal"]
    lines += [f"{label} {format_vector(place)}" for label, place in places]
    lines += ["K_POINTS automatic", " ".join(map(str, grid)) + " 0 0 0"]
    return "\n".join(lines) + "\n"
