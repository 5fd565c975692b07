"""Which representations live in which layer, and which products join them.

An irreducible representation is a pair (degree l, parity ±1). Only what can be reached from the
element (a scalar) through the spherical harmonics, of parity (-1)^l, exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from betenet.network.config import NetworkConfig

Irrep = tuple[int, int]
SCALAR: Irrep = (0, 1)


def irrep_name(irrep: Irrep) -> str:
    """`0e`, `1o`, … as in e3nn."""
    return f"{irrep[0]}{'e' if irrep[1] == 1 else 'o'}"


@dataclass(frozen=True, slots=True)
class Block:
    """Products of one input representation with harmonics that lead to one output."""

    source: Irrep
    degrees: tuple[int, ...]
    target: Irrep

    @property
    def name(self) -> str:
        """Unique within a layer."""
        degrees = "".join(map(str, self.degrees))
        return f"{irrep_name(self.source)}x{degrees}-{irrep_name(self.target)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLayout:
    """One convolution.

    Attributes
    ----------
    inputs
        Channels of each representation that comes in.
    blocks
        Products, in the order of their radial functions.
    outputs
        Channels of each representation before the gate; the scalars hold the gates as well.
    features
        Channels of each representation after the gate.
    live
        Representations of `outputs` that can still reach the network's output.
    """

    inputs: dict[Irrep, int]
    blocks: tuple[Block, ...]
    outputs: dict[Irrep, int]
    features: dict[Irrep, int]
    live: frozenset[Irrep]

    def mid_channels(self, target: Irrep) -> int:
        """Channels that reach `target` before the second linear map."""
        blocks = self.arriving(target)
        return sum(self.inputs[block.source] for block in blocks)

    def live_channels(self, irrep: Irrep) -> int:
        """Channels of `outputs` up to the last one in use: the gate of what is not live is not."""
        if irrep != SCALAR:
            return self.outputs[irrep]
        ends = dict(zip(self.features, accumulate(self.features.values()), strict=True))
        return max(end for gated, end in ends.items() if gated in self.live)

    @property
    def kept(self) -> list[Irrep]:
        """Representations that have a self-connection, and can still reach the output."""
        return [irrep for irrep in self.outputs if irrep in self.live and irrep in self.inputs]

    @property
    def live_blocks(self) -> list[Block]:
        """Blocks that are computed: their target can still reach the output."""
        return [block for block in self.blocks if block.target in self.live]

    def arriving(self, target: Irrep) -> list[Block]:
        """Blocks that end in `target`."""
        return [block for block in self.blocks if block.target == target]


@lru_cache(maxsize=8)
def network_layout(config: NetworkConfig) -> tuple[LayerLayout, ...]:
    """The layers of a network, first to last."""
    final = config.frequency_count if config.readout == "bins" else config.width
    inputs: dict[Irrep, int] = {SCALAR: config.embedding}
    drafts: list[tuple[dict[Irrep, int], tuple[Block, ...], dict[Irrep, int], dict[Irrep, int]]]
    drafts = []
    for layer in range(config.layers):
        last = layer == config.layers - 1
        wanted = [SCALAR] if last else _wanted(config)
        blocks = _blocks(config, inputs, wanted)
        reached = [irrep for irrep in wanted if any(b.target == irrep for b in blocks)]
        if last:
            features = {SCALAR: final}
            outputs = {SCALAR: final}
        else:
            features = dict.fromkeys(reached, config.width)
            vectors = [irrep for irrep in reached if irrep[0] > 0]
            # Odd scalars pass the same kind of gate as vectors do.
            gated = vectors + [irrep for irrep in reached if irrep == (0, -1)]
            outputs = dict.fromkeys(reached, config.width)
            outputs[SCALAR] = config.width * (1 + len(gated))
        drafts.append((inputs, blocks, outputs, features))
        inputs = features
    return _mark_live(drafts)


def _wanted(config: NetworkConfig) -> list[Irrep]:
    parities = (1, -1) if config.parity == "full" else (0,)
    return [
        (degree, parity or (-1) ** degree)
        for degree in range(config.lmax + 1)
        for parity in (parities if degree % 2 == 0 else tuple(-p for p in parities))
    ]


def _blocks(
    config: NetworkConfig, inputs: dict[Irrep, int], wanted: list[Irrep]
) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for source in inputs:
        for target in wanted:
            degrees = tuple(
                degree
                for degree in range(abs(source[0] - target[0]), source[0] + target[0] + 1)
                if degree <= config.lmax and source[1] * (-1) ** degree == target[1]
            )
            if config.merge_paths and degrees:
                blocks.append(Block(source, degrees, target))
            elif degrees:
                blocks += [Block(source, (degree,), target) for degree in degrees]
    return tuple(blocks)


def _mark_live(
    drafts: list[tuple[dict[Irrep, int], tuple[Block, ...], dict[Irrep, int], dict[Irrep, int]]],
) -> tuple[LayerLayout, ...]:
    layers: list[LayerLayout] = []
    live = frozenset({SCALAR})
    for inputs, blocks, outputs, features in reversed(drafts):
        layers.append(
            LayerLayout(inputs=inputs, blocks=blocks, outputs=outputs, features=features, live=live)
        )
        live = frozenset(b.source for b in blocks if b.target in live) | {SCALAR}
    return tuple(layers[::-1])
