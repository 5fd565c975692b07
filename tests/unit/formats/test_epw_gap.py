import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.epw_gap import is_isotropic_gap, parse_gap
from betenet.formats.text import TextFile
from betenet.units import KELVIN_TO_MEV

MATSUBARA = 3.0 * np.pi * KELVIN_TO_MEV * 1e-3 * np.arange(1, 40, 2)


def text_of(head, *columns, name="xx.imag_iso_003.00"):
    rows = ["".join(f"{x:20.10E}" for x in row) for row in zip(*columns, strict=True)]
    return TextFile(name, (head, *rows))


def imaginary(**change):
    gap = 2.8e-3 / (1.0 + (MATSUBARA / 0.02) ** 2)
    return text_of("  w [eV]  znorm(w)  delta(w) [eV]", MATSUBARA, 1.0 + gap, gap, **change)


def real(gap=2.5e-3, **change):
    omega = np.linspace(1e-4, 2e-2, 200)
    zero = 0.0 * omega
    head = "  w [eV]  Re[znorm(w)]  Im[znorm(w)]  Re[delta(w)] [eV]  Im[delta(w)] [eV]"
    values = gap * (1.0 + 10.0 * (omega - 2.5e-3))
    return text_of(head, omega, 1.0 + zero, zero, values, zero, **change)


def test_temperature_is_that_of_the_first_frequency():
    found = parse_gap(imaginary(name="whatever"))
    assert found.axis == "imaginary"
    assert found.temperature == pytest.approx(3.0, rel=1e-6)
    assert found.gap == pytest.approx(2.8 / (1.0 + (MATSUBARA[0] / 0.02) ** 2), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "temperature"), [("x.pade_iso_003.00", 3.0), ("Pb.acon_iso_12.50", 12.5)]
)
def test_edge_on_the_real_axis(name, temperature):
    found = parse_gap(real(name=name))
    assert (found.axis, found.temperature) == ("real", temperature)
    assert found.gap == pytest.approx(2.5, rel=1e-6)
    assert parse_gap(real(gap=1e-9, name=name)).gap == 0.0


def test_name_without_a_temperature():
    with pytest.raises(DataError, match="does not end in a temperature"):
        parse_gap(real(name="pade.dat"))


def test_another_number_of_columns():
    with pytest.raises(DataError, match="2 columns"):
        parse_gap(text_of("w [eV] znorm(w) delta(w)", MATSUBARA, MATSUBARA))


def test_anisotropic_gaps_and_spectra_are_none():
    assert is_isotropic_gap(imaginary())
    assert is_isotropic_gap(real())
    for head in ("# w [eV] Enk-Ef [eV] znorm(w) delta(w) [eV]", " w[meV] a2f"):
        assert not is_isotropic_gap(text_of(head, MATSUBARA))
