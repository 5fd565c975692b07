from __future__ import annotations

import numpy as np
import pytest
import torch

from betenet.network.angular import LMAX, clebsch_gordan, spherical_harmonics

TRIANGLES = [
    (l1, l2, l3)
    for l1 in range(LMAX + 1)
    for l2 in range(LMAX + 1)
    for l3 in range(abs(l1 - l2), min(l1 + l2, LMAX) + 1)
]


def random_vectors(n: int = 50) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 3)) * 3.0


@pytest.mark.parametrize("degrees", TRIANGLES, ids=str)
def test_clebsch_gordan_is_that_of_e3nn(degrees: tuple[int, int, int]) -> None:
    from e3nn import o3

    theirs = o3.wigner_3j(*degrees, dtype=torch.float64).numpy() * np.sqrt(2 * degrees[2] + 1)
    assert np.abs(clebsch_gordan(*degrees) - theirs).max() < 1e-12


@pytest.mark.parametrize("degrees", TRIANGLES, ids=str)
def test_clebsch_gordan_norm(degrees: tuple[int, int, int]) -> None:
    assert np.sum(clebsch_gordan(*degrees) ** 2) == pytest.approx(2 * degrees[2] + 1, abs=1e-12)


def test_clebsch_gordan_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        clebsch_gordan(1, 1, 1)[0] = 0.0


@pytest.mark.parametrize("lmax", range(LMAX + 1))
def test_spherical_harmonics_are_those_of_e3nn(lmax: int) -> None:
    from e3nn import o3

    vectors = random_vectors()
    theirs = o3.spherical_harmonics(
        list(range(lmax + 1)), torch.as_tensor(vectors), normalize=True, normalization="component"
    )
    ours = spherical_harmonics(lmax, vectors)
    assert ours.shape == (len(vectors), (lmax + 1) ** 2)
    assert np.abs(ours - theirs.numpy()).max() < 1e-12


def test_spherical_harmonics_norm_and_parity() -> None:
    vectors = random_vectors()
    ours, opposite = spherical_harmonics(LMAX, vectors), spherical_harmonics(LMAX, -vectors)
    for degree in range(LMAX + 1):
        columns = slice(degree**2, (degree + 1) ** 2)
        assert np.allclose((ours[:, columns] ** 2).sum(axis=1), 2 * degree + 1, rtol=1e-12)
        assert np.allclose(opposite[:, columns], (-1) ** degree * ours[:, columns], atol=1e-12)


def test_vector_of_length_zero_is_a_scalar() -> None:
    assert np.array_equal(spherical_harmonics(LMAX, np.zeros((1, 3)))[0], np.eye(16)[0])


@pytest.mark.parametrize("degrees", [t for t in TRIANGLES if sum(t) % 2 == 0], ids=str)
def test_harmonics_of_one_direction_couple_to_harmonics(degrees: tuple[int, int, int]) -> None:
    """Y_l1 ⊗ Y_l2 of the same vector can only be a multiple of Y_l3."""
    harmonics = spherical_harmonics(LMAX, random_vectors())
    y1, y2, y3 = (harmonics[:, degree**2 : (degree + 1) ** 2] for degree in degrees)
    coupled = np.einsum("na,nb,abc->nc", y1, y2, clebsch_gordan(*degrees))
    factor = np.sum(coupled * y3) / np.sum(y3 * y3)
    assert abs(factor) > 0.1
    assert np.allclose(coupled, factor * y3, atol=1e-11)
