"""Outputs of ``betenet predict``: a table or JSON on stdout, a CSV file, figures."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from betenet.cli.batch import FolderOutput, Output, RowOutput
from betenet.cli.short_names import ShortNames
from betenet.cli.streams import CsvRows, FigureFolder, JsonList, shortened
from betenet.ensemble import Ensemble
from betenet.ensemble.estimates import GAP
from betenet.ensemble.prediction import Prediction, csv_columns
from betenet.quantities import heading, table_unit
from betenet.superconductivity.critical_temperature import ELIASHBERG


def outputs_of(
    arguments: argparse.Namespace, model: Ensemble
) -> list[Callable[[], Output[Prediction]]]:
    """Makers of the outputs that the flags ask for.

    Parameters
    ----------
    arguments
        Parsed flags of ``betenet predict``.
    model
        Ensemble that predicts.
    """
    outputs: list[Callable[[], Output[Prediction]]] = []
    per_site: bool = arguments.per_site
    # files first: what is printed is then already safe
    if arguments.csv is not None:
        columns = csv_columns(arguments.tc_method)
        table = partial(CsvRows, arguments.csv, columns)
        outputs.append(lambda: RowOutput(table(), lambda one: [one.csv_row()]))
    if arguments.plot is not None:
        outputs.append(lambda: FolderOutput(arguments.plot, partial(_draw, per_site)))
    if arguments.json:
        outputs.append(lambda: RowOutput(JsonList(), lambda one: [one.to_dict(per_site=per_site)]))
    else:
        outputs.append(lambda: TableOutput(arguments, model))
    return outputs


class TableOutput:
    """A table with units for people, on stdout.

    Parameters
    ----------
    arguments
        Parsed flags of ``betenet predict``.
    model
        Ensemble that predicts.
    """

    _COLUMNS = ("coupling", "omega_log", "omega_2", "tc")
    _WIDTH = 15

    def __init__(self, arguments: argparse.Namespace, model: Ensemble) -> None:
        with_gap = arguments.tc_method == ELIASHBERG
        self._columns = (*self._COLUMNS, GAP) if with_gap else self._COLUMNS
        self._short = ShortNames(arguments.files)
        self._unit, self._per_site = arguments.table_unit, arguments.per_site
        self._with_phonons = model.takes_phonons
        self._footer = _footer(arguments, model)
        self._errors: list[float] = []
        self._method: str = arguments.tc_method
        self._started = False

    def write(self, prediction: Prediction) -> None:
        """Print one row, below it what was read and the warnings; errors are told on stderr."""
        if prediction.error is not None:
            return
        if not self._started:
            headings = [*(heading(key, self._unit) for key in self._columns), "P(Tc > 5 K)"]
            if self._with_phonons:
                headings.append("phonons")
            self._print(self._row("structure", "formula", "atoms", headings))
            self._started = True
        numbers = [
            prediction.estimates[key].as_text(unit=False, in_unit=table_unit(key, self._unit))
            for key in self._columns
        ]
        numbers.append(_probability(prediction))
        if self._with_phonons:
            numbers.append(shortened(prediction.phonons, self._WIDTH))
        self._errors.append(prediction.tc_error_95)
        atoms = str(len(prediction.symbols))
        self._print(self._row(self._short(prediction.name), prediction.formula, atoms, numbers))
        for line in _known_of(prediction):
            self._print(f"    {line}")
        for warning in prediction.warnings:
            self._print(f"    warning: {warning}")
        if self._per_site:
            for line in prediction.site_lines():
                self._print(f"    {line}")
        sys.stdout.flush()

    def close(self) -> None:
        """Print the settings that the numbers depend on."""
        if self._started:
            self._print(f"\n{self._footer}")
        known = [error for error in self._errors if math.isfinite(error)]
        if known:
            self._print(
                f"{self._method} is within {max(known):.1%} of the Eliashberg equations for 95 % "
                "of spectra like these, on top of the intervals; --json and --csv have each one's"
            )

    def _row(self, name: str, formula: str, atoms: str, numbers: Iterable[str]) -> str:
        cells = "".join(f"  {number:>{self._WIDTH}}" for number in numbers)
        return f"{shortened(name, 28):<28} {shortened(formula, 14):<14} {atoms:>5}{cells}"

    @staticmethod
    def _print(line: str) -> None:
        sys.stdout.write(line + "\n")


def _draw(per_site: bool, prediction: Prediction, figures: FigureFolder) -> None:
    """Draw α²F(ω) of one structure, and its sites if asked for."""
    if prediction.error is not None:
        return
    from betenet.plotting import plot_sites, plot_spectrum

    stem = figures.new_stem(prediction.name)
    figures.draw(stem, "a2f", lambda path: plot_spectrum(prediction, path))
    if per_site and prediction.site_a2f is not None:
        figures.draw(stem, "sites", lambda path: plot_sites(prediction, path))


def _known_of(prediction: Prediction) -> Iterator[str]:
    """What was read, of the structure and of its phonons, and what training had of it."""
    if prediction.as_read is not None:
        yield f"read as {prediction.as_read.as_text()}"
    if prediction.phonons_read is not None:
        yield f"phonons of {prediction.phonons_read.as_text()}"
    if prediction.in_training is not None:
        yield prediction.in_training.as_text()
    if prediction.known is not None:
        yield from prediction.known.lines_beside(prediction.findings)


def _footer(arguments: argparse.Namespace, model: Ensemble) -> str:
    calibrated = "calibrated" if "calibration" in model.card else "uncalibrated"
    return (
        f"model {model.name} ({model.n_members} members), μ* = {arguments.mu_star:g}, "
        f"Tc by {arguments.tc_method}\n"
        f"in brackets the {calibrated} 68 % interval; the 95 % one is in --json and --csv"
    )


def _probability(prediction: Prediction) -> str:
    if prediction.unknown_because:
        return "unknown"
    known = math.isfinite(prediction.tc_probability)
    return f"{prediction.tc_probability:.2f}" if known else "n/a"
