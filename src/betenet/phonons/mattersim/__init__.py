"""MatterSim's force field (M3GNet) in code of our own: fast on a CPU, without its library.

``fetch_weights`` downloads the parameters once, on request; ``find_weights`` says where they lie.
"""

from __future__ import annotations

from betenet.phonons.mattersim.fetch import fetch_weights
from betenet.phonons.mattersim.weights import MODELS, find_weights

__all__ = ["MODELS", "fetch_weights", "find_weights"]
