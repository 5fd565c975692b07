import math

import numpy as np
import pytest
import torch

from betenet.errors import DataError
from betenet.training.finite import check_bag, check_losses, check_weights


@pytest.mark.parametrize(
    ("counts", "message"), [([0, 0], "is empty"), ([1, 2], "holds every row"), ([], "is empty")]
)
def test_bags_without_two_sides(counts: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_bag(np.array(counts, dtype=np.int64))
    check_bag(np.array([0, 3]))


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_losses_that_are_no_numbers(loss: float) -> None:
    check_losses(3, training=0.0, validation=1e30)
    with pytest.raises(DataError, match=f"training loss is {loss} in epoch 3"):
        check_losses(3, training=loss, validation=1.0)
    with pytest.raises(DataError, match=f"validation loss is {loss} in epoch 3"):
        check_losses(3, training=1.0, validation=loss)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_no_numbers(value: float) -> None:
    weights = {"good": torch.ones(2), "bad": torch.tensor([0.0, value])}
    with pytest.raises(DataError, match="not finite: bad"):
        check_weights(weights)
    check_weights({"good": weights["good"]})
