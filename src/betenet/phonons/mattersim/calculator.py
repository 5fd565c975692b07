"""MatterSim as a calculator of ASE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from betenet.phonons.mattersim.derivatives import Derivatives, derivatives
from betenet.phonons.mattersim.network import MatterSim
from betenet.phonons.mattersim.weights import read_weights
from betenet.structures.symmetry import SiteSymmetry

ATOMS_AT_ONCE = 64
"""Atoms, of those that symmetry leaves, up to which crystals are computed together: it takes less
time for small ones, and memory for large ones."""


def load_calculator(path: Path) -> MatterSimCalculator:
    """Calculator with the parameters of a file, in single precision.

    Raises
    ------
    ModelError
        If the file holds none.
    """
    return MatterSimCalculator(MatterSim(*read_weights(path)))


class MatterSimCalculator(Calculator):
    """Energy [eV], forces [eV/Å] and stress [eV/Å³] of crystals from MatterSim.

    Parameters
    ----------
    network
        Network with its parameters.
    use_symmetry
        Whether equivalent atoms are computed once.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012 - ASE's

    def __init__(self, network: MatterSim, *, use_symmetry: bool = True) -> None:
        super().__init__()
        self.network = network
        self.use_symmetry = use_symmetry

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute all properties, as they come together."""
        super().calculate(atoms, list(properties), list(system_changes))
        crystal: Any = self.atoms
        found = derivatives(self.network, [crystal], use_symmetry=self.use_symmetry)[0]
        self.results = {
            "energy": found.energy,
            "free_energy": found.energy,
            "forces": found.forces,
        }
        if found.stress is not None:
            self.results["stress"] = full_3x3_to_voigt_6_stress(found.stress)

    def evaluate(
        self, crystals: Sequence[Atoms], symmetries: Sequence[SiteSymmetry]
    ) -> Iterator[Derivatives]:
        """Energy, forces and stress of crystals whose symmetry is known, in their order.

        Parameters
        ----------
        crystals
            Periodic in three directions.
        symmetries
            Operations that map each of them on itself exactly; they are used without a check.
        """
        left = [
            len(atoms) / len(symmetry.rotations)
            for atoms, symmetry in zip(crystals, symmetries, strict=True)
        ]
        start = 0
        while start < len(crystals):
            end = start + 1
            while end < len(crystals) and sum(left[start : end + 1]) <= ATOMS_AT_ONCE:
                end += 1
            yield from derivatives(
                self.network,
                crystals[start:end],
                use_symmetry=self.use_symmetry,
                symmetries=symmetries[start:end],
            )
            start = end
