import numpy as np
import pytest

from betenet.errors import ConfigError, SpectrumError
from betenet.formats.known_formats import FORMATS
from betenet.formats.read import read_a2f
from betenet.formats.write import write_a2f
from betenet.spectrum import Spectrum
from betenet.superconductivity.moments import coupling_constant, omega_log
from betenet.units import FREQUENCY_UNITS_IN_MEV

WRITABLE = [key for key, known in FORMATS.items() if known.writable]
MANY = [key for key in WRITABLE if not FORMATS[key].one_spectrum]
EXACT = {"json", "csv"}


def options(key):
    """What a reader needs to be told of formats that do not tell it."""
    return {"table": {"unit": "meV"}, "elk": {"format": "elk"}}.get(key, {})


@pytest.mark.parametrize("key", WRITABLE)
def test_round_trip(spectrum, tmp_path, key):
    path = tmp_path / "spectrum.dat"
    write_a2f(path, spectrum, format=key)
    file = read_a2f(path, **options(key))
    assert file.format == key
    assert file.warnings == ()
    tolerance = 0.0 if key in EXACT else 1e-8
    copy = file.spectrum()
    np.testing.assert_allclose(copy.frequencies, spectrum.frequencies, rtol=tolerance)
    np.testing.assert_allclose(copy.a2f, spectrum.a2f, rtol=tolerance)


@pytest.mark.parametrize("n_columns", [2, 10, 11, 23, 31])
@pytest.mark.parametrize("key", MANY)
def test_round_trip_of_a_batch(spectrum, tmp_path, key, n_columns):
    factors = 1.0 + 0.05 * np.arange(n_columns)
    batch = Spectrum(spectrum.frequencies, factors[:, None] * spectrum.a2f)
    smearings = [0.01 * (i + 1) for i in range(n_columns)]
    write_a2f(tmp_path / "batch", batch, format=key, smearings=smearings)
    file = read_a2f(tmp_path / "batch", **options(key))
    np.testing.assert_allclose(file.spectrum().a2f, batch.a2f, rtol=1e-8)
    if key not in {"json", "table"}:
        assert file.smearings == pytest.approx(smearings)
        np.testing.assert_allclose(file.spectrum(0.02).a2f, batch.a2f[1], rtol=1e-8)


@pytest.mark.parametrize("key", ["csv", "table"])
@pytest.mark.parametrize("unit", list(FREQUENCY_UNITS_IN_MEV))
def test_every_unit(spectrum, tmp_path, key, unit):
    write_a2f(tmp_path / "x", spectrum, format=key, unit=unit)
    file = read_a2f(tmp_path / "x", unit=unit if key == "table" else None)
    assert file.unit == unit.replace("cm⁻¹", "cm-1" if key == "csv" else unit)
    np.testing.assert_allclose(file.frequencies, spectrum.frequencies, rtol=1e-11)


@pytest.mark.parametrize("key", WRITABLE)
def test_real_spectra_keep_their_moments(real_spectra, tmp_path, key):
    for name, spectrum in real_spectra.items():
        write_a2f(tmp_path / name, spectrum, format=key)
        copy = read_a2f(tmp_path / name, **options(key)).spectrum()
        for moment in (coupling_constant, omega_log):
            expected = float(moment(spectrum.frequencies, spectrum.a2f))
            assert float(moment(copy.frequencies, copy.a2f)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("key", [key for key in FORMATS if key not in WRITABLE])
def test_formats_that_are_only_read(spectrum, tmp_path, key):
    with pytest.raises(ConfigError, match="is read, not written"):
        write_a2f(tmp_path / "x", spectrum, format=key)


def test_what_does_not_fit(spectrum, batch, tmp_path):
    path = tmp_path / "x"
    with pytest.raises(ConfigError, match="frequencies in Ha, not in meV"):
        write_a2f(path, spectrum, format="elk", unit="meV")
    with pytest.raises(ConfigError, match="Unknown unit"):
        write_a2f(path, spectrum, format="csv", unit="parsec")
    with pytest.raises(SpectrumError, match="holds one spectrum, not 3"):
        write_a2f(path, batch, format="elk")
    with pytest.raises(SpectrumError, match="2 smearings for 3 spectra"):
        write_a2f(path, batch, format="csv", smearings=[1.0, 2.0])
    with pytest.raises(SpectrumError, match=r"batch of shape \(1, 3\)"):
        write_a2f(path, Spectrum(batch.frequencies, batch.a2f[None]), format="csv")
    assert list(tmp_path.iterdir()) == []
