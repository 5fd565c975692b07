"""Training of the autoencoder, on few shapes of a simple family."""

import numpy as np
import pytest
import torch

from betenet.tc_equations.autoencoder import Autoencoder, TrainingSettings
from betenet.tc_equations.reduced_shapes import PLACES, centred, distances, smoothed

SETTINGS = TrainingSettings(n_latent=2, n_hidden=24, epochs=100, final_steps=150, batch=32)


def two_peaks(count, seed, ratio=2.0):
    """Two Gaussian peaks in ln ω, their ratio fixed and their shares not."""
    rng = np.random.default_rng(seed)
    share, width = rng.uniform(0.1, 0.9, (count, 1)), rng.uniform(0.08, 0.2, (count, 1))
    low, high = (np.exp(-0.5 * ((PLACES - x) / width) ** 2) for x in (0.0, np.log(ratio)))
    shapes = share * low + (1.0 - share) * high
    return centred(shapes / shapes.sum(axis=1, keepdims=True))


@pytest.mark.slow
def test_a_family_is_learnt_and_the_end_adds_another():
    plenty, hidden = two_peaks(400, 0), two_peaks(40, 1)
    training = Autoencoder(SETTINGS).begin(plenty)
    coder = training.end(plenty[:20])
    rebuilt = coder.decode(coder.encode(hidden))
    own = distances(hidden, rebuilt).diagonal()
    apart = distances(hidden, plenty[:1])[:, 0]
    assert np.median(own) < 0.03 < 0.5 * np.median(apart)
    wide = two_peaks(60, 2, ratio=4.0)
    other = training.end(wide[:40])
    of_wide = [
        np.median(distances(wide[40:], one.decode(one.encode(wide[40:]))).diagonal())
        for one in (coder, other)
    ]
    assert of_wide[1] < 0.6 * of_wide[0]


def test_the_same_seed_gives_the_same_weights_and_numpy_what_torch_gives():
    few = TrainingSettings(n_latent=3, n_hidden=8, epochs=1, final_steps=2, batch=16)
    plenty = two_peaks(60, 3)
    one, two = (Autoencoder(few).begin(plenty).end(plenty[:10]) for _ in range(2))
    for key, value in one.weights.items():
        np.testing.assert_array_equal(value, two.weights[key])
    training = Autoencoder(few).begin(plenty)
    coder = training.end(plenty[:10])
    latent = coder.encode(plenty)
    mean = latent[:10].mean(axis=0)
    np.testing.assert_allclose(coder.weights["centre"], mean)
    root = coder.weights["root"]
    np.testing.assert_allclose(root @ root.T, np.cov(latent[:10].T), atol=1e-12)
    network = training.network
    with torch.no_grad():
        shares = network.decode(torch.zeros(1, 3)).numpy().astype(np.float64)
        given = torch.tensor(smoothed(plenty), dtype=torch.float32)
        codes = network.encode(given)[0].numpy()
    begun = training.coder(plenty[:10])
    np.testing.assert_allclose(begun.encode(plenty), codes, atol=1e-4)
    np.testing.assert_allclose(begun.decode(np.zeros((1, 3))), centred(shares), atol=1e-5)
