"""Spectra to learn from: those that are known, else the likeliest ones that have the moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from betenet.datasets.rows import TARGETS, Row
from betenet.superconductivity.binned import BINS, binned
from betenet.superconductivity.maximum_entropy import maximum_entropy_spectrum

FINE = 0.1
"""Step of the grid for spectra that the bins cannot hold: with soft modes, or modes above [meV]."""
HIGHEST = 201.0
"""Where that grid ends, or above the bins if they go further [meV]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectrumTargets:
    """A target on the bins for each row that has one.

    Attributes
    ----------
    a2f
        α²F on the grid; zero where there is none (row, bin).
    found
        Rows that have one (row,).
    refused
        Ids of the others, with the reason.
    """

    a2f: Float[np.ndarray, "row bin"]
    found: Bool[np.ndarray, " row"]
    refused: tuple[str, ...]


def spectrum_targets(
    rows: Sequence[Row], grid: Float[np.ndarray, " bin"] = BINS, *, known_spectra: bool = True
) -> SpectrumTargets:
    """Binned α²F of each row, smoothed as published.

    Parameters
    ----------
    rows
        With a spectrum, or with moments.
    grid
        The network's own, with equal steps [meV].
    known_spectra
        Use a row's own spectrum where there is one; else all are made from moments.

    Notes
    -----
    From moments it is the maximum-entropy spectrum on a Debye-like prior: on the bins, where its
    moments are those of the row; else on a finer and longer grid, and then smoothed onto the bins
    as published, which cuts what lies above them.
    """
    moments: dict[str, np.ndarray] = dict(zip(TARGETS, _columns(rows), strict=True))
    a2f = np.full((len(rows), grid.size), np.nan)
    for index, row in enumerate(rows):
        if known_spectra and row.spectrum is not None:
            a2f[index] = binned(*row.spectrum, grid)
    a2f = _fill(a2f, moments, grid, grid)
    finer = np.arange(BINS[0], max(HIGHEST, float(grid[-1]) + 1.0), FINE)
    a2f = _fill(a2f, moments, finer, grid)
    found = np.isfinite(a2f[:, 0])
    refused = [
        f"{rows[index].id}: no spectrum has its moments"
        for index in np.flatnonzero(~found).tolist()
    ]
    return SpectrumTargets(a2f=np.nan_to_num(a2f), found=found, refused=tuple(refused))


def _columns(rows: Sequence[Row]) -> Float[np.ndarray, "target row"]:
    return np.stack([row.targets for row in rows]).T


def _fill(
    a2f: np.ndarray, moments: Mapping[str, np.ndarray], grid: np.ndarray, bins: np.ndarray
) -> np.ndarray:
    """Give the rows that have none a spectrum made on a grid, where there is one, on the bins."""
    rows = np.flatnonzero(~np.isfinite(a2f[:, 0]) & np.isfinite(list(moments.values())).all(axis=0))
    if rows.size:
        made = maximum_entropy_spectrum(grid, **{key: v[rows] for key, v in moments.items()})
        good = np.flatnonzero(made.found)
        for index in good.tolist():
            a2f[rows[index]] = binned(grid, made.a2f[index], bins)
    return a2f
