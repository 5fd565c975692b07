import numpy as np
import pytest
from tests.reference import dense_eliashberg as dense

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg import CONVENTIONS, eliashberg_tc
from betenet.superconductivity.eliashberg.conventions import convention
from betenet.superconductivity.moments import moments
from betenet.units import KELVIN_TO_MEV

GRID, A2F = dense.SPECTRA["acoustic"]
COUPLINGS = np.array([0.8, 3.0])[:, None]


def tc(name, mu_star=0.12, **options):
    return eliashberg_tc(GRID, COUPLINGS * A2F, mu_star, convention=name, **options).tc


def plain_matrix(kernel, kt, n_phonons, n_repulsion, mu_star, *, normal_ends):
    """The equations of a convention by plain sums, without symmetry."""
    n = np.arange(n_phonons)
    minus = kernel(2 * np.pi * kt * np.abs(n[:, None] - n))
    plus = kernel(2 * np.pi * kt * (n[:, None] + n + 1))
    normal = (minus - plus).sum(axis=1)
    if not normal_ends:
        values = kernel(2 * np.pi * kt * n)
        normal = values[0] + 2.0 * np.concatenate([[0.0], np.cumsum(values[1:])])
    matrix = minus + plus - 2.0 * mu_star * np.clip(n_repulsion - n, 0.0, 1.0)
    return float(np.max(np.linalg.eigvals(
        (matrix - np.diag(normal)) / (2 * n + 1)).real))  # fmt: skip


@pytest.mark.parametrize("name", ["as-is", "elk", "elk-old", "epw", "a2f", "two-cutoffs"])
def test_the_eigenvalue_of_plain_sums_is_one(name):
    found = eliashberg_tc(GRID, 3.0 * A2F, 0.12, convention=name)
    kt = float(found.tc) * KELVIN_TO_MEV
    meaning, repulsion = CONVENTIONS[name], found.coulomb
    n = float(repulsion.cutoff[0]) / (2 * np.pi * kt)
    ends = float(repulsion.mu_star_frequency[0]) / (2 * np.pi * kt) + meaning.repulsion_extra
    kernel = dense.sampled_kernel(GRID, 3.0 * A2F)
    rho = plain_matrix(
        kernel, kt, round(n), ends if meaning.repulsion_ends else n, 0.12,
        normal_ends=meaning.normal_ends,
    )  # fmt: skip
    # numbers of frequencies are rounded here, and shared out there
    assert rho == pytest.approx(1.0, abs=2e-3)


def test_a_repulsion_with_a_cutoff_of_its_own_is_nearly_the_rescaled_one():
    # what Morel and Anderson's logarithm approximates
    assert tc("two-cutoffs") == pytest.approx(tc("rescaled"), rel=0.12)
    wide = tc("two-cutoffs", mu_star_frequency=790.0, cutoff=800.0)
    assert wide == pytest.approx(tc("as-is", cutoff=800.0), rel=2e-3)


def test_mu_star_as_it_is_means_less_repulsion_the_higher_the_cutoff():
    low, high = (tc("as-is", cutoff=cutoff) for cutoff in (100.0, 2000.0))
    assert np.all(tc("rescaled") < low)
    assert np.all(low < high)


def test_the_ladder_is_the_logarithm_of_a_wide_band():
    bare = {"mu_star": 0.4, "mu_star_frequency": 2e5}
    assert tc("ladder", **bare) == pytest.approx(tc("morel-anderson", **bare), rel=1e-3)
    narrow = {"mu_star": 0.4, "mu_star_frequency": 800.0}
    assert np.all(tc("ladder", **narrow) > tc("morel-anderson", **narrow))


def test_isome_converges_to_the_rescaled_one():
    assert tc("isome") == pytest.approx(tc("rescaled"), rel=1e-3)


def test_a_bare_repulsion_needs_its_energy():
    with pytest.raises(ConfigError, match="electrons' energy"):
        tc("ladder")


def test_an_unknown_convention_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match="two-cutoffs"):
        convention("two_cutoffs")


def test_elk_repels_up_to_twice_omega_2_and_used_to_up_to_once():
    new, old = (
        eliashberg_tc(GRID, 3.0 * A2F, 0.12, convention=n).coulomb for n in ("elk", "elk-old")
    )
    omega_2 = float(moments(GRID, A2F)["omega_2"])
    assert new.mu_star_frequency == pytest.approx(2.0 * omega_2)
    assert old.mu_star_frequency == pytest.approx(omega_2)
    assert new.cutoff == old.cutoff == pytest.approx(20.0 * omega_2)
    assert np.all(tc("rescaled") < tc("elk"))
    assert np.all(tc("elk") < tc("elk-old"))
