"""How the supercell of forces was made, where no ``phonopy.yaml`` says it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Int

from betenet.errors import ConfigError
from betenet.phonons.extra import load

CENTRINGS = ("auto", "P", "F", "I", "A", "C", "R")
"""Primitive cells that have a name; ``auto`` lets phonopy look for it."""

_MOST_CELLS = 10_000
_LONGEST = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SupercellLayout:
    """What the tags of phonopy say about cells and units.

    Attributes
    ----------
    dim
        Supercell matrix (DIM), whose columns are the vectors of the supercell in those of the unit
        cell; None if it is not given.
    primitive
        One of `CENTRINGS`, or the matrix of the primitive cell (PRIMITIVE_AXES); None if it is not
        given.
    calculator
        Program that the forces are of, as phonopy names it: it sets the units; None for Å and eV.
    """

    dim: Int[np.ndarray, "3 3"] | None = None
    primitive: str | Float[np.ndarray, "3 3"] | None = None
    calculator: str | None = None

    @classmethod
    def from_text(
        cls, dim: str | None = None, primitive: str | None = None, calculator: str | None = None
    ) -> SupercellLayout:
        """Build from the words of a command line.

        Raises
        ------
        ConfigError
            If a text is not what phonopy's tag of that name takes.

        Examples
        --------
        >>> layout = SupercellLayout.from_text("2 2 1", "0 1/2 1/2  1/2 0 1/2  1/2 1/2 0")
        >>> layout.dim.diagonal().tolist(), layout.primitive[0].tolist()
        ([2, 2, 1], [0.0, 0.5, 0.5])
        """
        return cls(
            dim=None if dim is None else _dim(dim),
            primitive=None if primitive is None else _primitive(primitive),
            calculator=None if calculator is None else _calculator(calculator),
        )


def in_words(matrix: Int[np.ndarray, "3 3"]) -> str:
    """A supercell matrix as a text.

    Examples
    --------
    >>> in_words(np.diag([2, 2, 1])), in_words(np.ones((3, 3), dtype=int))
    ('2 x 2 x 1', '[1 1 1; 1 1 1; 1 1 1]')
    """
    if not (matrix - np.diag(matrix.diagonal())).any():
        return " x ".join(map(str, matrix.diagonal().tolist()))
    return f"[{'; '.join(' '.join(map(str, row)) for row in matrix.tolist())}]"


def _dim(text: str) -> Int[np.ndarray, "3 3"]:
    numbers = _numbers(text)
    wrong = ConfigError(
        f"--dim {text!r} is no supercell.",
        "It is 3 whole numbers, or 9 for a matrix whose determinant is positive.",
        'Write it as phonopy\'s DIM: --dim "2 2 2".',
    )
    if numbers is None or len(numbers) not in {3, 9}:
        raise wrong
    if any(number.denominator != 1 or abs(number) > _MOST_CELLS for number in numbers):
        raise wrong
    whole = np.array([int(number) for number in numbers])
    matrix = np.diag(whole) if len(whole) == 3 else whole.reshape(3, 3)
    cells = round(float(np.linalg.det(matrix)))
    if not 0 < cells <= _MOST_CELLS or (len(whole) == 3 and whole.min() < 1):
        raise wrong
    return matrix


def _primitive(text: str) -> str | Float[np.ndarray, "3 3"]:
    for name in CENTRINGS:
        if text.strip().lower() == name.lower():
            return name
    numbers = _numbers(text)
    matrix = None
    if numbers is not None and len(numbers) == 9:
        matrix = np.array([float(number) for number in numbers]).reshape(3, 3)
    if matrix is None or not 0.0 < float(np.linalg.det(matrix)) < 1.0 + 1e-3:
        raise ConfigError(
            f"--primitive {text!r} is no primitive cell.",
            f"It is one of {', '.join(CENTRINGS)}, or a matrix of 9 numbers whose determinant is "
            "positive and at most 1.",
            "Write it as phonopy's PRIMITIVE_AXES, or leave it out.",
        )
    return matrix


def _numbers(text: str) -> list[Fraction] | None:
    words = text.replace(",", " ").replace("x", " ").split()
    if any(len(word) > _LONGEST for word in words):
        return None
    try:
        return [Fraction(word) for word in words]
    except (ValueError, ZeroDivisionError):
        return None


def _calculator(text: str) -> str:
    known = sorted(load("phonopy.interface.calculator").calculator_info)
    if text.strip().lower() not in known:
        raise ConfigError(
            f"--calculator {text!r} is not known.",
            "Phonopy has an interface to none of that name.",
            f"Choose one of {', '.join(known)}.",
        )
    return text.strip().lower()
