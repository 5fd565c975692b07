import numpy as np
import pytest
import torch
from scipy.special import eval_legendre, spherical_jn

from betenet.phonons.mattersim.basis import ROOTS, AngleBasis, PairBasis, harmonics_of, smooth_end


@pytest.mark.parametrize("order", range(4))
def test_roots_are_the_first_zeros_of_the_bessel_functions(order: int) -> None:
    assert spherical_jn(order, ROOTS[order]) == pytest.approx(np.zeros(4), abs=1e-15)
    grid = np.linspace(0.5, ROOTS[order][-1] + 0.1, 5000)
    assert (np.diff(np.sign(spherical_jn(order, grid))) != 0).sum() == 4


def test_pair_functions_are_orthonormal_and_end_smoothly() -> None:
    basis = PairBasis(4, 5.0, torch.float64)
    r = torch.linspace(1e-6, 5.0, 20001, dtype=torch.float64)
    values = basis(r).numpy()
    overlaps = np.trapezoid(
        values[:, :, None] * values[:, None, :] * (r.numpy() ** 2)[:, None, None], r, axis=0
    )
    assert overlaps == pytest.approx(np.eye(4), abs=1e-6)
    end = basis(torch.tensor([5.0, 5.0 - 1e-3, 5.0 - 2e-3], dtype=torch.float64)).numpy()
    assert end[0] == pytest.approx(np.zeros(4), abs=1e-12)
    # the first term that is left at the cutoff is the cube of the distance from it
    assert end[2] == pytest.approx(8 * end[1], rel=0.01)


def test_harmonics_obey_the_addition_theorem() -> None:
    unit = torch.nn.functional.normalize(
        torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    )
    cosines = (unit @ unit.T).numpy()
    for order, harmonics in enumerate(harmonics_of(unit)):
        assert (harmonics @ harmonics.T).numpy() == pytest.approx(eval_legendre(order, cosines))


def test_polynomial_ends_with_two_derivatives() -> None:
    x = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64, requires_grad=True)
    value = smooth_end(x)
    (first,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert value.tolist() == pytest.approx([1.0, 0.5, 0.0])
    assert first.tolist() == pytest.approx([0.0, -1.875, 0.0])
    assert second.tolist() == pytest.approx([0.0, 0.0, 0.0])


def test_sums_over_neighbours_are_those_over_pairs_of_edges() -> None:
    draw = np.random.default_rng(3)
    vectors = draw.normal(size=(11, 3))
    vectors *= (draw.uniform(1.5, 3.9, 11) / np.linalg.norm(vectors, axis=1))[:, None]
    lengths = np.linalg.norm(vectors, axis=1)
    centres = np.array([0, 0, 0, 0, 2, 2, 2, 2, 2, 3, 3])
    known = np.zeros((11, 16))
    fading = 1 - 10 * (lengths / 4) ** 3 + 15 * (lengths / 4) ** 4 - 6 * (lengths / 4) ** 5
    for e in range(11):
        for k in range(11):
            if k == e or centres[k] != centres[e]:
                continue
            cosine = vectors[e] @ vectors[k] / lengths[e] / lengths[k]
            for order in range(4):
                harmonic = np.sqrt((2 * order + 1) / 4 / np.pi) * eval_legendre(order, cosine)
                for n, root in enumerate(ROOTS[order]):
                    radial = np.sqrt(2 / 125) * spherical_jn(order, root * lengths[k] / 5.0)
                    radial /= abs(spherical_jn(order + 1, root))
                    known[e, 4 * order + n] += fading[e] * fading[k] * radial * harmonic
    basis = AngleBasis(4, 5.0, 4.0, torch.float64)
    found = basis(torch.as_tensor(vectors), torch.as_tensor(lengths), torch.as_tensor(centres), 5)
    assert np.abs(known).max() > 0.01
    assert found.numpy() == pytest.approx(known, abs=1e-12)
