import pytest
import torch
from torch import Tensor

from betenet.phonons.mattersim import message_passing
from betenet.phonons.mattersim.message_passing import (
    EdgeWeights,
    Gate,
    MessagePassing,
    Pairs,
    _Layer,
)

ATOMS, EDGES, NEAR, UNITS, ANGLES, RADIAL = 4, 9, 5, 3, 4, 2


def draw(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=draw.generator)


draw.generator = torch.Generator()  # pyright: ignore[reportFunctionMemberAccess]


def edge_weights() -> EdgeWeights:
    return EdgeWeights(
        draw(ANGLES, UNITS), draw(ANGLES, UNITS),
        gate(), draw(RADIAL, UNITS), gate(), draw(RADIAL, UNITS),
    )  # fmt: skip


def gate() -> Gate:
    return Gate(
        draw(UNITS, 2 * UNITS), draw(UNITS, UNITS), draw(UNITS), draw(UNITS, UNITS), draw(UNITS)
    )


@pytest.mark.parametrize("edges_at_once", [2, 1000])
@pytest.mark.parametrize("near", [0, NEAR, EDGES])
def test_gradient_by_hand(edges_at_once: int, near: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_passing, "EDGES_AT_ONCE", edges_at_once)
    draw.generator.manual_seed(1)  # pyright: ignore[reportFunctionMemberAccess]
    weights = edge_weights()
    pairs = Pairs(
        torch.tensor([0, 0, 1, 3, 3, 0, 1, 3, 3]), torch.tensor([1, 3, 0, 3, 0, 1, 1, 0, 3])
    )
    inputs = [
        draw(EDGES, UNITS), draw(near, ANGLES), draw(EDGES, RADIAL), draw(ATOMS, ANGLES),
        draw(ATOMS, 4 * UNITS), draw(ATOMS, 4 * UNITS),
    ]  # fmt: skip

    def layer(*tensors: Tensor) -> tuple[Tensor, Tensor]:
        return MessagePassing.apply(*tensors, pairs, weights)

    assert torch.autograd.gradcheck(layer, [one.requires_grad_() for one in inputs])


@pytest.mark.parametrize(("near", "count"), [(0, 0), (0, 3), (300, 300), (300, 1000)])
def test_parts_hold_each_edge_once_and_do_not_mix(near: int, count: int) -> None:
    empty = torch.empty(0)
    layer = _Layer(
        torch.empty(near, 1), torch.empty(count, 1), empty, Pairs(empty, empty), edge_weights()
    )
    assert [e for part in layer.parts for e in range(part.start, part.stop)] == list(range(count))
    assert all(part.stop <= near or part.start >= near for part in layer.parts)
