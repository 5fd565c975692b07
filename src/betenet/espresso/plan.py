"""A material to be calculated: its name, structure, settings, grids and cost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from betenet.errors import BetenetError
from betenet.espresso.cost import Work, count_work
from betenet.espresso.cutoffs import cutoff_doubts, with_cutoffs
from betenet.espresso.magnetism import never_magnetic, without_spin
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import find_pseudopotentials
from betenet.espresso.settings import Settings, symbols_of
from betenet.espresso.workflow import Workflow
from betenet.known.findings import NO_CONVENTIONAL_PAIRING
from betenet.known.judge import judge
from betenet.structures import AsRead, StructureRecord, idealise, prepare_structures
from betenet.toml_input import decode_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One material and what it will take, or why it cannot be calculated.

    Attributes
    ----------
    name
        Its folder below that of all calculations.
    source
        Where the structure comes from.
    workflow
        Structure and settings; None if there is an error.
    work
        Grids and cost; None if there is an error.
    error
        Why not; None if it can.
    warnings
        What a user should know about the structure.
    as_read
        The crystal as it was understood; None if it could not be used.
    """

    name: str
    source: str
    workflow: Workflow | None = None
    work: Work | None = None
    error: BetenetError | None = None
    warnings: tuple[str, ...] = ()
    as_read: AsRead | None = None

    @property
    def formula(self) -> str:
        """Of the primitive cell; empty if there is an error."""
        if self.workflow is None:
            return ""
        return str(self.workflow.atoms.get_chemical_formula(empirical=True))

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        table: dict[str, object] = {"name": self.name, "source": self.source}
        if self.workflow is not None and self.work is not None:
            table |= {"formula": self.formula, "n_atoms": len(self.workflow.atoms)}
            table |= {"settings": self.workflow.settings.to_dict(), **self.work.to_dict()}
        table["as_read"] = None if self.as_read is None else self.as_read.to_dict()
        table["warnings"] = list(self.warnings)
        table["error"] = None if self.error is None else self.error.to_dict()
        return table


def plan_calculations(
    source: object,
    protocol: Protocol,
    pseudopotentials: str | Path,
    *,
    pressure: float = 0.0,
    starting_guess: bool = False,
) -> Iterator[Plan]:
    """Plan the calculation of each structure.

    Parameters
    ----------
    source
        Anything that `read_structures` takes.
    protocol
        Settings of all of them.
    pseudopotentials
        Folder with a UPF file for each element.
    pressure
        At which cells are relaxed [GPa].
    starting_guess
        Whether the cells are guesses.

    Yields
    ------
    Plan
        For each structure; one that cannot be read, or lacks a pseudopotential, has an error.
    """
    names: set[str] = set()
    for record in prepare_structures(source):
        name = _free(_stem(record), names)
        names.add(name)
        yield plan_one(
            name,
            record,
            protocol,
            pseudopotentials,
            pressure=pressure,
            starting_guess=starting_guess,
        )


def plan_one(
    name: str,
    record: StructureRecord,
    protocol: Protocol,
    pseudopotentials: str | Path,
    *,
    pressure: float = 0.0,
    starting_guess: bool = False,
) -> Plan:
    """Plan the calculation of one structure; an error becomes part of the plan."""
    if record.atoms is None:
        return Plan(name=name, source=record.name, error=record.error, warnings=record.warnings)
    try:
        workflow = make_workflow(
            record.atoms,
            protocol,
            pseudopotentials,
            pressure=pressure,
            starting_guess=starting_guess,
        )
        grids = workflow.grids(workflow.atoms)
        work = count_work(workflow.atoms, workflow.settings, grids)
        found = judge(workflow.atoms)
    except BetenetError as error:
        named = type(error)(f"{record.name}: {error.summary}", error.reason, error.fix)
        return Plan(name=name, source=record.name, error=named, warnings=record.warnings)
    settings = workflow.settings
    doubts = cutoff_doubts(settings.protocol, settings.pseudopotentials)
    spin = (*without_spin(workflow.atoms), *never_magnetic(settings.pseudopotentials.values()))
    pairing = (one.text for one in found if one.code in NO_CONVENTIONAL_PAIRING)
    warnings = (*record.warnings, *doubts, *spin, *pairing)
    return Plan(
        name=name,
        source=record.name,
        workflow=workflow,
        work=work,
        warnings=warnings,
        as_read=record.as_read,
    )


def make_workflow(
    atoms: Atoms,
    protocol: Protocol,
    pseudopotentials: str | Path,
    *,
    pressure: float = 0.0,
    starting_guess: bool = False,
) -> Workflow:
    """The recipe for a crystal; its symmetry is made exact, as pw.x finds it only then.

    Returns
    -------
    Workflow
        The recipe; cutoffs follow from the pseudopotentials where the protocol leaves them open.

    Raises
    ------
    ConfigError
        If a pseudopotential is missing or not fit, a cutoff is too low for one, or the pressure is
        not fit.
    StructureError
        If spglib fails.
    """
    found = find_pseudopotentials(pseudopotentials, symbols_of(atoms))
    chosen = with_cutoffs(protocol, found)
    settings = Settings(
        protocol=chosen,
        pseudopotentials=found,
        pressure=pressure,
        starting_guess=starting_guess,
    )
    return Workflow(atoms=idealise(atoms), settings=settings)


def parse_changes(words: Mapping[str, str]) -> dict[str, object]:
    """Values of a protocol from text, as TOML has them; a text needs no quotes.

    Examples
    --------
    >>> parse_changes({"cutoff": "40", "relaxation": "none", "coarse_q": "[1, 1, 1]"})
    {'cutoff': 40, 'relaxation': 'none', 'coarse_q': [1, 1, 1]}
    """
    changes: dict[str, object] = {}
    for key, text in words.items():
        try:
            changes[key] = decode_toml(f"value = {text}")["value"]
        except ValueError:  # no TOML, or a number of thousands of digits
            changes[key] = text
    return changes


def _stem(record: StructureRecord) -> str:
    """File name without its suffix, in letters that any folder may have."""
    name = re.sub(r"\.\w+(?=#\d+$|$)", "", Path(record.name).name)
    return re.sub(r"[^\w.+-]+", "-", name).strip(".-") or "structure"


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free
