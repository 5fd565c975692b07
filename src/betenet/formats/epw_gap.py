"""Superconducting gaps that EPW writes, for comparison with ours; they are not α²F.

``PREFIX.imag_iso_003.00``
    ω [eV], Z and Δ [eV] at the Matsubara frequencies: the first is πk_BT, which gives T.
``PREFIX.pade_iso_003.00``, ``PREFIX.acon_iso_003.00``
    ω [eV], the real and imaginary parts of Z and of Δ [eV] on the real axis; the gap is where
    Re Δ(ω) = ω. Only the name tells T.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from betenet.errors import DataError
from betenet.formats.text import TextFile, number_table
from betenet.units import KELVIN_TO_MEV

_EV_TO_MEV = 1e3
_TEMPERATURE = re.compile(r"_(?:iso_)?0*(\d+\.\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A gap at one temperature.

    Parameters
    ----------
    path
        The file.
    axis
        Axis: whether the gap is Δ(iπT), at the lowest Matsubara frequency, or the edge where Re
        Δ(ω) = ω.
    temperature
        Temperature T [K].
    gap
        Gap Δ; 0 for a normal metal [meV].
    """

    path: str
    axis: Literal["imaginary", "real"]
    temperature: float
    gap: float


def is_isotropic_gap(text: TextFile) -> bool:
    """Whether a file is one of these."""
    head = " ".join(text.lines[:2]).lower()
    return "znorm(w)" in head and "delta(w)" in head and "enk-ef" not in head


def parse_gap(text: TextFile) -> Gap:
    """Read one of these files.

    Raises
    ------
    DataError
        If rows are cut off or not numbers, or the temperature is not known.
    """
    table, _ = number_table(text, wrapped=False)
    if table.shape[1] not in {3, 5} or table[0, 0] <= 0.0:
        raise DataError(
            f"{text.path} has {table.shape[1]} columns, or frequencies that are not positive.",
            reason="Expected are ω, Z, Δ, or ω and the real and imaginary parts of Z and Δ.",
            fix="Check that EPW has written it to its end.",
        )
    omega = _EV_TO_MEV * table[:, 0]
    if table.shape[1] == 3:
        temperature = float(omega[0]) / (np.pi * KELVIN_TO_MEV)
        gap = _EV_TO_MEV * float(table[0, 2])
        return Gap(path=text.path, axis="imaginary", temperature=temperature, gap=gap)
    match = _TEMPERATURE.search(Path(text.path).name)
    if match is None:
        raise DataError(
            f"The name of {text.path} does not end in a temperature.",
            reason="On the real axis nothing else tells it.",
            fix="Name the file as EPW does: PREFIX.pade_iso_003.00.",
        )
    gap = _edge(omega, _EV_TO_MEV * table[:, 3])
    return Gap(path=text.path, axis="real", temperature=float(match.group(1)), gap=gap)


def _edge(omega: np.ndarray, delta: np.ndarray) -> float:
    """Energy at which Re Δ(ω) crosses ω, by linear interpolation; 0 where it starts below [meV]."""
    above = delta > omega
    if not above[0]:
        return 0.0
    if np.all(above):
        return float("nan")
    last = int(np.argmin(above))
    before = last - 1
    share = (delta[before] - omega[before]) / (
        delta[before] - omega[before] + omega[last] - delta[last]
    )
    return float(omega[before] + share * (omega[last] - omega[before]))
