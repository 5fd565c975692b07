"""What the page of a screening shows, gathered in one pass over all candidates."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from ase.data import atomic_numbers

from betenet.screening.description import RunDescription
from betenet.screening.records import SOURCE, Record
from betenet.screening.rows import Ranking, Row
from betenet.screening.store import RecordStore

MOST_REASONS = 5_000
"""Kinds of reasons that are told apart; a source's own words could be endless."""
OTHER = "other reasons"
_NUMBER = re.compile(r"(?<![A-Za-z_0-9.])[-−+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_ELEMENT = re.compile(r"[A-Z][a-z]?")


@dataclass(slots=True)
class StageTally:
    """What happened at one stage.

    Attributes
    ----------
    outcomes
        Number of records by outcome.
    reasons
        Number of records by outcome and kind of reason.
    scores, passed
        Scores in single precision, of the records that have one, and which of them passed.
    seconds
        Time that the stage took in all [s].
    """

    outcomes: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    scores: array[float] = field(default_factory=lambda: array("f"))
    passed: array[int] = field(default_factory=lambda: array("b"))
    seconds: float = 0.0

    @property
    def taken(self) -> int:
        """Number of records."""
        return self.outcomes.total()

    def add(self, record: Record) -> None:
        """Count one record."""
        self.outcomes[record.outcome] += 1
        if record.seconds > 0.0:
            self.seconds += record.seconds
        if record.score == record.score:  # not nan
            self.scores.append(record.score)
            self.passed.append(record.outcome == "passed")
        if record.outcome != "passed":
            kind = record.outcome, kind_of_reason(record.reason, record.name)
            full = len(self.reasons) >= MOST_REASONS and kind not in self.reasons
            self.reasons[(record.outcome, OTHER) if full else kind] += 1


@dataclass(slots=True, kw_only=True)
class Summary:
    """A screening in numbers.

    Attributes
    ----------
    run, ranking
        The run, and what puts its candidates in order.
    stages
        Tallies of the stages by name.
    elements
        Number of candidates that passed the source, and of those on the shortlist, by symbol of an
        element.
    best
        Rows of the ranked candidates, at most as many as asked for.
    ranked, shortlisted
        Number of candidates that are ranked, and of those that passed.
    """

    run: RunDescription
    ranking: Ranking
    stages: Mapping[str, StageTally]
    elements: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    best: list[Row] = field(default_factory=list[Row])
    ranked: int = 0
    shortlisted: int = 0


def summarise_run(store: RecordStore, run: RunDescription, most_rows: int) -> Summary:
    """Read all records once, and those of the best once more.

    Parameters
    ----------
    store
        Records of the run.
    run
        What the manifest says.
    most_rows
        Number of the best rows to keep whole.

    Notes
    -----
    Memory: the best rows, and five bytes for each score of each stage.
    """
    found = Summary(
        run=run,
        ranking=Ranking.of(run, store.counts()),
        stages={name: StageTally() for name in run.names},
    )
    tried, hits = Counter[str](), Counter[str]()
    for records in store.candidates(run.names):
        for record in records:
            found.stages[record.stage].add(record)
        first, last = records[0], records[-1]
        if first.stage == SOURCE and first.outcome == "passed":
            present = elements_of(next((r.formula for r in reversed(records) if r.formula), ""))
            tried.update(present)
            is_hit = last.stage == found.ranking.last and last.outcome == "passed"
            hits.update(present if is_hit else ())
    outcomes = found.stages[found.ranking.last].outcomes
    found.ranked, found.shortlisted = outcomes.total(), outcomes["passed"]
    found.best.extend(islice(found.ranking.rows(store, run), most_rows))
    found.elements = {symbol: (tried[symbol], hits[symbol]) for symbol in sorted(tried)}
    return found


def elements_of(formula: str) -> frozenset[str]:
    """Elements of a formula.

    Examples
    --------
    >>> sorted(elements_of("Nb3Sn"))
    ['Nb', 'Sn']
    """
    return frozenset(_ELEMENT.findall(formula)) & atomic_numbers.keys() - {"X"}


def kind_of_reason(reason: str, name: str = "") -> str:
    """A reason without what is of one candidate only: its name and its numbers.

    Examples
    --------
    >>> kind_of_reason("band gap of 0.31 eV is above 0 eV")
    'band gap of … eV is above … eV'
    >>> kind_of_reason("a.cif: no cell", "a.cif")
    '…: no cell'
    """
    general = reason.replace(name, "…") if name else reason
    general = re.sub(r"^duplicate of .*", "duplicate of …", general)
    return _NUMBER.sub("…", general) or "no reason given"
