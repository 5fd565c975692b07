from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.graphs import CrystalGraph, build_graph
from betenet.network.angular import spherical_harmonics
from betenet.network.config import NetworkConfig
from betenet.network.entries import Edges
from betenet.network.geometry import (
    SAME_DISTANCE,
    all_rows,
    crystal_geometry,
    joint_geometry,
    merged_edges,
    statistics_size,
    used_blocks,
)
from betenet.network.layout import network_layout
from betenet.network.radial import radial_basis, smooth_cutoff
from betenet.network.symmetry import Orbits
from betenet.structures import find_symmetry

LINEAR = replace(NetworkConfig(), cutoff=4.5, lmax=2, radial="linear", radial_size=5)
NETWORK = replace(LINEAR, radial="network", radial_basis="gaussian")


def low_symmetry() -> Atoms:
    atoms = bulk("TiN", "rocksalt", a=4.24, cubic=True)
    atoms.rattle(0.1, seed=1)
    return atoms


CRYSTALS = {
    "Nb": bulk("Nb", "bcc", a=3.3),
    "ZnO": bulk("ZnO", "wurtzite", a=3.25, c=5.21),
    "TiN": low_symmetry(),
}


def graph_of(name: str) -> CrystalGraph:
    return build_graph(CRYSTALS[name], LINEAR.cutoff)


def merged(graph: CrystalGraph, config: NetworkConfig) -> Edges:
    """Into every atom."""
    return merged_edges(graph, config, Orbits.single(graph.n_sites))


def edge_terms(graph: CrystalGraph, config: NetworkConfig) -> tuple[np.ndarray, np.ndarray]:
    """Length and cutoff × harmonics of each edge as it comes."""
    lengths = np.linalg.norm(graph.vectors, axis=1)
    envelope = smooth_cutoff(config, lengths)[:, None]
    return lengths, envelope * spherical_harmonics(config.lmax, graph.vectors)


def lengths_of(edges: Edges) -> np.ndarray:
    """Of each edge [Å]."""
    return edges.lengths[edges.distances] * SAME_DISTANCE


@pytest.mark.parametrize("name", CRYSTALS)
def test_linear_edges_are_the_sum_over_all_images(name: str) -> None:
    graph = graph_of(name)
    lengths, harmonics = edge_terms(graph, LINEAR)
    n = graph.n_sites
    expected = np.zeros((n, n, LINEAR.radial_size, 9))
    np.add.at(
        expected,
        (graph.receivers, graph.senders),
        radial_basis(LINEAR, lengths)[:, :, None] * harmonics[:, None, :],
    )
    edges = merged(graph, LINEAR)
    found = np.zeros_like(expected)
    found[edges.receivers, edges.senders] = edges.harmonics
    assert len(np.unique(edges.receivers * n + edges.senders)) == len(edges.receivers)
    assert len(edges.receivers) < len(graph.receivers)
    assert np.abs(found - expected).max() < 1e-12
    assert edges.lengths.tolist() == [0]
    assert not edges.distances.any()


@pytest.mark.parametrize("name", CRYSTALS)
def test_edges_of_a_radial_network_merge_at_equal_distance(name: str) -> None:
    graph = graph_of(name)
    lengths, harmonics = edge_terms(graph, NETWORK)
    expected: dict[tuple[int, int, float], np.ndarray] = {}
    for i, j, length, row in zip(graph.receivers, graph.senders, lengths, harmonics, strict=True):
        key = (int(i), int(j), round(float(length), 6))
        expected[key] = expected.get(key, 0) + row
    edges = merged(graph, NETWORK)
    found = {
        (int(i), int(j), round(float(length), 6)): row[0]
        for i, j, length, row in zip(
            edges.receivers, edges.senders, lengths_of(edges), edges.harmonics, strict=True
        )
    }
    assert len(edges.receivers) == len(found)
    assert found.keys() == expected.keys()
    assert max(np.abs(found[key] - expected[key]).max() for key in found) < 1e-12


def test_symmetry_makes_few_distances() -> None:
    """bcc within 4.5 Å: the atom itself and two shells; all bonds of a shell are one edge."""
    edges = merged(graph_of("Nb"), NETWORK)
    assert np.allclose(lengths_of(edges), [0.0, 3.3 * 3**0.5 / 2, 3.3])
    shells = np.array([1, 8, 6]) * smooth_cutoff(NETWORK, lengths_of(edges))
    assert np.allclose(edges.harmonics[:, 0, 0], shells)
    assert np.abs(edges.harmonics[:, 0, 1:4]).max() < 1e-12


@pytest.mark.parametrize("config", [LINEAR, NETWORK], ids=["linear", "network"])
def test_under_symmetry_only_edges_into_one_atom_of_each_orbit_are_left(
    config: NetworkConfig,
) -> None:
    atoms = CRYSTALS["ZnO"][[2, 0, 1, 3]]  # first Zn, then O: the second site is the third atom
    graph = build_graph(atoms, config.cutoff)
    orbits = Orbits.of(find_symmetry(atoms))
    assert len(orbits.sites) == 2
    few, all_ = merged_edges(graph, config, orbits), merged(graph, config)
    kept = np.isin(all_.receivers, orbits.sites)
    assert (orbits.sites[few.receivers] == all_.receivers[kept]).all()
    assert (few.senders == all_.senders[kept]).all()
    assert np.allclose(lengths_of(few), lengths_of(all_)[kept], rtol=0, atol=2 * SAME_DISTANCE)
    assert np.abs(few.harmonics - all_.harmonics[kept]).max() < 1e-12


def test_sites_are_one_atom_of_each_orbit() -> None:
    atoms = CRYSTALS["ZnO"][[2, 0, 1, 3]]
    graph = build_graph(atoms, LINEAR.cutoff)
    found = crystal_geometry(graph, LINEAR, find_symmetry(atoms))
    assert len(found.site_of) == 4
    assert (found.numbers[found.site_of] == atoms.numbers).all()
    assert len(found.numbers) == 2
    every = crystal_geometry(graph, LINEAR)
    assert (every.numbers == atoms.numbers).all()
    assert (every.site_of == np.arange(4)).all()
    assert (found.statistics == every.statistics).all()


@pytest.mark.parametrize("config", [LINEAR, NETWORK], ids=["linear", "network"])
@pytest.mark.parametrize("symmetry", [False, True], ids=["every atom", "symmetry"])
def test_several_crystals_at_once_are_one_after_the_other(
    config: NetworkConfig, symmetry: bool
) -> None:
    groups = [find_symmetry(atoms) for atoms in CRYSTALS.values()] if symmetry else None
    graphs = [graph_of(name) for name in CRYSTALS]
    together = joint_geometry(graphs, config, groups)
    alone = [
        crystal_geometry(graph, config, groups[k] if groups else None)
        for k, graph in enumerate(graphs)
    ]
    assert together.counts.tolist() == [len(atoms) for atoms in CRYSTALS.values()]
    assert len(together.site_of) == sum(len(crystal.site_of) for crystal in alone)
    joined = np.concatenate([np.full(len(c.numbers), k) for k, c in enumerate(alone)])
    assert (together.crystal == joined).all()
    assert (together.numbers == np.concatenate([c.numbers for c in alone])).all()
    assert (together.statistics == np.concatenate([c.statistics for c in alone])).all()
    sites = np.cumsum([0] + [len(c.numbers) for c in alone])
    shifted = [c.site_of + start for c, start in zip(alone, sites, strict=False)]
    assert (together.site_of == np.concatenate(shifted)).all()
    for irrep, row_sites in together.rows.items():
        shifted = [c.rows[irrep] + start for c, start in zip(alone, sites, strict=False)]
        assert (row_sites == np.concatenate(shifted)).all()
    for block, entries in together.entries.items():
        parts = [crystal.entries[block] for crystal in alone]
        targets, senders = (
            np.cumsum([0] + [len(crystal.rows[irrep]) for crystal in alone])
            for irrep in (block.target, block.source)
        )
        pairs = list(zip(parts, targets, senders, strict=False))
        assert (entries.targets == np.concatenate([p.targets + t for p, t, _ in pairs])).all()
        assert (entries.senders == np.concatenate([p.senders + s for p, _, s in pairs])).all()
        assert (entries.distances == np.concatenate([p.distances for p in parts])).all()
        difference = entries.weights - np.concatenate([p.weights for p in parts])
        assert np.abs(difference).max(initial=0.0) < 1e-12


def test_without_symmetry_rows_are_the_components_of_every_site() -> None:
    found = all_rows([graph_of("ZnO")], LINEAR)
    for (degree, _), row_sites in found.rows.items():
        assert row_sites.tolist() == np.repeat(range(4), 2 * degree + 1).tolist()


def test_blocks_are_those_that_are_computed() -> None:
    """Of four layers: nothing leads to what the last one cannot use."""
    config = replace(LINEAR, parity="full", layers=4, lmax=1)
    layouts = network_layout(config)
    for layout in layouts:
        for block in layout.blocks:
            if block.target in layout.live:
                assert block in used_blocks(config)
    assert len(set(used_blocks(config))) == len(used_blocks(config))
    targets = {block.target for block in used_blocks(config)}
    assert targets == {irrep for layout in layouts for irrep in layout.live}


def test_statistics_hold_composition_and_volume() -> None:
    loose = CRYSTALS["ZnO"].copy()
    loose.set_cell(loose.cell * 1.1, scale_atoms=True)
    tight, wide = (
        crystal_geometry(build_graph(atoms, 4.5), LINEAR).statistics
        for atoms in (CRYSTALS["ZnO"], loose)
    )
    assert tight.shape == (1, statistics_size(LINEAR))
    changed = np.abs(wide - tight) > 1e-12
    assert changed.sum() == 1
    assert (wide - tight)[changed] == pytest.approx(3 * np.log(1.1))


def test_no_statistics_without_composition() -> None:
    config = replace(LINEAR, composition=False)
    assert statistics_size(config) == 0
    assert crystal_geometry(graph_of("Nb"), config).statistics.shape == (1, 0)
