"""What ``betenet screen`` does: open funnel and source, forecast, run, write the results."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from betenet.cli.arguments import key_values
from betenet.cli.screening_status import print_stages, status, tell_damaged
from betenet.cli.streams import spare_the_inputs
from betenet.ensemble.prediction import TC_PROBABILITY
from betenet.errors import BetenetError, DataError
from betenet.screening.calibration import Calibration
from betenet.screening.dispatch import Engine
from betenet.screening.engines import DaskEngine, SerialEngine
from betenet.screening.filters import Filters
from betenet.screening.forecast import Forecast, forecast
from betenet.screening.forecast_text import forecast_text
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.intake import FindingDuplicates, judge
from betenet.screening.manifest import keep_forecast, read_manifest
from betenet.screening.records import RECORDS
from betenet.screening.run import ScreeningRun
from betenet.screening.sources import Source, open_source
from betenet.screening.store import RecordStore
from betenet.screening.tasks import StageTask


def plan(arguments: argparse.Namespace) -> int:
    """Print the forecast of a funnel.

    Raises
    ------
    ConfigError, DataError
        If the funnel, its source or a threshold cannot be had.
    """
    funnel = _funnel(arguments.target)
    count = arguments.candidates
    if count is None:
        count = _passing(open_source(funnel.source), Filters.from_dict(funnel.filters))
    expected = forecast(funnel, _table(arguments), count)
    if arguments.json:
        sys.stdout.write(json.dumps(expected.to_dict(), indent=2) + "\n")
    else:
        sys.stdout.write(forecast_text(expected) + "\n")
    return 0


def screen(arguments: argparse.Namespace) -> int:
    """Screen, or go on.

    Returns
    -------
    int
        Exit code: 0, or 130 after an interrupt.

    Raises
    ------
    ConfigError, DataError, ModelError
        If something that the run needs is not there, or the folder holds another screening.
    """
    funnel, table = _funnel(arguments.target), _table(arguments)
    thresholds = _thresholds(funnel, table)
    chosen = funnel.with_thresholds(thresholds)
    filters = Filters.from_dict(funnel.filters)
    run = ScreeningRun.prepare(
        arguments.out,
        funnel,
        open_source(funnel.source),
        thresholds,
        filters=filters,
        duplicates=_finder() if filters.duplicates else None,
    )
    try:
        with closing(_engine(arguments)) as engine:
            run.run(engine, lambda task, store: _forecast_after(run, chosen, table, task, store))
            code = report(run.folder)
    except KeyboardInterrupt:
        sys.stderr.write("betenet: interrupted; what is done is kept:\n")
        sys.stderr.flush()
        status(run.folder)
        sys.stderr.write("betenet: start the same command again to go on\n")
        return 130
    sys.stderr.flush()
    print_stages(run.folder)  # `report` has named what is damaged
    sys.stdout.write("\n" + _outcome(run.folder) + "\n")
    return code


def substitute(arguments: argparse.Namespace) -> int:
    """Write candidates by elemental substitution, one JSON object a line.

    Raises
    ------
    ConfigError, DataError
        If a parameter is out of range, no parent can be used, or the file cannot be written.
    """
    from betenet.screening.substitution import substituted
    from betenet.screening.write_candidates import write_candidates

    spare_the_inputs([arguments.source], arguments.out, "--out")
    found = substituted(
        open_source(arguments.source),
        arguments.candidates,
        arguments.seed,
        reach=arguments.reach,
        exclude_elements=arguments.exclude_elements,
    )
    count = write_candidates(arguments.out, found)
    sys.stderr.write(f"betenet: wrote {count} candidates to {arguments.out}\n")
    if count < arguments.candidates:
        sys.stderr.write("betenet: no more are found: give more parents\n")
    return 0


def report(folder: Path) -> int:
    """Write the results of a screening as tables and a page.

    Raises
    ------
    DataError
        If there is no screening in the folder.
    """
    from betenet.screening.report import write_report
    from betenet.screening.results import write_results

    write_results(folder)
    sys.stderr.write(f"betenet: wrote {write_report(folder)}\n")
    return tell_damaged(RecordStore(folder / RECORDS))


def _outcome(folder: Path) -> str:
    """How a screening that is over ended, and where everything lies."""
    from betenet.screening.outcome_text import outcome_text

    store = RecordStore(folder / RECORDS)
    told = outcome_text(folder, store, read_manifest(folder).get("forecast"))
    return (
        f"{told}\nmore: {folder}/report.html, {folder}/report.csv; structures: {folder}/shortlist/"
    )


def _funnel(target: str) -> Funnel:
    if target.lower().endswith(".toml"):
        return Funnel.read(target)
    stage = Stage(name="structure", kind="structure", score=TC_PROBABILITY, threshold=0.5)
    return Funnel(source=target, stages=(stage,))


def _finder() -> Callable[[], FindingDuplicates]:
    from betenet.screening.duplicates import DuplicateFinder

    return DuplicateFinder


def _passing(source: Source, filters: Filters) -> int:
    """Entries of a source that reach the first stage, of one at least; duplicates count."""
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
    """Of the stages that ask for a precision or a recall."""
    if all(stage.precision is None and stage.recall is None for stage in funnel.stages):
        return {}
    # a budget's share does not matter to a threshold that follows from the table
    return dict(forecast(funnel, table, 1_000).thresholds)


def _forecast_after(
    run: ScreeningRun, funnel: Funnel, table: Calibration, task: StageTask, store: RecordStore
) -> None:
    """Once the scores of the first stage are known: say what is to be expected of the others."""
    if task.name != funnel.stages[0].name or task.kind == "stability":
        return
    try:
        expected = _reweighted(funnel, table, task, store)
    except BetenetError as error:  # the run does not need it
        told = error.summary if isinstance(error, DataError) else error.in_one_line()
        sys.stderr.write(f"betenet: no forecast: {told[0].lower()}{told[1:]}\n")
        return
    keep_forecast(run.folder, expected.to_dict())
    if len(funnel.stages) > 1:
        sys.stderr.write(forecast_text(expected) + "\n")


def _reweighted(
    funnel: Funnel, table: Calibration, task: StageTask, store: RecordStore
) -> Forecast:
    import numpy as np

    scores: list[float] = []
    chances: list[float] = []
    for record in store.records(task.name):
        scores.append(record.score)
        chance = record.values.get(TC_PROBABILITY)
        chances.append(float("nan") if chance is None else float(chance))
    if not scores:
        raise DataError("Nothing has reached the first stage that predicts.")
    return forecast(
        funnel, table, len(scores), np.array(scores), population_probabilities=np.array(chances)
    )


def _table(arguments: argparse.Namespace) -> Calibration:
    path: Path | None = arguments.calibration
    return Calibration.shipped() if path is None else Calibration.read(path)


def _engine(arguments: argparse.Namespace) -> Engine:
    if arguments.scheduler is not None:
        return DaskEngine.at(arguments.scheduler)
    if arguments.slurm is not None:
        return DaskEngine.slurm(
            arguments.workers, key_values(arguments.slurm, "--slurm", "queue=long memory=8GB")
        )
    return SerialEngine() if arguments.workers == 1 else DaskEngine.local(arguments.workers)
