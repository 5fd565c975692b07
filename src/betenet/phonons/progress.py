"""Progress of a calculation of phonons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Step of a calculation, and how far it is.

    Attributes
    ----------
    crystal
        Chemical formula of the primitive cell; empty before there is one.
    stage
        Work in hand: the force field is loaded, the structure relaxed, atoms displaced.
    done
        Steps of the relaxation, or displaced supercells whose forces are known.
    total
        Displaced supercells that there are; None where that is not known before.
    place
        Place of the crystal among those that are computed; None where there is only one.
    """

    crystal: str
    stage: Literal["loading", "relaxation", "displacements"]
    done: int = 0
    total: int | None = None
    place: int | None = None


Told = Callable[[Step], None]
"""Function that is called with each step, in the process that computes."""


def tell_nobody(_: Step) -> None:
    """Ignore a step, where no progress is asked for."""
