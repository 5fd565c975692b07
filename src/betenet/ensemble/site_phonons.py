"""Phonons of a structure that is to be predicted, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from betenet.phonon_dos import PhononDos
from betenet.structures import StructureRecord

NO_PHONONS = "none"
"""Origin of phonons that are not known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SitePhonons:
    """Phonons of one structure, for a model that takes them.

    Attributes
    ----------
    dos
        With a share for each atom of the primitive cell; None if they are not known.
    left_out
        Share of imaginary modes that the density of states does not hold.
    origin
        The force field or the file; ``"none"`` without.
    force_field
        What computed them, if that is known to be one: each has its own systematic error.
    warnings
        What a user should know of them.
    """

    dos: PhononDos | None = None
    left_out: float = 0.0
    origin: str = NO_PHONONS
    force_field: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def imaginary(self) -> float:
        """Share of imaginary modes; 0 where no phonons are known."""
        return self.left_out + (0.0 if self.dos is None else self.dos.imaginary_fraction)


PhononSource = Callable[[StructureRecord], SitePhonons]
"""From a structure, already in its primitive cell, to its phonons."""
