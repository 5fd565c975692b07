from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor

from betenet.graphs import build_graph
from betenet.network.batch import Geometry, collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import CrystalGeometry, crystal_geometry, joint_geometry
from betenet.network.layers import message, radial_functions
from betenet.network.layout import SCALAR, network_layout
from betenet.network.model import initialise, member_parameters
from betenet.network.sparse import SparseMap
from betenet.structures import find_symmetry

LAYER = 2  # the first one that all representations enter
LINEAR = replace(NetworkConfig(), cutoff=4.0, lmax=2, layers=4, width=2, embedding=3, radial_size=3)
NETWORK = replace(LINEAR, radial="network", radial_basis="gaussian", radial_hidden=5)
CONFIGS = {
    "linear": LINEAR,
    "network": NETWORK,
    "network, paths apart": replace(NETWORK, merge_paths=False),
}
every_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
symmetric = pytest.mark.parametrize("use", [False, True], ids=["every atom", "symmetry"])


def perovskite() -> Atoms:
    """Oxygen apart from its kind, so that orbits are not contiguous."""
    places = [(0.5, 0.5, 0), (0, 0, 0), (0.5, 0, 0.5), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
    return Atoms("OSrOTiO", scaled_positions=places, cell=[3.9, 3.9, 3.9], pbc=True)


def distorted() -> Atoms:
    atoms = bulk("TiN", "rocksalt", a=4.24)
    atoms.rattle(0.1, seed=1)
    return atoms


CRYSTALS = [
    bulk("Nb", "bcc", a=3.3),
    perovskite(),
    bulk("ZnO", "wurtzite", a=3.25, c=5.21),
    bulk("Nb", "fcc", a=4.2, cubic=True),
    distorted(),
]


def geometries(config: NetworkConfig, use: bool) -> list[CrystalGeometry]:
    return [
        crystal_geometry(
            build_graph(atoms, config.cutoff), config, find_symmetry(atoms) if use else None
        )
        for atoms in CRYSTALS
    ]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def chosen(gather: SparseMap | None) -> list[int]:
    """Columns of a map that gathers."""
    assert gather is not None
    assert gather.gathers
    return gather.columns.tolist()


def joined(parts: list[np.ndarray], sizes: list[int]) -> list[int]:
    """Indices of each crystal behind those of the ones before."""
    starts = np.cumsum([0, *sizes])
    return [int(k + start) for part, start in zip(parts, starts, strict=False) for k in part]


@symmetric
@every_config
def test_crystals_stand_one_after_the_other(config: NetworkConfig, use: bool) -> None:
    single = geometries(config, use)
    batch = collate(single, config, torch.float64)
    sites = [len(crystal.numbers) for crystal in single]
    assert (sum(sites) < sum(map(len, CRYSTALS))) == use
    assert len(batch.counts) == len(single)
    assert batch.counts.tolist() == [len(atoms) for atoms in CRYSTALS]
    assert batch.crystal.tolist() == np.repeat(range(len(single)), sites).tolist()
    assert batch.numbers.tolist() == np.concatenate([c.numbers for c in single]).tolist()
    assert chosen(batch.expand) == joined([c.site_of for c in single], sites)
    for irrep, rows in batch.rows.items():
        assert chosen(rows.site) == joined([c.rows[irrep] for c in single], sites)
    statistics = np.concatenate([c.statistics for c in single])
    assert np.array_equal(batch.statistics.numpy(), statistics)


@symmetric
@every_config
def test_messages_of_a_crystal_do_not_depend_on_the_batch(config: NetworkConfig, use: bool) -> None:
    """Features of one crystal reach that crystal alone, as they do by themselves."""
    single = geometries(config, use)
    layout = network_layout(config)[LAYER]
    parameters = member_parameters(initialise(config, [0], torch.float64), 0)

    def messages(g: Geometry, x: dict[Any, Tensor]) -> dict[Any, Tensor]:
        functions = radial_functions(config, parameters, f"layers.{LAYER}", layout, g)
        return {
            block: message(g.later[block], functions[block], x[block.source]) for block in functions
        }

    batch = collate(single, config, torch.float64)
    features = {
        irrep: [random(len(c.rows[irrep]), 2, seed=k) for k, c in enumerate(single)]
        for irrep in layout.inputs
    }
    together = messages(batch, {irrep: torch.cat(parts) for irrep, parts in features.items()})
    assert together
    for k, crystal in enumerate(single):
        own = {irrep: parts[k] for irrep, parts in features.items()}
        alone = messages(collate([crystal], config, torch.float64), own)
        for block, expected in alone.items():
            start = sum(len(c.rows[block.target]) for c in single[:k])
            found = together[block][start : start + len(expected)]
            assert torch.allclose(found, expected, rtol=0, atol=1e-12)


@symmetric
@every_config
def test_crystals_prepared_together_make_the_same_batch(config: NetworkConfig, use: bool) -> None:
    graphs = [build_graph(atoms, config.cutoff) for atoms in CRYSTALS]
    groups = [find_symmetry(atoms) for atoms in CRYSTALS]
    single = geometries(config, use)
    first = joint_geometry(graphs[:3], config, groups[:3] if use else None)
    expected, found = (
        collate(parts, config, torch.float64) for parts in (single, [first, *single[3:]])
    )
    for name in ("numbers", "crystal", "counts", "statistics"):
        assert torch.equal(getattr(found, name), getattr(expected, name)), name
    x = random(len(found.numbers), 2)
    assert torch.equal(found.pool @ x, expected.pool @ x)
    assert torch.equal(found.expand @ x, expected.expand @ x)
    for block, messages in expected.later.items():
        rows = random(messages.send.shape[1], 2)
        sent = messages.send @ rows
        assert torch.equal(found.later[block].send @ rows, sent)
        arrived = found.later[block].receive @ sent
        assert torch.allclose(arrived, messages.receive @ sent, rtol=0, atol=1e-12)


@symmetric
@every_config
def test_first_layer_sends_from_elements(config: NetworkConfig, use: bool) -> None:
    """The same messages as from sites that hold what their element has."""
    layout = network_layout(config)[0]
    parameters = member_parameters(initialise(config, [0], torch.float64), 0)
    batch = collate(geometries(config, use), config, torch.float64)
    later_too = collate(geometries(config, use), config, torch.float64).later
    functions = radial_functions(config, parameters, "layers.0", layout, batch)
    x = random(len(batch.present), config.embedding)
    compared = 0
    for block in functions.keys() & later_too.keys():
        found = message(batch.first[block], functions[block], x)
        expected = message(later_too[block], functions[block], batch.rows[SCALAR].element @ x)
        assert torch.allclose(found, expected, rtol=0, atol=1e-12)
        compared += 1
    assert compared == 3  # to scalars, vectors and tensors


@symmetric
def test_elements(use: bool) -> None:
    batch = collate(geometries(LINEAR, use), LINEAR)
    assert batch.present.tolist() == [7, 8, 22, 30, 38, 41]
    assert chosen(batch.first_rows.element) == list(range(6))
    assert batch.first_rows.site is None
    for rows in batch.rows.values():
        sites = torch.as_tensor(chosen(rows.site), dtype=torch.int64)
        elements = np.array(chosen(rows.element), dtype=int)
        assert batch.present[elements].tolist() == batch.numbers[sites].tolist()


@symmetric
def test_pool_is_the_mean_over_all_atoms(use: bool) -> None:
    """Under symmetry a site counts as often as there are atoms like it."""
    batch = collate(geometries(LINEAR, use), LINEAR, torch.float64)
    x = random(len(batch.numbers), 3)
    atoms = (batch.expand @ x).split([len(atoms) for atoms in CRYSTALS])
    expected = torch.stack([values.mean(dim=0) for values in atoms])
    assert torch.allclose(batch.pool @ x, expected, rtol=1e-14, atol=0)
    masses = batch.numbers.double()[:, None]
    means = [atoms.numbers.mean() for atoms in CRYSTALS]
    assert (batch.pool @ masses)[:, 0].tolist() == pytest.approx(means, rel=1e-14)


@symmetric
def test_atoms_keep_their_order(use: bool) -> None:
    batch = collate(geometries(LINEAR, use), LINEAR, torch.float64)
    numbers = batch.expand @ batch.numbers.double()[:, None]
    assert numbers[:, 0].tolist() == [n for atoms in CRYSTALS for n in atoms.numbers]


def test_statistics_may_be_absent() -> None:
    config = replace(LINEAR, composition=False)
    assert collate(geometries(config, use=True), config).statistics.shape == (len(CRYSTALS), 0)


@every_config
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_that_asked_for(config: NetworkConfig, dtype: torch.dtype) -> None:
    batch = collate(geometries(config, use=True), config, dtype)
    real = [batch.statistics, batch.pool.values]
    if batch.basis is not None:
        real.append(batch.basis)
    for messages in [*batch.first.values(), *batch.later.values()]:
        real.append(messages.receive.values)
        if isinstance(messages.radial, Tensor):
            real.append(messages.radial)
    assert (batch.basis is not None) == (config.radial == "network")
    assert {values.dtype for values in real} == {dtype}
