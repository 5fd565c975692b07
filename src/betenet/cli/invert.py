"""``betenet invert``: α²F from a tunnelling density of states."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import positive
from betenet.cli.parser import Verbs, add_verb

if TYPE_CHECKING:
    from betenet.analysis.tunnelling import InvertedFile
    from betenet.cli.streams import FigureFolder


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "invert", run)
    parser.flag("files", nargs="+")
    parser.flag("--omega-max", positive, required=True)
    parser.flag("--gap", positive)
    parser.flag("--noise", positive, default=1e-4)
    parser.flag("--unit", choices=("meV", "eV"))
    parser.switch("--json")
    parser.flag("--csv", Path)
    parser.flag("--out", Path)
    parser.flag("--plot", Path)


def run(arguments: argparse.Namespace) -> int:
    """Invert every file; the exit code."""
    from betenet.analysis.tunnelling import COLUMNS, invert_files
    from betenet.cli.batch import FolderOutput, RowOutput, TableOutput, write_results
    from betenet.cli.streams import CsvRows, JsonList, refuse_to_replace_inputs
    from betenet.tables import as_cell

    refuse_to_replace_inputs(arguments.files, arguments.csv)

    def cells(result: InvertedFile) -> Iterator[dict[str, str]]:
        yield {key: as_cell(value) for key, value in result.to_row().items()}

    outputs = []
    if arguments.csv is not None:
        outputs.append(lambda: RowOutput(CsvRows(arguments.csv, COLUMNS), cells))
    if arguments.out is not None:
        outputs.append(lambda: FolderOutput(arguments.out, _write))
    if arguments.plot is not None:
        outputs.append(lambda: FolderOutput(arguments.plot, _draw))
    if arguments.json:
        outputs.append(lambda: RowOutput(JsonList(), lambda result: [result.to_dict()]))
    else:
        outputs.append(lambda: TableOutput(lambda result: result.text().splitlines()))
    results = invert_files(
        arguments.files, omega_max=arguments.omega_max, gap=arguments.gap, noise=arguments.noise,
        unit=arguments.unit,
    )  # fmt: skip
    return write_results(results, outputs, noun="files", total=len(arguments.files))


def _write(result: InvertedFile, folder: FigureFolder) -> None:
    if result.found is not None:
        result.write_a2f(folder.path / f"{folder.new_stem(result.name)}_a2f.csv")


def _draw(result: InvertedFile, folder: FigureFolder) -> None:
    from functools import partial

    from betenet.plotting.observables import plot_inversion

    if result.found is not None:
        title = Path(result.name).stem
        folder.draw(
            folder.new_stem(result.name), "a2f", partial(plot_inversion, result.found, title=title)
        )
