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
    origin
        The force field or the file; ``"none"`` without.
    warnings
        What a user should know of them.
    """

    dos: PhononDos | None = None
    origin: str = NO_PHONONS
    warnings: tuple[str, ...] = ()


PhononSource = Callable[[StructureRecord], SitePhonons]
"""From a structure, already in its primitive cell, to its phonons."""
