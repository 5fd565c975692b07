"""The steps to bands on a full mesh: relaxation if asked for, density, and energies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

from ase import Atoms

from betenet.electrons.line_bands import LINES
from betenet.electrons.orbitals import UP
from betenet.electrons.wave_vectors import wave_path
from betenet.espresso.calculation import describe
from betenet.espresso.grids import (
    Grid,
    grid_of_density,
    mixed_axes,
    reciprocal_operations,
    symmetric_grid,
)
from betenet.espresso.layout import COARSE, PSEUDOPOTENTIALS, SAVED, STATES
from betenet.espresso.pw_inputs import coarse_step, format_vector, states_step
from betenet.espresso.steps import PREFIX, SCRATCH, Inherited, Step
from betenet.espresso.workflow import Workflow

DENSITY = 60.0
"""Points of the mesh of the bands per length of a reciprocal vector, which is without 2π [Å]."""
POINTS_OF_LINE = 20
"""Intervals of each line that bands are computed along."""
_LEAST_EMPTY = 6
_EMPTY_SHARE = 0.25
"""Empty bands for each filled one, and the least number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Where bands are computed, and whether what they are made of is, too.

    Attributes
    ----------
    density
        Points of the mesh per length of a reciprocal vector, which is without 2π [Å].
    orbitals
        Whether projwfc.x projects the states on the orbitals of the atoms.
    lines
        Corners of lines of the zone that bands are computed along too, as in ``GHN,GP``; None for
        no lines, and an empty text for the usual path of the lattice.
    """

    density: float = DENSITY
    orbitals: bool = False
    lines: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectronsWorkflow:
    """The recipe for the bands of one material.

    Attributes
    ----------
    recipe
        Structure and settings, as for electron-phonon coupling; its relaxation comes first unless
        the protocol says `none`.
    sampling
        Where bands are computed.
    """

    recipe: Workflow
    sampling: Sampling = field(default_factory=Sampling)

    def mesh(self, atoms: Atoms) -> Grid:
        """Mesh of the bands: even numbers of points, so that half of them tell the error."""
        found = _grid(atoms, self.sampling.density)
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
        found = [*relaxation, density, self._states(atoms)]
        if self.sampling.orbitals:
            found.append(_projection(ORBITALS, STATES))
        if self.sampling.lines is not None:
            found.append(self._on_lines(atoms, self.sampling.lines))
            if self.sampling.orbitals:
                found.append(_projection(LINE_ORBITALS, LINES))
        return tuple(found)

    def _on_lines(self, atoms: Atoms, names: str) -> Step:
        """Energies along lines of the zone, which follow from the density too."""
        path = wave_path(atoms, names or None, points=POINTS_OF_LINE)
        step = self._states(atoms)
        namelists = {name: dict(entries) for name, entries in step.namelists.items()}
        namelists["control"]["calculation"] = "bands"
        protocol = self.recipe.settings.protocol
        namelists["system"] |= {
            "occupations": "smearing",
            "smearing": protocol.smearing,
            "degauss": protocol.smearing_width,
        }
        cards, _, _ = step.cards.partition("K_POINTS")
        points = [f"{format_vector(wave)} 1.0" for wave in path.waves]
        listed = "\n".join(["K_POINTS crystal", str(len(points)), *points])
        return replace(step, key=LINES, namelists=namelists, cards=f"{cards}{listed}\n")

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
        """What decides the results, as plain values; orbitals and lines may be added later."""
        return {**describe(self.recipe), "electrons": {"density": self.sampling.density}}


def _projection(key: str, states: str) -> Step:
    """Projection of states on the orbitals of the atoms; densities of states are not wanted."""
    return Step(
        key=key,
        program="projwfc.x",
        namelists={
            "projwfc": {
                "prefix": PREFIX,
                "outdir": f"./{SCRATCH}",
                "filproj": ORBITALS_FILE.removesuffix(f".{UP}"),
                "filpdos": f"./{SCRATCH}/pdos",
                "Emin": 0.0,
                "Emax": 0.1,
                "DeltaE": 0.1,
            }
        },
        after=(states,),
        inherits=(
            Inherited(source=PSEUDOPOTENTIALS, target=PSEUDOPOTENTIALS),
            Inherited(source=f"{states}/{SAVED}", target=SAVED),
        ),
        results=(ORBITALS_FILE,),
    )


def _grid(atoms: Atoms, density: float) -> Grid:
    groups = mixed_axes(reciprocal_operations(atoms))
    return symmetric_grid(grid_of_density(atoms.cell.array, density), groups)


ORBITALS, LINE_ORBITALS = "orbitals", "line-orbitals"
"""Keys of the steps that project states on orbitals."""
ORBITALS_FILE = f"orbitals.{UP}"
"""What projwfc.x leaves of the orbitals, in the folder of its step."""
SAVED_LINES = f"{LINES}/{SAVED}/data-file-schema.xml"
SAVED_BANDS = f"{STATES}/{SAVED}/data-file-schema.xml"
"""What pw.x leaves of the bands along lines and on the mesh, below the folder of the material."""
