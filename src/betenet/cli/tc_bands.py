"""``betenet tc --bands``: Tc and gaps of several bands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

from betenet.analysis.multiband import COLUMNS, MultibandAnalysis, analyse_band_files
from betenet.cli.arguments import chosen
from betenet.cli.batch import FolderOutput, TableOutput, outputs_of, write_results
from betenet.cli.streams import FigureFolder, refuse_to_replace_inputs
from betenet.tables import as_cell


def run_bands(arguments: argparse.Namespace) -> int:
    """Analyse each file of blocks; the exit code."""
    refuse_to_replace_inputs(arguments.bands, arguments.csv)
    settings = chosen(arguments, "band_mu_star", "band_dos", "mu_star", "cutoff")
    settings |= chosen(arguments, "mu_star_frequency", "material")
    outputs = outputs_of(
        arguments, COLUMNS, _cells, _dicts, lambda: TableOutput(_lines),
        (arguments.plot, lambda: FolderOutput(arguments.plot, _draw)),
    )  # fmt: skip
    results = analyse_band_files(arguments.bands, **settings)
    return write_results(results, outputs, noun="files", total=len(arguments.bands))


def _cells(found: MultibandAnalysis) -> Iterator[Mapping[str, str]]:
    yield {key: as_cell(value) for key, value in found.to_row().items()}


def _dicts(found: MultibandAnalysis) -> Iterator[Mapping[str, object]]:
    yield found.to_dict()


def _lines(found: MultibandAnalysis) -> list[str]:
    return found.text().splitlines()


def _draw(found: MultibandAnalysis, folder: FigureFolder) -> None:
    if found.state is not None and found.state.temperatures.size:
        stem = folder.new_stem(found.material or Path(found.name).stem)
        folder.draw(stem, "gaps", found.plot)
