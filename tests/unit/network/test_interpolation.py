from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk

from betenet.graphs import build_graph
from betenet.network.batch import KNOTS, Geometry, collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import crystal_geometry
from betenet.network.interpolation import ORDER, interpolation_matrix
from betenet.network.layers import silu
from betenet.network.model import initialise
from betenet.network.radial import radial_basis

PAPER = NetworkConfig.paper()
EPSILON = float(np.finfo(np.float32).eps)


def points_of(knots: np.ndarray, count: int = 301) -> np.ndarray:
    """Both ends, every knot, and random points between."""
    between = np.random.default_rng(0).uniform(knots[0], knots[-1], count)
    return np.concatenate([knots, between, knots[:1] + 1e-9, knots[-1:] - 1e-9])


@pytest.mark.parametrize("n_knots", [ORDER, ORDER + 1, 40])
@pytest.mark.parametrize("power", range(ORDER))
def test_polynomials_are_exact(power: int, n_knots: int) -> None:
    knots = np.linspace(-1.0, 1.0, n_knots)
    points = points_of(knots)
    matrix = interpolation_matrix(points, knots)
    assert matrix.shape == (len(points), n_knots)
    assert np.abs(matrix @ knots**power - points**power).max() < 1e-12


def test_the_next_power_is_not() -> None:
    knots = np.linspace(-1.0, 1.0, 2 * ORDER)
    points = points_of(knots)
    missed = interpolation_matrix(points, knots) @ knots**ORDER - points**ORDER
    assert np.abs(missed).max() > 1e-9


def test_values_at_the_knots_are_kept() -> None:
    knots = np.linspace(0.3, 2.0, 20)
    matrix = interpolation_matrix(knots, knots).toarray()
    assert np.abs(matrix - np.eye(20)).max() < 1e-9


def test_each_point_is_made_of_the_knots_around_it() -> None:
    knots = np.linspace(0.0, 19.0, 20)
    matrix = interpolation_matrix(np.array([0.1, 9.5, 18.9]), knots)
    columns = matrix.indices.reshape(3, ORDER)
    assert columns[:, 0].tolist() == [0, 9 - ORDER // 2 + 1, 20 - ORDER]
    assert (np.diff(columns, axis=1) == 1).all()


@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("layer", range(PAPER.layers))
def test_radial_network_is_exact_to_single_precision(layer: int, scale: float) -> None:
    """Of the published network, in float64, on the knots that a batch uses."""
    parameters = initialise(PAPER, [layer], torch.float64)
    first, second = (
        scale * parameters[f"layers.{layer}.radial.{name}"][0] for name in ("hidden", "out")
    )

    def functions(distances: np.ndarray) -> np.ndarray:
        basis = torch.as_tensor(radial_basis(PAPER, distances))
        hidden = silu(basis @ first / first.shape[0] ** 0.5)
        return (hidden @ second / second.shape[0] ** 0.5).numpy()

    knots = np.linspace(0.0, PAPER.cutoff, KNOTS)
    distances = np.linspace(0.0, PAPER.cutoff, 5003)
    expected = functions(distances)
    found = interpolation_matrix(distances, knots) @ functions(knots)
    assert np.abs(found - expected).max() < EPSILON * np.abs(expected).max()


def batch_of(rattled: bool, dtype: torch.dtype) -> Geometry:
    atoms: Atoms = bulk("TiN", "rocksalt", a=4.24, cubic=True).repeat((2, 2, 1))
    if rattled:
        atoms.rattle(0.1, seed=1)
    config = replace(PAPER, cutoff=6.0)
    graph = build_graph(atoms, config.cutoff)
    return collate([crystal_geometry(graph, config)], config, dtype)


def test_knots_are_used_where_there_are_more_distances_and_precision_allows() -> None:
    many = batch_of(rattled=True, dtype=torch.float32)
    assert many.basis is not None
    assert many.interpolate is not None
    assert len(many.basis) == KNOTS < many.interpolate.shape[0]
    few = batch_of(rattled=False, dtype=torch.float32)
    assert few.basis is not None
    assert few.interpolate is None
    assert len(few.basis) < 20
    exact = batch_of(rattled=True, dtype=torch.float64)
    assert exact.basis is not None
    assert exact.interpolate is None
    assert len(exact.basis) == many.interpolate.shape[0]


def test_interpolated_basis_is_that_of_the_distances() -> None:
    many = batch_of(rattled=True, dtype=torch.float32)
    exact = batch_of(rattled=True, dtype=torch.float64)
    assert many.interpolate is not None
    assert many.basis is not None
    assert exact.basis is not None
    assert torch.allclose((many.interpolate @ many.basis).double(), exact.basis, rtol=0, atol=3e-6)
