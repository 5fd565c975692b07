"""The differentiable moments are those of the physics room; the losses vanish where they should."""

import numpy as np
import pytest
import torch

from betenet.datasets.rows import TARGETS
from betenet.errors import ConfigError
from betenet.superconductivity.moments import moments
from betenet.training.losses import (
    GridMoments,
    LossConfig,
    moment_loss,
    smoothness_loss,
    spectrum_loss,
)

GRID = np.geomspace(0.6, 420.0, 132)


def _peaks(centres: list[float], width: float = 0.2) -> np.ndarray:
    return np.stack([np.exp(-0.5 * ((np.log(GRID) - np.log(c)) / width) ** 2) for c in centres])


@pytest.mark.parametrize(("kind", "rtol"), [("grid-sum", 2e-3), ("onset", 1e-12)])
def test_moments_agree_with_the_physics(kind: str, rtol: float) -> None:
    a2f = _peaks([8.0, 30.0, 150.0])
    grid = GridMoments.on(GRID, torch.float64, kind)
    ours = grid.log_moments(torch.tensor(a2f)).exp().numpy()
    theirs = moments(GRID, a2f)
    for column, name in enumerate(TARGETS[:5]):
        np.testing.assert_allclose(ours[:, column], theirs[name], rtol=rtol)


def test_highest_frequency_is_that_of_the_physics_up_to_a_step_of_the_grid() -> None:
    a2f = torch.tensor(_peaks([8.0, 30.0, 150.0]), requires_grad=True)
    found = GridMoments.on(GRID, torch.float64, "onset").log_moments(a2f)
    found.sum().backward()
    assert a2f.grad is not None
    assert torch.isfinite(a2f.grad).all()
    steps = found[:, 5].exp().detach().numpy() / moments(GRID, a2f.detach().numpy())["omega_max"]
    assert np.all((steps >= 1.0 - 1e-12) & (steps < GRID[1] / GRID[0]))


def test_an_unknown_way_to_take_the_moments_is_named() -> None:
    with pytest.raises(ConfigError, match="grid-sum, onset"):
        LossConfig(moments="simpson")


def test_lognormal_has_its_closed_form() -> None:
    width, centre = 0.3, 25.0
    a2f = _peaks([centre], width)
    found = GridMoments.on(GRID, torch.float64).log_moments(torch.tensor(a2f))[0].exp()
    # α²F/ω dω is a normal distribution in ln ω
    expected = [2 * width * np.sqrt(2 * np.pi), centre]
    expected += [centre * np.exp(n * width**2 / 2) for n in (1, 2, 3)]
    np.testing.assert_allclose(found[:5].numpy(), expected, rtol=1e-3)


def test_highest_frequency_leaves_half_a_percent_of_the_area_above() -> None:
    a2f = _peaks([30.0, 60.0]).sum(0)
    found = GridMoments.on(GRID, torch.float64).log_moments(torch.tensor(a2f))[5].exp().item()
    above = np.interp(found, GRID, np.cumsum(np.gradient(GRID) * a2f))
    assert above / (np.gradient(GRID) * a2f).sum() == pytest.approx(0.995, abs=2e-3)


def test_frequencies_scale_and_coupling_does_not() -> None:
    grid = GridMoments.on(GRID, torch.float64)
    first, second = grid.log_moments(torch.tensor(_peaks([20.0, 40.0])))
    assert second[0].item() == pytest.approx(first[0].item(), abs=1e-6)
    assert (second[1:] - first[1:]).numpy() == pytest.approx(np.log(2), abs=1e-2)


def test_unknown_targets_do_not_count() -> None:
    predicted = torch.zeros(2, 6, requires_grad=True)
    targets = torch.full((2, 6), float("nan"))
    targets[0, 0] = 1.0
    weights = torch.ones(2)
    config = LossConfig(coupling_power=0.0)
    loss = moment_loss(config, predicted, targets, weights)
    loss.backward()
    assert predicted.grad is not None
    assert torch.isfinite(predicted.grad).all()
    assert (predicted.grad != 0).sum() == 1
    assert moment_loss(config, targets.nan_to_num(0.0), targets, weights).item() == 0.0


def test_weight_grows_with_the_frequency() -> None:
    config = LossConfig(coupling=0, omega_1=0, omega_2=0, omega_3=0, omega_max=0)
    losses = []
    for centre in (18.0, 36.0):
        target = torch.full((1, 6), float(np.log(centre)))
        losses.append(moment_loss(config, target + 0.1, target, torch.ones(1)).item())
    assert losses[1] / losses[0] == pytest.approx(2.0, rel=1e-4)


def test_wasserstein_distance_of_shifted_peaks() -> None:
    grid = GridMoments.on(GRID, torch.float64)
    first, second = torch.tensor(_peaks([30.0, 33.0], 0.1))
    same = spectrum_loss(grid, first[None] * 3, first[None]).item()
    moved = spectrum_loss(grid, first[None], second[None]).item()
    assert same == pytest.approx(0.0, abs=1e-12)
    # in units of the mean frequency of the second
    assert moved == pytest.approx(0.1 / 1.1, rel=0.04)  # the grid is 5 % wide


def test_smoothness_prefers_broad_peaks() -> None:
    grid = GridMoments.on(GRID, torch.float64)
    sharp, broad = (torch.tensor(_peaks([30.0], w)) for w in (0.1, 0.4))
    assert smoothness_loss(grid, sharp) > 10 * smoothness_loss(grid, broad)
