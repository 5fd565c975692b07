"""Rows of features that are zero in every layer, found from the messages and left out.

Features other than scalars begin at zero; a row becomes something else only through a message from
a row that is not zero. At most sites of real crystals the surroundings cancel, so that no message
arrives: a vector at the site of a cubic crystal, say, stays zero whatever the weights are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from betenet.network.entries import Entries
from betenet.network.layout import SCALAR, Block, Irrep, LayerLayout

RowMasks = dict[Irrep, Bool[np.ndarray, " row"]]


def reached_rows(
    layouts: tuple[LayerLayout, ...],
    entries: Mapping[Block, Entries],
    counts: Mapping[Irrep, int],
) -> RowMasks:
    """Rows that can differ from zero after some layer.

    Parameters
    ----------
    layouts
        The layers of the network.
    entries
        Messages between all rows.
    counts
        Number of rows of each representation.
    """
    reached = {irrep: np.full(count, irrep == SCALAR) for irrep, count in counts.items()}
    for layout in layouts:
        before = {irrep: mask.copy() for irrep, mask in reached.items()}
        for block in layout.live_blocks:
            messages = entries[block]
            arriving = before[block.source][messages.senders]
            reached[block.target][messages.targets[arriving]] = True
    return reached


def keep_rows(block: Block, entries: Entries, kept: RowMasks) -> Entries:
    """Messages between the rows that are kept, which are numbered anew."""
    source, target = kept[block.source], kept[block.target]
    between = source[entries.senders] & target[entries.targets]
    new_source, new_target = np.cumsum(source) - 1, np.cumsum(target) - 1
    return replace(
        entries,
        targets=new_target[entries.targets[between]],
        senders=new_source[entries.senders[between]],
        distances=entries.distances[between],
        weights=entries.weights[between],
    )
