"""Rows that networks can learn from: their graphs and geometries, and the rows that are refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from betenet.datasets.rows import Row
from betenet.errors import BetenetError
from betenet.graphs import CrystalGraph, build_graph
from betenet.network.config import NetworkConfig
from betenet.network.geometry import CrystalGeometry, crystal_geometry
from betenet.structures import check_structure, find_symmetry, standardise


@dataclass(frozen=True, slots=True)
class UsableRows:
    """Rows with what a network sees of them.

    Attributes
    ----------
    rows, graphs, crystals
        Usable rows, their graphs and their geometries.
    refused
        Rows that could not be used, with the reason.
    """

    rows: list[Row]
    graphs: list[CrystalGraph]
    crystals: list[CrystalGeometry]
    refused: list[str]


def usable_rows(rows: Iterable[Row], config: NetworkConfig) -> UsableRows:
    """Check every row, and build what the networks need of those that can be used.

    Parameters
    ----------
    rows
        Rows of any source.
    config
        Settings of the networks.
    """
    found = UsableRows([], [], [], [])
    for row in rows:
        try:
            check_structure(row.atoms)
            atoms = standardise(row.atoms)
            graph = build_graph(atoms, config.cutoff)
        except BetenetError as error:
            found.refused.append(f"{row.id}: {error.summary}")
            continue
        found.rows.append(row)
        found.graphs.append(graph)
        # The search for the symmetry pays off over epochs and members.
        found.crystals.append(crystal_geometry(graph, config, find_symmetry(atoms)))
    return found
