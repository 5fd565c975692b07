from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.network.config import NetworkConfig


def test_unknown_key_lists_the_valid_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        NetworkConfig.from_dict({"lmax": 2, "widht": 32, "depth": 3})
    assert "[network]" in caught.value.summary
    assert "depth, widht" in caught.value.summary
    assert "lmax" not in caught.value.summary
    assert all(field.name in caught.value.reason for field in fields(NetworkConfig))


@pytest.mark.parametrize("config", [NetworkConfig(), NetworkConfig.paper()], ids=["own", "paper"])
def test_round_trip_through_plain_values(config: NetworkConfig) -> None:
    table = config.to_dict()
    assert all(isinstance(value, bool | int | float | str | list) for value in table.values())
    assert NetworkConfig.from_dict(table) == config


def test_missing_keys_take_the_defaults() -> None:
    assert NetworkConfig.from_dict({"width": 7}) == replace(NetworkConfig(), width=7)


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("parity", "odd"),
        ("elements", "one-hot"),
        ("node_product", "none"),
        ("radial", "spline"),
        ("radial_basis", "fourier"),
        ("readout", "histogram"),
        ("frequency_spacing", "logarithmic"),
    ],
)
def test_unknown_choice_is_named_with_the_known_ones(name: str, choice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        NetworkConfig.from_dict({name: choice})
    assert name in caught.value.summary
    assert choice in caught.value.summary
    assert str(getattr(NetworkConfig(), name)) in caught.value.reason


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"lmax": 4}, "lmax"),
        ({"lmax": -1}, "lmax"),
        ({"cutoff": 0.0}, "cutoff"),
        ({"layers": 0}, "layers"),
        ({"width": -3}, "width"),
        ({"radial_size": 0}, "radial_size"),
        ({"num_neighbors": 0.0}, "num_neighbors"),
        ({"frequency_min": 0.0}, "grid"),
        ({"frequency_min": 50.0, "frequency_max": 50.0}, "grid"),
        ({"frequency_count": 1}, "grid"),
    ],
    ids=str,
)
def test_values_out_of_range(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        NetworkConfig(**changes)


def test_frequencies() -> None:
    grid = replace(NetworkConfig(), frequency_min=1.0, frequency_max=100.0, frequency_count=5)
    even = replace(grid, frequency_spacing="linear").frequencies
    ratios = replace(grid, frequency_spacing="geometric").frequencies
    assert np.allclose(even, [1.0, 25.75, 50.5, 75.25, 100.0])
    assert np.allclose(ratios, 10 ** np.array([0.0, 0.5, 1.0, 1.5, 2.0]))


def test_config_is_immutable_and_hashable() -> None:
    config = NetworkConfig()
    with pytest.raises(FrozenInstanceError):
        config.width = 3  # type: ignore[misc]
    assert hash(config) == hash(NetworkConfig())
