"""Outputs of ``betenet predict``: a table or JSON on stdout, a CSV file, figures."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from functools import partial

from betenet.cli import batch
from betenet.cli.batch import FolderOutput, Output, TableOutput
from betenet.cli.short_names import ShortNames
from betenet.cli.streams import FigureFolder
from betenet.ensemble import Ensemble
from betenet.ensemble.estimates import GAP
from betenet.ensemble.prediction import Prediction, csv_columns
from betenet.quantities import heading, table_unit
from betenet.superconductivity.critical_temperature import ELIASHBERG
from betenet.text_table import TextTable


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
    table, per_site = _Table(arguments, model), arguments.per_site
    return batch.outputs_of(
        arguments,
        csv_columns(arguments.tc_method),
        lambda one: [one.csv_row()],
        lambda one: [one.to_dict(per_site=per_site)],
        lambda: TableOutput(table.lines, table.heading, table.footer),
        (arguments.plot, lambda: FolderOutput(arguments.plot, partial(_draw, per_site))),
    )


class _Table:
    """Text of a table with units, for people."""

    def __init__(self, arguments: argparse.Namespace, model: Ensemble) -> None:
        gap = (GAP,) if arguments.tc_method == ELIASHBERG else ()
        self._columns = ("coupling", "omega_log", "omega_2", "tc", *gap)
        self._short = ShortNames(arguments.files)
        self._unit, self._per_site = arguments.table_unit, arguments.per_site
        self._with_phonons = model.takes_phonons
        names = [*(heading(key, self._unit) for key in self._columns), "P(Tc > 5 K)"]
        columns = [("structure", "<28"), ("formula", "<14"), ("atoms", ">5")]
        columns += [*((name, ">15") for name in names), ("phonons", "<15")]
        self._table = TextTable(tuple(columns if self._with_phonons else columns[:-1]))
        self.heading = self._table.heading
        self._settings = _settings(arguments, model)
        self._errors: list[float] = []
        self._method: str = arguments.tc_method
        self._started = False

    def lines(self, prediction: Prediction) -> Iterator[str]:
        """Row of one structure, below it what was read and the warnings; none of an error."""
        if prediction.error is not None:
            return
        self._started = True
        self._errors.append(prediction.tc_error_95)
        cells = [self._short(prediction.name), prediction.formula, str(len(prediction.symbols))]
        for key in self._columns:
            unit = table_unit(key, self._unit)
            cells.append(prediction.estimates[key].as_text(unit=False, in_unit=unit))
        cells.append(_probability(prediction))
        yield self._table.row([*cells, prediction.phonons] if self._with_phonons else cells)
        below = [*_known_of(prediction), *(f"warning: {text}" for text in prediction.warnings)]
        below += prediction.site_lines() if self._per_site else []
        for line in below:
            yield f"    {line}"

    def footer(self) -> str:
        """Settings that the numbers depend on."""
        known = [error for error in self._errors if math.isfinite(error)]
        lines = ["", self._settings] if self._started else []
        if known:
            lines.append(
                f"{self._method} is within {max(known):.1%} of the Eliashberg equations for 95 % "
                "of spectra like these, on top of the intervals; --json and --csv have each one's"
            )
        return "\n".join(lines)


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


def _settings(arguments: argparse.Namespace, model: Ensemble) -> str:
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
