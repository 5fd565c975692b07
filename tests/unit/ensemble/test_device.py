import pytest
import torch

from betenet.ensemble.device import choose_place
from betenet.errors import ConfigError


def test_single_precision_on_the_cpu_unless_asked() -> None:
    place = choose_place()
    assert (place.dtype, place.device) == (torch.float32, torch.device("cpu"))


def test_unknown_precision_is_named() -> None:
    with pytest.raises(ConfigError, match=r"'half'[\s\S]*float32, float64"):
        choose_place("cpu", "half")


@pytest.mark.parametrize("name", ["cuda:77", "abacus", "meta"])
def test_device_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"(?s){name}.*--device cpu"):
        choose_place(name)
