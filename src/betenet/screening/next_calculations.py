"""Which crystals to calculate from first principles next: what is worth most, and not one family.

A prediction says what Tc a crystal may have and how sure that is; an acquisition function
(`screening.acquisition`) makes one number of both, and a batch is chosen crystal by crystal.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from betenet.datasets.held_out_formulas import formula_key, held_out_formulas
from betenet.datasets.jsonl_fields import read_structure
from betenet.datasets.jsonl_rows import read_jsonl
from betenet.datasets.training_rows import tell_nobody
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.estimates import tc_draws
from betenet.ensemble.prediction import Prediction
from betenet.espresso.calculations import plan_calculations
from betenet.espresso.campaign_list import FILE, FORMULA
from betenet.espresso.collection import Collection
from betenet.espresso.protocol import DEFAULT_PROTOCOL
from betenet.espresso.pseudopotentials import FOLDER_VARIABLE
from betenet.json_output import finite_or_none
from betenet.known.findings import (
    LAYER_WITH_VACUUM,
    MAGNETIC_ELEMENTS,
    NO_CONVENTIONAL_PAIRING,
    PIECES_APART,
)
from betenet.printable import to_cell
from betenet.runs import replace_file
from betenet.screening.acquisition import REACH, acquisition, choose_batch
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, DEFAULT_MU_STAR
from betenet.text_table import TextTable

NOT_TO_CALCULATE = (
    *NO_CONVENTIONAL_PAIRING,
    MAGNETIC_ELEMENTS,
    LAYER_WITH_VACUUM,
    PIECES_APART,
)
"""Findings for which a crystal is not proposed: first-principles α²F would not answer, either."""
SAME_VOLUME = 0.1
"""Relative difference of volumes within which a formula is the crystal that was calculated."""
DEFAULT_BY = "probability"
"""Acquisition function (`screening.acquisition.ACQUISITIONS`) that proposals are ranked by."""
CELLS = "-cells"
"""Ending of the folder beside a list that holds the cells which have no file of their own."""
COLUMNS = (
    *(FILE, FORMULA, "tc_kelvin", "tc_kelvin_low_68", "tc_kelvin_high_68"),
    *("tc_probability", "value", "core_hours", "left_out"),
)
"""Columns of a list of proposals; `betenet epc campaign` reads the first two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A crystal of the pool: what it may have, what it is worth, what it costs.

    Attributes
    ----------
    name
        Where it is from: file, and frame within it.
    formula
        Formula of its primitive cell; empty if it could not be predicted.
    atoms
        Its primitive cell; None if it could not be predicted.
    tc, interval_68
        Predicted Tc and its 68 % interval [K].
    probability
        Probability that Tc lies above the one that is looked for [1].
    value
        Value by the acquisition function [K or 1], for each core-hour if that was asked for.
    core_hours
        Estimated cost of its calculation; NaN where it is not known.
    left_out
        Why it is not proposed; empty if it may be.
    """

    name: str
    formula: str = ""
    atoms: Atoms | None = None
    tc: float = float("nan")
    interval_68: tuple[float, float] = (float("nan"), float("nan"))
    probability: float = float("nan")
    value: float = float("nan")
    core_hours: float = float("nan")
    left_out: str = ""

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, by `COLUMNS`."""
        low, high = self.interval_68
        numbers = (self.tc, low, high, self.probability, self.value, self.core_hours)
        short = (finite_or_none(float(f"{number:.6g}")) for number in numbers)
        values = (self.name, self.formula, *short, self.left_out)
        return dict(zip(COLUMNS, values, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class NextCalculations:
    """A batch of proposals, and what became of the rest of the pool.

    Attributes
    ----------
    chosen
        The batch, the most wanted first.
    left_out
        Crystals that may not be proposed, each with the reason.
    n_pool
        Number of crystals in the pool.
    above
        Tc that is looked for [K].
    """

    chosen: tuple[Proposal, ...]
    left_out: tuple[Proposal, ...]
    n_pool: int
    above: float

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "above_kelvin": self.above,
            "pool": self.n_pool,
            "next": [one.to_dict() for one in self.chosen],
            "left_out": [one.to_dict() for one in self.left_out],
        }

    def as_text(self) -> str:
        """The batch as a table, and below it how many are left out and why."""
        table = TextTable(
            (
                *(("structure", "<28"), ("formula", "<12"), ("Tc (K)", ">7"), ("68 %", ">12")),
                *((f"P(Tc > {self.above:g} K)", ">13"), ("value", ">7"), ("core-hours", ">10")),
            )
        )
        rows = [
            (
                *(one.name, one.formula, f"{one.tc:.1f}"),
                "{:.1f}-{:.1f}".format(*one.interval_68),
                *(f"{one.probability:.2f}", f"{one.value:.2g}"),
                "n/a" if math.isnan(one.core_hours) else f"{one.core_hours:.2g}",
            )
            for one in self.chosen
        ]
        reasons = Counter(one.left_out.partition(":")[0] for one in self.left_out)
        counts = [f"left out, {reason}: {count}" for reason, count in reasons.most_common()]
        summary = f"{len(self.chosen)} of {self.n_pool} crystals"
        return "\n".join([table.text(rows), "", summary, *counts])

    def write_list(self, path: str | Path) -> None:
        """Write the batch as a list that `betenet epc campaign` takes.

        Parameters
        ----------
        path
            CSV file. Cells that have no file of their own are written as CIF into a folder beside
            it, whose name ends in `CELLS`.

        Raises
        ------
        DataError
            If it cannot be written.
        """
        place = Path(path)
        text = io.StringIO()
        table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        table.writeheader()
        for number, one in enumerate(self.chosen, start=1):
            file = Path(one.name)
            if not file.is_file() and one.atoms is not None:
                cells = place.with_name(place.stem + CELLS)
                cells.mkdir(parents=True, exist_ok=True)
                file = cells / f"{number:03}-{one.formula}.cif"
                write(file, one.atoms)
            row = one.to_dict() | {FILE: os.path.relpath(file, place.parent)}
            table.writerow({key: to_cell(value) for key, value in row.items()})
        replace_file(place, text.getvalue())


def next_calculations(  # noqa: PLR0913 - one for each flag of the verb
    pool: object,
    *,
    model: str | Path | None = None,
    count: int = 10,
    above: float = 10.0,
    by: str = DEFAULT_BY,
    spread: float = REACH,
    done: str | Path | None = None,
    held_out: str | Path | None = None,
    per_hour: bool = False,
    protocol: str = DEFAULT_PROTOCOL,
    pseudopotentials: str | Path | None = None,
    mu_star: float = DEFAULT_MU_STAR,
    everything: bool = False,
    told: Callable[[str], None] = tell_nobody,
) -> NextCalculations:
    """Propose the crystals of a pool that are to be calculated next.

    Parameters
    ----------
    pool
        Whatever `read_structures` takes: files, folders, structures.
    model
        Name or folder of the ensemble; the default one if absent.
    count
        Number of crystals to propose.
    above
        Tc that is looked for [K].
    by
        Acquisition function, one of `screening.acquisition.ACQUISITIONS`.
    spread
        Distance of compositions within which a crystal is worth less once its neighbour is
        proposed [steps of Pettifor's scale for each atom]; 0 for a plain ranking.
    done
        Calculations, a campaign, a folder of records or a dataset: what is in it is not proposed.
    held_out
        File of formulas that may not be trained on, one in a line; they are not proposed.
    per_hour
        Rank by the value of a core-hour instead of that of a crystal.
    protocol, pseudopotentials
        What the cost is estimated for; without a folder of pseudopotentials it is not known.
    mu_star
        μ* of Tc [1].
    everything
        Propose also what is left out by default, if only it can be predicted.
    told
        Called with a sentence on what cannot be used.

    Raises
    ------
    ConfigError
        If there is no such acquisition function, or costs are asked for and cannot be known.
    DataError
        If a file that is named cannot be read.
    """
    ensemble = Ensemble.load(model)
    acquisition(by, 0.0, np.empty(0), above)  # an unknown name is told before the work
    known = _calculated(done)
    forbidden = frozenset[str]() if held_out is None else held_out_formulas(held_out)
    may_cost = per_hour or pseudopotentials is not None or FOLDER_VARIABLE in os.environ
    cost = _costs(protocol, pseudopotentials) if may_cost else _free
    eligible: list[Proposal] = []
    left_out: list[Proposal] = []
    for prediction in ensemble.stream(pool, mu_star=mu_star):
        why = _why_not(prediction, known, forbidden)
        proposal = replace(_proposal(ensemble, prediction, by, above), left_out=why)
        if prediction.error is not None:
            told(f"{prediction.name}: {prediction.error.in_one_line()}")
        if proposal.atoms is not None and per_hour and (everything or not why):
            proposal = _for_each_hour(cost(proposal))
        if math.isnan(proposal.value) or (why and not everything):
            left_out.append(proposal)
        else:
            eligible.append(proposal)
    chosen: list[Proposal] = []
    if eligible:
        values = [one.value for one in eligible]
        compositions = [Counter(_cell(one).get_chemical_symbols()) for one in eligible]
        chosen = [eligible[k] for k in choose_batch(values, compositions, count, spread)]
    return NextCalculations(
        chosen=tuple(chosen if per_hour else map(cost, chosen)),
        left_out=tuple(left_out),
        n_pool=len(eligible) + len(left_out),
        above=above,
    )


def _proposal(model: Ensemble, prediction: Prediction, by: str, above: float) -> Proposal:
    """What a prediction says of a crystal."""
    if prediction.error is not None or prediction.spectrum is None or prediction.atoms is None:
        return Proposal(name=prediction.name)
    draws = tc_draws(
        prediction.spectrum,
        prediction.mu_star,
        DEFAULT_METHOD,
        prediction.rule,
        model.card.get("calibration"),
    )
    tc = prediction.estimates["tc"]
    return Proposal(
        name=prediction.name,
        formula=prediction.formula,
        atoms=prediction.atoms,
        tc=tc.value,
        interval_68=tc.interval_68,
        probability=float(np.mean(draws > above)) if len(draws) else float("nan"),
        value=acquisition(by, tc.value, draws, above),
    )


def _why_not(
    prediction: Prediction, known: Mapping[str, Sequence[float]], forbidden: frozenset[str]
) -> str:
    """Why a crystal is not proposed by default; empty if it is."""
    if prediction.error is not None or prediction.atoms is None:
        return f"cannot be predicted: {prediction.error and prediction.error.summary}"
    key = formula_key(prediction.formula)
    volume = prediction.atoms.get_volume() / len(prediction.atoms)
    if any(abs(one / volume - 1.0) < SAME_VOLUME for one in known.get(key, ())):
        return "calculated already"
    if key in forbidden:
        return "held out, to judge models"
    if prediction.in_training is not None and prediction.in_training.same_crystal:
        return f"in the training: {prediction.in_training.as_text()}"
    codes = [one for one in prediction.findings if one.code in NOT_TO_CALCULATE]
    return f"{codes[0].code.replace('_', ' ')}: {codes[0].text}" if codes else ""


def _calculated(place: str | Path | None) -> dict[str, list[float]]:
    """Volumes per atom of what is calculated, by formula [Å³]."""
    found: dict[str, list[float]] = {}
    if place is None:
        return found
    if Path(place).is_dir():
        records = [item.record for item in Collection(place) if item.record is not None]
        cells = [read_structure(record) for record in records if "structure" in record]
    else:
        cells = [entry.row.atoms for entry in read_jsonl(place).entries]
    for atoms in cells:
        key = formula_key(atoms.get_chemical_formula(empirical=True))
        found.setdefault(key, []).append(atoms.get_volume() / len(atoms))
    return found


def _costs(protocol: str, pseudopotentials: str | Path | None) -> Callable[[Proposal], Proposal]:
    """Function that adds the estimated cost to a proposal; NaN where none can be planned.

    Raises
    ------
    ConfigError
        If the protocol is unknown, or no folder of pseudopotentials is named.
    """
    plan_calculations([], protocol, pseudopotentials)

    def priced(one: Proposal) -> Proposal:
        (plan,) = plan_calculations([_cell(one)], protocol, pseudopotentials)
        hours = float("nan") if plan.work is None else plan.work.core_hours
        return replace(one, core_hours=hours)

    return priced


def _free(one: Proposal) -> Proposal:
    """The proposal without a cost."""
    return one


def _for_each_hour(one: Proposal) -> Proposal:
    """The proposal with the value of a core-hour; left out where the cost is not known."""
    if math.isnan(one.core_hours):
        return replace(one, left_out="its calculation cannot be planned", value=math.nan)
    return replace(one, value=one.value / one.core_hours)


def _cell(one: Proposal) -> Atoms:
    assert one.atoms is not None  # it was predicted
    return one.atoms
