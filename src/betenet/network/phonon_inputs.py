"""What the readout is told of the phonon density of states of each site."""

from __future__ import annotations

from math import log

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.network.readout import CENTRE
from betenet.phonon_dos import PhononDos

BINS = 24
EDGES = np.linspace(log(2.0), log(250.0), BINS + 1)
"""Edges of the bins of the shape [ln meV]; what lies beyond counts in the outer ones."""
POWERS = (-2, 1, 2)
"""Moments ⟨ωⁿ⟩^(1/n) that are told, beside ω_log and the highest frequency."""
SOFTEST = 1.0
"""Frequencies below this count as this much: the acoustic limit holds hardly any states [meV]."""
STEPS = 6
"""Frequencies that divide the states evenly."""
TOP = 0.99
"""Share of the states below the highest frequency."""


INPUTS = 1 + 1 + len(POWERS) + 1 + STEPS + 1 + BINS
"""Numbers for each site."""


def phonon_inputs(
    dos: PhononDos | None, n_atoms: int, imaginary: float | None = None
) -> Float[np.ndarray, "atom input"]:
    """Numbers that describe the site-projected density of states of each atom.

    In this order: one, for it is known; logarithms of ω_log, of ⟨ωⁿ⟩^(1/n) for each of
    :data:`POWERS` and of the frequency below which 99 % of the states lie; ln ω at which
    (k + ½)/:data:`STEPS` of the states are passed; the share of imaginary frequencies in the
    cell; the share of the states in each bin of ln ω. Logarithms are relative to that of a typical
    frequency.

    Parameters
    ----------
    dos
        With a share for each atom; None gives zeros, which stand for "not known".
    n_atoms
        Atoms of the cell.
    imaginary
        Share of the states at imaginary frequencies, where the density does not hold them.

    Raises
    ------
    DataError
        If the density has no share for each atom, or a site has no state at ω > 0.
    """
    if dos is None:
        return np.zeros((n_atoms, INPUTS))
    if dos.sites is None or len(dos.sites) != n_atoms:
        found = "no site" if dos.sites is None else f"{len(dos.sites)} sites"
        raise DataError(
            f"The phonon density of states has {found}, the structure {n_atoms} atoms.",
            "The network takes the share of each atom.",
            "Give a site-projected density of states of the same cell.",
        )
    positive = dos.positive()
    assert positive.sites is not None
    grid = np.maximum(positive.frequencies, SOFTEST)
    steps = np.gradient(positive.frequencies)
    states = positive.sites * steps
    if not np.all(states.sum(1) > 0.0):
        raise DataError(
            f"Site {int(np.argmin(states.sum(1)))} has no phonon state at ω > 0.",
            "Its density of states describes no vibration.",
            "Check the calculation it comes from.",
        )
    share = states / states.sum(1, keepdims=True)
    below = share.cumsum(1) - 0.5 * share
    levels = [*((np.arange(STEPS) + 0.5) / STEPS), TOP]
    logs = np.log(grid)
    passed = np.array([np.interp(levels, row, logs) for row in below])
    moments = [share @ logs] + [np.log(share @ grid**n) / n for n in POWERS]
    bins = np.clip(np.searchsorted(EDGES, logs, side="right") - 1, 0, BINS - 1)
    shape = np.stack([np.bincount(bins, row, BINS) for row in share])
    return np.column_stack(
        [
            np.ones(n_atoms),
            np.stack(moments, axis=1) - CENTRE,
            passed[:, -1:] - CENTRE,
            passed[:, :-1] - CENTRE,
            np.full(n_atoms, dos.imaginary_fraction if imaginary is None else imaginary),
            shape * (BINS / 4.0),
        ]
    )
