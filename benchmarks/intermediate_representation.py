"""The intermediate representation (sparse-ir) beside our compressed Matsubara sums, cold and hot.

    python benchmarks/intermediate_representation.py [--kelvin 10 1 0.1] [--width 2000]

The linearised equations without repulsion, in a flat band of a half-width [meV] (the intermediate
representation needs a finite one: with a constant density of states at all energies the pair
function has no band limit). At each temperature the coupling of a peak at 20 meV is that of which
it is the Tc by our sums: the largest eigenvalue by the other way should be 1. Needs
`pip install sparse-ir`, which nothing else here does.
"""

from __future__ import annotations

import argparse
import importlib
import time
from typing import Any

import numpy as np
from scipy.optimize import brentq

from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.linearised import largest_eigenvalue, matsubara_sums
from betenet.superconductivity.full_bandwidth import ElectronDos
from betenet.superconductivity.full_bandwidth.normal_state import BandSums
from betenet.units import KELVIN_TO_MEV

OMEGA = np.linspace(15.0, 25.0, 81)
A2F = 2.0 * np.maximum(1.0 - np.abs(OMEGA - 20.0) / 5.0, 0.0)
ACCURACY = 1e-8
CUTOFF = 30.0 * 25.0


def by_representation(
    sparse_ir: Any, kt: float, width: float, a2f: np.ndarray
) -> tuple[float, int, float, float]:
    """Eigenvalue, number of functions, time to build the basis and to solve [s]."""
    start = time.perf_counter()
    basis = sparse_ir.FiniteTempBasis("F", 1.0 / kt, width, ACCURACY)
    tau, matsubara = sparse_ir.TauSampling(basis), sparse_ir.MatsubaraSampling(basis)
    built = time.perf_counter()
    omega = np.pi * kt * np.asarray(matsubara.sampling_points)
    at = np.asarray(tau.sampling_points)
    at = np.where(at < 0.0, at + 1.0 / kt, at)
    x = OMEGA[:, None]
    # cosh over sinh, without their overflow where it is cold
    spread = (np.exp(-x * at) + np.exp(-x * (1.0 / kt - at))) / -np.expm1(-x / kt)
    coupling = np.trapezoid(a2f[:, None] * spread, OMEGA, axis=0)
    sign = np.where(np.asarray(tau.sampling_points) < 0.0, -1.0, 1.0)

    def convolve(values: np.ndarray) -> np.ndarray:
        """T Σ λ(n - m) of a function of ω_m at the sampled frequencies."""
        in_time = sign * np.asarray(tau.evaluate(matsubara.fit(values + 0j)))
        return matsubara.evaluate(tau.fit(sign * coupling * in_time))

    scattered = omega.copy()
    for _ in range(60):
        flow = 2.0 * np.arctan(width / np.abs(scattered)) * np.sign(omega)
        scattered = omega - np.imag(convolve(-1j * flow))
    weight = 2.0 * np.arctan(width / np.abs(scattered)) / np.abs(scattered)
    # as a matrix between coefficients: one sampled frequency alone is no function of the basis
    functions = (np.asarray(matsubara.evaluate(row + 0j)) for row in np.eye(basis.size))
    matrix = np.stack([matsubara.fit(convolve(weight * each)) for each in functions], axis=1)
    value = float(np.max(np.real(np.linalg.eigvals(matrix))))
    return value, int(basis.size), built - start, time.perf_counter() - built


def by_sums(kt: float, width: float, a2f: np.ndarray = A2F) -> tuple[float, int, float]:
    """Eigenvalue, number of terms, and time from α²F on [s]."""
    start = time.perf_counter()
    kernel = PairingKernel(OMEGA, a2f[None], 8.0 * CUTOFF)
    sums = matsubara_sums(kernel, np.array([kt]), np.array([CUTOFF]))
    band = ElectronDos(np.array([-width, width]), np.ones(2), "nothing")
    found = BandSums(kernel, sums, band).solve()
    value = float(largest_eigenvalue(found.sums, np.zeros(1))[0])
    return value, sums.indices.shape[1], time.perf_counter() - start


def main() -> None:
    """Print both, temperature by temperature."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kelvin", type=float, nargs="+", default=[10.0, 1.0, 0.1])
    parser.add_argument("--width", type=float, default=2000.0)
    chosen = parser.parse_args()
    try:
        sparse_ir: Any = importlib.import_module("sparse_ir")
    except ImportError:
        sparse_ir = None
        print("sparse-ir is not installed: only our sums are timed")
    by_sums(chosen.kelvin[0] * KELVIN_TO_MEV, chosen.width)  # tables of the grid are made once
    for kelvin in chosen.kelvin:
        kt = kelvin * KELVIN_TO_MEV
        scale = brentq(lambda x, kt=kt: by_sums(kt, chosen.width, x * A2F)[0] - 1.0, 0.02, 3.0)
        _, terms, seconds = by_sums(kt, chosen.width, scale * A2F)
        print(f"Tc = {kelvin:g} K: {terms} terms, {1e3 * seconds:.1f} ms for an eigenvalue")
        if sparse_ir is not None:
            other, size, build, solve = by_representation(sparse_ir, kt, chosen.width, scale * A2F)
            print(
                f"  sparse-ir: eigenvalue 1{other - 1.0:+.1e}, {size} functions, "
                f"{build:.2f} s for the basis, {1e3 * solve:.0f} ms to solve; ratio "
                f"{(build + solve) / seconds:.0f} with the basis, {solve / seconds:.1f} without"
            )


if __name__ == "__main__":
    main()
