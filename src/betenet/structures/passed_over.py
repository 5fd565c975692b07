"""Words that ASE's readers pass over: symmetry, units, keywords that change a crystal.

A file that has one of them is refused, because what is read without it is another crystal.
"""

from __future__ import annotations

import re

from betenet.errors import StructureError

LISTED_ONCE = "The sites would be multiplied by it; the reader takes them as the whole cell."
ALL_ATOMS = "Give a file that lists all atoms of the cell, or a CIF."

_NO_SYMMETRY = re.compile(r"P\s*1", re.IGNORECASE)
_CRYST1 = re.compile(r"^CRYST1.{49}(?P<group>.{1,11})", re.MULTILINE)
_CAR = re.compile(r"^PBC\s+[\d.\s-]+\((?P<group>[^)\n]+)\)", re.MULTILINE)
_ABINIT_SYMMETRY = re.compile(
    r"^[^#!\n]*\b(?P<word>spgroup|brvltt|natrd|spgaxor|spgorig|nobj|genafm)\d*\b\s+(?P<value>-?\d+)",
    re.MULTILINE | re.IGNORECASE,
)
_ABINIT_OTHER = re.compile(
    r"^[^#!\n]*\b(?P<word>scalecart|ndtset|symrel|angdeg)\d*\b", re.MULTILINE | re.IGNORECASE
)
_ABINIT_UNIT = re.compile(
    r"\bxcart\b(?P<numbers>[-+\s\d.eEdD*/]+)(?P<word>ang\w*|nm)", re.IGNORECASE
)
_REPEATED = re.compile(r"(?<![\w.])(\d{1,4})\*([-+]?[\d.]\S*)")


def check_passed_over(format_: str, text: str) -> None:
    """Refuse a text of one of ASE's formats that states what its reader ignores.

    Parameters
    ----------
    format_
        ASE's name of the format.
    text
        Text of the file, or its start.

    Raises
    ------
    StructureError
        Naming what is stated.
    """
    if format_ == "proteindatabank":
        _check_group(_CRYST1.search(text))
    elif format_ == "dmol-car":
        _check_group(_CAR.search(text))
    elif format_ == "crystal":
        _check_fort34(text)
    elif format_ == "abinit-in":
        _check_abinit(text)


def plain_abinit(text: str) -> str:
    """Write out the repeated numbers of an input of abinit: ``3*6.2`` is ``6.2 6.2 6.2``.

    Examples
    --------
    >>> plain_abinit("acell 3*6.2 Bohr")
    'acell 6.2 6.2 6.2 Bohr'
    """
    return _REPEATED.sub(lambda found: " ".join([found[2]] * int(found[1])), text)


def _check_group(found: re.Match[str] | None) -> None:
    group = found["group"].strip() if found else ""
    if group and not _NO_SYMMETRY.fullmatch(group):
        raise StructureError(f"The file states the space group {group}.", LISTED_ONCE, ALL_ATOMS)


def _check_fort34(text: str) -> None:
    """Refuse operations of symmetry in a fort.34 of CRYSTAL: line 5 counts them."""
    lines = text.splitlines()
    count = lines[4].split() if len(lines) > 4 else []
    if count and count[0].isdigit() and int(count[0]) > 1:
        raise StructureError(
            f"The file lists {count[0]} operations of symmetry.", LISTED_ONCE, ALL_ATOMS
        )


def _check_abinit(text: str) -> None:
    for found in _ABINIT_SYMMETRY.finditer(text):
        if found["value"] not in {"0", "1"} or found["word"].lower() == "natrd":
            raise StructureError(
                f"The input of abinit states {found['word']} {found['value']}.",
                LISTED_ONCE,
                f"{ALL_ATOMS} abinit prints them at the start of its output.",
            )
    for pattern in (_ABINIT_OTHER, _ABINIT_UNIT):
        other = pattern.search(text)
        if other is not None:
            raise StructureError(
                f"The input of abinit states {other['word']}, which is not read here.",
                "Cell or coordinates are others with it than without.",
                "Write one cell with acell and rprim, and the sites with xred or xangst.",
            )
