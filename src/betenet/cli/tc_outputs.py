"""Where ``betenet tc FILE…`` puts its results: text, a table, figures, one file at a time.

Each output has written a result when ``write`` returns, so that an interrupt loses nothing that
was done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from betenet.analysis.figures import (
    SUFFIX,
    file_figures,
    series_figure,
    series_folder,
    series_number,
)
from betenet.analysis.file_analysis import FileAnalysis
from betenet.analysis.file_text import series_lines
from betenet.analysis.table import COLUMNS, as_cells
from betenet.cli.batch import FolderOutput, Output, RowOutput
from betenet.cli.streams import CsvRows, FigureFolder, JsonList


class _Series:
    """Files that hold one smearing each, by folder."""

    def __init__(self) -> None:
        self._by_folder: dict[Path, list[FileAnalysis]] = {}

    def add(self, result: FileAnalysis) -> None:
        """Keep a file if it belongs to a series."""
        folder = series_folder(result)
        if folder is not None:
            self._by_folder.setdefault(folder, []).append(result)

    def __iter__(self) -> Iterator[tuple[Path, list[FileAnalysis]]]:
        return ((folder, many) for folder, many in self._by_folder.items() if len(many) > 1)


class TextOutput:
    """Text for people, on stdout.

    Parameters
    ----------
    unit
        Unit of phonon frequencies.
    """

    def __init__(self, unit: str = "") -> None:
        self._unit = unit
        self._started = False
        self._series = _Series()

    def write(self, result: FileAnalysis) -> None:
        """Print what was found; errors are told on stderr instead."""
        self._series.add(result)
        if result.error is not None:
            return
        sys.stdout.write(("\n" if self._started else "") + result.text(self._unit) + "\n")
        sys.stdout.flush()
        self._started = True

    def close(self) -> None:
        """Print how λ and Tc move along each series of files."""
        for folder, results in self._series:
            lines = "\n".join(series_lines(results, folder, self._unit))
            sys.stdout.write(f"\n{lines}\n")


def _draw(series: _Series, result: FileAnalysis, figures: FigureFolder) -> None:
    """Draw the figures of one file: α²F, smearings, superconducting state, resistivity."""
    series.add(result)
    if result.error is None:
        stem = figures.new_stem(result.name, suffix=SUFFIX)
        for what, drawing in file_figures(result):
            figures.draw(stem, what, drawing)


def _draw_series(series: _Series, figures: FigureFolder) -> None:
    """Draw how λ and Tc move along each series of files."""
    for folder, results in series:
        usable = [result for result in sorted(results, key=series_number) if result.usable]
        if len(usable) > 1:
            stem = figures.new_stem(folder.resolve().name or "files", suffix="$^")
            figures.draw(stem, "smearings", series_figure(usable, usable[0].material or stem))


def outputs_of(arguments: argparse.Namespace) -> Iterator[Callable[[], Output[FileAnalysis]]]:
    """Outputs that were asked for, files first: what is printed is then already safe."""
    if arguments.csv is not None:
        yield lambda: RowOutput(CsvRows(arguments.csv, COLUMNS), _rows)
    if arguments.plot is not None:
        drawn, last = partial(_draw, series := _Series()), partial(_draw_series, series)
        yield lambda: FolderOutput(arguments.plot, drawn, last)
    text = partial(TextOutput, arguments.table_unit or "")
    yield lambda: RowOutput(JsonList(), FileAnalysis.to_dicts) if arguments.json else text()


def _rows(result: FileAnalysis) -> Iterator[dict[str, str]]:
    return map(as_cells, result.to_rows())
