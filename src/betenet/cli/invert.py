"""``betenet invert``: α²F from a tunnelling density of states."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from functools import partial
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
    from betenet.cli.batch import FolderOutput, TableOutput, outputs_of, write_results
    from betenet.cli.streams import refuse_to_replace_inputs

    refuse_to_replace_inputs(arguments.files, arguments.csv)
    outputs = outputs_of(
        arguments, COLUMNS, _cells, _dicts, lambda: TableOutput(_lines),
        (arguments.out, lambda: FolderOutput(arguments.out, _write)),
        (arguments.plot, lambda: FolderOutput(arguments.plot, _draw)),
    )  # fmt: skip
    results = invert_files(
        arguments.files, omega_max=arguments.omega_max, gap=arguments.gap, noise=arguments.noise,
        unit=arguments.unit,
    )  # fmt: skip
    return write_results(results, outputs, noun="files", total=len(arguments.files))


def _cells(result: InvertedFile) -> Iterator[Mapping[str, str]]:
    from betenet.tables import as_cell

    yield {key: as_cell(value) for key, value in result.to_row().items()}


def _dicts(result: InvertedFile) -> Iterator[Mapping[str, object]]:
    yield result.to_dict()


def _lines(result: InvertedFile) -> list[str]:
    return result.text().splitlines()


def _write(result: InvertedFile, folder: FigureFolder) -> None:
    if result.found is not None:
        result.write_a2f(folder.path / f"{folder.new_stem(result.name)}_a2f.csv")


def _draw(result: InvertedFile, folder: FigureFolder) -> None:
    from betenet.plotting.observables import plot_inversion

    if result.found is not None:
        drawing = partial(plot_inversion, result.found, title=Path(result.name).stem)
        folder.draw(folder.new_stem(result.name), "a2f", drawing)
