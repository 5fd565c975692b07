import numpy as np
import pytest

from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.multiband import BandBlocks
from betenet.superconductivity.multiband.equations import (
    find_gaps,
    gaps_at,
    linearised_matrix,
    sums_of_bands,
)

COUPLINGS = np.array([[1.5, 0.2], [0.1, 0.5]])
MU_STAR = np.array([[0.1, 0.06], [0.03, 0.08]])
BLOCKS = BandBlocks.from_couplings(COUPLINGS, np.full((2, 2), 20.0), ("a", "b"))
CUTOFF = 200.0
KERNEL = PairingKernel.for_cutoff(BLOCKS.frequencies, BLOCKS.a2f.reshape(4, -1), np.full(4, CUTOFF))


def plain_gaps(kt, n, steps=4000):
    """Both equations by plain substitution, every frequency by itself, Z summed beyond ω_c."""
    m = np.arange(-8 * n, 8 * n)
    omega = np.pi * kt * (2 * np.arange(n) + 1)

    def coupling(distance):  # a narrow peak, as an oscillator
        return COUPLINGS[..., None, None] * 20.0**2 / (20.0**2 + (2 * np.pi * kt * distance) ** 2)

    whole = coupling(np.arange(n)[:, None] - m)
    sign = np.sign(2 * m + 1)
    minus, plus = (
        coupling(np.arange(n)[:, None] - np.arange(n)),
        coupling(np.arange(n)[:, None] + np.arange(n) + 1),
    )
    normal = np.einsum("ijnm,m->in", whole, sign.astype(float))
    gap = np.array([[3.0], [1.0]]) / (1 + (omega / 40.0) ** 2)
    for _ in range(steps):
        root = np.hypot(omega, gap)
        change = np.einsum("ijnm,jm->in", minus - plus, omega / root - 1.0)
        z = 1.0 + np.pi * kt * (normal + change) / omega
        pull = minus + plus - 2 * MU_STAR[..., None, None]
        gap = np.pi * kt * np.einsum("ijnm,jm->in", pull, gap / root) / z
    return omega, gap


def test_newtons_gaps_are_those_of_substitution():
    kt, n = 0.8, 40
    sums = sums_of_bands(KERNEL, 2, kt, CUTOFF, 160.0)
    start = np.array([[4.0], [2.0]]) / (1 + (sums.omega / 40.0) ** 2)
    gap, status = find_gaps(sums, MU_STAR, start)
    assert status is Status.CONVERGED
    omega, expected = plain_gaps(kt, n, 400)
    assert sums.omega == pytest.approx(omega)
    assert gap == pytest.approx(expected, abs=2e-3 * expected.max())
    _, again = gaps_at(KERNEL, sums, MU_STAR, gap, sums.indices[:5])
    assert again == pytest.approx(gap[:, :5], rel=1e-6)


def test_bands_without_coupling_have_the_eigenvalues_of_each():
    apart = BandBlocks.from_couplings(
        np.diag([1.5, 0.5]), np.full((2, 2), 20.0), ("a", "b"), np.ones(2)
    )
    kernel = PairingKernel.for_cutoff(
        apart.frequencies, apart.a2f.reshape(4, -1), np.full(4, CUTOFF)
    )
    both = linearised_matrix(
        sums_of_bands(kernel, 2, 1.0, CUTOFF), np.zeros((2, 2)), apart.fermi_dos
    )
    half = len(both) // 2
    assert both[:half, half:] == pytest.approx(0.0)
    assert np.allclose(both, both.T)
