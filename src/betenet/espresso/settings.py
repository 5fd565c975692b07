"""What all steps of a material share: protocol, pseudopotentials, pressure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from ase import Atoms

from betenet.errors import ConfigError
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import WHERE, Pseudopotential

AUGMENTED = ("US", "USPP", "PAW")
"""Kinds of pseudopotentials that add charges around the cores to those of the wave functions."""
AUGMENTED_RATIO = 8.0
"""Least cutoff of the density with them, in cutoffs of the wave functions."""


def symbols_of(atoms: Atoms) -> list[str]:
    """Element of each atom."""
    return cast("list[str]", atoms.get_chemical_symbols())


def structure_of(atoms: Atoms) -> dict[str, object]:
    """A crystal as rows of our dataset layout have it."""
    return {
        "lattice": atoms.cell.array.tolist(),
        "species": symbols_of(atoms),
        "frac_coords": atoms.get_scaled_positions(wrap=False).tolist(),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of a calculation.

    Attributes
    ----------
    protocol
        Cutoffs, grids and thresholds.
    pseudopotentials
        By element, all in one folder.
    pressure
        At which the cell is relaxed [GPa].

    Raises
    ------
    ConfigError
        If the pressure is not a finite number, or is given although the cell is not relaxed; or if
        the density has too few plane waves for an ultrasoft or PAW potential.
    """

    protocol: Protocol
    pseudopotentials: Mapping[str, Pseudopotential]
    pressure: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.pressure):
            raise ConfigError(f"The pressure is {self.pressure}.", "", "Give a number of GPa.")
        if self.pressure and self.protocol.relaxation != "cell":
            raise ConfigError(
                f"A pressure of {self.pressure:g} GPa with relaxation = "
                f"{self.protocol.relaxation!r}.",
                "Only a cell that is relaxed gets to a pressure.",
                "Set relaxation to cell, or leave the pressure out.",
            )
        needed = AUGMENTED_RATIO * self.protocol.cutoff
        for one in self.pseudopotentials.values():
            if one.kind in AUGMENTED and self.protocol.density_cutoff < needed:
                raise ConfigError(
                    f"{one.path.name} ({one.kind}) with a density_cutoff of "
                    f"{self.protocol.density_cutoff:g} Ry.",
                    "Its charges around the cores need more plane waves than the squares of wave "
                    "functions do, which are enough for norm-conserving potentials.",
                    f"--set density_cutoff={needed:g}; or take a norm-conserving one: {WHERE}.",
                )

    def valence(self, atoms: Atoms) -> float:
        """Electrons in a cell that are not in a core."""
        return sum(self.pseudopotentials[symbol].valence for symbol in symbols_of(atoms))

    def to_dict(self) -> dict[str, object]:
        """Plain values; where the pseudopotentials lie is left out."""
        return {
            "protocol": self.protocol.to_dict(),
            "pseudopotentials": [
                self.pseudopotentials[element].to_dict()
                for element in sorted(self.pseudopotentials)
            ],
            "pressure_gpa": self.pressure,
        }
