"""The loop of ``betenet predict``: read, predict and put away, a few structures at a time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice

from tqdm import tqdm

from betenet.cli.outputs import CsvOutput, FigureOutput, JsonOutput, Output, TableOutput
from betenet.cli.streams import spare_the_inputs
from betenet.ensemble import Ensemble
from betenet.ensemble.prediction import csv_columns
from betenet.errors import StructureError
from betenet.structures import StructureRecord, read_structures
from betenet.superconductivity.analysis_settings import ELIASHBERG

BATCH = 32
"""Structures predicted at a time: what an interrupt can lose."""


def run_predictions(arguments: argparse.Namespace) -> int:
    """Predict every structure of every file and put it where it was asked for.

    Parameters
    ----------
    arguments
        The parsed flags of ``betenet predict``.

    Returns
    -------
    int
        Exit code: 0, or 1 if a structure failed, or 130 after an interrupt.

    Raises
    ------
    ModelError
        If the model cannot be loaded.
    ConfigError
        If an output cannot be written, or would replace an input, or the device cannot be used.
    """
    spare_the_inputs(arguments.files, arguments.csv)
    ensemble = Ensemble.load(arguments.model).to(arguments.device, arguments.precision)
    done = failed = 0
    try:
        with ExitStack() as stack:
            outputs = _open_outputs(arguments, ensemble, stack)
            # disable=None: no bar where stderr is not a terminal
            bar = stack.enter_context(tqdm(unit=" structures", leave=False, disable=None))
            records = _read(arguments.files)
            while batch := list(islice(records, BATCH)):
                predictions = ensemble.predict(
                    batch, mu_star=arguments.mu_star, tc_method=arguments.tc_method
                )
                bar.clear()
                for prediction in predictions:
                    if prediction.error is not None:
                        failed += 1
                        sys.stderr.write(f"betenet: error: {prediction.error}\n")
                    for output in outputs:
                        output.write(prediction)
                    done += 1
                    bar.update()
    except KeyboardInterrupt:
        sys.stderr.write(f"betenet: interrupted; {done} structures are done and written\n")
        return 130
    if failed:
        sys.stderr.write(f"betenet: {failed} of {done} structures failed\n")
    return 1 if failed else 0


def _open_outputs(
    arguments: argparse.Namespace, ensemble: Ensemble, stack: ExitStack
) -> list[Output]:
    def keep(output: Output) -> None:
        outputs.append(stack.enter_context(closing(output)))

    per_site: bool = arguments.per_site
    outputs: list[Output] = []
    # files first: what is printed is then already safe
    if arguments.csv is not None:
        keep(CsvOutput(arguments.csv, csv_columns(arguments.tc_method)))
    if arguments.plot is not None:
        keep(FigureOutput(arguments.plot, per_site=per_site))
    if arguments.json:
        keep(JsonOutput(per_site=per_site))
    else:
        calibrated = "calibrated" if "calibration" in ensemble.card else "uncalibrated"
        footer = (
            f"model {ensemble.name} ({ensemble.n_members} members), μ* = {arguments.mu_star:g}, "
            f"Tc by {arguments.tc_method}\n"
            f"± is half the {calibrated} 68 % interval; both its ends are in --json and --csv"
        )
        with_gap = arguments.tc_method == ELIASHBERG
        keep(TableOutput(per_site=per_site, footer=footer, with_gap=with_gap))
    return outputs


def _read(files: Sequence[str]) -> Iterator[StructureRecord]:
    """Every structure of every file; a file that cannot even be opened becomes a failed record."""
    for file in files:
        try:
            yield from read_structures(file)
        except OSError as error:
            refused = StructureError(
                f"{file}: The file cannot be read.",
                reason=error.strerror or str(error),
                fix="Check the path and its permissions.",
            )
            yield StructureRecord(name=file, error=refused)
