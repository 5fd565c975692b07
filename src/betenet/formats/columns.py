"""Spectra among the columns of a table: told by their names, or else by their numbers.

λ(ω), ω_log, Tc, modes and errors are not α²F. λ(ω) is kept for comparison with the integral.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.a2f_file import UNIT_STATED, A2fFile
from betenet.formats.column_names import UNITS, Column
from betenet.formats.header import Header, no_a2f, place_of_frequency
from betenet.formats.running_coupling import never_falls, running_couplings
from betenet.formats.shares import choose_whole

_FEW_ROWS = 10
_NORMALISED = 3e-3


def read_columns(
    path: str, table: Float[np.ndarray, "row column"], header: Header, lines: tuple[int, ...]
) -> A2fFile:
    """Spectra of a table by :func:`choose_columns`, with the unit that its header states."""
    return replace(
        choose_columns(path, table, header.columns),
        unit=header.unit or "",
        unit_source="" if header.unit is None else UNIT_STATED,
        unknown_unit=header.unknown_unit,
        lines=lines,
    )


def choose_columns(
    path: str, table: Float[np.ndarray, "row column"], columns: Sequence[Column]
) -> A2fFile:
    """Frequencies and spectra of a table; names of columns tell them where there are names.

    Parameters
    ----------
    path
        The file, for messages.
    table
        Numbers of the table; nan where a column that is no spectrum holds text.
    columns
        Names of the columns; empty if they have none.

    Raises
    ------
    DataError
        If no column can be α²F.
    """
    place, warnings = _frequencies(path, table, columns)
    omega, values = table[:, place], table.T
    candidates = _candidates(path, place, table.shape[1], columns)
    running = _running(omega, values, candidates)
    left = [i for i in candidates if i not in running]
    whole = choose_whole(path, values, columns, left)
    if not whole.places:
        raise DataError(
            f"{path} has no column of α²F.",
            reason="What is beside the frequencies are integrals, which never fall."
            if running
            else "There is nothing beside the frequencies.",
            fix="Give the file with α²F.",
        )
    warnings += [_left_out(i, source, values[i, -1]) for i, source in running.items()]
    warnings += whole.warnings
    smearings, unit = _smearings([columns[i] for i in whole.places] if columns else [])
    if not columns:
        warnings += _doubts(omega, whole.a2f[0], whole.places[0] + 1)
    ends = _ends(values, columns, whole.places, running)
    return A2fFile(
        path=path,
        frequencies=omega,
        a2f=whole.a2f,
        smearings=smearings,
        smearing_unit=unit,
        modes=whole.modes,
        names=tuple(columns[i].name for i in whole.places) if columns else (),
        stated={"coupling": ends} if any(map(math.isfinite, ends)) else {},
        warnings=tuple(warnings),
    )


def _candidates(path: str, place: int, width: int, columns: Sequence[Column]) -> list[int]:
    """Columns that may be α²F: those so named, or else, without names, what stands behind ω.

    Raises
    ------
    DataError
        If the columns have names, and none is that of α²F.
    """
    if not columns:
        return list(range(place + 1, width))
    abouts = [(i, c, c.about_a2f) for i, c in enumerate(columns) if c.about_a2f is not None]
    found = [i for i, c, about in abouts if c.role == "a2f" or about.kind == "mode"]
    for i in found:
        about = columns[i].about_a2f
        unit = "" if about is None else about.unit
        if unit and (own := columns[place].unit) and UNITS.get(unit, own) != own:
            raise DataError(
                f"{path}: column {columns[i].name!r} has a unit, which α²F has not.",
                reason=f"It is not that of the frequencies, {own}, either.",
                fix="Name it a2F if it is α²F.",
            )
    if found:
        return found
    for _, c, about in abouts:
        if about.why:
            raise DataError(
                f"{path} has no column that is α²F.",
                reason=f"Its column {c.name!r} {about.why}.",
                fix="Give α²F itself, without factors; if the column is that, name it a2F.",
            )
    raise no_a2f(path, f"Its columns are {', '.join(c.name or 'nameless' for c in columns)}.")


def _frequencies(path: str, table: np.ndarray, columns: Sequence[Column]) -> tuple[int, list[str]]:
    """Place of ω, and what to say where it is not the first column."""
    if columns:
        place = place_of_frequency(columns)
        if place and np.any(np.diff(table[:, place]) <= 0.0):
            raise DataError(
                f"{path}: the frequencies do not increase.",
                reason=f"By its header they are column {place + 1}, {columns[place].name!r}.",
                fix="Put the names into the order of the columns, such as `# omega [meV]  a2F`, "
                "and sort the rows.",
            )
        return place, []
    first = table[:, 0]
    counts = np.array_equal(first, first[0] + np.arange(len(first))) and first[0] in {0.0, 1.0}
    grows = table.shape[1] > 2 and len(first) > 2 and bool(np.all(np.diff(table[:, 1]) > 0.0))
    if counts and grows and 0 not in running_couplings(first, table.T[1:]):
        return 1, ["column 1 numbers the rows: ω is read from column 2"]
    return 0, []


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
    """Warning of a column without a name that is normalised as a density of states."""
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


def _smearings(columns: Sequence[Column]) -> tuple[tuple[float, ...] | None, str | None]:
    """Smearings that the names state, all in one unit, or None."""
    found = [c.about_a2f for c in columns if c.about_a2f is not None]
    values = [about.smearing for about in found if about.smearing is not None]
    units = {about.smearing_unit for about in found}
    if not values or len(values) < len(columns) or len(units) != 1:
        return None, None
    if len(set(values)) < len(values):
        return None, None
    unit = units.pop()
    return tuple(values), UNITS.get(unit, unit) or None
