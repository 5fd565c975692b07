"""Eliashberg theory of several bands: ``blocks`` (α²F_ij) → ``equations`` → ``state``."""

from betenet.superconductivity.multiband.blocks import BandBlocks, densities_of
from betenet.superconductivity.multiband.state import MultibandState, multiband_state

__all__ = ["BandBlocks", "MultibandState", "densities_of", "multiband_state"]
