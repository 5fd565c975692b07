"""Results as tables: of pandas for many, of HTML for one in a notebook."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from betenet.errors import ConfigError
from betenet.extras import load
from betenet.printable import escape
from betenet.text_table import html_row


@runtime_checkable
class HasRows(Protocol):
    """A result that knows its rows of a table."""

    def to_rows(self) -> Iterable[Mapping[str, object]]:
        """Rows with names that carry the unit; most results have one."""
        ...


def to_dataframe(results: HasRows | Iterable[HasRows]) -> Any:
    """Results as a table of pandas.

    Parameters
    ----------
    results
        Analyses, predictions, or one of them.

    Returns
    -------
    pandas.DataFrame
        The rows of each result; a unit is part of its column's name.

    Raises
    ------
    ConfigError
        If pandas is not installed, or a result has no rows.
    """
    pandas = load("pandas", "pandas")
    each = list(results) if isinstance(results, Iterable) else [results]
    without = sorted({type(one).__name__ for one in each if not isinstance(one, HasRows)})
    if without:
        raise ConfigError(
            f"{', '.join(without)} has no rows of a table.",
            "It is no list of results.",
            "Give predictions, analyses, phonons, screenings, evaluations or collected records.",
        )
    return pandas.DataFrame([row for result in each for row in result.to_rows()])


def as_cell(value: object) -> str:
    """Text of a cell of a CSV file: six digits of a number, nothing where it is not known.

    Examples
    --------
    >>> [as_cell(value) for value in (1.23456789, float("nan"), None, 3, "Nb")]
    ['1.23457', '', '', '3', 'Nb']
    """
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return "" if value is None else str(value)


def html_of_rows(title: str, rows: Iterable[Mapping[str, object]]) -> str:
    """A table of HTML with the rows of `HasRows.to_rows`, what a notebook shows of many."""
    cells = [{key: as_cell(value) for key, value in row.items()} for row in rows]
    heading = html_row(next(iter(cells), {}), "th")
    body = "".join(html_row(row.values()) for row in cells)
    return f"<table><caption>{escape(title)}</caption>{heading}{body}</table>"


def html_table(title: str, rows: Iterable[Sequence[str]]) -> str:
    """A small table of HTML, what a notebook shows of a result.

    Examples
    --------
    >>> html_table("Nb", [("λ", "< 1")])
    '<table><caption>Nb</caption><tr><td>λ</td><td>&lt; 1</td></tr></table>'
    """
    return f"<table><caption>{escape(title)}</caption>{''.join(map(html_row, rows))}</table>"
