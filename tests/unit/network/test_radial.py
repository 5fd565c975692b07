from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from betenet.network.config import NetworkConfig
from betenet.network.radial import radial_basis, smooth_cutoff

CONFIG = replace(NetworkConfig(), cutoff=5.0)
LENGTHS = np.linspace(0.0, 5.5, 111)


@pytest.mark.parametrize("size", [4, 10])
def test_gaussians_are_those_of_e3nn(size: int) -> None:
    from e3nn.math import soft_one_hot_linspace

    config = replace(CONFIG, radial_basis="gaussian", radial_size=size)
    theirs = soft_one_hot_linspace(
        torch.as_tensor(LENGTHS), 0.0, 5.0, size, basis="gaussian", cutoff=False
    )
    assert np.abs(radial_basis(config, LENGTHS) - size**0.5 * theirs.numpy()).max() < 1e-12


def test_published_basis_and_cutoff() -> None:
    """e_k = (√10/1.12)·exp(-((r - r_k)/(4/9))²) and sin²(πr/4) from 2 to 4 Å."""
    config, lengths = NetworkConfig.paper(), np.array([0.0, 1.3, 2.0, 2.7, 3.9])
    centres = np.arange(10) * 4 / 9
    expected = 10**0.5 / 1.12 * np.exp(-(((lengths[:, None] - centres) / (4 / 9)) ** 2))
    assert np.allclose(radial_basis(config, lengths), expected, rtol=1e-12)
    envelope = [1.0, 1.0, 1.0, np.sin(np.pi * 2.7 / 4) ** 2, np.sin(np.pi * 3.9 / 4) ** 2]
    assert np.allclose(smooth_cutoff(config, lengths), envelope, rtol=1e-12)


def test_bessel_functions_are_sines_over_the_distance() -> None:
    config = replace(CONFIG, radial_basis="bessel", radial_size=6)
    lengths = LENGTHS[1:]
    sines = np.sin(np.arange(1, 7) * np.pi * lengths[:, None] / 5.0) / lengths[:, None]
    ratio = radial_basis(config, lengths)[:, 0] / sines[:, 0]
    assert np.allclose(radial_basis(config, lengths), ratio[0] * sines, atol=1e-12)
    assert np.isfinite(radial_basis(config, np.zeros(1))).all()


@pytest.mark.parametrize("basis", ["bessel", "gaussian"])
def test_basis_is_independent(basis: str) -> None:
    config = replace(CONFIG, radial_basis=basis, radial_size=8)
    assert np.linalg.matrix_rank(radial_basis(config, LENGTHS)) == 8


def test_cutoff_is_smooth_and_monotonic() -> None:
    values = smooth_cutoff(CONFIG, LENGTHS)
    assert (values[LENGTHS <= 2.5] == 1).all()
    assert (np.abs(values[LENGTHS >= 5.0]) < 1e-30).all()
    assert (np.diff(values) <= 0).all()
    step = 1e-6
    for edge in (2.5, 5.0):
        near = smooth_cutoff(CONFIG, np.array([edge - step, edge, edge + step]))
        assert np.abs(np.diff(near)).max() < 10 * step**2
