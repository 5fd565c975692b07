"""Distributions over the Fermi surface in files of anisotropic runs of EPW.

``PREFIX.imag_aniso_gap0_005.00``, ``PREFIX.pade_aniso_gap0_005.00``
    T + share and Δ: how often each gap occurs, from 0 to 1, drawn to the right of T [K]. Δ is in
    eV in EPW 4, in meV since; the header may say so.
``PREFIX.imag_aniso_gap_FS_005.00``
    k (three columns), band, ε - E_F [eV] and Δ of each state [eV or meV].
``PREFIX.lambda_FS``
    k (three columns), band, ε - E_F [eV] and λ_nk of each state.
``PREFIX.lambda_k_pairs``
    λ_nk and how often it occurs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.text import TextFile, as_text, number_table, read_bytes

_NAME = re.compile(
    r"(imag_aniso_gap0|pade_aniso_gap0|acon_aniso_gap0|imag_aniso_gap_FS|lambda_FS|lambda_k_pairs)"
    r"(?:_0*(\d+\.\d+))?$"
)
_LARGEST_GAP_EV = 0.2
_WINDOW = 0.05  # [eV]: states this near to E_F count, where a file lists states


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distribution:
    """How often each value of a gap or coupling occurs on the Fermi surface.

    Parameters
    ----------
    path
        The file.
    quantity
        ``"gap"`` or ``"coupling"``.
    temperature
        T [K]; 0 for a coupling.
    values
        Δ_nk [meV] or λ_nk [1].
    weights
        How often each occurs, of any scale.
    """

    path: str
    quantity: Literal["gap", "coupling"]
    temperature: float
    values: Float[np.ndarray, " value"]
    weights: Float[np.ndarray, " value"]

    @property
    def gaps(self) -> Float[np.ndarray, " value"]:
        """Values of a distribution of gaps [meV]."""
        return self.values

    @property
    def mean(self) -> float:
        """Mean over the Fermi surface."""
        return float(self.weights @ self.values / self.weights.sum())

    @property
    def lowest(self) -> float:
        """Smallest value that occurs."""
        return float(self.values[self.weights > 0.02 * self.weights.max()].min())

    @property
    def highest(self) -> float:
        """Largest value that occurs."""
        return float(self.values[self.weights > 0.02 * self.weights.max()].max())


def is_distribution(path: str | Path) -> bool:
    """Whether a file has the name of one of these."""
    return _NAME.search(Path(path).name) is not None


def read_distribution(path: str | Path) -> Distribution:
    """Read one of these files, which only their names tell apart.

    Raises
    ------
    DataError
        If the name is not EPW's, or rows are cut off or not numbers.
    """
    match = _NAME.search(Path(path).name)
    if match is None:
        raise DataError(
            f"The name of {path} is not that of a distribution of EPW.",
            reason="Only the names tell these files apart.",
            fix="Name it as EPW does: PREFIX.imag_aniso_gap0_005.00, PREFIX.lambda_FS.",
        )
    kind, stated = match.groups()
    text = as_text(path, read_bytes(path))
    table, _ = number_table(text, wrapped=False)
    if kind in {"lambda_FS", "imag_aniso_gap_FS"}:
        return _of_states(text, table, kind, stated)
    if table.shape[1] < 2:
        raise _columns(text.path, table.shape[1], "a value and how often it occurs")
    if kind == "lambda_k_pairs":
        weights = np.maximum(table[:, 1], 0.0)
        return _checked(text.path, "coupling", 0.0, table[:, 0], weights)
    lowest = float(table[:, 0].min())
    temperature = float(stated) if stated else float(np.floor(lowest + 1e-6))
    weights = np.maximum(table[:, 0] - temperature, 0.0)
    gaps = table[:, 1] * _to_mev(text, table[:, 1])
    return _checked(text.path, "gap", temperature, gaps, weights)


def _of_states(text: TextFile, table: np.ndarray, kind: str, stated: str | None) -> Distribution:
    if table.shape[1] < 6:
        raise _columns(text.path, table.shape[1], "k (three), band, energy and the value")
    near = np.abs(table[:, 4]) < _WINDOW
    if not np.any(near):
        raise DataError(
            f"{text.path} has no state within {_WINDOW} eV of E_F.",
            reason="Its energies, in eV, are all farther away.",
            fix="Use a denser grid in EPW, or check the Fermi energy.",
        )
    values, weights = table[near, 5], np.ones(int(near.sum()))
    if kind == "lambda_FS":
        return _checked(text.path, "coupling", 0.0, values, weights)
    if stated is None:
        raise DataError(
            f"The name of {text.path} does not end in a temperature.",
            fix="Name it as EPW does: PREFIX.imag_aniso_gap_FS_005.00.",
        )
    return _checked(text.path, "gap", float(stated), values * _to_mev(text, values), weights)


def _to_mev(text: TextFile, gaps: np.ndarray) -> float:
    """Factor to meV: what the header says, else by size: no gap is 0.2 eV."""
    head = " ".join(line for line in text.lines[:3] if line.lstrip().startswith("#")).lower()
    about = head[head.find("delta") :] if "delta" in head else ""
    if "mev" in about:
        return 1.0
    if "ev" in about:
        return 1e3
    return 1e3 if float(np.max(np.abs(gaps))) < _LARGEST_GAP_EV else 1.0


def _checked(
    path: str,
    quantity: Literal["gap", "coupling"],
    temperature: float,
    values: np.ndarray,
    weights: np.ndarray,
) -> Distribution:
    if not (np.all(np.isfinite(values)) and np.all(np.isfinite(weights))):
        raise DataError(
            f"{path} holds values that are no numbers.",
            reason="EPW writes NaN where the iteration has diverged.",
            fix="Look at the run of EPW: its equations did not converge at this temperature.",
        )
    if not weights.sum() > 0.0:
        raise DataError(
            f"{path} holds no weight.",
            reason="The share of every value is zero.",
            fix="Check that the temperature in its name is that in its first column.",
        )
    return Distribution(
        path=path, quantity=quantity, temperature=temperature, values=values, weights=weights
    )


def _columns(path: str, found: int, wanted: str) -> DataError:
    return DataError(
        f"{path} has {found} columns of numbers.",
        reason=f"Expected are {wanted}.",
        fix="Check that EPW has written it to its end.",
    )
