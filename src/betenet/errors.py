"""Errors of betenet: each one says what went wrong, why, and what to do about it."""

from __future__ import annotations

from betenet.printable import printable


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
        super().__init__(summary, reason, fix)
        self.summary = summary
        self.reason = reason
        self.fix = fix

    def __str__(self) -> str:
        lines = [printable(self.summary)]
        if self.reason:  # libraries give theirs in several lines
            lines.append(f"  Reason: {printable(self.reason.replace(chr(10), ' '))}")
        if self.fix:
            lines.append(f"  Fix: {printable(self.fix)}")
        return "\n".join(lines)

    def in_one_line(self) -> str:
        """The whole message without line breaks, for a table."""
        return " ".join(str(self).split())

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
