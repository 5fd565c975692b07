"""``betenet tc --bands``: Tc and gaps of several bands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import chosen

if TYPE_CHECKING:
    from betenet.analysis.multiband import MultibandAnalysis
    from betenet.cli.streams import FigureFolder


def run_bands(arguments: argparse.Namespace) -> int:
    """Analyse each file of blocks; the exit code."""
    from betenet.analysis.multiband import COLUMNS, analyse_band_files
    from betenet.cli.batch import FolderOutput, RowOutput, TableOutput, write_results
    from betenet.cli.streams import CsvRows, JsonList, refuse_to_replace_inputs
    from betenet.tables import as_cell

    refuse_to_replace_inputs(arguments.bands, arguments.csv)
    settings = chosen(arguments, "band_mu_star", "band_dos", "mu_star", "cutoff")
    settings |= chosen(arguments, "mu_star_frequency", "material")

    def cells(found: MultibandAnalysis) -> list[dict[str, str]]:
        return [{key: as_cell(value) for key, value in found.to_row().items()}]

    outputs = []
    if arguments.csv is not None:
        outputs.append(lambda: RowOutput(CsvRows(arguments.csv, COLUMNS), cells))
    if arguments.plot is not None:
        outputs.append(lambda: FolderOutput(arguments.plot, _draw))
    if arguments.json:
        outputs.append(lambda: RowOutput(JsonList(), lambda found: [found.to_dict()]))
    else:
        outputs.append(lambda: TableOutput(lambda found: found.text().splitlines()))
    results = analyse_band_files(arguments.bands, **settings)
    return write_results(results, outputs, noun="files", total=len(arguments.bands))


def _draw(found: MultibandAnalysis, folder: FigureFolder) -> None:
    if found.state is not None and found.state.temperatures.size:
        stem = folder.new_stem(found.material or Path(found.name).stem)
        folder.draw(stem, "gaps", found.plot)
