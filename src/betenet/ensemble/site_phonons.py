"""Phonons of a structure that is to be predicted, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.network.phonon_inputs import phonon_inputs
from betenet.phonon_dos import PhononDos
from betenet.structures import StructureRecord

NO_PHONONS = "none"
"""Origin of phonons that are not known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SitePhonons:
    """Phonons of one structure, for a network that takes them.

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

    def inputs(self, n_atoms: int) -> Float[np.ndarray, "atom input"]:
        """What the network is told; zeros if they are not known."""
        return phonon_inputs(self.dos, n_atoms)


PhononSource = Callable[[StructureRecord], SitePhonons]
"""From a structure, already in its primitive cell, to its phonons."""
