"""Where each number of a published state dict belongs, against e3nn's own modules."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from betenet.ensemble.published_layout import (
    check_state,
    convert_member,
    listed,
    published_config,
    published_shapes,
)
from betenet.errors import ModelError
from betenet.network.config import NetworkConfig
from betenet.network.model import parameter_shapes

State = dict[str, Tensor]
CSO = NetworkConfig.paper()
PHONONS = replace(CSO, site_inputs=CSO.frequency_count)


@pytest.fixture(scope="module")
def network(paper: Any) -> Any:
    return paper.published_network()


@pytest.fixture(scope="module")
def state(network: Any) -> State:
    return dict(network.state_dict())


def test_names_and_shapes_are_those_of_e3nn(network: Any) -> None:
    weights = {name: tuple(value.shape) for name, value in network.named_parameters()}
    assert published_shapes(CSO) == weights


@pytest.mark.parametrize(
    ("config", "count"), [(CSO, 2_456_312), (PHONONS, 2_459_576)], ids=["CSO", "CPD"]
)
def test_number_of_weights_is_the_published_one(config: NetworkConfig, count: int) -> None:
    assert sum(math.prod(shape) for shape in published_shapes(config).values()) == count


@pytest.mark.parametrize("config", [CSO, PHONONS], ids=["CSO", "CPD"])
def test_inputs_of_the_embedding_tell_the_models_apart(config: NetworkConfig) -> None:
    state = {name: torch.zeros(shape) for name, shape in published_shapes(config).items()}
    assert published_config(state) == config
    check_state(state, config, Path("x.pt"))


def test_every_number_is_kept() -> None:
    numbered: State = {}
    start = 0
    for name, shape in published_shapes(CSO).items():
        size = math.prod(shape)
        numbered[name] = torch.arange(start, start + size, dtype=torch.float64).reshape(shape)
        start += size
    member = convert_member(numbered, CSO)
    assert {n: tuple(v.shape) for n, v in member.items()} == parameter_shapes(CSO)
    found = torch.cat([value.reshape(-1) for value in member.values()]).long()
    assert bool((torch.bincount(found, minlength=start) == 1).all())


def test_agrees_with_the_packing_of_the_plain_network(paper: Any, state: State) -> None:
    """Two e3nn builds with different names, packed and converted by code that shares nothing."""
    plain = paper.paper_network()
    packed = paper.pack(plain, convert_member(state, CSO))
    names = {
        "embedding": "em",
        "self_connection": "sc",
        "first": "lin1",
        "second": "lin2",
        "radial": "fc",
    }
    for name, value in packed.items():
        first, *rest = name.split(".")
        theirs = names.get(first, "")
        if first == "convolutions":
            index, part, *last = rest
            gated = ".first" if index in "01" else ""
            theirs, rest = f"layers.{index}{gated}.{names[part]}", last
        assert torch.equal(value, state[".".join([theirs, *rest])]), name


def without(name: str) -> Callable[[State], State]:
    return lambda state: {n: v for n, v in state.items() if n != name}


def having(name: str, *shape: int, value: float = 0.0) -> Callable[[State], State]:
    return lambda state: {**state, name: torch.full(shape, value, dtype=torch.float64)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("em.bias"), r"weights are missing: em\.bias\."),
        (without("layers.1.first.sc.weight"), r"missing: layers\.1\.first\.sc\.weight"),
        (lambda _: {}, r"missing: em\.weight, em\.bias, .* and 13 more"),
        (having("output.weight", 51, 102), r"unknown: output\.weight"),
        (having("layers.2.tp.weight", 3), r"unknown: layers\.2\.tp\.weight"),
        (having("em.weight", 64, 218), r"em\.weight is \(64, 218\), not \(64, 118\)"),
        (having("em.weight", 64), r"em\.weight is \(64,\), not"),
        (having("em.bias", 32), r"em\.bias is \(32,\), not \(64,\)"),
        (having("layers.2.lin2.weight", 64), r"layers\.2\.lin2\.weight is"),
        (having("em.bias", 64, value=math.nan), r"not finite numbers: em\.bias"),
        (having("em.bias", 64, value=1e300), r"not finite numbers: em\.bias"),
    ],
)
def test_other_state_dicts_are_refused_by_name(
    state: State, change: Callable[[State], State], message: str
) -> None:
    changed = change(state)
    with pytest.raises(ModelError, match=message) as caught:
        check_state(changed, published_config(changed), Path("model_cso_0.pt"))
    assert caught.value.summary.startswith("model_cso_0.pt")
    assert caught.value.reason
    assert caught.value.fix


@pytest.mark.parametrize(
    "name",
    [
        "layers.1.first.tp._compiled_main_left_right._w3j_1_1_1",
        "layers.1.first.tp._compiled_main_out._w3j_1_1_1",  # e3nn before 0.5
        "layers.1.first.tp.output_mask",
    ],
)
def test_constants_of_any_version_of_e3nn_are_no_weights(state: State, name: str) -> None:
    changed = having(name, 3, 3, 3)(state)
    check_state(changed, published_config(changed), Path("x.pt"))


def test_higher_degrees_are_refused_for_their_signs(paper: Any) -> None:
    higher = paper.published_network(lmax=2).state_dict()
    with pytest.raises(ModelError, match="l up to 2") as caught:
        check_state(higher, published_config(higher), Path("x.pt"))
    assert "Clebsch-Gordan" in caught.value.reason


def test_few_names_are_listed_and_many_are_counted() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(list("abcdefg")) == "a, b, c, d and 3 more"
