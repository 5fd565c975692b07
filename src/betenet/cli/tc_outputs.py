"""Where ``betenet tc FILE…`` puts its results: text, a table, figures, one file at a time.

Each output has written a result when ``write`` returns, so that an interrupt loses nothing that
was done.
"""

from __future__ import annotations

import argparse
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
from betenet.cli import batch
from betenet.cli.batch import FolderOutput, Output, TableOutput
from betenet.cli.streams import FigureFolder


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


class _Text:
    """Text for people, and how λ and Tc move along each series of files."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._between = ""
        self._series = _Series()

    def lines(self, result: FileAnalysis) -> Iterator[str]:
        """What was found in a file; none of an error, which is told on stderr instead."""
        self._series.add(result)
        if result.error is None:
            yield self._between + result.text(self._unit)
            self._between = "\n"

    def footer(self) -> str:
        """How λ and Tc move along each series of files."""
        many = (series_lines(results, folder, self._unit) for folder, results in self._series)
        return "\n".join(line for lines in many for line in ("", *lines))


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


def outputs_of(arguments: argparse.Namespace) -> list[Callable[[], Output[FileAnalysis]]]:
    """Outputs that were asked for."""
    text, series = _Text(arguments.table_unit or ""), _Series()
    drawn, last = partial(_draw, series), partial(_draw_series, series)
    return batch.outputs_of(
        arguments,
        COLUMNS,
        lambda result: map(as_cells, result.to_rows()),
        FileAnalysis.to_dicts,
        lambda: TableOutput(text.lines, footer=text.footer),
        (arguments.plot, lambda: FolderOutput(arguments.plot, drawn, last)),
    )
