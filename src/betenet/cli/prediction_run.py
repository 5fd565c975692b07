"""The loop of ``betenet predict``: read, predict and put away, a few structures at a time."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator
from itertools import islice
from typing import Any

from betenet import extras
from betenet.cli.batch import CsvOutput, JsonOutput, Output, put_away
from betenet.cli.outputs import FigureOutput, TableOutput
from betenet.cli.phonon_choice import AUTO, NONE, phonon_source
from betenet.cli.short_names import ShortNames
from betenet.cli.streams import spare_the_inputs
from betenet.cli.structure_files import read_files
from betenet.ensemble import DEFAULT_PHONON_MODEL, Ensemble
from betenet.ensemble.checkpoint import read_card
from betenet.ensemble.prediction import Prediction, csv_columns
from betenet.ensemble.shipped import find_model
from betenet.ensemble.site_phonons import PhononSource
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
    phonons = phonon_source(arguments, ensemble)
    ensemble.check_phonons(phonons)  # before any file is written
    predictions = _predictions(arguments, ensemble, phonons)
    return put_away(predictions, _outputs(arguments, ensemble), noun="structures")


def _predictions(
    arguments: argparse.Namespace, ensemble: Ensemble, phonons: PhononSource | None
) -> Generator[Prediction]:
    # phonons of a force field take longer than all else: lose one structure at most
    size = 1 if arguments.phonons == AUTO else BATCH
    records = read_files(arguments.files)
    while batch := list(islice(records, size)):
        yield from ensemble.predict(
            batch, mu_star=arguments.mu_star, tc_method=arguments.tc_method, phonons=phonons
        )


def _outputs(
    arguments: argparse.Namespace, ensemble: Ensemble
) -> list[Callable[[], Output[Prediction]]]:
    def elements(prediction: Prediction) -> list[dict[str, Any]]:
        return [prediction.to_dict(per_site=arguments.per_site)]

    def rows(prediction: Prediction) -> list[dict[str, str]]:
        return [prediction.csv_row()]

    outputs: list[Callable[[], Output[Prediction]]] = []
    # files first: what is printed is then already safe
    if arguments.csv is not None:
        columns = csv_columns(arguments.tc_method)
        outputs.append(lambda: CsvOutput(arguments.csv, columns, rows))
    if arguments.plot is not None:
        outputs.append(lambda: FigureOutput(arguments.plot, per_site=arguments.per_site))
    outputs.append(lambda: JsonOutput(elements) if arguments.json else _table(arguments, ensemble))
    return outputs


def _offer(arguments: argparse.Namespace, ensemble: Ensemble) -> str:
    """A line that names the better model, where it could have been used."""
    if arguments.model or arguments.phonons != NONE or not extras.installed("phonons"):
        return ""
    better = read_card(find_model(DEFAULT_PHONON_MODEL))["with_phonons"]
    cards = (better[next(iter(better))], ensemble.card)
    if not all("metrics" in card for card in cards):
        return ""
    off = [card["metrics"]["cross_validation"]["tc"]["mae"][0] for card in cards]
    return (
        "\nbetter, for some seconds a crystal: --phonons auto (phonons of a force field; Tc is "
        f"off by {off[0]:.2f} K on average, by {off[1]:.2f} K without)"
    )


def _table(arguments: argparse.Namespace, ensemble: Ensemble) -> TableOutput:
    calibrated = "calibrated" if "calibration" in ensemble.card else "uncalibrated"
    footer = (
        f"model {ensemble.name} ({ensemble.n_members} members), μ* = {arguments.mu_star:g}, "
        f"Tc by {arguments.tc_method}\n"
        f"in brackets the {calibrated} 68 % interval; the 95 % one is in --json and --csv"
    )
    return TableOutput(
        per_site=arguments.per_site,
        footer=footer + _offer(arguments, ensemble),
        with_gap=arguments.tc_method == ELIASHBERG,
        with_phonons=ensemble.takes_phonons,
        unit=arguments.table_unit,
        short=ShortNames(arguments.files),
    )
