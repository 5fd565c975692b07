"""From crystals to the graphs of their atoms: one, or thousands in parallel, cached on disk.

``build_graph`` makes one; ``build_graphs`` makes many, in order and with each broken structure's
error in its place; a ``GraphCache`` keeps the pairs of atoms that were found between runs.
"""

from __future__ import annotations

from betenet.graphs.build import MAX_EDGES, build_graph
from betenet.graphs.cache import GraphCache, content_key
from betenet.graphs.graph import CrystalGraph
from betenet.graphs.parallel import build_graphs

__all__ = [
    "MAX_EDGES",
    "CrystalGraph",
    "GraphCache",
    "build_graph",
    "build_graphs",
    "content_key",
]
