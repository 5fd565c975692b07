"""Real spectra below Tc, against equations on the real axis and formulas of the literature."""

from functools import cache

import numpy as np
import pytest
from tests.real_spectra import OURS, needs_data
from tests.reference import dense_eliashberg as dense
from tests.reference.real_axis import right_hand_sides, solve_by_substitution

from betenet.superconductivity.eliashberg import superconducting_state
from betenet.superconductivity.eliashberg.continuation import gap_edge
from betenet.superconductivity.eliashberg.gap_equations import solve_gap_equations
from betenet.superconductivity.eliashberg.kernel import PairingKernel
from betenet.superconductivity.eliashberg.real_axis import continue_to_real_axis
from betenet.superconductivity.eliashberg.state import SuperconductingState
from betenet.superconductivity.eliashberg.status import Status
from betenet.superconductivity.moments import coupling_constant, omega_log
from betenet.units import KELVIN_TO_MEV

NIOBIUM, LEAD, VANADIUM = "Nb_c15", "Pb_elphgap", "V_10"
MU_STAR = {"Pb": 0.10, NIOBIUM: 0.12, LEAD: 0.10}
"""Repulsion μ* by spectrum: lead of our own computing comes first, the others need the data."""
EVERY = [name if name in OURS else needs_data(name) for name in MU_STAR]


@pytest.fixture(scope="module")
def spectra(read_spectrum):
    def read(name):
        spectrum = read_spectrum(name)
        return np.stack([spectrum.frequencies, np.maximum(spectrum.a2f, 0.0)])

    return cache(read)


@cache
def state_of(read, name, mu_star, **settings) -> SuperconductingState:
    grid, a2f = read(name)
    return superconducting_state(grid, a2f, mu_star, **settings)


class BothWays:
    """One spectrum at one temperature, plainly and by the engine."""

    def __init__(self, spectrum, transition, temperature):
        kt, repulsion = temperature * KELVIN_TO_MEV, transition.coulomb
        # a whole number of Matsubara frequencies, and the repulsion at their end
        number = round(float(repulsion.cutoff[0]) / (2.0 * np.pi * kt))
        end = 2.0 * np.pi * kt * number
        screened = float(repulsion.at_cutoff(np.array([end])).mu_star_cutoff[0])
        self.plain = solve_by_substitution(dense.sampled_kernel(*spectrum), kt, number, screened)
        kernel = PairingKernel(spectrum[0], spectrum[1][None], 4.0 * end)
        [self.solution] = solve_gap_equations(
            kernel, end, screened, float(transition.tc), np.array([temperature])
        )
        self.omega, self.gap = self.solution.at_indices(kernel, np.arange(float(number)))
        self.edge = gap_edge(kernel, self.solution)
        self.exact = continue_to_real_axis(*spectrum, self.solution)


@pytest.fixture(scope="module")
def both_ways(spectra):
    @cache
    def solve(name, reduced):
        transition = state_of(spectra, name, MU_STAR.get(name, 0.1)).transition
        return BothWays(spectra(name), transition, reduced * float(transition.tc))

    return solve


# ------------------------------------------------------------------------------------- the gap


@pytest.mark.parametrize("reduced", [0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("name", EVERY)
def test_imaginary_axis(name, reduced, both_ways):
    found = both_ways(name, reduced)
    error = np.abs(found.gap - found.plain.gap) / found.plain.gap[0]
    # as in the unit tests: it grows towards Tc, and is most at the cutoff, where the sums end
    assert error[found.omega < 0.1 * found.omega[-1]].max() < 3e-5 / (1.0 - reduced)
    assert error.max() < 1.5e-3


@pytest.mark.parametrize("reduced", [0.4, 0.9])
@pytest.mark.parametrize("name", [*EVERY, needs_data(VANADIUM)])
def test_real_axis_reproduces_itself_by_plain_integrals(name, reduced, both_ways, spectra):
    found = both_ways(name, reduced)
    line = found.exact
    z = line.energies + 1j * line.height
    chosen = np.searchsorted(line.energies, np.array([0.3, 0.97, 1.2, 3.0]) * line.edge)
    normal, anomalous = right_hand_sides(
        spectra(name),
        found.plain,
        found.solution.mu_star_cutoff,
        (z, line.gap, line.renormalisation),
        chosen,
    )
    np.testing.assert_allclose((z * line.renormalisation)[chosen], normal, rtol=2e-4)
    pairing = (line.gap * line.renormalisation)[chosen]
    np.testing.assert_allclose(pairing, anomalous, atol=1e-4 * np.abs(pairing).max())


@pytest.mark.parametrize(("reduced", "accuracy"), [(0.1, 1e-4), (0.2, 3e-4), (0.4, 2e-3)])
@pytest.mark.parametrize("name", EVERY)
def test_approximants_on_the_real_axis(name, reduced, accuracy, both_ways):
    found = both_ways(name, reduced)
    assert found.edge.status is Status.CONVERGED
    assert found.edge.gap == pytest.approx(found.exact.edge, rel=accuracy)


@pytest.mark.parametrize(
    ("name", "reduced"),
    [needs_data(NIOBIUM, 0.9), needs_data(LEAD, 0.8), needs_data(VANADIUM, 0.8)],
)
def test_edges_where_approximants_agree_on_a_wrong_one(name, reduced, spectra, both_ways):
    found = both_ways(name, reduced)
    mu_star = MU_STAR.get(name, 0.1)
    state = state_of(spectra, name, mu_star, reduced_temperatures=(reduced,))
    assert state.gap_statuses == (Status.CONVERGED,)
    # a whole number of Matsubara frequencies below the cutoff, or not
    assert state.gaps[0] == pytest.approx(found.exact.edge, rel=1e-3)
    assert abs(found.edge.gap / found.exact.edge - 1.0) > 3e-3


@pytest.mark.data
def test_niobium_at_one_kelvin(spectra):
    # μ* = 0.12 at 28 meV and a cutoff of 280 meV, as in another code's example
    settings = {"cutoff": 280.0, "mu_star_frequency": 28.0}
    state = state_of(spectra, NIOBIUM, 0.12, **settings)
    assert float(state.transition.tc) == pytest.approx(9.14, abs=0.02)
    found = BothWays(spectra(NIOBIUM), state.transition, 1.0)
    # the gap edge; on the imaginary axis Δ(iπT) is 1.506 meV
    assert found.exact.edge == pytest.approx(1.5199, abs=2e-4)
    assert found.edge.gap == pytest.approx(found.exact.edge, rel=2e-5)
    assert state.gap == pytest.approx(found.exact.edge, rel=1e-4)
    assert state.gap_ratio == pytest.approx(3.860, abs=2e-3)


# ------------------------------------------------------------------------------ strong coupling

# μ* of each, and Tc/ω_log: from all but weak to where the formulas end
MATERIALS = {"Al": 0.1, "MgB2": 0.16, "Mo": 0.1, "Pb": 0.1, "Ta": 0.1,
             "Al_qe_5": 0.1, "Pb_nishan_c5": 0.1, "MgB2_epwref_t05": 0.16, "Nb_c15": 0.12,
             "ThH9_150": 0.1, "Pb_elphgap": 0.1}  # fmt: skip


@pytest.mark.parametrize("name", [name if name in OURS else needs_data(name) for name in MATERIALS])
def test_formulas_for_the_ratios(name, spectra):
    # collected by Carbotte, Rev. Mod. Phys. 62, 1027 (1990); the first is of Mitrović, Zarate,
    # Carbotte, Phys. Rev. B 29, 184 (1984). They were fitted to solutions for real metals.
    state = state_of(spectra, name, MATERIALS[name])
    x = float(state.transition.tc) * KELVIN_TO_MEV / float(omega_log(*spectra(name)))
    assert x < 0.1
    log_2, log_3 = np.log(1.0 / (2.0 * x)), np.log(1.0 / (3.0 * x))
    assert state.gap_ratio == pytest.approx(3.53 * (1.0 + 12.5 * x**2 * log_2), rel=0.03)
    assert state.specific_heat_jump == pytest.approx(1.43 * (1.0 + 53.0 * x**2 * log_3), rel=0.1)
    assert state.condensation_ratio == pytest.approx(0.168 * (1.0 - 12.2 * x**2 * log_3), rel=0.05)


@pytest.mark.data
def test_lead(spectra):
    # first-principles α²F without spin-orbit coupling, scaled to the λ = 1.55 of tunnelling
    grid, a2f = spectra(LEAD)
    a2f = a2f * 1.55 / float(coupling_constant(grid, a2f))
    state = superconducting_state(grid, a2f, 0.105)
    assert float(state.transition.tc) == pytest.approx(7.2, rel=0.05)
    assert 4.3 < state.gap_ratio < 4.5
    assert 2.5 < state.specific_heat_jump < 2.8
    # lead lies above the parabola
    assert state.deviation.max() > 0.01
    assert state.deviation.min() > -1e-3
