"""The steps of a material, as far as they are known: they become more as results appear."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms

from betenet.errors import DataError
from betenet.espresso.dynamical_matrix import read_dyn0
from betenet.espresso.grids import (
    Grid,
    Grids,
    Operations,
    choose_grids,
    grid_of_density,
    irreducible_points,
    mixed_axes,
    reciprocal_operations,
    symmetric_grid,
)
from betenet.espresso.layout import (
    COARSE,
    COARSE_PHONONS,
    DYNAMICAL,
    PHONONS,
    RELAXATIONS,
    STATES,
    phonon_key,
)
from betenet.espresso.phonon_inputs import (
    coarse_dos_step,
    coarse_force_constants_step,
    coarse_phonon_step,
    fine_dos_step,
    force_constants_step,
    phonon_step,
)
from betenet.espresso.pw_inputs import (
    coarse_step,
    dense_step,
    dos_step,
    relax_step,
    states_density_step,
    states_step,
)
from betenet.espresso.pw_output import PwOutput, read_pw_output
from betenet.espresso.relaxation import residual_pressure
from betenet.espresso.settings import Settings, symbols_of
from betenet.espresso.steps import Step

_ON_GRID = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """The recipe for one material.

    Attributes
    ----------
    atoms
        The structure that was given, a primitive cell.
    settings
        What all its steps share.
    """

    atoms: Atoms
    settings: Settings

    def grids(self, atoms: Atoms) -> Grids:
        """Grids for a cell; those of the calculation follow from the relaxed one.

        Raises
        ------
        ConfigError
            If the q-grid would have Γ only.
        """
        protocol = self.settings.protocol
        return choose_grids(
            atoms.cell.array,
            mixed_axes(reciprocal_operations(atoms)),
            k_density=protocol.k_density,
            q_density=protocol.q_density,
            dense_factor=protocol.dense_factor,
        )

    def relaxed(self, folder: Path) -> Atoms | None:
        """The structure that all steps after the relaxation have; None before it is done."""
        return self.relaxation(folder)[1]

    def steps(self, folder: Path) -> tuple[Step, ...]:
        """All steps that are known now.

        Parameters
        ----------
        folder
            Folder of the material, with the results so far.

        Raises
        ------
        ConfigError
            If the q-grid would have Γ only.
        DataError
            If a result that decides what follows is broken.
        """
        relaxation, atoms = self.relaxation(folder)
        if atoms is None:
            return relaxation
        grids = self.grids(atoms)
        steps = [
            coarse_step(self.settings, atoms, grids.coarse),
            dense_step(self.settings, atoms, grids.dense),
            *self._states_density(atoms, grids.coarse),
            states_step(self.settings, atoms, grids.dense),
            *self._dos(folder),
            phonon_step(self.settings.protocol, 1, grids.q),
            *self._coupled(folder, grids.q),
            *self._coarse(folder, grids.q, atoms),
        ]
        # the coarse grid has the fewest; at no q-point symmetry leaves fewer pairs k, k + q
        return (*relaxation, *_divided(steps, grids.coarse, reciprocal_operations(atoms)))

    def relaxation(self, folder: Path) -> tuple[tuple[Step, ...], Atoms | None]:
        """Rounds of the relaxation, and what it ends with: None before it is done, or if it fails.

        A round begins where the last one ended, if that has left a pressure.
        """
        settings, atoms = self.settings, self.atoms
        if settings.protocol.relaxation == "none":
            return (), atoms
        steps: list[Step] = []
        for key in RELAXATIONS:
            operations = reciprocal_operations(atoms)
            grid = grid_of_density(atoms.cell.array, settings.protocol.k_density)
            grid = symmetric_grid(grid, mixed_axes(operations))
            steps += _divided([relax_step(settings, atoms, grid, key)], grid, operations)
            output = folder / key / "pw.out"
            if not output.exists():
                return tuple(steps), None
            found = read_pw_output(output)
            if found.atoms is None:
                return tuple(steps), None
            if symbols_of(found.atoms) != symbols_of(self.atoms):
                raise _of_another_crystal(output)
            if settings.protocol.relaxation == "positions":
                return tuple(steps), self._in_its_cell(found.atoms)
            if residual_pressure(found, settings.pressure) == 0.0:
                return tuple(steps), found.atoms
            again = folder / RELAXATIONS[-1]
            if (folder / COARSE / "pw.out").exists() and not again.is_dir():
                raise _relaxed_before(folder, found)
            atoms = found.atoms
        return tuple(steps), None

    def _in_its_cell(self, found: Atoms) -> Atoms:
        """Relaxed positions in the given cell, which pw.x prints in too few digits for symmetry."""
        return Atoms(
            symbols_of(found),
            cell=self.atoms.cell.array,
            scaled_positions=found.get_scaled_positions(wrap=False),
            pbc=True,
        )

    def _states_density(self, atoms: Atoms, grid: Grid) -> list[Step]:
        """The density for the electronic states, where their pseudopotentials are others."""
        others = self.settings.dos_pseudopotentials
        return [states_density_step(self.settings, atoms, grid)] if others else []

    def _dos(self, folder: Path) -> list[Step]:
        """The electronic density of states, once the Fermi energy is known."""
        output = folder / STATES / "pw.out"
        return [dos_step(read_pw_output(output).fermi_energy)] if output.exists() else []

    def _coupled(self, folder: Path, q_grid: Grid) -> list[Step]:
        """The other q-points and what follows from all of them, once ph.x has listed them."""
        found = _listed(folder, PHONONS)
        if found is None:
            return []
        protocol = self.settings.protocol
        others = [phonon_step(protocol, index, q_grid) for index in range(2, len(found) + 1)]
        return [*others, force_constants_step(protocol, len(found)), fine_dos_step(protocol)]

    def _coarse(self, folder: Path, q_grid: Grid, atoms: Atoms) -> list[Step]:
        """The coarse density of states; its q-points are taken from the fine grid if they can."""
        protocol = self.settings.protocol
        held = all(n % m == 0 for n, m in zip(q_grid, protocol.coarse_q, strict=True))
        if not held and protocol.coarse_dos == "if_free":
            return []
        first = [] if held else [coarse_phonon_step(protocol, 1)]
        found = _listed(folder, PHONONS if held else COARSE_PHONONS)
        if found is None:
            return list(first)
        if held:
            # a star lies on the coarse grid as a whole, or not at all
            fractional = found @ atoms.cell.array.T / atoms.cell.lengths()[0]
            turns = np.asarray(fractional * protocol.coarse_q, dtype=np.float64)
            on_grid = np.abs(turns - np.round(turns)).max(axis=1) < _ON_GRID
            sources = [(PHONONS, int(index) + 1) for index in np.flatnonzero(on_grid)]
            return [coarse_force_constants_step(protocol, sources), coarse_dos_step(protocol)]
        numbers = range(1, len(found) + 1)
        return [
            *(coarse_phonon_step(protocol, index) for index in numbers),
            coarse_force_constants_step(protocol, [(COARSE_PHONONS, index) for index in numbers]),
            coarse_dos_step(protocol),
        ]


def _relaxed_before(folder: Path, found: PwOutput) -> DataError:
    return DataError(
        f"{folder} holds a calculation of a cell that is not relaxed.",
        f"With plane waves of its own it has {found.fresh_pressure:.3g} GPa; an earlier version of "
        "betenet went on with it all the same.",
        "Plan the crystal again, in another folder.",
    )


def _of_another_crystal(output: Path) -> DataError:
    return DataError(
        f"{output} is of another crystal.",
        "A relaxation keeps the atoms that it begins with.",
        "Remove the folder of this step and start the run again.",
    )


def _divided(steps: list[Step], grid: Grid, operations: Operations) -> tuple[Step, ...]:
    """The steps with the irreducible k-points of a grid as the most pools."""
    most = len(irreducible_points(grid, operations).points)
    return tuple(replace(step, most_pools=most) if step.pools else step for step in steps)


def _listed(folder: Path, step: str) -> np.ndarray | None:
    """Irreducible q-points in 2π over the length of the first vector; None before they are known.

    ph.x writes the list when it starts, so it counts only once the first q-point is done.
    """
    first = folder / phonon_key(1, step)
    return read_dyn0(first / f"{DYNAMICAL}0").points if (first / "ph.out").exists() else None
