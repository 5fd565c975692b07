"""Rules by which crystals are worth a computation, of a screening or of first-principles codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from ase import Atoms

from betenet.known.insulators import LIKELY, metal_logit

BAND_GAP = "band_gap_ev"
"""Name of a band gap in tables [eV]."""
HULL_DISTANCE = "energy_above_hull_ev_per_atom"
"""Name of an energy above the convex hull in tables [eV per atom]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRule:
    """What a crystal must be to be a candidate.

    Attributes
    ----------
    most_atoms
        Number of atoms in the primitive cell.
    most_elements
        Number of different elements.
    hull_distance_max
        Largest energy above the convex hull [eV per atom].
    band_gap_max
        Largest band gap [eV].
    """

    most_atoms: int
    most_elements: int
    hull_distance_max: float
    band_gap_max: float

    def refuse(
        self,
        atoms: Atoms,
        *,
        hull_distance: float | None = None,
        band_gap: float | None = None,
        pressure: float = 0.0,
    ) -> str:
        """Why a crystal is no candidate; empty if it is one.

        Parameters
        ----------
        atoms
            Primitive cell.
        hull_distance, band_gap
            Energy above the hull [eV per atom] and band gap [eV]; None if they are not known, and
            then they refuse nothing.
        pressure
            Pressure [GPa]. Without one, what is likely an insulator by composition and structure is
            refused, too; these were learnt at ambient pressure.

        Examples
        --------
        >>> from ase.build import bulk
        >>> PAPER.refuse(bulk("Nb")), PAPER.refuse(bulk("NaCl", "rocksalt", a=5.64))
        ('', 'likely an insulator')
        """
        elements = np.unique(np.asarray(atoms.numbers)).size
        if elements > self.most_elements:
            return f"has {elements} elements, more than {self.most_elements}"
        for value, most, what in (
            (band_gap, self.band_gap_max, "band gap is {:g} eV"),
            (hull_distance, self.hull_distance_max, "energy above the hull is {:g} eV per atom"),
        ):
            if value is not None and value > most:
                return f"its {what.format(value)}, above {most:g}"
        if len(atoms) > self.most_atoms:
            return f"has {len(atoms)} atoms in the primitive cell, more than {self.most_atoms}"
        insulator = pressure == 0.0 and metal_logit(atoms) < LIKELY
        return "likely an insulator" if insulator else ""


PAPER = CandidateRule(most_atoms=8, most_elements=4, hull_distance_max=0.05, band_gap_max=0.0)
"""What Gibson et al., npj Comput. Mater. 11, 7 (2025), calculated and screened: metals of at most
eight atoms and fewer than five elements, less than 50 meV per atom above the hull."""

CANDIDATE_RULES: Mapping[str, CandidateRule] = MappingProxyType({"paper": PAPER})
"""Rules by their name: sets of filters of a screening, and rules of a campaign."""
