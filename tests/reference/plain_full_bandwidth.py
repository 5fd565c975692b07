"""The full-bandwidth equations by plain sums: every frequency, energies by the trapezoidal rule."""

import numpy as np


def normal_state(kernel, energies, dos, fermi_dos, kt, n_matsubara, steps=80):
    """ω, ωZ, χ at positive frequencies, and μ: by iteration, without any acceleration."""
    index = np.arange(-n_matsubara, n_matsubara)
    omega = np.pi * kt * (2 * index + 1)
    coupling = kernel(2 * np.pi * kt * np.abs(index[:, None] - index))
    share = dos / fermi_dos
    electrons = np.trapezoid(share[energies <= 0.0], energies[energies <= 0.0])
    scattered, shift, mu = omega.copy(), np.zeros_like(omega), 0.0
    for _ in range(steps):
        away = energies - mu + shift[:, None]
        theta = scattered[:, None] ** 2 + away**2
        normal = np.trapezoid(share * scattered[:, None] / theta, energies)
        odd = np.trapezoid(share * away / theta, energies)
        bare = np.trapezoid(share * (energies - mu) / (omega[:, None] ** 2 + (energies - mu) ** 2),
                            energies)  # fmt: skip
        occupied = np.trapezoid(share * 0.5 * (1.0 - np.tanh(0.5 * (energies - mu) / kt)), energies)
        counted = occupied - kt * np.sum(odd - bare)
        scattered = omega + kt * coupling @ normal
        shift = -kt * coupling @ odd
        mu -= 0.5 * (counted - electrons)
    positive = index >= 0
    return omega[positive], scattered[positive], shift[positive], mu


def eigenvalue(kernel, energies, dos, fermi_dos, kt, n_pairing, mu_star_cutoff, n_matsubara):
    """Largest eigenvalue of φ = T Σ (λ - μ*) φ ∫ N/Θ, with μ and the normal state."""
    _, scattered, shift, mu = normal_state(kernel, energies, dos, fermi_dos, kt, n_matsubara)
    away = energies - mu + shift[:n_pairing, None]
    weight = np.trapezoid(dos / fermi_dos / (scattered[:n_pairing, None] ** 2 + away**2), energies)
    index = np.arange(n_pairing)
    minus = kernel(2 * np.pi * kt * np.abs(index[:, None] - index))
    plus = kernel(2 * np.pi * kt * (index[:, None] + index + 1))
    matrix = kt * (minus + plus - 2 * mu_star_cutoff) * weight
    return float(np.max(np.linalg.eigvals(matrix).real)), mu
