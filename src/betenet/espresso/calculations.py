"""Many calculations below one folder: planned together, and run one after the other."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from betenet.errors import BetenetError, ConfigError, DataError
from betenet.espresso.calculation import keep_plan, open_calculation
from betenet.espresso.collect import collect_record
from betenet.espresso.plan import Plan, Plans, plan_one
from betenet.espresso.protocol import DEFAULT_PROTOCOL, Protocol
from betenet.espresso.pseudopotentials import pseudopotential_folder
from betenet.espresso.record import in_a_line
from betenet.espresso.run import run_material
from betenet.espresso.runner import Outcome, Runner
from betenet.runs import MANIFEST
from betenet.structures import StructureRecord, prepare_structures

Tell = Callable[[str], None]
"""Function that is called with a line about the progress."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ran:
    """What became of one material in a run.

    Attributes
    ----------
    name
        Name of the material's folder.
    state
        ``"done"``; ``"failed"``; ``"stopped"``: its time is over, and a new start goes on.
    errors
        Why the material has failed: an error for each step that has.
    record
        Record of the results; None if the material is not done.
    """

    name: str
    state: Literal["done", "failed", "stopped"]
    errors: tuple[BetenetError, ...] = ()
    record: dict[str, Any] | None = None

    def as_text(self, unit: str = "K") -> str:
        """Name, λ, ω_log in a unit, Tc and the verdict, in a line."""
        if self.record is None:
            return f"{self.name}: {self.state}"
        reasons = [reason["text"] for reason in self.record["calculation"]["reasons"]]
        verdict = f"dropped: {'; '.join(reasons)}" if reasons else "kept"
        return f"{self.name}: {', '.join([*in_a_line(self.record, unit), verdict])}"

    def __repr__(self) -> str:
        return f"Ran({self.as_text()})"


def plan_calculations(
    structures: object,
    protocol: Protocol | str = DEFAULT_PROTOCOL,
    pseudopotentials: str | Path | None = None,
    *,
    changes: Mapping[str, object] | None = None,
    pressure: float = 0.0,
    starting_guess: bool = False,
    dos_pseudopotentials: str | Path | None = None,
    out: str | Path | None = None,
) -> Plans:
    """Plan the calculation of each structure: grids, cutoffs and cost; nothing is computed.

    Parameters
    ----------
    structures
        Structure files, folders of them, or structures: anything that `read_structures` takes.
    protocol
        Protocol, or the name of one.
    pseudopotentials
        Folder with a UPF file for each element; None for the one that the environment variable
        `FOLDER_VARIABLE` names.
    changes
        Values of the protocol that are changed, by name.
    pressure
        Pressure to which cells are relaxed [GPa].
    starting_guess
        Whether the cells are guesses, whose volume may change by any amount.
    dos_pseudopotentials
        Folder of those of the electronic density of states alone; None for the same. The paper took
        PseudoDojo's there, and SG15's for all else.
    out
        Folder of all calculations: each plan is kept below it, ready to run; None to keep none.

    Returns
    -------
    Plans
        A plan for each structure; one that cannot be calculated, or kept, has an error.

    Raises
    ------
    ConfigError
        If the protocol is unknown, a value of it is not fit, or no folder of pseudopotentials is
        named.
    """
    chosen = Protocol.named(protocol) if isinstance(protocol, str) else protocol
    chosen = chosen.with_changes(changes or {})
    folder = pseudopotential_folder(pseudopotentials)
    plans: list[Plan] = []
    for name, record in named_structures(structures):
        plan = plan_one(
            name,
            record,
            chosen,
            folder,
            pressure=pressure,
            starting_guess=starting_guess,
            dos_pseudopotentials=dos_pseudopotentials,
        )
        plans.append(plan if out is None else keep_plan(Path(out), plan))
    return Plans(plans)


def run_calculations(
    out: str | Path, runner: Runner, *, only: Sequence[str] = (), tell: Tell = lambda _: None
) -> Generator[Ran]:
    """Run calculations that are planned, or go on with those that were interrupted.

    Parameters
    ----------
    out
        Folder of all calculations.
    runner
        How calculations are run; its time is that of all of them together.
    only
        Names of the materials to run; none for all that are planned.
    tell
        Called with a line for each start and end of a step.

    Returns
    -------
    Generator[Ran]
        What became of each material, one after the other; an error does not stop the others.

    Raises
    ------
    ConfigError
        If a name is not planned.
    DataError
        If nothing is planned.
    """
    return _run_all(_chosen(planned(Path(out)), only), runner, tell)


def _run_all(folders: Iterable[Path], runner: Runner, tell: Tell) -> Generator[Ran]:
    began = time.monotonic()
    for folder in folders:
        try:
            outcome = run_planned(folder, runner.with_time_left(began), tell)
            waiting = f"; {len(outcome.waiting)} steps wait" if outcome.waiting else ""
            tell(f"{folder.name}: {outcome.state}{waiting}")
            record = collect_record(folder) if outcome.state == "done" else None
        except BetenetError as error:
            yield Ran(name=folder.name, state="failed", errors=(error,))
        else:
            errors = tuple(outcome.errors.values())
            yield Ran(name=folder.name, state=outcome.state, errors=errors, record=record)


def run_planned(folder: Path, runner: Runner, tell: Tell) -> Outcome:
    """Run one calculation that is planned, or go on with it; each line to tell has its name.

    Raises
    ------
    BetenetError
        If the folder is damaged or in use, or the disk is full.
    """
    calculation = open_calculation(folder)
    return run_material(
        folder,
        calculation.workflow,
        runner,
        calculation.recorded_settings,
        lambda line: tell(f"{folder.name}: {line}"),
    )


def planned(home: Path) -> list[Path]:
    """Folders of all materials that are planned below a folder.

    Raises
    ------
    DataError
        If there are none.
    """
    folders = sorted(path.parent for path in home.glob(f"*/{MANIFEST}"))
    if not folders:
        raise DataError(
            f"There is no calculation in {home}.",
            f"No folder in it has a {MANIFEST}.",
            "Give the folder that `betenet epc plan --out` was given.",
        )
    return folders


def named_structures(structures: object) -> Iterator[tuple[str, StructureRecord]]:
    """Structures, each with the name of its folder, which no other of them has.

    Parameters
    ----------
    structures
        Whatever `betenet.structures.prepare_structures` takes.
    """
    names: list[str] = []
    for record in prepare_structures(structures):
        names.append(free_name(folder_name(record), names))
        yield names[-1], record


def free_name(name: str, taken: Iterable[str], key: Callable[[str], str] = str) -> str:
    """The name, or with the lowest number behind it that makes it another than those taken.

    Examples
    --------
    >>> free_name("Nb", ["Nb", "Nb-2"]), free_name("Nb", ["nb"], str.casefold)
    ('Nb-3', 'Nb-2')
    """
    number, free = 1, name
    while key(free) in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _chosen(folders: Sequence[Path], names: Sequence[str]) -> list[Path]:
    known = {folder.name: folder for folder in folders}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(
            f"{', '.join(unknown)} is not planned.",
            f"Planned are {', '.join(known)}.",
            "Name one of them, or a structure file.",
        )
    return [known[name] for name in dict.fromkeys(names)] if names else list(folders)


def folder_name(record: StructureRecord) -> str:
    """File name without its suffix, in letters that any folder may have."""
    name = re.sub(r"\.\w+(?=#\d+$|$)", "", Path(record.name).name)
    return re.sub(r"[^\w.+-]+", "-", name).strip(".-") or "structure"
