"""The electronic density of states as dos.x writes it, at the Fermi level."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.electron_dos import read_dos_table

HALF_WINDOW = 0.05
"""N(E_F) is the mean within this distance of the Fermi level [eV]."""
NO_STATES = 1e-3
"""Density of states below which there are none, for the cell [1/eV]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ElectronicDos:
    """Density of states of a cell.

    Attributes
    ----------
    energies
        Energies, growing [eV].
    dos
        Density of states of both spins, for the cell [1/eV].
    fermi_energy
        Fermi energy as the file states it, with three decimals [eV].
    """

    energies: Float[np.ndarray, " energy"]
    dos: Float[np.ndarray, " energy"]
    fermi_energy: float

    def at_fermi(self, half_window: float = HALF_WINDOW) -> float:
        """N(E_F): the mean around the Fermi level, by the trapezoidal rule [1/eV].

        Raises
        ------
        DataError
            If the energies end before.

        Examples
        --------
        >>> line = ElectronicDos(
        ...     energies=np.array([0.0, 1.0]), dos=np.array([0.0, 2.0]), fermi_energy=0.4
        ... )
        >>> round(line.at_fermi(), 6)
        0.8
        """
        low, high = self.fermi_energy - half_window, self.fermi_energy + half_window
        if low < self.energies[0] or high > self.energies[-1]:
            raise DataError(
                f"The density of states reaches from {self.energies[0]:g} to "
                f"{self.energies[-1]:g} eV, but is needed from {low:.3f} to {high:.3f} eV.",
                reason="N(E_F) is a mean around the Fermi level.",
                fix="Run dos.x with Emin and Emax around it.",
            )
        inside = self.energies[(self.energies > low) & (self.energies < high)]
        grid = np.concatenate([[low], inside, [high]])
        values = np.interp(grid, self.energies, self.dos)
        return float(np.trapezoid(values, grid) / (2.0 * half_window))

    @property
    def gap(self) -> float:
        """Width of the gap that holds the Fermi level, within a step of the energies [eV].

        Zero for a metal. A gap that reaches an end of the energies counts up to there.

        Notes
        -----
        A Fermi level at the edge of a band, where some codes put that of an insulator, is in the
        gap too, if it is there within a step. A gap below the step is not seen.
        """
        empty = self.dos < NO_STATES
        nearest = int(np.argmin(np.abs(self.energies - self.fermi_energy)))
        around = range(max(nearest - 1, 0), min(nearest + 2, empty.size))
        start = next((i for i in around if empty[i]), None)
        if start is None:
            return 0.0
        first = last = start
        while first > 0 and empty[first - 1]:
            first -= 1
        while last < empty.size - 1 and empty[last + 1]:
            last += 1
        return float(self.energies[last] - self.energies[first])


def read_electronic_dos(path: str | Path) -> ElectronicDos:
    """Read the ``fildos`` of dos.x, with or without spin.

    Raises
    ------
    DataError
        If it is missing, cut off or something else.
    """
    table = read_dos_table(path)
    if table.fermi_energy is None:
        raise DataError(
            f"{path}: no Fermi level is stated.",
            reason="dos.x writes E, the density of states and EFermi at the top.",
            fix="Give the fildos of dos.x.",
        )
    return ElectronicDos(energies=table.energies, dos=table.dos, fermi_energy=table.fermi_energy)
