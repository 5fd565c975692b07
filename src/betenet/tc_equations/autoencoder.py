"""Training of the autoencoder of spectra; the only module here that needs torch.

A variational autoencoder of shapes (``reduced_shapes``): what is plentiful comes first, spectra of
real materials come last. Its parts are evaluated by ``decoder``.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy, deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from betenet.tc_equations.decoder import ONSETS, SpectrumCoder
from betenet.tc_equations.reduced_shapes import PLACES, WIDTH, Shapes, smoothed

_PLACES = torch.tensor(PLACES, dtype=torch.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How the autoencoder is trained.

    Parameters
    ----------
    n_latent
        Latent numbers.
    n_hidden
        Width of the hidden layers.
    epochs
        Passes over the plentiful shapes.
    final_steps
        Steps at the end, in which half of each batch are real spectra.
    batch
        Shapes of a step.
    rate
        Step length of Adam; it falls as a cosine in both parts.
    tightness
        Weight of the divergence of latent numbers from a normal distribution.
    seed
        Seed of the weights and of the order.
    """

    n_latent: int = 6
    n_hidden: int = 96
    epochs: int = 50
    final_steps: int = 600
    batch: int = 64
    rate: float = 5e-3
    tightness: float = 1e-4
    seed: int = 0


class _Network(nn.Module):
    def __init__(self, settings: TrainingSettings) -> None:
        super().__init__()
        n, hidden, bins = settings.n_latent, settings.n_hidden, PLACES.size
        self.encoder = nn.ModuleList([nn.Linear(bins, hidden), nn.Linear(hidden, 2 * n)])
        self.decoder = nn.ModuleList(
            [nn.Linear(n, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, bins + 1)]
        )

    def encode(self, shapes: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.tanh(self.encoder[0](shapes.sqrt()))
        centre, log_variance = self.encoder[1](hidden).chunk(2, dim=1)
        return centre, log_variance.clamp(-12.0, 4.0)

    def decode(self, latent: Tensor) -> Tensor:
        hidden = torch.tanh(self.decoder[0](latent))
        out = self.decoder[2](torch.tanh(self.decoder[1](hidden)))
        onset = ONSETS[0] + (ONSETS[1] - ONSETS[0]) * torch.sigmoid(out[:, -1:])
        damping = nn.functional.softplus(2.0 * (onset - _PLACES))
        return torch.softmax(out[:, :-1] - damping, dim=1)


class Autoencoder:
    """An autoencoder in training: first :meth:`begin`, then :meth:`end`.

    Parameters
    ----------
    settings
        The default ones if absent.
    """

    def __init__(self, settings: TrainingSettings | None = None) -> None:
        self._settings = TrainingSettings() if settings is None else settings
        torch.manual_seed(self._settings.seed)
        self.network = _Network(self._settings)
        self._rng = np.random.default_rng(self._settings.seed)

    def begin(self, plenty: Shapes) -> Autoencoder:
        """Train on what is plentiful.

        Parameters
        ----------
        plenty
            Shapes such as those of maximum-entropy spectra and of phonon densities of states [1].
        """
        self._plenty = _tensor(plenty)
        batches = _passes(self._plenty, self._settings, self._rng)
        _train(self.network, batches, self._settings)
        return self

    def end(self, real: Shapes) -> SpectrumCoder:
        """The coder after a last part in which half of each batch are real spectra.

        The training that was begun stays as it is, and can be ended on others.

        Parameters
        ----------
        real
            Shapes of real spectra; the latent numbers that are drawn have the mean and the
            covariance of theirs [1].
        """
        ended = copy(self)
        ended.network = deepcopy(self.network)
        batches = _mixed(self._plenty, _tensor(real), self._settings, self._rng)
        _train(ended.network, batches, self._settings)
        return ended.coder(real)

    def coder(self, real: Shapes) -> SpectrumCoder:
        """The coder as it is trained so far; the argument is as for :meth:`end`."""
        state = self.network.state_dict()
        weights = {key: value.numpy().astype(np.float64) for key, value in state.items()}
        unknown = {"centre": np.zeros(self._settings.n_latent)}
        latent = SpectrumCoder(weights | unknown).encode(real)
        variances, axes = np.linalg.eigh(np.cov(latent.T))
        root = axes * np.sqrt(np.maximum(variances, 0.0))
        return SpectrumCoder(weights | {"centre": latent.mean(axis=0), "root": root})


def _tensor(shapes: Shapes) -> Tensor:
    return torch.tensor(smoothed(shapes), dtype=torch.float32)


def _passes(many: Tensor, settings: TrainingSettings, rng: np.random.Generator) -> list[Tensor]:
    per_epoch = max(1, len(many) // settings.batch)
    rows = np.concatenate([rng.permutation(len(many)) for _ in range(settings.epochs)])
    parts = np.array_split(rows, per_epoch * settings.epochs)
    return [many[torch.from_numpy(part)] for part in parts]


def _mixed(
    many: Tensor, few: Tensor, settings: TrainingSettings, rng: np.random.Generator
) -> list[Tensor]:
    half = settings.batch // 2
    return [
        torch.cat(
            [
                many[torch.from_numpy(rng.integers(len(many), size=half))],
                few[torch.from_numpy(rng.integers(len(few), size=half))],
            ]
        )
        for _ in range(settings.final_steps)
    ]


def _train(network: _Network, batches: list[Tensor], settings: TrainingSettings) -> None:
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(len(batches), 1))
    for loss in _losses(network, batches, settings):
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def _losses(
    network: _Network, batches: list[Tensor], settings: TrainingSettings
) -> Iterator[Tensor]:
    squares = torch.exp(2.0 * _PLACES)
    for shapes in batches:
        centre, log_variance = network.encode(shapes)
        latent = centre + torch.exp(0.5 * log_variance) * torch.randn_like(centre)
        found = network.decode(latent)
        moved = WIDTH * (found.cumsum(1) - shapes.cumsum(1)).abs().sum(1)
        overlap = (found - shapes).abs().sum(1)
        width = torch.log((found @ squares) / (shapes @ squares)).abs()
        divergence = 0.5 * (centre**2 + log_variance.exp() - log_variance - 1.0).sum(1)
        loss = moved + 0.1 * overlap + 0.1 * width + settings.tightness * divergence
        yield loss.mean()
