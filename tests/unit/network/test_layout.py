from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from betenet.network.config import NetworkConfig
from betenet.network.layout import SCALAR, irrep_name, network_layout

CASES = list(product(range(4), ("natural", "full"), (False, True)))


def config_of(lmax: int, parity: Any, merge_paths: bool, layers: int = 4) -> NetworkConfig:
    return replace(
        NetworkConfig(), lmax=lmax, parity=parity, merge_paths=merge_paths, layers=layers, width=5
    )


def named(channels: dict[tuple[int, int], int]) -> dict[str, int]:
    return {irrep_name(irrep): count for irrep, count in channels.items()}


def test_published_layers() -> None:
    first, second, last = network_layout(NetworkConfig.paper())
    assert named(first.inputs) == {"0e": 64}
    assert named(first.outputs) == {"0e": 64, "1o": 32}
    assert named(first.features) == {"0e": 32, "1o": 32}
    assert named(second.outputs) == {"0e": 96, "1o": 32, "1e": 32}
    assert named(second.features) == {"0e": 32, "1o": 32, "1e": 32}
    assert named(last.outputs) == {"0e": 51}
    radial = [sum(layer.inputs[b.source] for b in layer.blocks) for layer in (first, second, last)]
    assert radial == [128, 160, 64]
    assert [block.name for block in second.blocks] == [
        "0ex0-0e",
        "0ex1-1o",
        "1ox1-0e",
        "1ox0-1o",
        "1ox1-1e",
    ]


def test_published_dead_channel() -> None:
    first, second, last = network_layout(NetworkConfig.paper())
    assert {irrep_name(irrep) for irrep in first.live} == {"0e", "1o"}
    assert {irrep_name(irrep) for irrep in second.live} == {"0e", "1o"}
    assert last.live == {SCALAR}


@pytest.mark.parametrize(("lmax", "parity", "merge_paths"), CASES)
def test_every_product_obeys_the_selection_rules(lmax: int, parity: str, merge_paths: bool) -> None:
    for layer in network_layout(config_of(lmax, parity, merge_paths)):
        for block in layer.blocks:
            (l1, p1), (l3, p3) = block.source, block.target
            assert block.source in layer.inputs
            assert block.target in layer.outputs
            for degree in block.degrees:
                assert abs(l1 - degree) <= l3 <= l1 + degree
                assert p1 * (-1) ** degree == p3
                assert degree <= lmax
        names = [block.name for block in layer.blocks]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(("lmax", "parity"), list(product(range(4), ("natural", "full"))))
def test_no_product_is_missing(lmax: int, parity: str) -> None:
    for layer in network_layout(config_of(lmax, parity, merge_paths=False)):
        found = {(block.source, block.degrees[0], block.target) for block in layer.blocks}
        expected = {
            (source, degree, target)
            for source in layer.inputs
            for degree in range(lmax + 1)
            for target in layer.outputs
            if abs(source[0] - degree) <= target[0] <= source[0] + degree
            and source[1] * (-1) ** degree == target[1]
        }
        assert found == expected


@pytest.mark.parametrize(("lmax", "parity"), list(product(range(4), ("natural", "full"))))
def test_representations_that_are_reached(lmax: int, parity: str) -> None:
    layers = network_layout(config_of(lmax, parity, merge_paths=True))
    natural = {(degree, (-1) ** degree) for degree in range(lmax + 1)}
    assert set(layers[0].features) == natural
    unnatural = {(degree, -((-1) ** degree)) for degree in range(1, lmax + 1)}
    # 0o needs a pseudo-vector to come from, so it appears one layer later.
    assert set(layers[1].features) == natural | (unnatural if parity == "full" else set())
    later = unnatural | {(0, -1)} if parity == "full" and lmax > 0 else set()
    assert set(layers[2].features) == natural | later
    for layer in layers[:-1]:
        gated = len(layer.features) - 1
        assert layer.outputs[SCALAR] == 5 * (1 + gated)
    assert set(layers[-1].features) == {SCALAR}


@pytest.mark.parametrize(("lmax", "parity"), list(product(range(4), ("natural", "full"))))
def test_merged_paths_are_the_same_paths(lmax: int, parity: str) -> None:
    apart = network_layout(config_of(lmax, parity, merge_paths=False))
    merged = network_layout(config_of(lmax, parity, merge_paths=True))
    for one, other in zip(apart, merged, strict=True):
        paths = {(b.source, b.degrees[0], b.target) for b in one.blocks}
        assert paths == {(b.source, d, b.target) for b in other.blocks for d in b.degrees}
        assert len({(b.source, b.target) for b in other.blocks}) == len(other.blocks)
        for target in other.outputs:
            sources = [b.source for b in other.arriving(target)]
            assert other.mid_channels(target) == sum(other.inputs[s] for s in sources)


def test_pseudo_vectors_live_where_they_can_come_back() -> None:
    """A pseudo-vector turns into a vector in one layer, and that into a scalar in the next."""
    live = [layer.live for layer in network_layout(config_of(1, "full", merge_paths=True))]
    pseudo_vector = (1, 1)
    assert pseudo_vector in live[1]
    assert pseudo_vector not in live[2]
    assert live[3] == {SCALAR}


def test_gates_of_what_is_of_no_use_are_no_live_channels() -> None:
    first, second, last = network_layout(NetworkConfig.paper())
    assert first.live_channels(SCALAR) == first.outputs[SCALAR] == 64
    # pseudo-vectors cannot reach scalars in one more layer
    assert (1, 1) in second.outputs
    assert (1, 1) not in second.live
    assert (second.live_channels(SCALAR), second.outputs[SCALAR]) == (64, 96)
    assert last.live_channels(SCALAR) == 51
