"""MatterSim's force field (M3GNet) in code of our own: fast on a CPU, without its library.

The parameters of ``mattersim-1m`` are part of this package (MIT licence of MatterSim, in
``LICENSE-MatterSim.txt``). ``fetch_weights`` downloads others once, on request; ``find_weights``
says where they lie.
"""

from __future__ import annotations

from betenet.phonons.mattersim.fetch import fetch_weights
from betenet.phonons.mattersim.weights import MODELS, find_weights

__all__ = ["MODELS", "fetch_weights", "find_weights"]
