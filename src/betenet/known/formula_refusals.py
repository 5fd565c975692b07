"""Why a character of a written formula cannot be read, in words that say what to write."""

from __future__ import annotations

import re

_HOMOLOGUES = "123|124|247|214|122|1111|1201|1212|1223|1234|2201|2212|2223|2234"
_NAME = re.compile(rf"(?:RE|[A-Z][a-z]?)[- ]?(?:{_HOMOLOGUES})")
"""Names of structures by the numbers of their metals, such as Y123 and Tl-2223."""
_PRESSURE = re.compile(r"[\s@(,]+(?:at\s+)?\d+\.?\d*\s*(?:[GM]Pa|k?bar)\)?\s*$")
_OF_SYSTEM = (
    "A hyphen between elements names a system, not a composition.",
    "Write the amounts without it: Nb0.4Ti0.6.",
)
_CAPITAL = "Element symbols begin with a capital letter: Nb3Sn."
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class UnclearFormulaError(Exception):
    """Why a formula cannot be read.

    Parameters
    ----------
    place
        Place in the text, counted from 1; 0 for the whole.
    reason
        What is wrong there.
    fix
        What to write.
    """

    def __init__(self, place: int, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.place, self.reason, self.fix = place, reason, fix


def is_numbered_name(text: str) -> bool:
    """Whether a text is the name of a structure by numbers, which would be read as one element.

    Examples
    --------
    >>> is_numbered_name("Y123"), is_numbered_name("Tl-2223"), is_numbered_name("C60")
    (True, True, False)
    """
    return _NAME.fullmatch(text.strip()) is not None


def check_text(text: str) -> None:
    """Refuse what the text shows before it is read: a pressure, a bracket that another kind closes.

    Raises
    ------
    UnclearFormulaError
        With the place.
    """
    if found := _PRESSURE.search(text):
        place = found.start() + len(found[0]) - len(found[0].lstrip()) + 1
        raise UnclearFormulaError(
            place,
            "A pressure is no part of a formula, and what is known here is at ambient pressure.",
            "Leave it out.",
        )
    opened: list[str] = []
    for place, one in enumerate(text, start=1):
        if one in _CLOSING:
            opened.append(one)
        elif one in _CLOSING.values() and opened and (begun := opened.pop()) not in _around(one):
            raise UnclearFormulaError(
                place, f"{one!r} closes what {begun!r} has opened.", "Let them match."
            )


def _around(closing: str) -> set[str]:
    return {opening for opening, end in _CLOSING.items() if end == closing}


def refused_character(one: str, after: str, opened: int | None) -> tuple[str, str]:
    """Reason why a character has no place where it stands, and what to write instead.

    Parameters
    ----------
    one, after
        The character and the next one; empty behind the end.
    opened
        Place of the innermost bracket that is open there.
    """
    number = one.isascii() and one.isdigit()
    reasons = (
        (
            one == "" and opened is not None,
            ("A bracket opens there and is never closed.", "Close it, or leave it out."),
        ),
        (one == "", ("Something is missing there.", "Give an element.")),
        (
            one == "·",
            ("A dot joins two parts, and one is missing.", "Write it as CuSO4·5H2O."),
        ),
        (
            one == ")" and opened is not None,
            ("There is nothing in the bracket.", "Give it an element."),
        ),
        (one == ")", ("A bracket closes that was not open.", "Open it, or leave it out.")),
        (one == "-" and after.isupper(), _OF_SYSTEM),
        (number, ("A number has no element before it.", "Write amounts behind elements.")),
        (
            one == "," and after.isascii() and after.isdigit(),
            ("A comma stands in a number.", "Write decimals with a point: 0.15."),
        ),
        (one.isalpha() and one.islower(), (f"{one} is no element.", _CAPITAL)),
    )
    unknown = f"{one!r} has no meaning in a formula.", "Write it as Nb3Sn or YBa2Cu3O7-x."
    return next((told for holds, told in reasons if holds), unknown)
