"""Tunnelling density of states in a table: an energy, or a bias, and N(ω)/N(0).

The header may name the unit and the edge, as ``# V (mV)  N/N0  gap = 1.35 mV``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.text import as_text, is_remark, parse_numbers, read_bytes

_UNIT = re.compile(r"[(\[]\s*(meV|mV|eV|V)\s*[)\]]|(?<![A-Za-z])(meV|mV|eV)(?![A-Za-z])")
_GAP = re.compile(r"\b(?:gap|edge|delta_?0?)\b\s*[=:]\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)", re.I)  # noqa: FURB167 - short
_IN_MEV = {"meV": 1.0, "mV": 1.0, "eV": 1e3, "V": 1e3}
_NORMALISED = 0.1
"""Departure from 1 of N(ω)/N(0) at the highest energies that is no longer normalised."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TunnellingDos:
    """Tunnelling density of states of a file.

    Parameters
    ----------
    path
        The file.
    energies
        ω, growing and positive [meV].
    dos
        N(ω)/N(0) [1].
    gap
        Edge that the header states; None if it states none [meV].
    """

    path: str
    energies: Float[np.ndarray, " energy"]
    dos: Float[np.ndarray, " energy"]
    gap: float | None = None


def read_tunnelling(path: str | Path, *, unit: str | None = None) -> TunnellingDos:
    """Read N(ω)/N(0) against energy or bias; the side of positive bias.

    Parameters
    ----------
    path
        Table with the energy in its first column and N(ω)/N(0) in its second.
    unit
        meV or eV; what the header names if absent.

    Raises
    ------
    DataError
        If the file is broken, names no unit, does not grow, or is not normalised.
    """
    text = as_text(path, read_bytes(path))
    head: list[str] = []
    rows: list[list[float]] = []
    for number, line in enumerate(text.lines, start=1):
        words = line.replace(",", " ").split()
        first = words[0] if words else ""
        if is_remark(line) or (not rows and not re.match(r"[-+.\d]", first)):
            head.append(line)
        else:
            rows.append(parse_numbers(text.path, number, words))
    table = _table(text.path, rows)
    named = _UNIT.search(" ".join(head))
    chosen = unit or (named.group(1) or named.group(2) if named else None)
    if chosen not in _IN_MEV:
        raise DataError(
            f"{text.path} does not say the unit of its energies.",
            reason="A bias in mV and one in V differ by a thousand.",
            fix="Say it with --unit meV or --unit eV, or in the header, as '# V (mV)  N/N0'.",
        )
    energies = table[:, 0] * _IN_MEV[chosen]
    positive = energies > 0.0
    _check(text.path, energies, table[:, 1])
    stated = _GAP.search(" ".join(head))
    return TunnellingDos(
        path=text.path, energies=energies[positive], dos=table[positive, 1],
        gap=None if stated is None else float(stated.group(1)) * _IN_MEV[chosen],
    )  # fmt: skip


def _table(path: str, rows: list[list[float]]) -> np.ndarray:
    lengths = {len(row) for row in rows}
    if len(rows) < 2 or len(lengths) != 1 or min(lengths) < 2:
        raise DataError(
            f"{path} is no table of an energy and N(ω)/N(0).",
            reason=f"It has {len(rows)} rows of {', '.join(map(str, sorted(lengths))) or 'no'} "
            "numbers.",
            fix="Give two columns, the same in each row; the file may be empty or cut off.",
        )
    return np.array(rows)


def _check(path: str, energies: np.ndarray, dos: np.ndarray) -> None:
    if not (np.all(np.isfinite(energies)) and np.all(np.isfinite(dos))):
        raise DataError(f"{path} holds values that are no numbers.", fix="Leave their rows out.")
    if not np.all(np.diff(energies) > 0.0):
        raise DataError(
            f"The energies of {path} do not grow.",
            reason="The first column is the energy, or the bias, of one sweep.",
            fix="Sort the rows; average those of the same energy.",
        )
    lowest = float(np.min(dos))
    if lowest < -_NORMALISED:
        raise DataError(
            f"N(ω)/N(0) of {path} is {lowest:.3g} somewhere.",
            reason="A density of states is not negative; d²I/dV² is.",
            fix="Give dI/dV of the superconductor over that of the normal metal.",
        )
    end = float(np.mean(dos[-max(dos.size // 20, 1) :]))
    if abs(end - 1.0) > _NORMALISED:
        raise DataError(
            f"N(ω)/N(0) of {path} ends at {end:.4g} instead of near 1.",
            reason="Far above the gap the superconductor has as many states as the normal metal.",
            fix="Divide dI/dV by that of the normal metal, at the same bias.",
        )
