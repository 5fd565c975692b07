"""Errors of betenet: each one says what went wrong, why, and what to do about it."""

from __future__ import annotations

import os
import re

from betenet.printable import printable

TRACEBACK = "BETENET_TRACEBACK"
"""Variable of the environment that, where it is set, has tracebacks shown."""
_LONGEST = 300
_LONG_WORD = re.compile(r"[^\s/]{256,}")
"""Longer than any name of a file."""


class BetenetError(Exception):
    """An error that a user can act on.

    Parameters
    ----------
    summary
        What went wrong, with the offending file, site or value.
    reason
        Why that is a problem.
    fix
        What the user can do.

    Examples
    --------
    >>> print(BetenetError("Cell is empty.", reason="It has no atoms.", fix="Check the file."))
    Cell is empty.
      Reason: It has no atoms.
      Fix: Check the file.
    """

    def __init__(self, summary: str, reason: str = "", fix: str = "") -> None:
        parts = (_without_long_words(part) for part in (summary, reason, fix))
        self.summary, self.reason, self.fix = parts
        super().__init__(self.summary, self.reason, self.fix)

    def __str__(self) -> str:
        lines = [printable(self.summary)]
        if self.reason:  # libraries give theirs in several lines
            lines.append(f"  Reason: {printable(self.reason.replace(chr(10), ' '))}")
        if self.fix:
            lines.append(f"  Fix: {printable(self.fix)}")
        return "\n".join(lines)

    def of(self, name: str) -> BetenetError:
        """Error of the same kind, with the name of an input in front of what went wrong.

        Examples
        --------
        >>> print(StructureError("The cell is empty.").of("Nb.cif"))
        Nb.cif: The cell is empty.
        """
        return type(self)(f"{name}: {self.summary}", self.reason, self.fix)

    def in_one_line(self, name: str = "") -> str:
        """The whole message without line breaks; in front the input's name, if it lacks that."""
        text = " ".join(str(self).split())
        return text if not name or text.startswith(name) else f"{name}: {text}"

    def to_dict(self) -> dict[str, str]:
        """Kind and parts of the message, for JSON."""
        return {
            "type": type(self).__name__,
            "summary": self.summary,
            "reason": self.reason,
            "fix": self.fix,
        }


class SpectrumError(BetenetError):
    """A spectrum, or something computed from one, is not valid."""


class StructureError(BetenetError):
    """A crystal structure cannot be used."""


class ModelError(BetenetError):
    """A trained model is missing, broken or does not fit its input."""


class DataError(BetenetError):
    """A data set or one of its rows is missing or malformed."""


class ConfigError(BetenetError):
    """A configuration holds an unknown key or a value out of range."""


class UnexpectedError(BetenetError):
    """A fault of this program, or of a library that it uses."""


def _without_long_words(text: str) -> str:
    """Text whose words of hundreds of letters, of others, are cut."""
    return _LONG_WORD.sub(lambda word: f"{word[0][:100]}…", text)


def unexpected(error: BaseException, what: str) -> BetenetError:
    """The error to show for an exception: itself if it is one of ours, else that nobody foresaw it.

    Parameters
    ----------
    error
        The exception. Its traceback goes to stderr if `TRACEBACK` is set and it is none of ours.
    what
        What it has ended, such as an input of a batch.

    Examples
    --------
    >>> print(unexpected(KeyError("x"), "a.cif"))
    a.cif: this ended with KeyError: 'x'.
      Reason: Nobody has foreseen it: it is a fault of betenet, or of a library that it uses.
      Fix: Please report it, with the input; BETENET_TRACEBACK=1 shows where it happened.
    """
    if isinstance(error, BetenetError):
        return error
    if os.environ.get(TRACEBACK):
        import traceback

        traceback.print_exception(error)
    text = " ".join(str(error).split())[:_LONGEST]
    name = type(error).__name__
    return UnexpectedError(
        f"{what}: this ended with {f'{name}: {text}' if text else name}.",
        "Nobody has foreseen it: it is a fault of betenet, or of a library that it uses.",
        f"Please report it, with the input; {TRACEBACK}=1 shows where it happened.",
    )
