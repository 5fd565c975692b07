"""Bands of many structures by pw.x, one after the other; interrupted runs go on."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from betenet.electrons.bands import Bands
from betenet.electrons.entry import ElectronsOfCrystal
from betenet.electrons.fermi_level import fermi_level, orbital_shares
from betenet.electrons.line_bands import LINES
from betenet.electrons.qe_elements import FILE
from betenet.electrons.qe_xml import read_qe_bands
from betenet.electrons.workflow import (
    LINE_ORBITALS,
    ORBITALS,
    ORBITALS_FILE,
    SAVED_BANDS,
    SAVED_LINES,
    ElectronsWorkflow,
    Sampling,
)
from betenet.errors import BetenetError
from betenet.espresso.calculation import copy_pseudopotentials
from betenet.espresso.calculations import named_structures
from betenet.espresso.layout import PSEUDOPOTENTIALS
from betenet.espresso.magnetism import never_magnetic, without_spin
from betenet.espresso.plan import make_workflow
from betenet.espresso.protocol import DEFAULT_PROTOCOL, Protocol
from betenet.espresso.pseudopotentials import pseudopotential_folder
from betenet.espresso.run import run_material
from betenet.espresso.runner import Runner
from betenet.runs import replace_file
from betenet.structures import StructureRecord

PROGRAMS = ("pw.x",)
"""Programs of Quantum ESPRESSO that are needed."""
PROJECTING = (*PROGRAMS, "projwfc.x")
"""Programs that are needed for orbitals too."""
KEPT_BANDS = f"{FILE}.gz"
"""File with the bands, which stays when scratch files are removed."""
RECORD = "electrons.json"

Tell = Callable[[str], None]


def electrons_protocol(
    name: str = DEFAULT_PROTOCOL, changes: Mapping[str, object] | None = None
) -> Protocol:
    """A protocol with values changed by name; the given cell is kept unless `relaxation` is among.

    Raises
    ------
    ConfigError
        If the protocol is unknown, or a value is not fit.
    """
    return Protocol.named(name).with_changes({"relaxation": "none", **(changes or {})})


def run_electrons(
    structures: object,
    out: str | Path,
    runner: Runner,
    *,
    protocol: Protocol | None = None,
    pseudopotentials: str | Path | None = None,
    pressure: float = 0.0,
    sampling: Sampling | None = None,
    tell: Tell = lambda _: None,
) -> Generator[ElectronsOfCrystal]:
    """Compute bands on a full mesh, and what they are at the Fermi level.

    Parameters
    ----------
    structures
        Structure files, folders of them, or structures: anything that `read_structures` takes.
    out
        Folder of all calculations; the same call goes on with those that were interrupted.
    runner
        How pw.x is run; its time is that of all calculations together.
    protocol
        Protocol, such as `electrons_protocol` gives; its default one if absent.
    pseudopotentials, pressure
        As `plan_calculations` takes them.
    sampling
        Where bands are computed; orbitals and lines may be added to a calculation that is done.
    tell
        Called with a line for each start and end of a step.

    Yields
    ------
    ElectronsOfCrystal
        One after the other; an error does not stop the others.

    Raises
    ------
    ConfigError
        If no folder of pseudopotentials is named.
    """
    chosen = protocol or electrons_protocol()
    folder = pseudopotential_folder(pseudopotentials)
    began = time.monotonic()
    for name, record in named_structures(structures):
        if record.atoms is None:
            yield ElectronsOfCrystal(name=name, state="failed", error=record.error)
            continue
        try:
            recipe = make_workflow(record.atoms, chosen, folder, pressure=pressure)
            workflow = ElectronsWorkflow(recipe=recipe, sampling=sampling or Sampling())
            yield run_crystal(
                Path(out) / name, record, workflow, runner.with_time_left(began), tell
            )
        except BetenetError as error:
            yield ElectronsOfCrystal(name=name, state="failed", error=error)


def run_crystal(
    home: Path,
    record: StructureRecord,
    workflow: ElectronsWorkflow,
    runner: Runner,
    tell: Tell = lambda _: None,
) -> ElectronsOfCrystal:
    """Compute the bands of one crystal, or go on; its result is kept in its folder.

    Raises
    ------
    BetenetError
        If the folder is damaged, in use, of another calculation, or the disk is full; or the bands
        cannot be used.
    """
    home.mkdir(parents=True, exist_ok=True)
    settings = workflow.recipe.settings
    copy_pseudopotentials(home / PSEUDOPOTENTIALS, settings.pseudopotentials.values())

    def told(line: str) -> None:
        tell(f"{home.name}: {line}")

    # the bands lie among the scratch files: these go when the bands are kept
    careful = replace(runner, keep_scratch=True)
    outcome = run_material(home, workflow, careful, workflow.to_dict(), told)
    atoms = workflow.recipe.atoms
    common: dict[str, Any] = {
        "name": home.name,
        "formula": str(atoms.get_chemical_formula(empirical=True)),
    }
    if outcome.state != "done":
        error = next(iter(outcome.errors.values()), None)
        return ElectronsOfCrystal(state=outcome.state, error=error, **common)
    bands = keep_bands(home)
    if not runner.keep_scratch:
        run_material(home, workflow, runner, workflow.to_dict(), told)
    level = fermi_level(bands)
    warnings = (
        *record.warnings,
        *without_spin(atoms),
        *never_magnetic(settings.pseudopotentials.values()),
        *level.warnings,
    )
    found = ElectronsOfCrystal(
        state="done",
        level=level,
        orbitals=orbital_shares(bands, level.fermi_energy) if level.is_metal else (),
        bands=bands,
        warnings=tuple(warnings),
        **common,
    )
    text = json.dumps(found.to_dict(), ensure_ascii=False, indent=1)
    replace_file(home / RECORD, f"{text}\n".encode())
    return found


def keep_bands(home: Path) -> Bands:
    """The bands of a calculation that is done; they are copied out of its scratch files.

    Raises
    ------
    DataError
        If they cannot be used.
    """
    kept = {
        SAVED_BANDS: KEPT_BANDS,
        SAVED_LINES: f"{LINES}/{KEPT_BANDS}",
        f"{ORBITALS}/{ORBITALS_FILE}": f"{ORBITALS_FILE}.gz",
        f"{LINE_ORBITALS}/{ORBITALS_FILE}": f"{LINES}/{ORBITALS_FILE}.gz",
    }
    for source, target in kept.items():
        if (home / source).is_file():
            replace_file(home / target, gzip.compress((home / source).read_bytes(), mtime=0))
    return read_qe_bands(home / KEPT_BANDS)
