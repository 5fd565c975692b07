"""A table as text, which can be printed a row at a time, and as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from betenet.printable import escape, printable


@dataclass(frozen=True, slots=True)
class TextTable:
    """Columns of a table.

    Parameters
    ----------
    columns
        Heading and format of each column: ``"<20"`` puts cells to the left and cuts them at their
        beginning to 20 characters, ``">9"`` puts them to the right, ``""`` leaves them as they are.

    Examples
    --------
    >>> table = TextTable((("structure", "<9"), ("Tc (K)", ">7"), ("note", "")))
    >>> print(table.text([("cells/Nb.cif", "9.2", "kept"), ("Al", "1.2", "")]))
    structure   Tc (K)  note
    …s/Nb.cif      9.2  kept
    Al             1.2
    """

    columns: tuple[tuple[str, str], ...]

    @property
    def heading(self) -> str:
        """Line with the headings of the columns."""
        return self.row([name for name, _ in self.columns])

    def row(self, cells: Iterable[str]) -> str:
        """Line with the cells of one row; control characters are shown as text."""
        forms = (form for _, form in self.columns)
        parts = (_cell(printable(cell), form) for cell, form in zip(cells, forms, strict=True))
        return "  ".join(parts).rstrip()

    def text(self, rows: Iterable[Sequence[str]]) -> str:
        """Headings and rows, a line for each."""
        return "\n".join([self.heading, *map(self.row, rows)])

    def html(self, rows: Iterable[Sequence[str]]) -> str:
        """Headings and rows as a table of HTML, for a notebook."""
        heading = html_row([name for name, _ in self.columns], "th")
        return f"<table>{heading}{''.join(map(html_row, rows))}</table>"


def cut_at_its_beginning(text: str, width: int) -> str:
    """Text cut to a width: the end of a path tells more than its beginning."""
    return text if len(text) <= width else "…" + text[1 - width :]


def _cell(text: str, form: str) -> str:
    return f"{cut_at_its_beginning(text, int(form[1:])) if form.startswith('<') else text:{form}}"


def html_row(cells: Iterable[str], tag: str = "td") -> str:
    """A row of a table of HTML; text of others is no markup."""
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
