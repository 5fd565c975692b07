"""Errors of the readers of many formats, in words that name the kind of file and the remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from contextlib import contextmanager

from betenet.errors import StructureError

FIX = "Check that the file is complete, and that its name or first lines tell its format."

_NOT_A_NUMBER = re.compile(
    r"could not convert string to float: (?P<word>.+)|invalid literal for int\(\).*?: (?P<int>.+)",
    re.DOTALL,
)
_LABEL = re.compile(r"'[A-Z][A-Za-z]{0,2}\d{0,3}[A-Za-z+-]?'|'[a-z]{1,2}'")
"""A key that was looked up among the elements: Nb1, Xx."""
_SHORT = (IndexError, EOFError, StopIteration, AssertionError, TypeError, AttributeError)
"""Exceptions of a reader that finds less than it looks for."""


@contextmanager
def in_words(kind: str) -> Generator[None]:
    """Turn whatever a reader raises into a `StructureError`, which keeps it as its cause.

    Parameters
    ----------
    kind
        Kind of file that it was taken for.

    Examples
    --------
    >>> with in_words("XSF file"):
    ...     float("oops")
    Traceback (most recent call last):
    betenet.errors.StructureError: The structure cannot be read as XSF file.
      Reason: 'oops' stands where a number is expected.
      Fix: Check that the file is complete, and that its name or first lines tell its format.
    """
    try:
        yield
    except StructureError:
        raise
    except Exception as failure:
        raise unreadable(failure, kind) from failure


def unreadable(failure: Exception, kind: str) -> StructureError:
    """The error for what a reader has raised."""
    if isinstance(failure, KeyError) and _LABEL.fullmatch(str(failure)):
        return StructureError(
            f"There is no element {failure}.",
            reason="The symbols of the sites are looked up in the periodic table.",
            fix="Write element symbols as Nb; deuterium as H.",
        )
    return StructureError(f"The structure cannot be read as {kind}.", reason_of(failure), FIX)


def reason_of(failure: BaseException) -> str:
    """Meaning of a reader's exception, without its own words."""
    if isinstance(failure, RuntimeError) and isinstance(failure.__cause__, StopIteration):
        failure = failure.__cause__
    if isinstance(failure, json.JSONDecodeError):
        return f"It is not JSON: line {failure.lineno}, column {failure.colno} does not fit."
    if isinstance(failure, UnicodeError):
        return "It holds bytes that are not text in UTF-8."
    if isinstance(failure, RecursionError):
        return "It is nested more deeply than any structure."
    if isinstance(failure, OSError):
        return f"{failure.strerror or 'It is damaged or cannot be opened'}."
    if isinstance(failure, KeyError):
        return f"It lacks {str(failure)[:60]}, or has it where it is not looked for."
    found = _NOT_A_NUMBER.fullmatch(str(failure)) if isinstance(failure, ValueError) else None
    if found is not None:
        word = (found["word"] or found["int"])[:60]
        return f"{word} stands where a {'number' if found['word'] else 'whole number'} is expected."
    if isinstance(failure, _SHORT):
        return "It ends, or a line of it does, where more is expected."
    return "Its content does not follow that format."
