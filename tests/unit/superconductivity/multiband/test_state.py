import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.superconductivity.eliashberg import Status, eliashberg_gap
from betenet.superconductivity.multiband import BandBlocks, multiband_state

GOLUBOV = np.array([[1.017, 0.213], [0.155, 0.448]])
REPULSION = np.array([[0.210, 0.095], [0.069, 0.172]])
NAMES = ("sigma", "pi")


def magnesium_diboride():
    return BandBlocks.from_couplings(GOLUBOV, np.array([[66.0, 63.0], [63.0, 59.0]]), NAMES)


def test_two_gaps_of_magnesium_diboride():
    # Golubov et al., J. Phys.: Condens. Matter 14, 1353 (2002): Tc = 39.4 K, gaps of 7.1 and
    # 2.7 meV from α²F_ij, μ*_ij at a cutoff of some ten phonon frequencies; here a peak each
    found = multiband_state(
        magnesium_diboride(), REPULSION, cutoff=800.0, mu_star_frequency=800.0,
        reduced_temperatures=(0.3, 0.9),
    )  # fmt: skip
    assert found.status is Status.CONVERGED
    assert found.tc == pytest.approx(39.4, rel=0.05)
    assert found.gaps == pytest.approx([7.1, 2.7], rel=0.06)
    assert found.isotropic_tc < 0.75 * found.tc
    assert np.all(np.diff(found.lowest_gaps, axis=0) < 0.0)
    # both gaps close at one Tc
    assert found.lowest_gaps[1, 1] > 0.3 * found.lowest_gaps[0, 1]


def test_bands_that_are_alike_are_one_band():
    one = 0.6 * np.ones((2, 2))
    blocks = BandBlocks.from_couplings(one, np.full((2, 2), 15.0), ("a", "b"))
    found = multiband_state(blocks, 0.1, reduced_temperatures=())
    gap = eliashberg_gap(blocks.frequencies, blocks.isotropic, 0.1)
    assert found.tc == pytest.approx(float(gap.transition.tc), rel=1e-6)
    assert found.gaps == pytest.approx([float(gap.gap)] * 2, rel=1e-4)


def test_repulsion_between_bands_alone_pairs_with_opposite_signs():
    couplings = np.array([[0.9, 0.0], [0.0, 0.9]])
    blocks = BandBlocks.from_couplings(couplings, np.full((2, 2), 20.0), ("e", "h"), np.ones(2))
    between = np.array([[0.0, 0.1], [0.1, 0.0]])
    found = multiband_state(blocks, between, reduced_temperatures=())
    assert found.gaps[0] * found.gaps[1] < 0.0
    assert found.tc > multiband_state(blocks, 0.0, reduced_temperatures=()).tc


@pytest.mark.parametrize(
    ("mu_star", "told"),
    [
        (np.array([[0.1, 0.1], [0.2, 0.1]]), "not symmetric"),
        (-0.1, "for 2 bands"),
        (np.array([[0.5, 0.3], [0.22, 0.5]]), "diverges"),
    ],
)
def test_repulsion_that_cannot_be(mu_star, told):
    with pytest.raises(ConfigError, match=told):
        multiband_state(magnesium_diboride(), mu_star)


def test_without_a_transition():
    found = multiband_state(magnesium_diboride(), 5.0 * np.eye(2), cutoff=80.0,
                            mu_star_frequency=80.0)  # fmt: skip
    assert found.tc == 0.0
    assert found.gaps == pytest.approx(0.0)
