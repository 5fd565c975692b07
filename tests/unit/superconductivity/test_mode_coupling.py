from pathlib import Path

import numpy as np
import pytest

from betenet.formats import read_a2f
from betenet.superconductivity.mode_coupling import mode_coupling

FIXTURES = Path(__file__).parents[2] / "fixtures" / "espresso" / "aluminium" / "fine-dos"
OMEGA = np.linspace(0.05, 40.0, 800)


def test_debye_modes_have_the_coupling_of_the_closed_form():
    # α²F = c ω² up to Ω has λ = c Ω² and ω_log = Ω/√e
    ends, strengths = np.array([10.0, 20.0, 40.0]), np.array([2e-3, 1e-3, 2.5e-4])
    modes = np.array(
        [c * OMEGA**2 * (end >= OMEGA) for c, end in zip(strengths, ends, strict=True)]
    )
    found = mode_coupling(OMEGA, modes, modes.sum(axis=0))
    np.testing.assert_allclose(found.coupling, strengths * ends**2, rtol=0.01)
    np.testing.assert_allclose(found.omega_log, ends * np.exp(-0.5), rtol=0.01)
    assert found.sum == pytest.approx(found.total, rel=1e-12)
    assert found.is_complete


@pytest.mark.parametrize("number", range(1, 6))
def test_modes_of_matdyn_add_up_to_the_coupling_that_it_states(number):
    file = read_a2f(FIXTURES / f"a2F.dos{number}")
    keep = file.frequencies > 0.0
    found = mode_coupling(file.frequencies[keep], file.modes[:, keep], file.a2f[0, keep])
    assert len(found.coupling) == 3  # one atom
    assert found.is_complete
    assert found.sum == pytest.approx(file.stated["coupling"][0], rel=2e-3)
    # at one q the modes are numbered by their frequency
    assert np.all(np.diff(found.omega_log) > 0.0)


def test_a_missing_mode_is_found():
    modes = np.outer([0.6, 0.4], OMEGA**2)
    found = mode_coupling(OMEGA, modes[:1], modes.sum(axis=0))
    assert not found.is_complete
    assert found.to_dict()["sum"] == pytest.approx(0.6 * found.total)


def test_a_mode_without_weight_has_no_average():
    found = mode_coupling(OMEGA, np.array([OMEGA, 0.0 * OMEGA]), OMEGA)
    assert found.coupling[1] == 0.0
    assert np.isnan(found.omega_log[1])
