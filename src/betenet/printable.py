r"""Text from outside as it may be shown: on a terminal, in a page, in a table.

A file name, a formula or a server's message can hold what moves the cursor of a terminal, turns
the direction of the text around it, or runs as a formula in a spreadsheet. Every text of others
passes one of these functions on its way out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from html import escape as _escape

_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|inf|nan)\s*")
_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""What a spreadsheet computes, or would once an apostrophe in front is taken away."""


def printable(text: str, keep: str = "") -> str:
    r"""Text whose control characters are shown as text.

    Parameters
    ----------
    text
        The text: control and formatting characters (escape sequences, line breaks, marks of the
        writing direction, spaces of no width) and halves of characters are replaced.
    keep
        Characters that stay.

    Examples
    --------
    >>> printable("Nb\x1b[2J\u202e\n") == r"Nb\x1b[2J\u202e\n"
    True
    >>> printable("α²F, 5 Å")
    'α²F, 5 Å'
    """
    if text.translate(dict.fromkeys(map(ord, keep))).isprintable():
        return text
    return "".join(one if one in keep else _shown(one) for one in text)


def to_cell(value: object) -> object:
    """A value as a cell of a CSV file: no text is taken for a formula.

    Parameters
    ----------
    value
        What is no text is given back as it is, and so is a text that is a number.

    Examples
    --------
    >>> to_cell("=1+1"), to_cell("-x.cif"), to_cell("-0.5"), to_cell("Nb"), to_cell(-0.5)
    ("'=1+1", "'-x.cif", '-0.5', 'Nb', -0.5)
    """
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def shortened(text: str, longest: int = 100) -> str:
    """Text of others as it is repeated in a message: not longer than a line.

    Examples
    --------
    >>> shortened("Nb"), shortened("x" * 5000, 10)
    ('Nb', 'xxxxxxxxx…')
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"


def escape(text: str) -> str:
    r"""Text as HTML.

    Examples
    --------
    >>> escape('<b title="x">\x1b') == r"&lt;b title=&quot;x&quot;&gt;\x1b"
    True
    """
    return _escape(printable(text))


def from_cell(text: str) -> str:
    """The text that `to_cell` was given, but for control characters.

    Examples
    --------
    >>> [from_cell(str(to_cell(text))) for text in ("-x.cif", "'=a", "'a", "-0.5", "Nb")]
    ['-x.cif', "'=a", "'a", '-0.5', 'Nb']
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _shown(one: str) -> str:
    """A character that can be seen; in JSON on its way to a terminal it stays the same text."""
    if one.isprintable() or unicodedata.category(one) in {"Zs", "Cn", "Co"}:
        return one
    return repr(one)[1:-1] if one < " " else json.dumps(one)[1:-1]
