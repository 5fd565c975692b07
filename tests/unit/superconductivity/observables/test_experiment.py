import numpy as np
import pytest

from betenet.errors import ConfigError
from betenet.superconductivity.moments import coupling_constant
from betenet.superconductivity.observables import BandNumbers, observe, sommerfeld_constant

GRID = np.linspace(0.5, 30.0, 60)
A2F = 0.6 * (GRID / 15.0) ** 2 * np.exp(-(((GRID - 15.0) / 6.0) ** 2))
ALL = BandNumbers(
    fermi_dos=1.5, fermi_velocity=0.5, residual_resistivity=2.0, volume=18.0, plasma_energy=9.0,
    tunnelling_temperature=1.0, broadening=0.05,
)  # fmt: skip


def test_everything_that_the_numbers_suffice_for():
    found = observe(GRID, A2F, 0.12, bands=ALL)
    clean, dirty = found.field_of("clean"), found.field_of("dirty")
    assert clean is not None
    assert dirty is not None
    coupling = float(coupling_constant(GRID, A2F))
    assert found.sommerfeld == pytest.approx(sommerfeld_constant(1.5, coupling))
    # two fluids: the depth grows with temperature, and the dirty one is the longer
    assert np.all(np.diff(found.clean_depths) > 0.0)
    assert found.dirty_depths.shape == found.temperatures.shape
    assert found.tunnelling is not None
    # no states in the gap but Γ's, all of them above the phonons
    assert found.tunnelling.conductance[0] < 0.1
    assert found.tunnelling.conductance[-1] == pytest.approx(1.0, abs=0.02)
    # weak coupling: 1.84 T/K
    assert found.pauli_limit == pytest.approx(1.84 * float(clean.transition.tc), rel=0.2)
    assert found.notes == ()


def test_what_is_missing_is_named():
    found = observe(GRID, A2F, 0.12, bands=BandNumbers(residual_resistivity=2.0))
    assert found.fields == ()
    assert found.dirty_depths.size
    assert not found.clean_depths.size
    (note,) = found.notes
    assert "--fermi-dos" in note
    assert "--cell-volume" in note


def test_a_normal_metal_has_neither_gap_nor_field():
    hot = observe(GRID, A2F, 0.12, bands=BandNumbers(tunnelling_temperature=300.0))
    assert hot.tunnelling is None
    assert "normal" in hot.notes[0]
    weak = observe(GRID, 1e-2 * A2F, 0.12, bands=ALL)
    assert weak.fields == ()
    assert weak.sommerfeld > 0.0
    assert "no transition" in weak.notes[0]


def test_numbers_are_positive():
    with pytest.raises(ConfigError, match="fermi_velocity is -1"):
        BandNumbers(fermi_velocity=-1.0)


@pytest.mark.parametrize(
    "slip", [{"fermi_velocity": 0.57e6}, {"plasma_energy": 9200.0}, {"residual_resistivity": 1e6}]
)
def test_numbers_of_another_unit_are_refused(slip):
    with pytest.raises(ConfigError, match="another unit"):
        BandNumbers(**slip)


@pytest.mark.parametrize(("resistivity", "doubted"), [(0.05, True), (200.0, False)])
def test_a_clean_metal_is_not_called_dirty(resistivity, doubted):
    bands = BandNumbers(residual_resistivity=resistivity, plasma_energy=9.0)
    notes = " ".join(observe(GRID, A2F, 0.12, bands=bands).notes)
    assert ("not dirty" in notes) is doubted
