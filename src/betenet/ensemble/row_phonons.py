"""The phonons of training rows, as numbers for the network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.ensemble.recipe import Recipe
from betenet.errors import ConfigError
from betenet.network.phonon_inputs import phonon_inputs
from betenet.phonons.library import LibraryEntry, PhononLibrary


@dataclass(frozen=True, slots=True)
class RowPhonons:
    """A library as a recipe uses it.

    Attributes
    ----------
    library
        None for a network that takes no phonons.
    digest
        SHA-256 of the library's file; empty without one.
    """

    library: PhononLibrary | None
    digest: str

    @classmethod
    def read(cls, recipe: Recipe) -> RowPhonons:
        """Read the recipe's library, if it has one.

        Raises
        ------
        ConfigError
            If the network takes phonons and there is no library, or the reverse.
        DataError
            If the library cannot be read.
        """
        asked, given = bool(recipe.network.readout_inputs), recipe.data.phonons
        if asked != bool(given):
            raise ConfigError(
                f"[data] phonons = {given!r}, and the network takes "
                f"{recipe.network.readout_inputs} numbers for each site.",
                "Phonons and a network that takes them go together.",
                'Set both, or neither: [network] site_inputs, site_inputs_to = "readout".',
            )
        if not asked:
            return cls(None, "")
        path = Path(given)
        library = PhononLibrary.read(path)
        return cls(library, hashlib.sha256(path.read_bytes()).hexdigest())

    def entry(self, key: str, atoms: Atoms) -> LibraryEntry | None:
        """What the library has of one row, in its primitive cell."""
        return None if self.library is None else self.library.find(key, atoms.numbers.tolist())

    def __call__(self, key: str, atoms: Atoms) -> Float[np.ndarray, "atom input"] | None:
        """What the network is told of one row; zeros where the library has no such crystal."""
        if self.library is None:
            return None
        entry = self.entry(key, atoms)
        dos = None if entry is None else entry.dos()
        imaginary = 0.0 if entry is None else entry.imaginary
        return phonon_inputs(dos, len(atoms), imaginary)
