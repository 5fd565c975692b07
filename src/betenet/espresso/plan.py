"""Plan of a calculation: name, structure, settings, grids and cost of one material."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from betenet.errors import BetenetError, ConfigError
from betenet.espresso.cost import Work, count_work
from betenet.espresso.cutoffs import cutoff_doubts, with_cutoffs
from betenet.espresso.magnetism import never_magnetic, without_spin
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import Pseudopotential, find_pseudopotentials
from betenet.espresso.settings import Settings, symbols_of
from betenet.espresso.workflow import Workflow
from betenet.known.findings import NO_CONVENTIONAL_PAIRING
from betenet.known.judge import judge
from betenet.structures import AsRead, StructureRecord, idealise
from betenet.tables import html_table
from betenet.text_table import TextTable
from betenet.toml_input import decode_toml

_TABLE = TextTable(
    (
        ("structure", "<20"),
        ("formula", "<10"),
        ("atoms", ">5"),
        ("q-grid", ">9"),
        ("k-grid", ">11"),
        ("dense", ">11"),
        ("q-points", ">8"),
        ("modes", ">5"),
        ("bands", ">5"),
        ("core-hours", ">10"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan:
    """Plan for one material and what it will cost, or why it cannot be calculated.

    Attributes
    ----------
    name
        Name of the material's folder below that of all calculations.
    source
        File that the structure comes from.
    workflow
        Structure and settings; None if there is an error.
    work
        Grids and cost; None if there is an error.
    error
        Why the material cannot be calculated; None if it can.
    warnings
        Warnings about the structure and its pseudopotentials.
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
        """Chemical formula of the primitive cell; empty if there is an error."""
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

    def cells(self) -> tuple[str, ...]:
        """Name, formula, atoms, grids, counts and core-hours as text; none of an error."""
        work, workflow = self.work, self.workflow
        if work is None or workflow is None:
            return ()
        grids = (work.grids.q, work.grids.coarse, work.grids.dense)
        hours = work.core_hours
        return (
            *(self.name, self.formula, str(len(workflow.atoms))),
            *("×".join(map(str, grid)) for grid in grids),
            *(str(work.n_q), str(work.n_modes), str(work.n_bands)),
            f"{hours:.2g}" if hours < 10 else f"{hours:.0f}",
        )

    def __repr__(self) -> str:
        if self.work is None:
            return f"Plan({self.name}: {self.error and self.error.summary})"
        return f"Plan({self.name}: {self.formula}, {self.work.core_hours:.2g} core-hours)"


class Plans(tuple[Plan, ...]):
    """Plans of several materials: a table when printed, and in a notebook."""

    __slots__ = ()

    @property
    def core_hours(self) -> float:
        """Expected cost of all that can be calculated, on one core [h]."""
        return sum(plan.work.core_hours for plan in self if plan.work is not None)

    def to_dict(self) -> list[dict[str, object]]:
        """Plain values of each plan, for JSON."""
        return [plan.to_dict() for plan in self]

    def __repr__(self) -> str:
        return f"Plans({len(self)} materials, {self.core_hours:.3g} core-hours)"

    def __str__(self) -> str:
        table = self.as_text()
        return "\n".join([*([table] if table else []), *map(": ".join, self._failures())])

    def _failures(self) -> list[tuple[str, str]]:
        """Name and error of each material that cannot be calculated."""
        return [(one.name, one.error.in_one_line()) for one in self if one.error is not None]

    def as_text(self) -> str:
        """Table of what can be calculated, with its cost; empty if nothing can be."""
        lines: list[str] = []
        for plan in self:
            if plan.work is None:
                continue
            lines.append(_TABLE.row(plan.cells()))
            if plan.as_read is not None:
                lines.append(f"    read as {plan.as_read.as_text()}")
            lines += [f"    warning: {warning}" for warning in plan.warnings]
        if not lines:
            return ""
        total = f"{self.core_hours:.3g} core-hours in all"
        about = "how that is estimated: betenet epc plan --help"
        return "\n".join([_TABLE.heading, *lines, "", f"{total}; {about}"])

    def _repr_html_(self) -> str:
        errors = self._failures()
        table = _TABLE.html(plan.cells() for plan in self if plan.work is not None)
        return table + (html_table("without a plan", errors) if errors else "")


def plan_one(
    name: str,
    record: StructureRecord,
    protocol: Protocol,
    pseudopotentials: str | Path,
    *,
    pressure: float = 0.0,
    starting_guess: bool = False,
    dos_pseudopotentials: str | Path | None = None,
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
            dos_pseudopotentials=dos_pseudopotentials,
        )
        grids = workflow.grids(workflow.atoms)
        work = count_work(workflow.atoms, workflow.settings, grids)
        found = judge(workflow.atoms)
    except BetenetError as error:
        named = error.of(record.name)
        return Plan(name=name, source=record.name, error=named, warnings=record.warnings)
    settings = workflow.settings
    doubts = cutoff_doubts(settings.protocol, settings.pseudopotentials)
    doubts = (*doubts, *_dos_doubts(settings))
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


def _dos_doubts(settings: Settings) -> Iterator[str]:
    """That the cutoffs are too low for the pseudopotentials of the density of states alone."""
    if not settings.dos_pseudopotentials:
        return
    try:
        with_cutoffs(settings.protocol, settings.dos_pseudopotentials)
    except ConfigError as error:  # the paper took its cutoffs for them, whatever they need
        yield f"the electronic density of states alone may be off: {error.summary}"


def make_workflow(
    atoms: Atoms,
    protocol: Protocol,
    pseudopotentials: str | Path,
    *,
    pressure: float = 0.0,
    starting_guess: bool = False,
    dos_pseudopotentials: str | Path | None = None,
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
    others: dict[str, Pseudopotential] = {}
    if dos_pseudopotentials is not None:
        others = find_pseudopotentials(dos_pseudopotentials, symbols_of(atoms))
    settings = Settings(
        protocol=chosen,
        pseudopotentials=found,
        pressure=pressure,
        starting_guess=starting_guess,
        dos_pseudopotentials=others,
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
