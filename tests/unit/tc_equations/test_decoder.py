"""Decoded spectra: what holds whatever the weights are, and what the shipped ones make."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from betenet.cli import main
from betenet.errors import ConfigError, ModelError
from betenet.superconductivity.moments import moments
from betenet.tc_equations.decoder import (
    SHIPPED,
    WEIGHTS,
    SpectrumCoder,
    decoded_with_moments,
    shipped_coder,
    write_coder,
)
from betenet.tc_equations.makers import make_spectra
from betenet.tc_equations.reduced_shapes import PLACES, curves_of, distances, second_moment
from betenet.tc_equations.spectrum_files import read_spectra


def random_coder(seed):
    rng = np.random.default_rng(seed)
    sizes = {"decoder.0": (2, 8), "decoder.1": (8, 8), "decoder.2": (8, PLACES.size + 1)}
    sizes |= {"encoder.0": (PLACES.size, 8), "encoder.1": (8, 4)}
    weights = {f"{name}.weight": 3.0 * rng.standard_normal(s[::-1]) for name, s in sizes.items()}
    weights |= {f"{name}.bias": rng.standard_normal(size[1]) for name, size in sizes.items()}
    return SpectrumCoder(weights | {"centre": np.zeros(2), "root": np.eye(2)})


@pytest.mark.parametrize("seed", [0, 1])
def test_any_weights_make_spectra_that_are_positive_and_begin_with_the_square(seed):
    coder = random_coder(seed)
    shapes = coder.decode(10.0 * np.random.default_rng(seed).standard_normal((40, 2)))
    assert np.all(shapes >= 0.0)
    np.testing.assert_allclose(shapes.sum(axis=1), 1.0)
    np.testing.assert_allclose(shapes @ PLACES, 0.0, atol=0.05)
    curve = curves_of(shapes, PLACES[0] - np.array([1.0, 0.5]))
    kept = curve[:, 0] > 0.0
    np.testing.assert_allclose(np.log(curve[kept, 1] / curve[kept, 0]), 1.0)


def test_weights_are_small_and_come_back(tmp_path):
    assert (SHIPPED / WEIGHTS).stat().st_size < 300_000
    coder = shipped_coder()
    write_coder(tmp_path / "coder", coder, {"name": "copy"})
    again = shipped_coder(tmp_path / "coder")
    latent = coder.sample(np.random.default_rng(0), 5)
    np.testing.assert_array_equal(again.decode(latent), coder.decode(latent))
    assert 2 <= coder.n_latent <= 8


def test_weights_that_are_none_are_named(tmp_path):
    with pytest.raises(ModelError, match="is not a decoder of spectra"):
        shipped_coder(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is not a decoder of spectra"):
        shipped_coder(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    save_file({"centre": np.zeros(3, dtype=np.float32)}, other / WEIGHTS)
    with pytest.raises(ModelError, match="KeyError"):
        shipped_coder(other)


def test_samples_are_like_metals_and_differ():
    coder = shipped_coder()
    shapes = coder.decode(coder.sample(np.random.default_rng(1), 200))
    width = second_moment(shapes)
    assert 1.05 < np.median(width) < 1.5  # BETE-NET's materials: 1.2
    assert np.quantile(width, 0.95) < 3.0
    apart = distances(shapes[:50], shapes[50:100])
    assert 0.03 < np.median(apart) < 0.4


def test_a_spectrum_of_another_maker_is_rebuilt():
    """Peaks that are as wide as those of metals; narrower ones are none that it has learnt."""
    omega = np.exp(PLACES)
    shape = np.exp(-0.5 * ((omega - 0.9) / 0.25) ** 2) + 0.4 * np.exp(
        -0.5 * ((omega - 1.6) / 0.2) ** 2
    )
    shape = (shape / shape.sum())[None]
    shape = np.roll(shape, -round(float(shape[0] @ PLACES) / (PLACES[1] - PLACES[0])), axis=1)
    coder = shipped_coder()
    assert distances(shape, coder.decode(coder.encode(shape)))[0, 0] < 0.06


@pytest.mark.parametrize("ratio", [1.08, 1.3, 1.9])
def test_moments_are_those_asked_for(ratio):
    made = decoded_with_moments(3, coupling=0.9, omega_log=17.0, omega_2=17.0 * ratio, seed=2)
    assert made.a2f.shape[0] == 3
    assert np.all(made.a2f >= 0.0)
    for a2f, scale in zip(made.a2f, made.scale, strict=True):
        found = moments(made.frequencies * scale, a2f)
        assert float(found["coupling"]) == pytest.approx(0.9, rel=1e-6)
        assert float(found["omega_log"]) == pytest.approx(17.0, rel=1e-6)
        assert float(found["omega_2"]) == pytest.approx(17.0 * ratio, rel=0.01)
    assert not np.allclose(made.a2f[0], made.a2f[1])


def test_moments_that_no_spectrum_has_are_refused():
    with pytest.raises(ConfigError, match="ω_2 is above ω_log"):
        decoded_with_moments(1, coupling=1.0, omega_log=20.0, omega_2=15.0)
    with pytest.raises(ConfigError, match="No decoded spectrum can have"):
        decoded_with_moments(1, coupling=1.0, omega_log=1.0, omega_2=400.0)


def test_the_maker_and_the_verb(tmp_path, capsys):
    made = make_spectra("decoded", 20)
    assert np.all(made.a2f >= 0.0)
    out = tmp_path / "mine.parquet"
    words = ["spectra", "make", "decoded:2", "--out", str(out), "--coupling", "1.2"]
    assert main(words) == 2
    assert "needs all three" in capsys.readouterr().err
    assert main([*words, "--omega-log", "150", "--omega-2", "190"]) == 0
    found = read_spectra(out)
    known = moments(found.frequencies * found.scale[0], found.a2f[0])
    assert float(known["omega_2"] / known["omega_log"]) == pytest.approx(190 / 150, rel=0.01)
