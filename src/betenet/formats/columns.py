"""Which columns of a table are spectra: told by their names, or else by their numbers.

λ(ω), ω_log, Tc, modes and errors are not α²F. λ(ω) is kept for comparison with the integral.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.a2f_file import UNIT_STATED
from betenet.formats.header import Column, Header
from betenet.formats.parsed import Parsed
from betenet.formats.running_coupling import never_falls, running_couplings

_FEW_ROWS = 10
_NORMALISED = 3e-3
_SMEARING = re.compile(
    r"(?:[\[(]\s*|(?:sigma|σ|degauss|smearing)\s*[=:]?\s*|^\s*)(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)"
    r"\s*([A-Za-z]*)\s*[\])]?"
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spectra:
    """Columns by what they hold; fields are those of :class:`~betenet.formats.parsed.Parsed`."""

    frequencies: Float[np.ndarray, " n_freq"]
    a2f: Float[np.ndarray, "column n_freq"]
    smearings: tuple[float, ...] | None = None
    smearing_unit: str | None = None
    stated: dict[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    warnings: tuple[str, ...] = ()

    def parsed(self, path: str, header: Header, lines: tuple[int, ...]) -> Parsed:
        """The spectra with the unit that the header states and the lines of their rows."""
        return Parsed(
            path=path,
            unit=header.unit,
            unit_source="" if header.unit is None else UNIT_STATED,
            unknown_unit=header.unknown_unit,
            frequencies=self.frequencies,
            a2f=self.a2f,
            smearings=self.smearings,
            smearing_unit=self.smearing_unit,
            stated=self.stated,
            lines=lines,
            warnings=self.warnings,
        )


def choose_columns(
    path: str, table: Float[np.ndarray, "row column"], columns: Sequence[Column]
) -> Spectra:
    """Frequencies and spectra of a table.

    Parameters
    ----------
    path
        The file, for messages.
    table
        Its numbers; nan where a column that is no spectrum holds text.
    columns
        Their names; empty if they have none.

    Raises
    ------
    DataError
        If no column can be α²F.
    """
    place, warnings = _frequencies(table, columns)
    omega, values = table[:, place], table.T
    named = _named_a2f(columns)
    others = {i for i, c in enumerate(columns) if c.role in {"frequency", "coupling"}}
    candidates = named or [i for i in range(place + 1, table.shape[1]) if i not in others]
    running = _running(omega, values, candidates)
    spectra = [i for i in candidates if i not in running]
    if not spectra:
        raise DataError(
            f"{path} has no column of α²F.",
            reason=f"Its columns are {', '.join(c.name for c in columns)}."
            if columns
            else "There is nothing beside the frequencies.",
            fix="Name a column a2F, or give the file with α²F.",
        )
    warnings += [_left_out(i, source, values[i, -1]) for i, source in running.items()]
    smearings, unit = _smearings([columns[i].name for i in spectra] if columns else [])
    if len(spectra) > 1 and smearings is None:
        why = "their names state no smearings" if named else "nothing tells what they are"
        warnings.append(f"columns {_listed(spectra)} are read as so many spectra: {why}")
    if not named:
        warnings += _doubts(omega, values[spectra[0]], spectra[0] + 1)
    ends = _ends(values, columns, spectra, running)
    return Spectra(
        frequencies=omega,
        a2f=values[spectra],
        smearings=smearings,
        smearing_unit=unit,
        stated={"coupling": ends} if any(map(math.isfinite, ends)) else {},
        warnings=tuple(warnings),
    )


def _frequencies(table: np.ndarray, columns: Sequence[Column]) -> tuple[int, list[str]]:
    """Place of ω, and what to say where it is not the first column."""
    if columns:
        return next(i for i, c in enumerate(columns) if c.role == "frequency"), []
    first = table[:, 0]
    counts = np.array_equal(first, first[0] + np.arange(len(first))) and first[0] in {0.0, 1.0}
    grows = table.shape[1] > 2 and len(first) > 2 and bool(np.all(np.diff(table[:, 1]) > 0.0))
    if counts and grows and 0 not in running_couplings(first, table.T[1:]):
        return 1, ["column 1 numbers the rows: ω is read from column 2"]
    return 0, []


def _named_a2f(columns: Sequence[Column]) -> list[int]:
    """Columns that are named α²F; shares of a total that is there, too, are left out."""
    named = [i for i, c in enumerate(columns) if c.role == "a2f"]
    totals = [i for i in named if re.fullmatch(r"(?:w|tot\w*|sum)?", columns[i].label)]
    numbered = [i for i in named if re.search(r"\d", columns[i].label)]
    return sorted({*totals, *numbered}) if totals else named


def _running(omega: np.ndarray, values: np.ndarray, candidates: list[int]) -> dict[int, int]:
    """Integrals among the candidates, with the column that they are of, or -1."""
    chosen = values[candidates]
    found = running_couplings(omega, chosen)
    growing = never_falls(chosen)
    if not np.all(growing):
        found |= {int(i): -1 for i in np.flatnonzero(growing) if int(i) not in found}
    return {candidates[i]: -1 if j < 0 else candidates[j] for i, j in found.items()}


def _left_out(index: int, source: int, end: float) -> str:
    if source < 0:
        return (
            f"column {index + 1} never falls, as an integral does and α²F does not: it is left "
            f"out (it ends at {end:.4g})"
        )
    return (
        f"column {index + 1} is λ(ω), the integral of column {source + 1}, not a spectrum: it is "
        f"left out (it ends at {end:.4g})"
    )


def _doubts(omega: np.ndarray, values: np.ndarray, number: int) -> list[str]:
    """What to say of a column without a name that is normalised as a density of states."""
    states = float(np.trapezoid(values, omega))
    modes = 3 * round(states / 3.0) if math.isfinite(states) else 0
    if modes == 0 or len(omega) <= _FEW_ROWS or abs(states / modes - 1.0) > _NORMALISED:
        return []
    found = f"the integral of column {number} is {states:.4g}, as that of the density of states of"
    return [f"{found} {modes} phonons: λ means nothing if it is one"]


def _ends(
    values: np.ndarray, columns: Sequence[Column], spectra: list[int], running: dict[int, int]
) -> tuple[float, ...]:
    """λ that the file states of each spectrum, nan where it does not."""
    ends = {source: float(values[i, -1]) for i, source in running.items()}
    named = [i for i, c in enumerate(columns) if c.role == "coupling"]
    if len(named) == len(spectra):
        ends |= {s: float(values[i, -1]) for s, i in zip(spectra, named, strict=True)}
    return tuple(ends.get(i, math.nan) for i in spectra)


def _smearings(names: Sequence[str]) -> tuple[tuple[float, ...] | None, str | None]:
    """Smearings that the names state, all in one unit, or None."""
    matches = [_SMEARING.search(name) for name in names]
    values = [float(match.group(1)) for match in matches if match is not None]
    units = {match.group(2) for match in matches if match is not None}
    if not names or len(values) < len(names) or len(units) != 1 or len(set(values)) < len(values):
        return None, None
    return tuple(values), units.pop() or None


def _listed(indices: Sequence[int]) -> str:
    numbers = [index + 1 for index in indices]
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers))
