"""A part of the report: figures, their numbers, and what could not be shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from betenet.json_output import finite_or_none

Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A figure of the report.

    Attributes
    ----------
    name
        Name of its files, without the suffix.
    figure
        The figure.
    text
        What it shows, for readers who do not see it.
    caption
        Text below it.
    """

    name: str
    figure: Figure
    text: str
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """A table of numbers: a file of the report, and a part of its JSON.

    Attributes
    ----------
    name
        Name of the file, without the suffix.
    columns
        Values by the name of the column, which carries the unit; all of one length.
    """

    name: str
    columns: Mapping[str, Sequence[Any] | np.ndarray]

    @classmethod
    def of_rows(cls, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Numbers:
        """Build from rows instead of columns."""
        lines = list(rows)
        found = {column: [line[place] for line in lines] for place, column in enumerate(columns)}
        return cls(name=name, columns=found)

    def plain(self) -> dict[str, list[Cell]]:
        """Columns of plain numbers and texts; a number that is not finite is None.

        Examples
        --------
        >>> Numbers(name="two", columns={"id": ["a", "b"], "x": np.array([1.0, np.nan])}).plain()
        {'id': ['a', 'b'], 'x': [1.0, None]}
        """
        return {name: [_plain(value) for value in column] for name, column in self.columns.items()}

    def as_csv(self) -> str:
        """Text of a file; what is not known stays empty, numbers have eight digits.

        Examples
        --------
        >>> print(Numbers(name="two", columns={"id": ["a", "b"], "x": [1 / 3, np.nan]}).as_csv())
        id,x
        a,0.33333333
        b,
        <BLANKLINE>
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = self.plain()
        writer.writerow(columns)
        writer.writerows(
            [f"{cell:.8g}" if isinstance(cell, float) else cell for cell in row]
            for row in zip(*columns.values(), strict=True)
        )
        return text.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A table or a figure of the paper, as far as the data allow.

    Attributes
    ----------
    title
        Heading.
    text
        What is shown, and how it was computed.
    figures, numbers
        Figures, and the numbers in them.
    body
        HTML behind the text: tables.
    left_out
        What is not shown, and why.
    """

    title: str
    text: str = ""
    figures: tuple[Drawn, ...] = ()
    numbers: tuple[Numbers, ...] = ()
    body: tuple[str, ...] = ()
    left_out: tuple[str, ...] = field(default=())


def _plain(value: Any) -> Cell:
    if isinstance(value, np.bool_ | bool):
        return int(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return finite_or_none(float(value))
    return value
