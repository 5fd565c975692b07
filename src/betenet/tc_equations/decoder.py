"""Spectra out of a few numbers: the decoder of an autoencoder that was trained on many shapes.

The decoder is two small layers, which numpy evaluates: nothing here needs torch. ``autoencoder``
trains it. What it makes is α²F ≥ 0 that begins with ω², whatever its numbers are; λ and ω_log are
no part of it, see ``reduced_shapes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from betenet.errors import ConfigError, ModelError
from betenet.runs import replacing
from betenet.superconductivity.moments import CheckedMoments
from betenet.superconductivity.tilting import tilted
from betenet.tc_equations.made_spectra import GRID, Drawn, MadeSpectra, on_grid
from betenet.tc_equations.model_spectra import long_grid
from betenet.tc_equations.real_spectra import USUAL_MU_STAR, Sources
from betenet.tc_equations.reduced_shapes import (
    PLACES,
    Shapes,
    centred,
    curves_of,
    drawn,
    second_moment,
    smoothed,
)

SHIPPED = Path(__file__).parent / "spectra-1"
"""Folder of the weights and of the card that says what they were trained on."""
CARD, WEIGHTS = "card.toml", "weights.safetensors"
DECODED = "decoded"
"""Name of the maker of decoded spectra."""
ONSETS = (-2.8, -0.1)
"""ln(ω/ω_log) that a decoded onset can have: α²F goes with ω² below [1]."""
CANDIDATES = 64
"""Spectra out of which one is chosen that is near to ω_2/ω_log before it is tilted."""
_CHOSEN, _TRIES, _WIDER = 8, 12, 1.5

Latent = Float[np.ndarray, "spectrum latent"]


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumCoder:
    """Encoder and decoder of shapes.

    Parameters
    ----------
    weights
        Matrices and vectors of the layers by name, and ``centre`` and ``root`` of the latent
        numbers of real spectra: their mean, and the root of their covariance.
    """

    weights: Mapping[str, np.ndarray]

    @property
    def n_latent(self) -> int:
        """Number of latent numbers."""
        return int(self.weights["centre"].size)

    def encode(self, shapes: Shapes) -> Latent:
        """Latent numbers of shapes, which are smoothed as they were in training."""
        hidden = np.tanh(self._layer("encoder.0", np.sqrt(smoothed(shapes))))
        return self._layer("encoder.1", hidden)[:, : self.n_latent]

    def decode(self, latent: Latent) -> Shapes:
        """Shapes of latent numbers, with a mean of 0."""
        hidden = np.tanh(self._layer("decoder.0", latent))
        hidden = np.tanh(self._layer("decoder.1", hidden))
        out = self._layer("decoder.2", hidden)
        onset = ONSETS[0] + (ONSETS[1] - ONSETS[0]) / (1.0 + np.exp(-out[:, -1:]))
        # ω²/(ω²+ω_0²): with ω² far below ω_0
        logits = out[:, :-1] - np.logaddexp(0.0, 2.0 * (onset - PLACES))
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return centred(shares / shares.sum(axis=1, keepdims=True))

    def sample(self, rng: np.random.Generator, count: int, spread: float = 1.0) -> Latent:
        """Latent numbers like those of real spectra: normal, with their mean and covariance.

        Parameters
        ----------
        rng
            Random numbers.
        count
            How many.
        spread
            Factor of the deviations from the mean [1].
        """
        normal = rng.standard_normal((count, self.n_latent))
        return self.weights["centre"] + spread * normal @ self.weights["root"].T

    def _layer(self, name: str, values: np.ndarray) -> np.ndarray:
        return values @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]


def write_coder(folder: Path, coder: SpectrumCoder, card: Mapping[str, Any]) -> None:
    """Write a coder: its weights in single precision, and what is to be known of it.

    Parameters
    ----------
    folder
        Folder of the two files; made if need be.
    coder
        The coder.
    card
        What it was trained on, and how good it is, as a table for TOML.
    """
    folder.mkdir(parents=True, exist_ok=True)
    single = {key: value.astype(np.float32) for key, value in coder.weights.items()}
    with replacing(folder / WEIGHTS) as unfinished:
        save_file(single, unfinished)
    facts = {"n_latent": coder.n_latent, "n_bins": PLACES.size, **card}
    with replacing(folder / CARD) as unfinished:
        unfinished.write_bytes(tomli_w.dumps(facts).encode())


@cache
def shipped_coder(folder: Path = SHIPPED) -> SpectrumCoder:
    """The coder of a folder.

    Raises
    ------
    ModelError
        If its weights are absent, damaged or of other bins.
    """
    path = folder / WEIGHTS
    try:
        weights = {key: value.astype(np.float64) for key, value in load_file(path).items()}
        coder = SpectrumCoder(weights)
        coder.decode(np.zeros((1, coder.n_latent)))
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise ModelError(
            f"{path} is not a decoder of spectra.",
            f"{type(error).__name__}: {error}.",
            "Install betenet again, or train one with benchmarks/spectrum_autoencoder.py.",
        ) from error
    return coder


def decoded(rng: np.random.Generator, count: int, first: int, sources: Sources) -> Drawn:
    """Spectra of the shipped decoder, with latent numbers like those of real spectra."""
    del first, sources
    coder = shipped_coder()
    return drawn(coder.decode(coder.sample(rng, count)), DECODED)


def decoded_with_moments(
    count: int,
    *,
    coupling: float,
    omega_log: float,
    omega_2: float,
    seed: int = 0,
    coder: SpectrumCoder | None = None,
) -> MadeSpectra:
    """Decoded spectra that have given moments.

    Parameters
    ----------
    count
        How many.
    coupling
        λ [1].
    omega_log, omega_2
        ω_log and ω_2 [meV].
    seed
        Seed of the latent numbers.
    coder
        The shipped one if absent.

    Returns
    -------
    MadeSpectra
        With a μ* of 0.10; frequencies of the grid times ``scale`` are those of the moments.

    Raises
    ------
    ConfigError
        If a moment is not positive, ω_2 is not above ω_log, or no decoded spectrum can have them.

    Notes
    -----
    λ and ω_log by scaling; of :data:`CANDIDATES` decoded shapes one of those is taken whose
    ω_2/ω_log is nearest, and it is tilted by exp(a + b ln ω + d ω²) to have all three.

    Examples
    --------
    >>> from betenet.superconductivity.moments import moments
    >>> made = decoded_with_moments(2, coupling=1.2, omega_log=20.0, omega_2=24.0)
    >>> found = moments(made.frequencies * made.scale[0], made.a2f[0])
    >>> [round(float(found[key]), 1) for key in ("coupling", "omega_log", "omega_2")]
    [1.2, 20.0, 24.0]
    """
    if not (coupling > 0.0 and 0.0 < omega_log < omega_2 < np.inf):
        raise ConfigError(
            f"No spectrum has λ = {coupling:g}, ω_log = {omega_log:g} and ω_2 = {omega_2:g} meV.",
            "All are positive, and ω_2 is above ω_log.",
            "Check the order of the numbers, and their unit.",
        )
    known, rng = shipped_coder() if coder is None else coder, np.random.default_rng(seed)
    target, rows = np.array([[coupling, omega_log, omega_2]]), list[tuple[np.ndarray, float]]()
    for _ in range(_TRIES * max(count, 1)):
        if len(rows) == count:
            break
        shapes = known.decode(known.sample(rng, CANDIDATES, _WIDER))
        away = np.abs(np.log(second_moment(shapes) * omega_log / omega_2))
        nearest = np.argsort(away)[rng.integers(_CHOSEN)]
        grid = omega_log * np.exp(np.log(long_grid() / GRID[0]) + PLACES[0])
        spectra, reached = tilted(
            grid, curves_of(shapes[[nearest]], np.log(grid / omega_log))[0], target
        )
        if reached[0]:
            rows.append(_on_grid_with(omega_log, grid, spectra[0]))
    if len(rows) < count:
        raise ConfigError(
            f"No decoded spectrum can have ω_2/ω_log = {omega_2 / omega_log:.3g}.",
            f"{_TRIES} were tilted for each, and did not reach it.",
            "Spectra like calculated ones have 1.03 to 2.5; take `bimodal_einstein` for others.",
        )
    return MadeSpectra(
        maker=DECODED,
        names=(DECODED,) * count,
        a2f=np.array([row[0] for row in rows]).reshape(count, GRID.size),
        mu_star=np.full(count, USUAL_MU_STAR),
        scale=np.array([row[1] for row in rows]),
    )


def _on_grid_with(
    omega_log: float, frequencies: np.ndarray, a2f: np.ndarray
) -> tuple[np.ndarray, float]:
    """A spectrum on the grid of made spectra, and the scale that keeps its ω_log."""
    curve, _ = on_grid(frequencies, a2f)
    return curve, omega_log / float(CheckedMoments(GRID, curve).omega_log)
