"""Symmetry operations from a Hall symbol, also of settings that no table has."""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import StructureError
from betenet.structures.symmetry_operations import Operations, parse_operations

CENTRINGS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "p": (),
    "a": ((0, 1 / 2, 1 / 2),),
    "b": ((1 / 2, 0, 1 / 2),),
    "c": ((1 / 2, 1 / 2, 0),),
    "i": ((1 / 2, 1 / 2, 1 / 2),),
    "f": ((0, 1 / 2, 1 / 2), (1 / 2, 0, 1 / 2), (1 / 2, 1 / 2, 0)),
    "r": ((2 / 3, 1 / 3, 1 / 3), (1 / 3, 2 / 3, 2 / 3)),
}
SHIFTS = {
    "a": (1 / 2, 0, 0),
    "b": (0, 1 / 2, 0),
    "c": (0, 0, 1 / 2),
    "n": (1 / 2, 1 / 2, 1 / 2),
    "u": (1 / 4, 0, 0),
    "v": (0, 1 / 4, 0),
    "w": (0, 0, 1 / 4),
    "d": (1 / 4, 1 / 4, 1 / 4),
}
ABOUT_Z = {
    "1": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "2": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "3": ((0, -1, 0), (1, -1, 0), (0, 0, 1)),
    "4": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    "6": ((1, -1, 0), (1, 0, 0), (0, 0, 1)),
    "'": ((0, -1, 0), (-1, 0, 0), (0, 0, -1)),
    '"': ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
}
"""Rotations about z, and by 180 degrees about a-b and a+b."""

ABOUT_DIAGONAL = ((0, 0, 1), (1, 0, 0), (0, 1, 0))
"""Rotation by 120 degrees about a+b+c."""

_GENERATOR = re.compile(r"""(-?)([12346])([xyz'"*]*)([1-5abcnuvwd]*)$""")


def hall_operations(text: str) -> Operations:
    """Operations of a Hall symbol.

    Parameters
    ----------
    text
        Symbol such as ``-P 2ybc``, with a shift of the origin in twelfths, ``(0 0 4)``, or a change
        of axes, ``(x-z,y,z)``, at its end.

    Raises
    ------
    StructureError
        If it is no Hall symbol.

    References
    ----------
    Hall, Acta Cryst. A 37, 517 (1981); International Tables B (2001), section A1.4.2.3.

    Examples
    --------
    >>> len(hall_operations("-F 4vw 2vw 3"))
    192
    """
    plain = text.replace("_", " ").replace("''", '"').lower().strip()
    plain, bracket, change = plain.partition("(")
    lattice, *words = plain.split() or [""]
    generators = [_generator(words, index) for index in range(len(words))]
    if lattice.lstrip("-") not in CENTRINGS or not words or None in generators:
        raise _unknown(text)
    eye = np.eye(3, dtype=int)
    parts = [(eye, np.zeros(3)), *((eye, np.array(t)) for t in CENTRINGS[lattice.lstrip("-")])]
    if lattice.startswith("-"):
        parts.append((-eye, np.zeros(3)))
    parts += [generator for generator in generators if generator is not None]
    operations = Operations(
        np.array([rotation for rotation, _ in parts]), np.array([shift for _, shift in parts])
    ).completed()
    return _changed(operations, change.rstrip(") "), text) if bracket else operations


def _unknown(text: str) -> StructureError:
    return StructureError(
        f"{text!r} is not a Hall symbol.",
        reason="It is a lattice letter and up to four rotations, such as -P 2ybc or -F 4vw 2vw 3.",
        fix="Correct it, or state the Hermann-Mauguin symbol.",
    )


def _generator(
    words: list[str], index: int
) -> tuple[Int[np.ndarray, "3 3"], Float[np.ndarray, " 3"]] | None:
    """Rotation and translation of one word; its axis follows from the word before if unsaid."""
    found = _GENERATOR.match(words[index])
    if found is None:
        return None
    sign, order, axis, letters = found.groups()
    before = words[index - 1].lstrip("-")[0] if index else ""
    if not axis and order == "2" and index == 1:
        axis = "x" if before in "24" else "'"
    main = next((letter for letter in axis if letter in "xyz"), "z")
    if "*" in axis or (order == "3" and not axis and index > 1):
        rotation = np.array(ABOUT_DIAGONAL)
    else:
        mark = next((letter for letter in axis if letter in "'\""), order)
        rotation = np.array(ABOUT_Z[mark])
    turns = "zxy".index(main)
    rotation = np.roll(rotation, (turns, turns), axis=(0, 1))
    shift = np.zeros(3)
    for letter in letters:
        if letter.isdigit():
            shift["xyz".index(main)] += int(letter) / int(order)
        else:
            shift += SHIFTS[letter]
    return (-rotation if sign else rotation), shift


def _changed(operations: Operations, change: str, text: str) -> Operations:
    """Move the origin, or take other axes."""
    if "," in change:
        new = parse_operations([change])
        axes, shift = new.rotations[0], new.translations[0]
    else:
        numbers = change.split()
        if len(numbers) != 3 or not all(re.fullmatch(r"-?\d+", number) for number in numbers):
            raise _unknown(text)
        axes, shift = np.eye(3, dtype=int), np.array(numbers, dtype=float) / 12
    inverse = np.round(np.linalg.inv(axes)).astype(int)
    rotations = axes @ operations.rotations @ inverse
    translations = operations.translations @ axes.T + shift - rotations @ shift
    return Operations(rotations, translations % 1.0)
