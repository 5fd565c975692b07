"""Messages between rows of features against a loop over edges and components."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.graphs import CrystalGraph, build_graph
from betenet.network.angular import clebsch_gordan, spherical_harmonics
from betenet.network.config import NetworkConfig
from betenet.network.entries import Entries
from betenet.network.geometry import (
    SAME_DISTANCE,
    all_rows,
    crystal_geometry,
    used_blocks,
)
from betenet.network.layout import Block, Irrep
from betenet.network.radial import radial_basis, smooth_cutoff
from betenet.network.symmetry import Orbits, RowBasis
from betenet.structures import find_symmetry

BASE = replace(NetworkConfig(), cutoff=3.6, layers=4, width=2, radial_size=3)
SETTINGS: dict[str, dict[str, Any]] = {
    f"l{lmax}-{radial}-{'merged' if merge else 'apart'}": {
        "lmax": lmax,
        "radial": radial,
        "merge_paths": merge,
        "parity": "full" if lmax < 3 else "natural",
    }
    for lmax, radial, merge in product(range(4), ("linear", "network"), (True, False))
    if lmax > 0 or merge  # a single path
}


def distorted() -> Atoms:
    atoms = bulk("TiN", "rocksalt", a=4.24, cubic=True)
    atoms.rattle(0.1, seed=1)
    return atoms


CRYSTALS = {
    "bcc": bulk("Nb", "bcc", a=3.3),
    "bcc cubic cell": bulk("Nb", "bcc", a=3.3, cubic=True),
    "wurtzite": bulk("ZnO", "wurtzite", a=3.25, c=5.21)[[2, 0, 1, 3]],  # first Zn, then O
    "distorted": distorted(),
}
every_crystal = pytest.mark.parametrize("name", CRYSTALS)
every_setting = pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)


def distances_of(graph: CrystalGraph) -> np.ndarray:
    """As integers."""
    return np.round(np.linalg.norm(graph.vectors, axis=1) / SAME_DISTANCE).astype(np.int64)


def brute_force(block: Block, graph: CrystalGraph, config: NetworkConfig) -> np.ndarray:
    """(target row, sender row, distance, degree · basis), without any symmetry.

    A linear radial function does not tell distances apart and has the basis in its weights.
    """
    lengths = np.linalg.norm(graph.vectors, axis=1)
    known, distance = np.unique(distances_of(graph), return_inverse=True)
    basis = radial_basis(config, lengths)
    if config.radial == "linear":
        known, distance = known[:1], np.zeros_like(distance)
    else:
        basis = np.ones((len(lengths), 1))
    harmonics = smooth_cutoff(config, lengths)[:, None] * spherical_harmonics(3, graph.vectors)
    source, target = block.source[0], block.target[0]
    n, n_from, n_to = graph.n_sites, 2 * source + 1, 2 * target + 1
    parts = []
    for degree in block.degrees:
        table = clebsch_gordan(source, degree, target)
        columns = harmonics[:, degree**2 : (degree + 1) ** 2]
        part = np.zeros((n, n_to, n, n_from, len(known), basis.shape[1]))
        for m_to, m_from in product(range(n_to), range(n_from)):
            angular = columns @ table[m_from, :, m_to]
            place = (graph.receivers, m_to, graph.senders, m_from, distance)
            np.add.at(part, place, angular[:, None] * basis)
        parts.append(part.reshape(n * n_to, n * n_from, len(known), -1))
    return np.concatenate(parts, axis=3)


def dense(entries: Entries, shape: tuple[int, int], known: np.ndarray) -> np.ndarray:
    """(target row, sender row, distance, degree · basis)."""
    table = np.zeros((*shape, len(known), entries.weights.shape[1]))
    distances = np.searchsorted(known, entries.distances)
    assert (known[distances] == entries.distances).all()
    np.add.at(table, (entries.targets, entries.senders, distances), entries.weights)
    return table


def known_distances(graph: CrystalGraph, config: NetworkConfig) -> np.ndarray:
    return np.zeros(1, dtype=int) if config.radial == "linear" else np.unique(distances_of(graph))


@every_setting
@every_crystal
def test_entries_are_the_sums_over_all_edges(name: str, changes: dict[str, Any]) -> None:
    config = replace(BASE, **changes)
    graph = build_graph(CRYSTALS[name], config.cutoff)
    found = all_rows([graph], config)
    assert list(found.entries) == used_blocks(config)
    for block, entries in found.entries.items():
        expected = brute_force(block, graph, config)
        shape = (len(found.rows[block.target]), len(found.rows[block.source]))
        table = dense(entries, shape, known_distances(graph, config))
        assert table.shape == expected.shape
        assert np.abs(table - expected).max() < 1e-10 * max(1.0, np.abs(expected).max())


@every_setting
@every_crystal
def test_entries_are_few_and_in_order(name: str, changes: dict[str, Any]) -> None:
    """Sorted by target; no zero, and none twice."""
    config = replace(BASE, **changes)
    graph = build_graph(CRYSTALS[name], config.cutoff)
    for entries in all_rows([graph], config).entries.values():
        assert (np.diff(entries.targets) >= 0).all()
        assert (np.abs(entries.weights).max(axis=1, initial=0.0) > 1e-10).all()
        rows = np.column_stack([entries.targets, entries.senders, entries.distances])
        assert len(np.unique(rows, axis=0)) == len(rows)


def expansion(irrep: Irrep, atoms: Atoms) -> tuple[RowBasis, np.ndarray]:
    """From the rows that symmetry leaves to all components of all atoms."""
    group = find_symmetry(atoms)
    orbits = Orbits.of(group)
    basis = RowBasis.reduced(irrep, [(group, orbits)], orbits)
    components = 2 * irrep[0] + 1
    table = np.ones((len(atoms), 1, 1)) if basis.atoms is None else basis.atoms
    matrix = np.zeros((len(atoms) * components, basis.sizes.sum()))
    for atom, site in enumerate(orbits.site_of):
        start, size = basis.starts[site], basis.sizes[site]
        rows = slice(atom * components, (atom + 1) * components)
        matrix[rows, start : start + size] = table[atom][:, :size]
    return basis, matrix


@every_setting
@pytest.mark.parametrize("name", ["bcc cubic cell", "wurtzite"])
def test_symmetric_features_send_the_same_messages(name: str, changes: dict[str, Any]) -> None:
    """Expanding the rows and sending to every atom is sending between rows and expanding."""
    config, atoms = replace(BASE, **changes), CRYSTALS[name]
    graph = build_graph(atoms, config.cutoff)
    found = crystal_geometry(graph, config, find_symmetry(atoms))
    known = known_distances(graph, config)
    for block, entries in found.entries.items():
        (source, before), (target, after) = (
            expansion(i, atoms) for i in (block.source, block.target)
        )
        assert (found.rows[block.source] == source.row_sites).all()
        assert (found.rows[block.target] == target.row_sites).all()
        table = dense(entries, (after.shape[1], before.shape[1]), known)
        full = np.einsum("tsdb,sr->trdb", brute_force(block, graph, config), before)
        assert np.abs(np.einsum("tr,rsdb->tsdb", after, table) - full).max(initial=0.0) < 1e-9


def test_symmetry_leaves_few_entries() -> None:
    config = replace(BASE, lmax=2)
    atoms = CRYSTALS["bcc cubic cell"]
    graph = build_graph(atoms, config.cutoff)
    few = all_rows([graph], config, [find_symmetry(atoms)])
    many = all_rows([graph], config)
    sent, sent_by_all = (sum(len(e.targets) for e in c.entries.values()) for c in (few, many))
    assert sent == 1  # scalars of one site to themselves
    assert sent_by_all > 30
    assert len(few.site_of) == len(many.site_of) == 2
