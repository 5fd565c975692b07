"""The loop of ``betenet tc FILE…``: read, compute and put away, one file at a time."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Sequence

from betenet.cli.batch import CsvOutput, JsonOutput, Output, put_away
from betenet.cli.streams import spare_the_inputs
from betenet.cli.tc_chosen import Request
from betenet.cli.tc_compare import read_reference
from betenet.cli.tc_outputs import CSV_COLUMNS, FigureOutput, TextOutput, csv_rows
from betenet.cli.tc_result import FileResult, analyse_file
from betenet.superconductivity.analysis_settings import (
    RESISTIVITY_TEMPERATURES,
    AnalysisSettings,
)


def run_files(arguments: argparse.Namespace) -> int:
    """Compute λ, Tc and what else was asked for of every file.

    Parameters
    ----------
    arguments
        The parsed flags of ``betenet tc``.

    Returns
    -------
    int
        Exit code: 0, or 1 if a file failed, or 130 after an interrupt.

    Raises
    ------
    ConfigError
        If an output cannot be written, or would replace an input.
    DataError
        If a file to compare with cannot be read.
    """
    files: Sequence[str] = arguments.files
    spare_the_inputs((*files, *(arguments.compare or ())), arguments.csv)
    request = _request(arguments)
    results = (analyse_file(name, request) for name in files)
    return put_away(results, _outputs(arguments), noun="files", total=len(files))


def _request(arguments: argparse.Namespace) -> Request:
    settings = AnalysisSettings(
        mu_star=arguments.mu_star,
        methods=arguments.tc_method,
        debye_temperature=arguments.debye,
        cutoff=arguments.cutoff,
        mu_star_frequency=arguments.mu_star_frequency,
        with_state=arguments.temperature_sweep,
        measured_tc=arguments.measured_tc,
        resistivity_temperatures=RESISTIVITY_TEMPERATURES if arguments.resistivity else (),
        plasma_energy=arguments.plasma_energy,
    )
    return Request(
        settings=settings,
        format=arguments.format,
        unit=arguments.unit,
        smearing=arguments.smearing,
        drop_imaginary=arguments.drop_imaginary,
        references=tuple(map(read_reference, arguments.compare or ())),
        mu_star_band=arguments.mu_star_band or (),
        material=arguments.material,
    )


def _outputs(arguments: argparse.Namespace) -> list[Callable[[], Output[FileResult]]]:
    outputs: list[Callable[[], Output[FileResult]]] = []
    # files first: what is printed is then already safe
    if arguments.csv is not None:
        outputs.append(lambda: CsvOutput(arguments.csv, CSV_COLUMNS, csv_rows))
    if arguments.plot is not None:
        outputs.append(lambda: FigureOutput(arguments.plot))
    text = functools.partial(TextOutput, arguments.table_unit or "")
    outputs.append(lambda: JsonOutput(FileResult.to_dicts) if arguments.json else text())
    return outputs
