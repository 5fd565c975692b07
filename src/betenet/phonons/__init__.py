"""Phonons of a crystal from a machine-learned force field, or from files of phonopy.

``PhononBatch`` takes files, ``compute_phonons`` structures; both stream results, with a
``PhononCache`` on disk. ``phonons`` computes one crystal, ``harmonic_phonons`` its force constants
too. ``relaxed_structures`` relaxes crystals to pressures, ``compressed`` for those who predict.
``make_force_field`` knows force fields by name
and takes any ASE calculator; ``fetch_weights`` downloads those of MatterSim.
``read_force_constants`` and ``phonons_from_phonopy`` read what phonopy has written; ``match_sites``
carries a density of states to another cell of the crystal. ``bands_of`` and ``band_structure`` give
frequencies along high-symmetry lines.
"""

from __future__ import annotations

from betenet.phonons.bands import BandLine, band_structure, bands_of
from betenet.phonons.batch import PhononBatch
from betenet.phonons.cache import PhononCache
from betenet.phonons.compute import harmonic_phonons, phonons
from betenet.phonons.entry import PhononEntry
from betenet.phonons.force_field import (
    DEFAULT,
    FORCE_FIELDS,
    WEIGHTS,
    ForceField,
    make_force_field,
)
from betenet.phonons.from_phonopy import phonons_from_phonopy
from betenet.phonons.mattersim import fetch_weights
from betenet.phonons.phonopy_files import is_phonopy_file, read_force_constants
from betenet.phonons.pressure import AS_RELAXED, compressed, relaxed_structures
from betenet.phonons.relaxed_structure import RelaxedStructure
from betenet.phonons.result import FLAGS, PhononFacts, PhononResult
from betenet.phonons.run import compute_phonons
from betenet.phonons.settings import PhononSettings
from betenet.phonons.site_matching import match_sites
from betenet.phonons.supercell_layout import SupercellLayout

__all__ = [
    "AS_RELAXED",
    "DEFAULT",
    "FLAGS",
    "FORCE_FIELDS",
    "WEIGHTS",
    "BandLine",
    "ForceField",
    "PhononBatch",
    "PhononCache",
    "PhononEntry",
    "PhononFacts",
    "PhononResult",
    "PhononSettings",
    "RelaxedStructure",
    "SupercellLayout",
    "band_structure",
    "bands_of",
    "compressed",
    "compute_phonons",
    "fetch_weights",
    "harmonic_phonons",
    "is_phonopy_file",
    "make_force_field",
    "match_sites",
    "phonons",
    "phonons_from_phonopy",
    "read_force_constants",
    "relaxed_structures",
]
