"""Settings that all steps of a material share: protocol, pseudopotentials, pressure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from ase import Atoms

from betenet.errors import ConfigError
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import Pseudopotential


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
        Pseudopotential of each element, all in one folder.
    pressure
        Pressure to which the cell is relaxed [GPa].
    starting_guess
        Whether the cell is a guess: how far it relaxes is no sign of a mistake then.
    dos_pseudopotentials
        Pseudopotential of each element for the electronic density of states alone, as the paper has
        it; empty for the same.

    Raises
    ------
    ConfigError
        If the pressure is not a finite number, or is given although the cell is not relaxed; or if
        a cutoff is not a number.
    """

    protocol: Protocol
    pseudopotentials: Mapping[str, Pseudopotential]
    pressure: float = 0.0
    starting_guess: bool = False
    dos_pseudopotentials: Mapping[str, Pseudopotential] = field(
        default_factory=dict[str, Pseudopotential]
    )

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
        if self.protocol.cutoff is None or self.protocol.density_cutoff is None:
            raise ConfigError(
                "The cutoffs of a calculation are not numbers.",
                "They follow from its pseudopotentials (betenet.espresso.cutoffs.with_cutoffs).",
                "Plan it with make_workflow, or give both of them.",
            )

    @property
    def cutoff(self) -> float:
        """Cutoff of the plane waves of the wave functions [Ry]."""
        return cast("float", self.protocol.cutoff)

    @property
    def density_cutoff(self) -> float:
        """Cutoff of the plane waves of the density [Ry]."""
        return cast("float", self.protocol.density_cutoff)

    def valence(self, atoms: Atoms) -> float:
        """Number of electrons in a cell that are not in a core."""
        return sum(self.pseudopotentials[symbol].valence for symbol in symbols_of(atoms))

    def to_dict(self) -> dict[str, object]:
        """Plain values; where the pseudopotentials lie is left out."""
        # a key that stands only where it is true: earlier versions did not have it
        guess: dict[str, object] = {"starting_guess": True} if self.starting_guess else {}
        others = _plain(self.dos_pseudopotentials)
        return guess | {
            "protocol": self.protocol.to_dict(),
            "pseudopotentials": _plain(self.pseudopotentials),
            "pressure_gpa": self.pressure,
            **({"dos_pseudopotentials": others} if others else {}),
        }


def _plain(pseudopotentials: Mapping[str, Pseudopotential]) -> list[dict[str, object]]:
    return [pseudopotentials[element].to_dict() for element in sorted(pseudopotentials)]
