"""Many α²F(ω) on one grid that is relative: each spectrum ends near the same frequency.

Tc and the gap scale with the frequencies, so that nothing is lost when each spectrum is brought to
the same range. One grid for all lets the equations be solved for hundreds of spectra at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from betenet.spectrum import check_spectrum
from betenet.superconductivity.integration import known_weights
from betenet.superconductivity.moments import CheckedMoments

TOP = 100.0
"""Frequency of the grid at which made spectra end [meV]."""
STEP = 0.0125
"""Spacing of the grid in ln ω: peaks are resolved to 1 % of their frequency."""
_BELOW, _ABOVE = 386, 18  # samples below and above the top: 0.8 to 125 meV

GRID: Float[np.ndarray, " n_freq"] = TOP * np.exp(STEP * np.arange(-_BELOW, _ABOVE + 1))
"""Frequencies of every made spectrum [meV]."""
GRID.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MadeSpectra:
    """Spectra of one maker, on :data:`GRID`.

    Parameters
    ----------
    maker
        Name of the maker.
    names
        Name of each spectrum.
    a2f
        α²F(ω) on the grid, not negative [1].
    mu_star
        μ* of each spectrum [1].
    scale
        Factor from frequencies of the grid to those of the material; 1 where there is none [1].
    """

    maker: str
    names: tuple[str, ...]
    a2f: Float[np.ndarray, "spectrum n_freq"]
    mu_star: Float[np.ndarray, " spectrum"]
    scale: Float[np.ndarray, " spectrum"]

    @property
    def frequencies(self) -> Float[np.ndarray, " n_freq"]:
        """ω of the grid [meV]."""
        return GRID

    def __len__(self) -> int:
        return len(self.a2f)

    def subset(self, rows: slice | Int[np.ndarray, " row"]) -> MadeSpectra:
        """Some of the spectra."""
        chosen = np.arange(len(self))[rows]
        return MadeSpectra(
            maker=self.maker,
            names=tuple(self.names[row] for row in chosen),
            a2f=self.a2f[chosen],
            mu_star=self.mu_star[chosen],
            scale=self.scale[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """What a maker gives for some spectra; nan stands for what is to be drawn at random.

    Parameters
    ----------
    names
        Name of each spectrum.
    shapes
        α²F(ω) on the grid, up to a factor for each spectrum [1].
    coupling
        λ of each spectrum [1].
    mu_star
        μ* of each spectrum [1].
    scale
        Factor from frequencies of the grid to those of the material [1].
    """

    names: tuple[str, ...]
    shapes: Float[np.ndarray, "spectrum n_freq"]
    coupling: Float[np.ndarray, " spectrum"]
    mu_star: Float[np.ndarray, " spectrum"]
    scale: Float[np.ndarray, " spectrum"]

    @classmethod
    def of_shapes(cls, shapes: Float[np.ndarray, "spectrum n_freq"], names: Sequence[str]) -> Drawn:
        """Models: λ and μ* are to be drawn, and there is no material's scale."""
        unknown = np.full(len(shapes), np.nan)
        return cls(
            names=tuple(names),
            shapes=shapes,
            coupling=unknown,
            mu_star=unknown,
            scale=np.ones(len(shapes)),
        )


def on_grid(frequencies: ArrayLike, a2f: ArrayLike) -> tuple[Float[np.ndarray, " n_freq"], float]:
    """A spectrum brought to :data:`GRID`.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), one spectrum that is not negative [1].

    Returns
    -------
    tuple
        α²F on the grid with the λ of the original [1], and the factor from the grid's frequencies
        to those given [1]. ω_max comes to the grid's :data:`TOP`.

    Raises
    ------
    SpectrumError
        If the spectrum is not valid.

    Notes
    -----
    Linear between the given samples and with ω² below the first, as the rule ``"onset"`` of the
    moments. Weight below 0.8 % of ω_max becomes part of the onset of the grid.
    """
    grid, values = check_spectrum(frequencies, a2f)
    known = CheckedMoments(grid, values)
    scale = float(known.omega_max()) / TOP
    if not np.isfinite(scale):
        return np.zeros_like(GRID), 1.0
    omega = scale * GRID
    curve = np.interp(omega, grid, values, right=0.0)
    start = 1 if grid[1] > 2.0 * grid[0] else 0  # the rule's own first sample
    below = omega < grid[start]
    curve[below] = values[start] * (omega[below] / grid[start]) ** 2
    coupling = float(CheckedMoments(GRID, curve).coupling)
    return curve * (float(known.coupling) / coupling if coupling > 0.0 else 1.0), scale


def even_log(
    rng: np.random.Generator, limits: tuple[float, float], shape: int | tuple[int, ...]
) -> Float[np.ndarray, "*shape"]:
    """Random numbers within limits, even in their logarithm."""
    return np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), shape))


def coupling_weights() -> Float[np.ndarray, " n_freq"]:
    """What a sample of 1 gives to λ [1]: a mode of coupling λ_i is λ_i over this, at its sample."""
    return 2.0 * known_weights(GRID.tobytes(), 0, "onset")


def joined(parts: Sequence[MadeSpectra]) -> MadeSpectra:
    """Spectra of several parts as one; the maker is that of the first."""
    return MadeSpectra(
        maker=parts[0].maker,
        names=tuple(name for part in parts for name in part.names),
        a2f=np.concatenate([part.a2f for part in parts]),
        mu_star=np.concatenate([part.mu_star for part in parts]),
        scale=np.concatenate([part.scale for part in parts]),
    )
