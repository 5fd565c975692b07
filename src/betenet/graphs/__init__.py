"""From crystals to the graphs of their atoms: ``build_graph`` makes that of one."""

from __future__ import annotations

from betenet.graphs.build import MAX_EDGES, build_graph
from betenet.graphs.graph import CrystalGraph

__all__ = ["MAX_EDGES", "CrystalGraph", "build_graph"]
