"""Peaks of χ0 and of the nesting function along a path, and what spheres of the same size give."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float

from betenet.electrons.bands import Bands
from betenet.electrons.susceptibility import Susceptibility
from betenet.electrons.tetrahedra import density_of_states, occupations
from betenet.electrons.wave_vectors import WavePath, conventional

EXCESS = 1.5
"""How far above the null model a peak of the nesting function must be to count [1]."""
LEAST_PROMINENCE = 0.05
"""Height of a peak over its surroundings, relative to the mean along the path [1]."""
_REACH = 2
"""Reciprocal vectors around a wave vector in the sums of the null model."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Peak:
    """A maximum of the nesting function or of χ0 along a path.

    Attributes
    ----------
    index
        Number of the wave vector on the path.
    place
        Where it is, such as ``0.917 G–H``.
    q
        Wave vector in units of the reciprocal vectors.
    q_conventional
        Wave vector in units of those of the conventional cell; of a cubic crystal 2π/a.
    height
        Value: of the nesting function relative to its mean over the zone, of χ0 to N(E_F) [1].
    prominence
        Height over the higher of the two valleys beside it [1].
    width
        Full width at half the prominence [1/Å].
    null
        Value of the null model there; nan for χ0, which has none but 1 [1].
    exceeds_null
        Whether it is a peak that spheres with as many states do not have.
    """

    index: int
    place: str
    q: tuple[float, float, float]
    q_conventional: tuple[float, float, float]
    height: float
    prominence: float
    width: float
    null: float
    exceeds_null: bool

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        return {
            "place": self.place,
            "q": list(self.q),
            "q_conventional": list(self.q_conventional),
            "height": self.height,
            "prominence": self.prominence,
            "width_per_angstrom": self.width if math.isfinite(self.width) else None,
            "null": self.null if math.isfinite(self.null) else None,
            "exceeds_null": self.exceeds_null,
        }


def null_nesting(bands: Bands, waves: Float[np.ndarray, "q 3"], level: float) -> np.ndarray:
    r"""Nesting function of spheres with the states and the volumes of the bands (q,) [1].

    Parameters
    ----------
    bands
        Bands on a full mesh.
    waves
        Wave vectors in units of the reciprocal vectors.
    level
        Fermi energy [eV].

    Returns
    -------
    ndarray
        Relative to the mean over the zone, as `Susceptibility.relative_nesting`; nan at Γ.

    Notes
    -----
    Each band that crosses the Fermi level becomes a sphere around Γ that holds as many electrons,
    or holes if they are fewer, and has the same N(E_F). Spheres of radii a and b have

    .. math:: \xi(q) = \frac{N_a N_b \Omega}{8 \pi q a b} \quad\text{for}\quad |a-b| < q < a + b,

    with Ω the volume of the zone; it is summed over q + G. Its mean over q is 1, like that of
    every nesting function with as many states.
    """
    reciprocal = bands.reciprocal
    zone = abs(float(np.linalg.det(reciprocal)))
    vectors = np.array(list(product(range(-_REACH, _REACH + 1), repeat=3)))
    inside = np.asarray(waves, dtype=float) - np.rint(waves)
    lengths = np.linalg.norm((inside[:, None] + vectors) @ reciprocal, axis=-1)
    found, total = np.zeros(len(inside)), 0.0
    for energies, crossing in zip(bands.energies, bands.crossing(level), strict=True):
        some = np.ascontiguousarray(energies[..., crossing])
        states = density_of_states(reciprocal, some, np.array([level]))[:, 0]
        filled = occupations(reciprocal, some - level).mean(axis=(0, 1, 2))
        volumes = np.minimum(filled, 1.0 - filled) * zone
        radii = np.cbrt(3.0 * volumes / (4.0 * np.pi))
        for (n_a, a), (n_b, b) in product(zip(states, radii, strict=True), repeat=2):
            meet = (lengths > abs(a - b)) & (lengths < a + b)
            with np.errstate(divide="ignore"):
                shares = np.where(meet, zone / (8.0 * np.pi * lengths * a * b), 0.0)
            found += n_a * n_b * shares.sum(axis=1)
        total += float(states.sum()) ** 2
    found[np.abs(inside).max(axis=1) < 1e-6] = np.nan
    return found / total


def nesting_peaks(bands: Bands, path: WavePath, found: Susceptibility) -> tuple[Peak, ...]:
    """Peaks of the nesting function along a path, the highest first; Γ is left out."""
    null = null_nesting(bands, found.q, found.fermi_energy)
    values = found.relative_nesting
    return _peaks(bands, path, values, np.maximum(null, 1.0), EXCESS)


def chi0_peaks(bands: Bands, path: WavePath, found: Susceptibility) -> tuple[Peak, ...]:
    """Peaks of Re χ0 along a path, the highest first.

    Free electrons have their maximum, N(E_F), at q = 0; one above it is what they do not have.
    """
    at_gamma = np.abs(found.q - np.rint(found.q)).max(axis=1) < 1e-6
    values = np.where(at_gamma, np.nan, found.relative_chi0)
    background = float(found.relative_chi0[at_gamma].max()) if at_gamma.any() else 1.0
    return _peaks(bands, path, values, np.full(values.size, max(background, 1.0)), 1.0)


def _peaks(
    bands: Bands, path: WavePath, values: np.ndarray, null: np.ndarray, excess: float
) -> tuple[Peak, ...]:
    known = np.isfinite(values)
    found: list[Peak] = []
    edges = conventional(bands.atoms, path.waves)
    typical = float(values[known].mean()) if known.any() else math.nan
    for first, last in _stretches(path, known):
        part = values[first:last]
        # what lies beyond an end is the mirror image: corners of the zone are mirror points
        pad = part.size - 1
        mirrored = np.concatenate([part[:0:-1], part, part[-2::-1]])
        places, heights = _maxima(mirrored, LEAST_PROMINENCE * typical)
        step = np.gradient(path.distances[first:last]) if part.size > 1 else np.ones(1)
        for place, (prominence, width) in zip(places, heights, strict=True):
            index = place - pad
            if not 0 <= index < part.size or (index == 0 and first > 0 and not known[first - 1]):
                continue
            at = first + index
            found.append(
                Peak(
                    index=at,
                    place=path.place(at),
                    q=_three(path.waves[at]),
                    q_conventional=_three(edges[at]),
                    height=float(part[index]),
                    prominence=prominence,
                    width=width * float(step[index]),
                    null=float(null[at]),
                    exceeds_null=bool(part[index] > excess * null[at]),
                )
            )
    by_place = {path.waves[one.index].round(6).tobytes(): one for one in found}
    return tuple(sorted(by_place.values(), key=lambda one: -one.height))


def _stretches(path: WavePath, known: np.ndarray) -> list[tuple[int, int]]:
    """Parts of a path without a jump and without Γ: first number, and the one behind the last."""
    jumps = np.linalg.norm(np.diff(path.waves, axis=0), axis=1)
    longest = 2.0 * float(np.median(jumps[jumps > 0.0], axis=None)) if jumps.any() else 1.0
    found: list[tuple[int, int]] = []
    start: int | None = None
    for index in range(len(known)):
        broken = index > 0 and jumps[index - 1] > 3.0 * longest
        if start is not None and (broken or not known[index]):
            found.append((start, index))
            start = None
        if known[index] and start is None:
            start = index
    if start is not None:
        found.append((start, len(known)))
    return [(first, last) for first, last in found if last - first > 2]


def _maxima(values: np.ndarray, least: float) -> tuple[list[int], list[tuple[float, float]]]:
    """Maxima, flat ones too, with their prominences and widths in points."""
    signal: Any = importlib.import_module("scipy.signal")  # untyped
    places, known = signal.find_peaks(values, prominence=least, plateau_size=(1, 3))
    widths = signal.peak_widths(values, places, rel_height=0.5)[0]
    pairs = zip(known["prominences"].tolist(), widths.tolist(), strict=True)
    return [int(place) for place in places], list(pairs)


def _three(wave: np.ndarray) -> tuple[float, float, float]:
    first, second, third = (float(round(x, 9)) + 0.0 for x in wave)
    return first, second, third
