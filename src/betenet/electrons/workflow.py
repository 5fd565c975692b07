"""The steps to bands on a full mesh: relaxation if asked for, density, and energies."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from ase import Atoms

from betenet.espresso.calculation import describe
from betenet.espresso.grids import (
    Grid,
    grid_of_density,
    mixed_axes,
    reciprocal_operations,
    symmetric_grid,
)
from betenet.espresso.layout import COARSE, PSEUDOPOTENTIALS, SAVED, STATES
from betenet.espresso.pw_inputs import coarse_step, states_step
from betenet.espresso.steps import Inherited, Step
from betenet.espresso.workflow import Workflow

DENSITY = 60.0
"""Points of the mesh of the bands per length of a reciprocal vector, which is without 2π [Å]."""
_LEAST_EMPTY = 6
_EMPTY_SHARE = 0.25
"""Empty bands for each filled one, and the least number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectronsWorkflow:
    """The recipe for the bands of one material.

    Attributes
    ----------
    recipe
        Structure and settings, as for electron-phonon coupling; its relaxation comes first unless
        the protocol says `none`.
    density
        Points of the mesh per length of a reciprocal vector, which is without 2π [Å].
    """

    recipe: Workflow
    density: float = DENSITY

    def mesh(self, atoms: Atoms) -> Grid:
        """Mesh of the bands: even numbers of points, so that half of them tell the error."""
        found = _grid(atoms, self.density)
        first, second, third = (n + n % 2 if n > 1 else n for n in found)
        return first, second, third

    def bands(self, atoms: Atoms) -> int:
        """Number of bands: those that are filled, and some that are empty."""
        filled = math.ceil(self.recipe.settings.valence(atoms) / 2.0)
        return filled + max(_LEAST_EMPTY, math.ceil(_EMPTY_SHARE * filled))

    def relaxed(self, folder: Path) -> Atoms | None:
        """The structure whose bands are computed; None before it is known."""
        return self.recipe.relaxed(folder)

    def steps(self, folder: Path) -> tuple[Step, ...]:
        """All steps that are known now.

        Raises
        ------
        DataError
            If the relaxation has ended with another crystal.
        """
        relaxation, atoms = self.recipe.relaxation(folder)
        if atoms is None:
            return relaxation
        settings = self.recipe.settings
        density = coarse_step(settings, atoms, _grid(atoms, settings.protocol.k_density))
        return (*relaxation, density, self._states(atoms))

    def _states(self, atoms: Atoms) -> Step:
        """Energies on the mesh, which follow from the density."""
        step = states_step(self.recipe.settings, atoms, self.mesh(atoms))
        namelists = {name: dict(entries) for name, entries in step.namelists.items()}
        namelists["system"]["nbnd"] = self.bands(atoms)
        return replace(
            step,
            namelists=namelists,
            after=(COARSE,),
            inherits=(
                Inherited(source=PSEUDOPOTENTIALS, target=PSEUDOPOTENTIALS),
                Inherited(source=f"{COARSE}/{SAVED}", target=SAVED, how="copy"),
            ),
        )

    def to_dict(self) -> dict[str, object]:
        """What decides the results, as plain values."""
        return {**describe(self.recipe), "electrons": {"density": self.density}}


def _grid(atoms: Atoms, density: float) -> Grid:
    groups = mixed_axes(reciprocal_operations(atoms))
    return symmetric_grid(grid_of_density(atoms.cell.array, density), groups)


SAVED_BANDS = f"{STATES}/{SAVED}/data-file-schema.xml"
"""What pw.x leaves of the bands, below the folder of the material."""
