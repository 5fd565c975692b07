"""Crystal structures: read from anything, checked, and brought to their primitive cell.

``read_structures`` only reads, ``check_structure`` only judges, ``standardise`` only transforms;
``prepare_structures`` does the three in a row and never stops at a bad structure.
"""

from __future__ import annotations

from betenet.structures.as_read import AsRead
from betenet.structures.check import MAX_ATOMS, check_structure
from betenet.structures.convert import to_atoms
from betenet.structures.idealise import idealise
from betenet.structures.read import StructureRecord, prepare_structures, read_structures
from betenet.structures.standardise import standardise
from betenet.structures.symmetry import SiteSymmetry, find_symmetry
from betenet.structures.walk import SKIPPED_NAMES, SKIPPED_SUFFIXES

__all__ = [
    "MAX_ATOMS",
    "SKIPPED_NAMES",
    "SKIPPED_SUFFIXES",
    "AsRead",
    "SiteSymmetry",
    "StructureRecord",
    "check_structure",
    "find_symmetry",
    "idealise",
    "prepare_structures",
    "read_structures",
    "standardise",
    "to_atoms",
]
