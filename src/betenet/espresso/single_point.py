"""Energy, forces and stress of a crystal as it is, by one run of pw.x; nothing relaxes.

It is what corrects a force field: the functional is by default that of the force fields' training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms

from betenet.errors import BetenetError, DataError
from betenet.espresso.calculation import copy_pseudopotentials
from betenet.espresso.grids import (
    Grid,
    grid_of_density,
    mixed_axes,
    reciprocal_operations,
    symmetric_grid,
)
from betenet.espresso.layout import PSEUDOPOTENTIALS
from betenet.espresso.namelist import with_changes
from betenet.espresso.plan import make_workflow
from betenet.espresso.protocol import Protocol
from betenet.espresso.pw_inputs import coarse_step
from betenet.espresso.pw_output import read_pw_output
from betenet.espresso.run import run_material
from betenet.espresso.runner import Runner
from betenet.espresso.settings import Settings, structure_of
from betenet.espresso.steps import Step

KEY = "scf"
"""Folder of the step."""
PROGRAM = "pw.x"
PROTOCOL = "scout"
_CHANGES: Mapping[str, object] = {
    "functional": "PBE",
    "smearing": "mv",
    "relaxation": "none",
    "density_convergence": 1e-9,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calculated:
    """What pw.x says of a crystal.

    Attributes
    ----------
    atoms
        The crystal, exactly symmetric.
    energy
        Energy of the cell [eV].
    forces
        On the atoms (atom, 3) [eV/Å].
    stress
        Positive where the cell wants to shrink (3, 3) [eV/Å³].
    """

    atoms: Atoms
    energy: float
    forces: np.ndarray
    stress: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class SinglePoint:
    """A crystal to be calculated as it is.

    Attributes
    ----------
    atoms
        The crystal, exactly symmetric.
    settings
        Cutoffs, smearing, pseudopotentials.
    grid
        Its k-points.
    """

    atoms: Atoms
    settings: Settings
    grid: Grid

    def steps(self, folder: Path) -> tuple[Step, ...]:  # noqa: ARG002 - as of every workflow
        """The only step; it writes no wave functions."""
        step = coarse_step(self.settings, self.atoms, self.grid)
        quiet = with_changes(step.namelists, {"control": {"disk_io": "none"}})
        return (replace(step, key=KEY, namelists=quiet, results=(), recovery={}),)

    def told(self) -> dict[str, object]:
        """What decides the results, as plain values."""
        return {
            "structure": structure_of(self.atoms),
            "grid": list(self.grid),
            **self.settings.to_dict(),
        }


def single_point_protocol(
    name: str | None = None, changes: Mapping[str, object] | None = None
) -> Protocol:
    """The protocol of single points: PBE, cold smearing, and what the user has changed.

    Parameters
    ----------
    name
        Protocol whose cutoffs and k-points are taken; `PROTOCOL` if absent.
    changes
        Values of it that are changed.

    Raises
    ------
    ConfigError
        If there is none of that name, or a value is not fit.
    """
    return Protocol.named(name or PROTOCOL).with_changes({**_CHANGES, **(changes or {})})


def plan_single_point(
    atoms: Atoms, protocol: Protocol, pseudopotentials: str | Path
) -> SinglePoint:
    """The calculation of a crystal.

    Parameters
    ----------
    atoms
        A primitive cell.
    protocol
        Protocol, as `single_point_protocol` gives it.
    pseudopotentials
        Folder of UPF files that are named after their elements.

    Raises
    ------
    ConfigError
        If a pseudopotential is missing or not fit, or a cutoff is too low or not known.
    StructureError
        If the symmetry of the crystal cannot be found.
    """
    workflow = make_workflow(atoms, protocol, pseudopotentials)
    crystal = workflow.atoms
    wanted = grid_of_density(crystal.cell.array, protocol.k_density)
    grid = symmetric_grid(wanted, mixed_axes(reciprocal_operations(crystal)))
    return SinglePoint(atoms=crystal, settings=workflow.settings, grid=grid)


def calculate(
    folder: Path,
    point: SinglePoint,
    runner: Runner,
    told: Callable[[str], None] = lambda _: None,
) -> Calculated | BetenetError | None:
    """Calculate a crystal, or read what is calculated already.

    Parameters
    ----------
    folder
        Folder of the calculation.
    point
        The crystal.
    runner
        How pw.x is run.
    told
        Called with what is done, in words.

    Returns
    -------
    Calculated, BetenetError or None
        Energy, forces and stress; or why pw.x has failed; None if the time was over before.

    Raises
    ------
    ConfigError
        If the folder holds a calculation with other settings.
    DataError
        If the folder is in use, damaged or cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copy_pseudopotentials(folder / PSEUDOPOTENTIALS, point.settings.pseudopotentials.values())
    outcome = run_material(folder, point, runner, point.told(), told)
    if outcome.state == "stopped":
        return None
    if outcome.errors:
        return next(iter(outcome.errors.values()))
    path = folder / KEY / "pw.out"
    found = read_pw_output(path)
    if found.forces is None or found.stress is None or not np.isfinite(found.total_energy):
        return DataError(
            f"{path} has no energy, forces or stress.",
            "pw.x has ended, and has not printed them.",
            "Check the output; remove the folder to calculate it again.",
        )
    return Calculated(
        atoms=point.atoms, energy=found.total_energy, forces=found.forces, stress=found.stress
    )
