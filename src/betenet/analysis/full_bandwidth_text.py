"""What the equations with full bandwidth say, as text."""

from __future__ import annotations

from collections.abc import Iterator

from betenet.analysis.export import status_of
from betenet.analysis.words import four_digits, kelvin, tc_change, wrapped
from betenet.superconductivity.full_bandwidth import BandState, KernelTransition

_WORTH_TELLING = 1e-3


def kernel_lines(found: KernelTransition) -> Iterator[str]:
    """Tc with N(ε) and W(ε, ε′)."""
    yield (
        f"with N(ε) and W(ε, ε′), without μ*: Tc = {kelvin(found.tc)} K   "
        f"(N(0)W(0,0) = μ = {found.mu:.3f})"
    )
    if not found.status.is_good:
        yield from wrapped(f"warning: Tc: {found.status.text}")


def band_state_lines(bands: BandState) -> Iterator[str]:
    """Tc and gap with N(ε), what they hang on, and gap and μ by temperature."""
    found = bands.transition
    tc, constant = float(found.tc), float(found.constant_tc)
    yield f"with the density of states N(ε): Tc = {kelvin(tc)} K, {kelvin(constant)} K if constant"
    status = status_of(found.status)
    if not status.is_good:
        yield from wrapped(f"warning: Tc: {status.text}")
    if tc <= 0.0:
        return
    yield (
        f"  gap at T = 0   Δ₀ = {bands.gap:.4g} meV   2Δ₀/k_BTc = {bands.gap_ratio:.3f}   "
        f"μ - E_F at Tc = {float(found.chemical_potential):.4g} meV"
    )
    if not bands.gap_status.is_good:
        yield from wrapped(f"warning: gap at T = 0: {bands.gap_status.text}")
    beyond = float(found.beyond_change)
    if abs(beyond) > _WORTH_TELLING:
        yield from wrapped(
            "note: beyond its samples N(ε) is taken to stay at the mean of its ends; with nothing "
            f"there Tc would change {tc_change(tc, beyond)}"
        )
    if bands.solutions:
        yield f"{'T (K)':>9}  {'Δ(iπT) (meV)':>13}  {'Z(iπT)':>8}  {'μ - E_F (meV)':>14}"
    for solution in bands.solutions:
        yield (
            f"{four_digits(solution.temperature):>9}  {four_digits(float(solution.gap[0])):>13}  "
            f"{float(solution.renormalisation[0]):>8.3f}  {solution.mu:>14.4g}"
        )
    yield from wrapped(
        "The coupling of two states is taken not to depend on their energies (isotropic, α²F of "
        "E_F), and μ* runs with N(ε) from ω_ph to ω_c. μ conserves the number of electrons."
    )
