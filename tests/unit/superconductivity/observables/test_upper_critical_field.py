import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.superconductivity.observables import diffusion_constant, upper_critical_field

GRID = np.linspace(9.9, 10.1, 41)
PEAK = 500.0 * np.maximum(0.1 - np.abs(GRID - 10.0), 0.0)  # λ = 1
K_B, E, HBAR, FLUX = 1.380649e-23, 1.602176634e-19, 1.054571817e-34, 2.067833848e-15
ZETA_3 = 1.2020569


def test_the_dirty_limit_of_helfand_and_werthamer():
    # 0.693 of the slope at weak coupling; the slope is that of D/(1+λ), the closer the weaker
    weak, weaker = (
        upper_critical_field(GRID, lam * PEAK, 0.0, diffusion=1.0, reduced_temperatures=(0.05,))
        for lam in (0.3, 0.25)
    )
    assert weaker.reduced == pytest.approx(0.693, rel=0.015)
    off = []
    for found, lam in ((weak, 0.3), (weaker, 0.25)):
        expected = 4.0 * K_B / (np.pi * E * 1e-4) * (1.0 + lam)
        off.append(found.slope / expected - 1.0)
    assert 0.0 < off[1] < 0.6 * off[0] < 0.02


def test_the_clean_limit_of_helfand_and_werthamer():
    found = upper_critical_field(
        GRID, 0.3 * PEAK, 0.0, fermi_velocity=1.0, reduced_temperatures=(0.05,)
    )
    assert found.reduced == pytest.approx(0.727, rel=0.015)
    tc, v = float(found.transition.tc), 1e6 / 1.3
    expected = 24.0 * np.pi * FLUX * K_B**2 * tc / (7.0 * ZETA_3 * HBAR**2 * v**2)
    assert found.slope == pytest.approx(expected, rel=0.01)


def test_lengths_and_scales():
    slow, fast = (
        upper_critical_field(GRID, PEAK, 0.1, fermi_velocity=v, reduced_temperatures=(0.1,))
        for v in (0.5, 1.0)
    )
    assert slow.at_zero == pytest.approx(4.0 * fast.at_zero)
    assert slow.coherence_length == pytest.approx(0.5 * fast.coherence_length)
    # free electrons of 1 µΩ cm: D = v_F l/3
    assert diffusion_constant(2.0, 1.5, 18.0) == pytest.approx(
        1e4 / (2e-8 * E**2 * 1.5 / (E * 18e-30))
    )


def test_exactly_one_limit_is_asked_for():
    for options in ({}, {"diffusion": 1.0, "fermi_velocity": 1.0}, {"diffusion": -1.0}):
        with pytest.raises(ConfigError, match="one of the two"):
            upper_critical_field(GRID, PEAK, 0.1, **options)
    with pytest.raises(ConfigError, match="without a transition"):
        upper_critical_field(GRID, 0.01 * PEAK, 0.1, diffusion=1.0)
