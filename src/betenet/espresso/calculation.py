"""The folder of a calculation: what it was told is kept there, and read back to go on.

Below the folder of all calculations each material has its own, named after its structure file. It
has a copy of each pseudopotential, so that it can be moved to another machine.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from ase import Atoms

from betenet.enclosed import check_enclosed
from betenet.errors import BetenetError, ConfigError, DataError
from betenet.espresso.layout import DOS_PSEUDOPOTENTIALS, PSEUDOPOTENTIALS
from betenet.espresso.manifest import CALCULATION, Manifest, begin_calculation
from betenet.espresso.plan import Plan
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import Pseudopotential, read_pseudopotential
from betenet.espresso.settings import Settings, structure_of, symbols_of
from betenet.espresso.workflow import Workflow
from betenet.json_input import number_array, what_is_wrong
from betenet.runs import MANIFEST, replacing

_ROUNDING = 1e-9
"""Distance within which a structure that is planned again is the one that is kept [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """A material whose calculation is planned, is running or has ended.

    Attributes
    ----------
    folder
        Its folder.
    workflow
        Structure and settings.
    manifest
        What it was told, and how far it is.
    """

    folder: Path
    workflow: Workflow
    manifest: Manifest

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.folder.name

    @property
    def recorded_settings(self) -> Mapping[str, object]:
        """Structure and settings, which decide the results, as plain values."""
        return self.manifest.settings

    @property
    def settings_of_record(self) -> dict[str, object]:
        """Settings without the structure, as plain values."""
        return {key: value for key, value in self.recorded_settings.items() if key != "structure"}


def describe(workflow: Workflow) -> dict[str, object]:
    """What decides the results of a calculation, as plain values."""
    return {"structure": structure_of(workflow.atoms), **workflow.settings.to_dict()}


def keep_plan(home: Path, plan: Plan) -> Plan:
    """Make the folder of a material that is planned.

    Parameters
    ----------
    home
        Folder of all calculations.
    plan
        Plan of the material.

    Returns
    -------
    Plan
        The plan, with an error if the folder holds another calculation, or cannot be written.
    """
    if plan.workflow is None:
        return plan
    try:
        folder = home / plan.name
        _check_place(folder)
        folder.mkdir(parents=True, exist_ok=True)
        workflow, told = _as_kept(folder, plan.workflow)
        begin_calculation(folder, told)
        copy_pseudopotentials(
            folder / PSEUDOPOTENTIALS, workflow.settings.pseudopotentials.values()
        )
        if workflow.settings.dos_pseudopotentials:
            others = workflow.settings.dos_pseudopotentials.values()
            copy_pseudopotentials(folder / DOS_PSEUDOPOTENTIALS, others)
    except BetenetError as error:
        return replace(plan, error=error, workflow=None, work=None)
    except OSError as error:
        failed = DataError(
            f"Cannot write to {home}.", f"{error}.", "Give a folder that can be written to."
        )
        return replace(plan, error=failed, workflow=None, work=None)
    return replace(plan, workflow=workflow)


def _check_place(folder: Path) -> None:
    """Refuse a folder that would let files be written elsewhere.

    A calculation that somebody has moved, and left a link to, is where the link leads.
    """
    if folder.is_symlink() and not (folder / MANIFEST).is_file():
        raise DataError(
            f"{folder} is a link, and there is no calculation where it leads.",
            "Files would be written there.",
            "Remove the link.",
        )
    check_enclosed(folder)


def _as_kept(folder: Path, workflow: Workflow) -> tuple[Workflow, dict[str, object]]:
    """The workflow and its description, with the atoms of the folder if only rounding parts them.

    Linear algebra of another processor changes the last digits of a standardised cell, and a
    second conversion to fractions those of the coordinates.
    """
    told = describe(workflow)
    if not (folder / MANIFEST).exists():
        return workflow, told
    settings = CALCULATION.read(folder).settings
    try:
        kept = _atoms(cast("Mapping[str, Any]", settings))
    except (KeyError, TypeError, ValueError):  # of something else: what differs is told
        return workflow, told
    ours = workflow.atoms
    same = (
        symbols_of(kept) == symbols_of(ours)
        and np.allclose(kept.cell.array, ours.cell.array, rtol=0.0, atol=_ROUNDING)
        and np.allclose(kept.positions, ours.positions, rtol=0.0, atol=_ROUNDING)
    )
    if not same:
        return workflow, told
    return replace(workflow, atoms=kept), told | {"structure": settings["structure"]}


def open_calculation(folder: Path) -> Calculation:
    """What is planned in a folder.

    Raises
    ------
    DataError
        If there is no calculation, its manifest is damaged, or something in the folder leads out
        of it.
    ConfigError
        If a pseudopotential is not there any more, or is another one.
    """
    check_enclosed(folder)
    manifest = CALCULATION.read(folder)
    told = cast("Mapping[str, Any]", manifest.settings)
    try:
        atoms = _atoms(told)
        protocol = Protocol.from_dict(told["protocol"])
        pressure = float(told["pressure_gpa"])
        found = _read_kept(folder / PSEUDOPOTENTIALS, told["pseudopotentials"])
        _check_elements(atoms, found)
        others = _read_kept(folder / DOS_PSEUDOPOTENTIALS, told.get("dos_pseudopotentials", ()))
        if others:
            _check_elements(atoms, others)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder / MANIFEST} does not describe a calculation.",
            f"{what_is_wrong(error)}.",
            "Plan it again, in another folder.",
        ) from error
    settings = Settings(
        protocol=protocol,
        pseudopotentials=found,
        pressure=pressure,
        starting_guess=bool(told.get("starting_guess", False)),
        dos_pseudopotentials=others,
    )
    return Calculation(
        folder=folder, workflow=Workflow(atoms=atoms, settings=settings), manifest=manifest
    )


def _atoms(told: Mapping[str, Any]) -> Atoms:
    structure = told["structure"]
    cell = number_array(structure["lattice"], "lattice", (3, 3))
    if not abs(float(np.linalg.det(cell))) > 0.0:
        raise ValueError("the cell of the structure has no volume")
    return Atoms(
        structure["species"],
        cell=cell,
        scaled_positions=number_array(structure["frac_coords"], "frac_coords", (None, 3)),
        pbc=True,
    )


def _read_kept(folder: Path, wanted: Sequence[Mapping[str, Any]]) -> dict[str, Pseudopotential]:
    """Pseudopotentials of a folder by their elements, each the one that was planned with."""
    return {one["element"]: _kept(folder / _plain(one["file"]), one["sha256"]) for one in wanted}


def _check_elements(atoms: Atoms, found: Mapping[str, Pseudopotential]) -> None:
    """Check that each element has the pseudopotential that is said to be its own."""
    for symbol in symbols_of(atoms):
        if symbol not in found or found[symbol].element != symbol:
            raise ValueError(f"it names no pseudopotential of {symbol}")


def _plain(name: object) -> str:
    """The name of a file, and no path."""
    if not isinstance(name, str) or Path(name).name != name or name == "..":
        raise ValueError(f"{name!r} is no name of a file")
    return name


def _kept(path: Path, sha256: str) -> Pseudopotential:
    found = read_pseudopotential(path)
    if found.sha256 != sha256:
        raise ConfigError(
            f"{path} is not the pseudopotential that the calculation was planned with.",
            f"Its SHA-256 is {found.sha256}, not {sha256}.",
            "Put the old one back, or plan the calculation in another folder.",
        )
    return found


def copy_pseudopotentials(folder: Path, pseudopotentials: Iterable[Pseudopotential]) -> None:
    """Copy pseudopotentials into a folder, which is made; those that are there are kept.

    Raises
    ------
    ConfigError
        If another file of the same name is there.
    """
    folder.mkdir(exist_ok=True)
    for one in pseudopotentials:
        target = folder / one.path.name
        if target.exists():
            _kept(target, one.sha256)
            continue
        with replacing(target) as unfinished:
            shutil.copyfile(one.path, unfinished)
