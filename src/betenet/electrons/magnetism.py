"""Moments of crystals under pressure by pw.x: volumes, orders and starts, one after the other."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from betenet.electrons.calculations import electrons_protocol
from betenet.electrons.fixed_moments import (
    MomentCurvature,
)
from betenet.electrons.magnetic_orders import MagneticOrder, magnetic_orders
from betenet.electrons.magnetic_steps import MagneticPoint
from betenet.electrons.magnetism_workflow import MagnetismWorkflow, Trials
from betenet.electrons.softness import (
    Softness,
    ground_states,
    point_to_dict,
    softness_of,
)
from betenet.errors import BetenetError, ConfigError
from betenet.espresso.calculation import copy_pseudopotentials
from betenet.espresso.calculations import named_structures
from betenet.espresso.layout import PSEUDOPOTENTIALS
from betenet.espresso.magnetism import never_magnetic, too_magnetic
from betenet.espresso.plan import make_workflow
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import pseudopotential_folder
from betenet.espresso.run import run_material
from betenet.espresso.runner import Runner
from betenet.espresso.workflow import Workflow
from betenet.runs import replace_file
from betenet.structures import StructureRecord

RECORD = "magnetism.json"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MagnetismOfCrystal:
    """What became of one structure.

    Attributes
    ----------
    name, state, error, formula
        As `ElectronsOfCrystal` has them.
    orders
        Orders that were tried.
    points
        States that were computed.
    softness
        M(P) and what follows from it.
    curvature
        Curvature of E(M) in the given cell; None if it was not asked for.
    warnings
        What a user should know before trusting the numbers.
    """

    name: str
    state: Literal["done", "failed", "stopped"]
    error: BetenetError | None = None
    formula: str = ""
    orders: tuple[MagneticOrder, ...] = ()
    points: tuple[MagneticPoint, ...] = ()
    softness: Softness | None = None
    curvature: MomentCurvature | None = None
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        return {
            "name": self.name,
            "formula": self.formula,
            "state": self.state,
            "orders": {one.name: one.about for one in self.orders},
            "points": [point_to_dict(one) for one in self.points],
            "softness": None if self.softness is None else self.softness.to_dict(),
            "curvature": None if self.curvature is None else self.curvature.to_dict(),
            "warnings": list(self.warnings),
            "error": None if self.error is None else self.error.to_dict(),
        }

    def lines(self) -> list[str]:
        """Moment at each pressure, where it vanishes, and warnings, a line for each."""
        soft = self.softness
        if soft is None:
            return [] if self.error is not None else [f"{self.name}: {self.state}"]
        head = f"{self.name} ({self.formula})"
        lines = [f"{head}: {self._verdict(soft)}"]
        lines += [
            f"    {one.pressure:8.1f} GPa  {one.moment:6.3f} μ_B per magnetic atom  "
            f"{one.volume:7.3f} Å³ per atom  {one.order}"
            for one in soft.moments
        ]
        if self.curvature is not None:
            lines.append(f"    E(M) of a site, fixed moments: {_curvature_text(self.curvature)}")
        return [*lines, *(f"    warning: {text}" for text in self.warnings)]

    def _verdict(self, soft: Softness) -> str:
        if not soft.is_magnetic:
            return "no moment from any start"
        lower, upper = soft.vanishing
        where = f"its moment vanishes between {lower:.3g} and {upper:.3g} GPa"
        if math.isnan(lower):
            where = f"its moment is there up to {upper:.3g} GPa"
        return f"{where}; -∂M/∂P = {soft.slope:.2g} μ_B/GPa, softness {soft.softness:.2g} per GPa"


def run_magnetism(
    structures: object,
    out: str | Path,
    runner: Runner,
    pressures: Sequence[float],
    *,
    protocol: Protocol | None = None,
    pseudopotentials: str | Path | None = None,
    trials: Trials | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Generator[MagnetismOfCrystal]:
    """Compute moments at volumes that enclose some pressures.

    Parameters
    ----------
    structures
        Anything that `read_structures` takes.
    out
        Folder of all calculations; the same call goes on with those that were interrupted.
    runner
        How pw.x is run; its time is that of all calculations together.
    pressures
        Pressures [GPa].
    protocol, pseudopotentials, tell
        As `run_electrons` takes them.
    trials
        What is tried at each volume: orders, starts, and fixed moments; all orders and starts if
        absent.

    Yields
    ------
    MagnetismOfCrystal
        One after the other; an error does not stop the others.

    Raises
    ------
    ConfigError
        If no pressure or no folder of pseudopotentials is given.

    Notes
    -----
    The shape of the cell and the positions are those given, scaled with the volume; internal
    coordinates do not relax. Spin-orbit coupling and orbital moments are left out. Generalised
    gradients overestimate moments of itinerant magnets.
    """
    wanted = tuple(sorted({float(one) for one in pressures}))
    if not wanted or not all(map(math.isfinite, wanted)):
        raise ConfigError("No pressure is given.", "", "Give some, as in 0,10,20 [GPa].")
    tried = trials or Trials()
    chosen, folder = protocol or electrons_protocol(), pseudopotential_folder(pseudopotentials)
    began = time.monotonic()
    for name, record in named_structures(structures):
        if record.atoms is None:
            yield MagnetismOfCrystal(name=name, state="failed", error=record.error)
            continue
        try:
            recipe = make_workflow(record.atoms, chosen, folder)
            _refuse_never_magnetic(recipe)
            workflow = MagnetismWorkflow(
                recipe=recipe,
                orders=magnetic_orders(recipe.atoms, tried.orders),
                pressures=wanted,
                starts=tried.starts,
                curvature=tried.curvature,
            )
            time_left = runner.with_time_left(began)
            yield _run_crystal(Path(out) / name, record, workflow, time_left, tell)
        except BetenetError as error:
            yield MagnetismOfCrystal(name=name, state="failed", error=error)


def _curvature_text(found: MomentCurvature) -> str:
    """Curvatures that are known, in words."""
    told = [f"curvature {found.at_zero:.3g} eV/μ_B² without a moment"]
    told += [f"{found.at_moment:.3g} at the moment"] if math.isfinite(found.at_moment) else []
    verdict = "a moment forms by itself" if found.at_zero < 0.0 else "no moment forms by itself"
    return f"{', '.join(told)} ({verdict})"


def _refuse_never_magnetic(recipe: Workflow) -> None:
    for text in never_magnetic(recipe.settings.pseudopotentials.values()):
        raise ConfigError(
            "A pseudopotential cannot be magnetic.",
            text,
            "Take one of GBRV, PseudoDojo, or of Debian's quantum-espresso-data.",
        )


def _run_crystal(
    home: Path,
    record: StructureRecord,
    workflow: MagnetismWorkflow,
    runner: Runner,
    tell: Callable[[str], None],
) -> MagnetismOfCrystal:
    home.mkdir(parents=True, exist_ok=True)
    pseudopotentials = workflow.recipe.settings.pseudopotentials
    copy_pseudopotentials(home / PSEUDOPOTENTIALS, pseudopotentials.values())
    outcome = run_material(
        home, workflow, runner, workflow.to_dict(), lambda line: tell(f"{home.name}: {line}")
    )
    points = tuple(workflow.points(home))
    common: dict[str, Any] = {
        "name": home.name,
        "formula": str(workflow.recipe.atoms.get_chemical_formula(empirical=True)),
        "orders": workflow.orders,
        "points": points,
    }
    if outcome.state == "stopped" or not points:
        error = next(iter(outcome.errors.values()), None)
        return MagnetismOfCrystal(state=outcome.state, error=error, **common)
    failed = [f"{key} failed: {error.summary}" for key, error in outcome.errors.items()]
    found = MagnetismOfCrystal(
        state="done",
        softness=softness_of(points, workflow.pressures),
        curvature=workflow.curvatures(home),
        warnings=(
            *record.warnings,
            *too_magnetic(pseudopotentials.values()),
            *failed,
            *_warnings(workflow, points),
        ),
        **common,
    )
    text = json.dumps(found.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    replace_file(home / RECORD, f"{text}\n")
    return found


def _warnings(workflow: MagnetismWorkflow, points: Sequence[MagneticPoint]) -> Generator[str]:
    """What the states themselves say: pressures beyond, and starts that end in two states."""
    reached = [one.pressure for one in ground_states(points)]
    beyond = [p for p in workflow.pressures if not min(reached) <= p <= max(reached)]
    if beyond:
        told = ", ".join(f"{p:g}" for p in beyond)
        yield f"{told} GPa lie beyond the volumes that were computed"
    apart = {
        (one.ratio, one.order)
        for one in points
        for other in points
        if (one.ratio, one.order) == (other.ratio, other.order)
        and abs(one.moment - other.moment) > 0.1
    }
    if apart:
        volumes = ", ".join(f"{ratio:g} ({order})" for ratio, order in sorted(apart))
        yield f"high and low starts end with different moments at the volumes {volumes}"
