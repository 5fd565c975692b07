"""One flat row for a candidate over all stages of a screening."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from betenet.ensemble.prediction import TC_ERROR, TC_PROBABILITY
from betenet.json_output import finite_or_none
from betenet.known.candidate_rules import BAND_GAP, HULL_DISTANCE
from betenet.known.look_up import KNOWN_TC, NEAREST_KNOWN, known_superconductors, known_tc
from betenet.phonons import FLAGS
from betenet.phonons.result import OF_STABILITY
from betenet.quantities import QUANTITIES
from betenet.screening.description import RunDescription
from betenet.screening.kinds import IMAGINARY
from betenet.screening.records import SOURCE, Record
from betenet.screening.run_stage import ranking_stage
from betenet.screening.store import RecordStore
from betenet.structures.as_read import COLUMNS as READ
from betenet.structures.formula import formula_amounts

Value = float | int | str | list[str] | None
Row = dict[str, Value]

PREDICTED = ("coupling", "omega_log", "omega_2", "tc", "atom_fermi_dos")
"""Keys of the quantities in a row, each with its 68 % interval."""
ENDS = ("", "_low_68", "_high_68")
_TEXTS = {
    *("name", "formula", "stage", "outcome", "reason", "predicted_by", "given", "space_group"),
    *("findings", NEAREST_KNOWN),
}


def score_column(stage: str) -> str:
    """Column of the score of a stage."""
    return f"score_{stage}"


def columns(run: RunDescription) -> dict[str, type]:
    """Columns of a row and their types, in order.

    Parameters
    ----------
    run
        The run; each of its stages has a column for its score.
    """
    keys = [QUANTITIES[key].export_key + end for key in PREDICTED for end in ENDS]
    error = (TC_ERROR,) if any(stage.tc_error_is_known for stage in run.stages) else ()
    names = (
        *("name", "formula", "n_atoms", "stage", "outcome", "reason"),
        *(score_column(name) for name in run.names if name != SOURCE),
        *("predicted_by", *keys, *error, TC_PROBABILITY, IMAGINARY),
        *READ,
        *(BAND_GAP, HULL_DISTANCE, KNOWN_TC, NEAREST_KNOWN),
        *("given", "findings", "warnings"),
    )
    special = {"n_atoms": int, "n_sites": int, "space_group_number": int, "warnings": list}
    return {n: str if n in _TEXTS else special.get(n, float) for n in names}


def flat_row(run: RunDescription, records: Sequence[Record]) -> Row:
    """All that is known of a candidate.

    Parameters
    ----------
    run
        The run that the candidate is of.
    records
        Records of the candidate in the order of the stages.

    Returns
    -------
    dict
        Values by name of a column (see `columns`); None for what is not known. λ, the frequencies
        and Tc are those of the last stage that predicts them, which ``predicted_by`` names;
        ``given`` holds what else the database says, as JSON. The nearest known superconductors are
        named for the shortlist alone.
    """
    row: Row = dict.fromkeys(columns(run))
    last = records[-1]
    row.update(name=last.name, stage=last.stage, outcome=last.outcome, reason=last.reason)
    row["formula"] = next((r.formula for r in reversed(records) if r.formula), "")
    given: dict[str, float | str | None] = {}
    for record in records:
        if record.stage == SOURCE:
            given = dict(record.values)
            row["n_atoms"] = _whole(given.pop("n_atoms", None))
        else:
            row[score_column(record.stage)] = finite_or_none(record.score)
        _take_numbers(row, record)
    row[BAND_GAP], row[HULL_DISTANCE] = (_number(given.pop(k, None)) for k in _GIVEN)
    row["given"] = json.dumps(given, ensure_ascii=False, sort_keys=True) if given else ""
    row["warnings"] = _warnings(records)
    _take_known(row, on_the_shortlist=last.stage == run.names[-1] and last.outcome == "passed")
    return row


def _take_known(row: Row, *, on_the_shortlist: bool) -> None:
    """Measured Tc of the composition; of the shortlist also the nearest, which take longer."""
    amounts = formula_amounts(str(row["formula"]))
    if not amounts:
        return
    row[KNOWN_TC] = known_tc(amounts)
    if on_the_shortlist:
        row[NEAREST_KNOWN] = known_superconductors(amounts).nearest_text()


def _warnings(records: Sequence[Record]) -> list[str]:
    """Each once, with what phonons are flagged for, unless a prediction says so already."""
    said = list(dict.fromkeys(w for r in records for w in r.warnings))
    for record in records:
        words = _of_phonons(record)
        said.extend(f"phonons: {text}" for text in words if not any(text in w for w in said))
    return said


def _of_phonons(record: Record) -> Iterator[str]:
    flags = [flag for flag in str(record.values.get("flags") or "").split(", ") if flag]
    verdict = str(record.values.get("verdict") or "")
    if verdict and OF_STABILITY.intersection(flags):
        yield verdict
    yield from (FLAGS.get(flag, flag) for flag in flags if not (verdict and flag in OF_STABILITY))


_GIVEN = (BAND_GAP, HULL_DISTANCE)


def _take_numbers(row: Row, record: Record) -> None:
    """What a later stage says replaces what an earlier one said."""
    values = record.values
    if "coupling" in values:  # a prediction
        row["predicted_by"] = record.stage
        row["findings"] = str(values.get("findings") or "")
        for key in PREDICTED:
            for end in ENDS:
                column = QUANTITIES[key].export_key + end
                row[column] = _number(values.get(column))
        for key in (TC_ERROR, TC_PROBABILITY):
            if key in row:
                row[key] = _number(values.get(key))
        # of the primitive cell; that of phonons is the supercell's
        row["n_atoms"] = _whole(values.get("n_atoms")) or row["n_atoms"]
    if record.stage != SOURCE and "space_group" in values:
        row.update({key: values[key] for key in READ})
    if IMAGINARY in values:
        row[IMAGINARY] = _number(values[IMAGINARY])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The order of the candidates that came furthest.

    Attributes
    ----------
    last
        Name of the stage that they reached.
    by
        Name of the stage whose score puts them in order.
    """

    last: str
    by: str

    @classmethod
    def of(cls, run: RunDescription, counts: Mapping[str, Mapping[str, int]]) -> Ranking:
        """By the last stage that has records: the last of all, unless the run is not done."""
        begun = [stage for stage in run.stages if any(counts.get(stage.name, {}).values())]
        stages = begun or run.stages[:1]
        return cls(last=stages[-1].name, by=ranking_stage(stages[1:] or stages).name)

    def rows(self, store: RecordStore, run: RunDescription) -> Iterator[Row]:
        """Rows of these candidates: first those that passed, from the highest score down."""
        return (flat_row(run, of_one) for of_one in store.ranked(run.names, self.last, self.by))


def _number(value: object) -> float | None:
    return finite_or_none(float(value)) if isinstance(value, int | float) else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else round(number)
