from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk

from betenet.graphs import CrystalGraph, build_graph
from betenet.network.angular import spherical_harmonics
from betenet.network.config import NetworkConfig
from betenet.network.geometry import collate, crystal_geometry, statistics_size
from betenet.network.radial import radial_basis, smooth_cutoff

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


def edge_terms(graph: CrystalGraph, config: NetworkConfig) -> tuple[np.ndarray, np.ndarray]:
    """Length and cutoff × harmonics of each edge as it comes."""
    lengths = np.linalg.norm(graph.vectors, axis=1)
    envelope = smooth_cutoff(config, lengths)[:, None]
    return lengths, envelope * spherical_harmonics(config.lmax, graph.vectors)


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
    merged = crystal_geometry(graph, LINEAR)
    found = np.zeros_like(expected)
    found[merged.receivers, merged.senders] = merged.harmonics
    assert len(np.unique(merged.receivers * n + merged.senders)) == len(merged.receivers)
    assert len(merged.receivers) < len(graph.receivers)
    assert np.abs(found - expected).max() < 1e-12


@pytest.mark.parametrize("name", CRYSTALS)
def test_edges_of_a_radial_network_merge_at_equal_distance(name: str) -> None:
    graph = graph_of(name)
    lengths, harmonics = edge_terms(graph, NETWORK)
    expected: dict[tuple[int, int, float], np.ndarray] = {}
    for i, j, length, row in zip(graph.receivers, graph.senders, lengths, harmonics, strict=True):
        key = (int(i), int(j), round(float(length), 6))
        expected[key] = expected.get(key, 0) + row
    merged = crystal_geometry(graph, NETWORK)
    found = {
        (int(i), int(j), round(float(length), 6)): row[0]
        for i, j, length, row in zip(
            merged.receivers, merged.senders, merged.lengths, merged.harmonics, strict=True
        )
    }
    assert len(merged.lengths) == len(found)
    assert found.keys() == expected.keys()
    assert max(np.abs(found[key] - expected[key]).max() for key in found) < 1e-12


def test_symmetry_makes_few_distances() -> None:
    """bcc within 4.5 Å: the atom itself and two shells; all bonds of a shell are one edge."""
    merged = crystal_geometry(graph_of("Nb"), NETWORK)
    assert np.allclose(merged.lengths, [0.0, 3.3 * 3**0.5 / 2, 3.3])
    shells = np.array([1, 8, 6]) * smooth_cutoff(NETWORK, merged.lengths)
    assert np.allclose(merged.harmonics[:, 0, 0], shells)
    assert np.abs(merged.harmonics[:, 0, 1:4]).max() < 1e-12


@pytest.mark.parametrize("config", [LINEAR, NETWORK], ids=["linear", "network"])
def test_batch_holds_its_crystals_one_after_the_other(config: NetworkConfig) -> None:
    single = [crystal_geometry(graph_of(name), config) for name in CRYSTALS]
    batch = collate(single, config, torch.float64)
    counts = [len(crystal.numbers) for crystal in single]
    assert batch.n_crystals == len(single)
    assert batch.counts.tolist() == counts
    assert batch.crystal.tolist() == np.repeat(range(len(single)), counts).tolist()
    assert batch.numbers.tolist() == np.concatenate([c.numbers for c in single]).tolist()
    start = edge = 0
    for crystal, count in zip(single, counts, strict=True):
        edges = slice(edge, edge + len(crystal.receivers))
        assert (batch.receivers[edges].numpy() - start == crystal.receivers).all()
        assert (batch.senders[edges].numpy() - start == crystal.senders).all()
        assert (batch.harmonics[edges].numpy() == crystal.harmonics).all()
        if config.radial == "network":
            assert batch.distinct is not None
            assert batch.basis is not None
            basis = batch.basis[batch.distinct[edges]].numpy()
            assert np.allclose(basis, radial_basis(config, crystal.lengths), atol=1e-7)
        start, edge = start + count, edges.stop
    assert edge == len(batch.receivers)


def test_sites_are_grouped_by_element() -> None:
    batch = collate([crystal_geometry(graph_of(name), LINEAR) for name in CRYSTALS], LINEAR)
    assert batch.present.tolist() == [7, 8, 22, 30, 41]
    assert (batch.present[batch.species] == batch.numbers).all()
    sites = torch.arange(len(batch.numbers))
    assert (batch.slots.reshape(-1)[batch.places] == sites).all()
    for row, number in zip(batch.slots, batch.present, strict=True):
        filled = row[row < len(sites)]
        assert (batch.numbers[filled] == number).all()
    assert int((batch.slots < len(sites)).sum()) == len(sites)


def test_statistics_hold_composition_and_volume() -> None:
    loose = CRYSTALS["ZnO"].copy()
    loose.set_cell(loose.cell * 1.1, scale_atoms=True)
    tight, wide = (
        crystal_geometry(build_graph(atoms, 4.5), LINEAR).statistics
        for atoms in (CRYSTALS["ZnO"], loose)
    )
    assert tight.shape == (statistics_size(LINEAR),)
    changed = np.abs(wide - tight) > 1e-12
    assert changed.sum() == 1
    assert (wide - tight)[changed] == pytest.approx(3 * np.log(1.1))


def test_no_statistics_without_composition() -> None:
    config = replace(LINEAR, composition=False)
    assert statistics_size(config) == 0
    batch = collate([crystal_geometry(graph_of(name), config) for name in CRYSTALS], config)
    assert batch.statistics.shape == (len(CRYSTALS), 0)


def test_precision_is_that_asked_for() -> None:
    single = crystal_geometry(graph_of("Nb"), NETWORK)
    for dtype in (torch.float32, torch.float64):
        batch = collate([single], NETWORK, dtype)
        assert batch.basis is not None
        assert {batch.harmonics.dtype, batch.basis.dtype, batch.statistics.dtype} == {dtype}
