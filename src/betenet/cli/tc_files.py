"""The loop of ``betenet tc FILE…``: read, compute and put away, one file at a time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing

from tqdm import tqdm

from betenet.cli.streams import spare_the_inputs
from betenet.cli.tc_outputs import CsvOutput, FigureOutput, JsonOutput, Output, TextOutput
from betenet.cli.tc_result import Request, analyse_file
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
    """
    files: Sequence[str] = arguments.files
    spare_the_inputs(files, arguments.csv)
    request = _request(arguments)
    done = failed = 0
    try:
        with ExitStack() as stack:
            outputs = _open_outputs(arguments, stack)
            # disable=None: no bar where stderr is not a terminal
            bar = stack.enter_context(
                tqdm(total=len(files), unit=" files", leave=False, disable=None)
            )
            for name in files:
                result = analyse_file(name, request)
                bar.clear()
                if result.error is not None:
                    failed += 1
                    sys.stderr.write(f"betenet: error: {result.error}\n")
                for output in outputs:
                    output.write(result)
                done += 1
                bar.update()
    except KeyboardInterrupt:
        sys.stderr.write(f"betenet: interrupted; {done} files are done and written\n")
        return 130
    if failed and done > 1:
        sys.stderr.write(f"betenet: {failed} of {done} files failed\n")
    return 1 if failed else 0


def _request(arguments: argparse.Namespace) -> Request:
    settings = AnalysisSettings(
        mu_star=arguments.mu_star,
        methods=arguments.methods,
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
        unit=arguments.units,
        smearing=arguments.smearing,
        drop_imaginary=arguments.drop_imaginary,
    )


def _open_outputs(arguments: argparse.Namespace, stack: ExitStack) -> list[Output]:
    def keep(output: Output) -> None:
        outputs.append(stack.enter_context(closing(output)))

    outputs: list[Output] = []
    # files first: what is printed is then already safe
    if arguments.csv is not None:
        keep(CsvOutput(arguments.csv))
    if arguments.plot is not None:
        keep(FigureOutput(arguments.plot))
    keep(JsonOutput() if arguments.json else TextOutput())
    return outputs
