"""A screening from one end to the other: what to expect of it, run it, and what came out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.errors import BetenetError, ConfigError, DataError
from betenet.quantities import QUANTITIES
from betenet.screening.calibration import Calibration
from betenet.screening.description import describe_run
from betenet.screening.dispatch import Engine
from betenet.screening.engines import DaskEngine, SerialEngine
from betenet.screening.filters import Filters
from betenet.screening.forecast import Forecast, forecast
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.intake import judge
from betenet.screening.manifest import check_labels, keep_forecast
from betenet.screening.named_funnels import funnel_names, named_funnel
from betenet.screening.outcome_text import outcome_text
from betenet.screening.records import RECORDS
from betenet.screening.report import HTML, write_report
from betenet.screening.results import RANKED, SHORTLIST, write_results
from betenet.screening.rows import PREDICTED, Ranking, Row
from betenet.screening.run import ScreeningRun
from betenet.screening.run_stage import RunStage
from betenet.screening.sources import Source, open_source
from betenet.screening.status import Status, status_of
from betenet.screening.store import RecordStore
from betenet.tables import html_of_rows

_SHOWN = (
    *("name", "formula", "n_atoms"),
    *(QUANTITIES[key].export_key for key in PREDICTED),
    TC_PROBABILITY,
)
"""Columns in a notebook, and below the number of its rows."""
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """A screening whose results are written.

    Attributes
    ----------
    folder
        Folder of the screening, with its tables, its page and its structures.
    status
        Numbers of each stage, and what is damaged.
    forecast
        Forecast that is kept with it, as `Forecast.to_dict` gives it; None if there is none.
    """

    folder: Path
    status: Status
    forecast: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        first, last = self.status.stages[0], self.status.stages[-1]
        read = sum(first[outcome] for outcome in ("passed", "rejected", "failed"))
        return (
            f"Screening({self.folder}: {last['passed']} of {read} candidates passed "
            f"{last['stage']!r}; {self.page})"
        )

    def _repr_html_(self) -> str:
        shown = [{key: row[key] for key in _SHOWN} for row in self.passed[:_MOST_SHOWN]]
        return html_of_rows(repr(self), shown)

    def to_rows(self) -> list[Row]:
        """Rows of the candidates that passed, for `betenet.tables.to_dataframe`."""
        return self.passed

    @property
    def page(self) -> Path:
        """Page for a browser."""
        return self.folder / HTML

    @property
    def passed(self) -> list[Row]:
        """Rows of the candidates that passed the last stage, the best first."""
        store = RecordStore(self.folder / RECORDS)
        counts = store.counts()
        run = describe_run(self.folder, tuple(counts))
        rows = Ranking.of(run, counts).rows(store, run)
        return list(takewhile(lambda row: row["outcome"] == "passed", rows))

    def to_dict(self) -> dict[str, Any]:
        """Table for JSON: the numbers of the stages, the forecast and the rows that passed."""
        forecast = None if self.forecast is None else dict(self.forecast)
        return self.status.to_dict() | {"forecast": forecast, "passed": self.passed}

    def as_text(self) -> str:
        """Text for a terminal: the best, what to expect, why others were left out, and where."""
        told = outcome_text(self.folder, RecordStore(self.folder / RECORDS), self.forecast)
        where = f"more: {self.page}, {self.folder / RANKED}"
        return f"{told}\n{where}; structures: {self.folder / SHORTLIST}/"


def plan(
    target: Funnel | str | Path,
    *,
    candidates: int | None = None,
    calibration: Calibration | str | Path | None = None,
) -> Forecast:
    """What to expect of a funnel; nothing expensive is computed.

    Parameters
    ----------
    target
        The funnel, its TOML file, or what to screen, as `open_funnel` takes it.
    candidates
        Number of candidates; the source is read and counted if absent.
    calibration
        Table, or its file, that thresholds and forecast follow from; the shipped one if absent.

    Raises
    ------
    ConfigError, DataError
        If the funnel, its source or a threshold cannot be had.
    """
    funnel = open_funnel(target)
    if candidates is None:
        source = open_source(funnel.source)
        candidates = _count_passing(source, Filters.from_dict(funnel.filters))
    return forecast(funnel, _table(calibration), candidates)


def screen(
    folder: str | Path,
    target: Funnel | str | Path,
    source: Source | None = None,
    *,
    calibration: Calibration | str | Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    slurm: Mapping[str, str] | None = None,
    quiet: bool = False,
) -> Screening:
    """Screen, or go on with a screening that was interrupted, and write its results.

    Parameters
    ----------
    folder
        Folder of the screening. The same call goes on with what is in it.
    target
        The funnel, its TOML file, or what to screen, as `open_funnel` takes it.
    source
        Source of the structures; the one that the funnel names if absent.
    calibration
        Table, or its file, that thresholds and forecast follow from; the shipped one if absent.
    workers
        Number of processes that compute; 1 is this one.
    scheduler
        Address of a Dask scheduler, whose workers compute instead.
    slurm
        Options of `dask_jobqueue.SLURMCluster`, to start the workers as jobs of Slurm.
    quiet
        Whether to write no progress and no forecast to stderr.

    Returns
    -------
    Screening
        What came out.

    Raises
    ------
    ConfigError, DataError, ModelError
        If something that the run needs is not there, or the folder holds another screening.
    """
    funnel, table = open_funnel(target), _table(calibration)
    check_labels(Path(folder), table.tc_labels, table.name)
    thresholds = _thresholds(funnel, table)
    chosen = funnel.with_thresholds(thresholds)
    source = open_source(funnel.source) if source is None else source
    run = ScreeningRun.prepare(
        folder, funnel, source, thresholds, quiet=quiet, tc_labels=table.tc_labels
    )

    def foresee(stage: RunStage, store: RecordStore) -> None:
        if stage.name == funnel.stages[0].name and stage.rules.ranks:
            _forecast_again(run, chosen, table, store)

    with closing(_engine(workers, scheduler, slurm)) as engine:
        run.run(engine, foresee)
    return write_outputs(run.folder)


def write_outputs(folder: str | Path) -> Screening:
    """Write the results of a screening as tables and a page, also of one that is not done.

    Parameters
    ----------
    folder
        Folder of the screening.

    Raises
    ------
    DataError
        If there is no screening in the folder, or a file cannot be written.
    """
    folder = Path(folder)
    write_results(folder)
    write_report(folder)
    expected = describe_run(folder).manifest.get("forecast")
    return Screening(folder=folder, status=status_of(folder), forecast=expected)


def open_funnel(target: Funnel | str | Path, pressure: float | None = None) -> Funnel:
    """The funnel itself, that of a TOML file, or one for what is to be screened.

    The default funnel has one stage, the default model, and passes P(Tc > 5 K) of a half or more.
    The name of another one that comes with betenet stands in front of what is screened, with a
    colon: `named_funnel`.

    Parameters
    ----------
    target
        The funnel, its file, or what is screened.
    pressure
        Pressure to which every cell is relaxed first [GPa]; that of the funnel if absent.

    Examples
    --------
    >>> open_funnel("cells/").stages[0].criterion, open_funnel("paper:cells/").stages[0].criterion
    (('threshold', 0.5), ('threshold', 5.8))
    """
    if pressure is not None:
        return replace(open_funnel(target), pressure=pressure)
    if isinstance(target, Funnel):
        return target
    if str(target).lower().endswith(".toml"):
        return Funnel.read(target)
    name, _, source = str(target).partition(":")
    if source and name in funnel_names():
        return named_funnel(name, source)
    stage = Stage(name="structure", kind="structure", score=TC_PROBABILITY, threshold=0.5)
    return Funnel(source=str(target), stages=(stage,))


def _count_passing(source: Source, filters: Filters) -> int:
    """Number of entries that reach the first stage, at least one; duplicates count."""
    count, first = 0, ""
    for entry in source:
        record = judge(entry.name, entry, filters)
        count += record.outcome == "passed"
        first = first or f"{record.name}: {record.reason.removeprefix(f'{record.name}: ')}"
    if count == 0:
        raise DataError(
            f"Nothing of {source.name} reaches the first stage.",
            f"The first entry is {first}" if first else "It has no entries.",
            "Give structures that can be read and that the filters let pass.",
        )
    return count


def _thresholds(funnel: Funnel, table: Calibration) -> dict[str, float]:
    """Thresholds of the stages that ask for a precision or a recall."""
    if all(stage.precision is None and stage.recall is None for stage in funnel.stages):
        return {}
    # a budget's share does not matter to a threshold that follows from the table
    return dict(forecast(funnel, table, 1_000).thresholds)


def _forecast_again(
    run: ScreeningRun, funnel: Funnel, table: Calibration, store: RecordStore
) -> None:
    """Keep what is to be expected now that the scores of the first stage are known."""
    try:
        expected = _reweighted(funnel, table, store)
    except BetenetError as error:  # the run does not need it
        told = error.summary if isinstance(error, DataError) else error.in_one_line()
        _tell(run, f"betenet: no forecast. {told}")
        return
    keep_forecast(run.folder, expected.to_dict())
    if len(funnel.stages) > 1:
        _tell(run, expected.as_text())


def _tell(run: ScreeningRun, text: str) -> None:
    if not run.quiet:
        sys.stderr.write(f"{text}\n")


def _reweighted(funnel: Funnel, table: Calibration, store: RecordStore) -> Forecast:
    scores: list[float] = []
    chances: list[float] = []
    for record in store.records(funnel.stages[0].name):
        scores.append(record.score)
        chance = record.values.get(TC_PROBABILITY)
        chances.append(float("nan") if chance is None else float(chance))
    if not scores:
        raise DataError("Nothing has reached the first stage that predicts.")
    return forecast(
        funnel, table, len(scores), np.array(scores), population_probabilities=np.array(chances)
    )


def _table(calibration: Calibration | str | Path | None) -> Calibration:
    if calibration is None:
        return Calibration.shipped()
    return calibration if isinstance(calibration, Calibration) else Calibration.read(calibration)


def _engine(workers: int, scheduler: str | None, slurm: Mapping[str, str] | None) -> Engine:
    if scheduler is not None and slurm is not None:
        raise ConfigError(
            "Workers of a scheduler and of Slurm are asked for.",
            "A screening has one kind of workers.",
            "Give scheduler or slurm.",
        )
    if scheduler is not None:
        return DaskEngine.at(scheduler)
    if slurm is not None:
        return DaskEngine.slurm(workers, slurm)
    return SerialEngine() if workers == 1 else DaskEngine.local(workers)
