"""The loop of ``betenet predict``: read, predict and put away, a few structures at a time."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from betenet.cli.outputs import CsvOutput, FigureOutput, JsonOutput, Output, TableOutput
from betenet.cli.streams import spare_the_inputs
from betenet.cli.structure_files import read_files
from betenet.ensemble import DEFAULT_PHONON_MODEL, Ensemble
from betenet.ensemble.prediction import csv_columns
from betenet.ensemble.site_phonons import PhononSource
from betenet.errors import ConfigError
from betenet.superconductivity.analysis_settings import ELIASHBERG

BATCH = 32
"""Structures predicted at a time: what an interrupt can lose."""

AUTO, NONE = "auto", "none"
"""What ``--phonons`` may be besides a file."""


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
        If the model cannot be loaded, or takes no phonons and is given some.
    DataError
        If the file of phonons or their cache cannot be used.
    ConfigError
        If an output cannot be written, or would replace an input, or the device cannot be used, or
        the extra ``phonons`` is needed and not installed.
    """
    spare_the_inputs(arguments.files, arguments.csv)
    with_phonons = arguments.phonons != NONE
    model = arguments.model or (DEFAULT_PHONON_MODEL if with_phonons else None)
    ensemble = Ensemble.load(model).to(arguments.device, arguments.precision)
    phonons = _phonons(arguments)
    ensemble.check_phonons(phonons)  # before any file is written
    # phonons of a force field take longer than all else: lose one structure at most
    size = 1 if arguments.phonons == AUTO else BATCH
    done = failed = 0
    try:
        with ExitStack() as stack:
            outputs = _open_outputs(arguments, ensemble, stack)
            # disable=None: no bar where stderr is not a terminal
            bar = stack.enter_context(tqdm(unit=" structures", leave=False, disable=None))
            records = read_files(arguments.files)
            while batch := list(islice(records, size)):
                predictions = ensemble.predict(
                    batch,
                    mu_star=arguments.mu_star,
                    tc_method=arguments.tc_method,
                    phonons=phonons,
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


def _phonons(arguments: argparse.Namespace) -> PhononSource | None:
    if arguments.phonon_cache is not None and arguments.phonons != AUTO:
        raise ConfigError(
            "--phonon-cache is for --phonons auto.",
            reason="Nothing is computed otherwise.",
            fix="Give both, or neither.",
        )
    if arguments.phonons == NONE:
        return None
    from betenet.ensemble.phonon_sources import phonons_from_file, phonons_from_force_field

    if arguments.phonons != AUTO:
        return phonons_from_file(arguments.phonons)
    from betenet.phonons import PhononCache

    folder: Path | None = arguments.phonon_cache
    return phonons_from_force_field(cache=None if folder is None else PhononCache(folder))


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
        with_phonons = ensemble.takes_phonons
        table = TableOutput(
            per_site=per_site, footer=footer, with_gap=with_gap, with_phonons=with_phonons
        )
        keep(table)
    return outputs
