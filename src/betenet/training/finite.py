"""What every training refuses: an empty bag, and losses and weights that are no numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Int
from torch import Tensor

from betenet.errors import DataError


def check_bag(counts: Int[np.ndarray, " row"]) -> None:
    """Check that a member has rows to learn from, and others that tell when to stop.

    Parameters
    ----------
    counts
        How often each row is in the bag.

    Raises
    ------
    DataError
        If all or none of them are.
    """
    drawn = int(np.count_nonzero(counts))
    if 0 < drawn < len(counts):
        return
    what = "is empty" if drawn == 0 else "holds every row, so that none validates"
    raise DataError(
        f"The bag of a member {what}.",
        f"{drawn} of {len(counts)} rows are in it.",
        "Check the recipe's sources and bags; a bag needs other rows beside it.",
    )


def check_losses(epoch: int, *, training: float, validation: float) -> None:
    """Check that the losses of an epoch are numbers.

    Raises
    ------
    DataError
        If one of them is not finite.
    """
    for name, loss in (("training", training), ("validation", validation)):
        if not math.isfinite(loss):
            raise DataError(
                f"The {name} loss is {loss} in epoch {epoch}.",
                "Nothing can be learnt from it: the weights are lost, or a target is no number.",
                "Lower learning_rate in the recipe, or check the rows; no weights were written.",
            )


def check_weights(weights: Mapping[str, Tensor]) -> None:
    """Check that the weights of a member are numbers.

    Raises
    ------
    DataError
        If one of them is not finite; the message names its tensor.
    """
    broken = [name for name, value in weights.items() if not bool(value.isfinite().all())]
    if broken:
        raise DataError(
            f"Weights are not finite: {', '.join(broken[:3])}.",
            "The training has diverged.",
            "Lower learning_rate in the recipe; no weights were written.",
        )
