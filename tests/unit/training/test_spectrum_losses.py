import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from betenet.errors import ConfigError
from betenet.superconductivity.moments import moments
from betenet.training.spectrum_losses import LOSSES, make_loss

GRID = np.linspace(0.5, 60.0, 120)


def peak(centre: float, height: float = 1.0, width: float = 3.0) -> np.ndarray:
    return height * np.exp(-(((GRID - centre) / width) ** 2)) * np.minimum(1.0, (GRID / 4.0) ** 2)


KNOWN = torch.tensor(np.array([peak(20.0), peak(30.0, 0.5)]))


@pytest.mark.parametrize("name", LOSSES)
def test_each_crystal_for_itself_and_least_at_the_known_spectrum(name):
    loss = make_loss(name, GRID, KNOWN)
    at_known = loss(KNOWN)
    assert at_known.shape == (2,)
    off = KNOWN.clone()
    off[1] = torch.tensor(peak(33.0, 0.6))
    moved = loss(off)
    assert moved[0] == at_known[0]
    assert moved[1] > at_known[1]
    if name != "curvature":
        # ln(a2f + 1e-7) of the moment loss is the only thing that is not exactly zero
        assert float(at_known.abs().max()) < 1e-9


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name):
    loss = make_loss(name, GRID, KNOWN, 0.3)
    a2f = (KNOWN + 0.05 + 0.02 * torch.sin(torch.tensor(GRID))).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x).sum(), (a2f,), eps=1e-7, atol=1e-5)


def test_mean_squared_is_that():
    found = make_loss("mse", GRID, KNOWN)(KNOWN + 0.1)
    assert found.numpy() == pytest.approx(0.01)


def test_huber_is_linear_beyond_its_scale():
    one, two = (make_loss("huber", GRID, KNOWN, 0.01)(KNOWN + step)[0] for step in (1.0, 2.0))
    assert float(two / one) == pytest.approx(2.0, rel=0.01)


def test_wasserstein_is_the_distance_of_the_shapes():
    other = torch.tensor(np.array([peak(26.0, 2.0), peak(18.0)]))
    found = make_loss("wasserstein", GRID, KNOWN, 0.0)(other)
    weights = np.gradient(GRID)
    weights[[0, -1]] *= 1.0
    for row in range(2):
        known, predicted = KNOWN[row].numpy() * weights, other[row].numpy() * weights
        exact = wasserstein_distance(GRID, GRID, known, predicted)
        assert float(found[row]) == pytest.approx(exact / (known @ GRID / known.sum()), rel=0.01)
    # with a scale the area counts too
    doubled = make_loss("wasserstein", GRID, KNOWN, 0.5)(2.0 * KNOWN)
    assert doubled.numpy() == pytest.approx(0.5)


def test_curvature_is_that_of_the_prediction():
    spiky = KNOWN.clone()
    spiky[0, 60] += 0.2
    plain, penalised = (make_loss("curvature", GRID, KNOWN, s)(spiky)[0] for s in (0.0, 1.0))
    second = np.diff(spiky[0].numpy(), 2)
    assert float(penalised - plain) == pytest.approx(np.mean(second**2))


def test_moments_are_those_of_the_physics():
    other = torch.tensor(np.array([peak(24.0, 1.3), peak(30.0, 0.7)]))
    plain, with_moments = (make_loss("moments", GRID, KNOWN, s)(other) for s in (0.0, 1.0))
    logs = []
    for a2f in (KNOWN, other):
        found = moments(GRID, a2f.numpy())
        logs.append(np.log(np.stack([found[k] for k in ("coupling", "omega_log", "omega_2")], -1)))
    expected = np.mean((logs[0] - logs[1]) ** 2, axis=-1)
    assert (with_moments - plain).numpy() == pytest.approx(expected, rel=0.02)


def test_unknown_loss_lists_the_known_ones():
    with pytest.raises(ConfigError, match="Use one of mse, huber"):
        make_loss("nothing", GRID, KNOWN)
