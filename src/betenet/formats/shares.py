"""The whole of α²F among several columns: by their names, and by what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError
from betenet.formats.column_names import Column

SUM_TOLERANCE = 0.01
"""Difference of a sum from the whole, as a share of its peak, that rounding explains."""

_QUIET = ("lambda", "gamma")  # the ways in which ph.x and EPW sum it up
_FEWEST_TO_ADD = 3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Whole:
    """Columns that are taken of several.

    Parameters
    ----------
    a2f
        The spectra.
    places
        Places of their columns, from 0; of a sum the first that is in it.
    modes
        Shares of the only spectrum by mode; None if there are none.
    warnings
        Sentences on the choice, where names alone do not tell.
    """

    a2f: Float[np.ndarray, "column n_freq"]
    places: list[int]
    modes: Float[np.ndarray, "mode n_freq"] | None = None
    warnings: tuple[str, ...] = ()


def choose_whole(
    path: str,
    values: Float[np.ndarray, "column n_freq"],
    columns: Sequence[Column],
    candidates: Sequence[int],
) -> Whole:
    """The spectra among columns that may be α²F.

    Parameters
    ----------
    path
        The file, for messages.
    values
        Columns of the table.
    columns
        Names of the columns; empty if they have none.
    candidates
        Places of those that may be α²F.

    Raises
    ------
    DataError
        If the only one is a share by its name.
    """
    if not columns:
        return _unnamed(values, candidates)
    of_kind = {
        kind: [i for i in candidates if _kind(columns[i]) == kind]
        for kind in ("total", "smearing", "numbered", "mode", "part", "named")
    }
    several = [*of_kind["numbered"], *of_kind["part"], *of_kind["named"]]
    if of_kind["total"]:
        keep = [*of_kind["total"], *of_kind["smearing"]]
        if len(of_kind["total"]) > 1 or not _add_up(values, of_kind["numbered"], keep[0]):
            keep += of_kind["numbered"]
        return _with_modes(values, sorted(keep), of_kind["mode"])
    if of_kind["smearing"]:
        return _with_modes(values, of_kind["smearing"], [])
    if not several:
        return _sum_of_modes(values, of_kind["mode"])
    if len(several) == 1:
        return _only_one(path, values, columns[several[0]], several[0])
    names = ", ".join(columns[i].name for i in several)
    text = (
        f"columns {listed(several)} ({names}) are read as so many spectra: their names state no "
        "smearings, and they may be shares of one"
    )
    return Whole(a2f=values[several], places=several, warnings=(text,))


def listed(indices: Sequence[int]) -> str:
    """Numbers of columns, from 1, for messages."""
    numbers = [index + 1 for index in indices]
    if numbers == list(range(numbers[0], numbers[-1] + 1)) and len(numbers) > 1:
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers))


def _kind(found: Column) -> str:
    return "" if found.about_a2f is None else found.about_a2f.kind


def _unnamed(values: np.ndarray, candidates: Sequence[int]) -> Whole:
    """Columns without names: those of zeros are nothing, and one may be the sum of the others."""
    warnings: list[str] = []
    zero = [i for i in candidates if not np.any(values[i])]
    places = [i for i in candidates if i not in zero] or list(candidates)
    if zero and len(places) < len(candidates):
        word = "column" if len(zero) == 1 else "columns"
        warnings.append(f"{word} {listed(zero)} of zeros left out")
    total = _total_among(values, places)
    if total is not None:
        parts = [i for i in places if i != total]
        warnings.append(f"column {total + 1} is α²F: it is the sum of columns {listed(parts)}")
        places = [total]
    if len(places) > 1:
        warnings.append(
            f"columns {listed(places)} are read as so many spectra: nothing tells what they are"
        )
    return Whole(a2f=values[places], places=places, warnings=tuple(warnings))


def _with_modes(values: np.ndarray, places: list[int], modes: Sequence[int]) -> Whole:
    """Spectra that are whole, with the modes of the only one where they add up to it."""
    complete = len(places) == 1 and _add_up(values, modes, places[0])
    return Whole(a2f=values[places], places=places, modes=values[list(modes)] if complete else None)


def _sum_of_modes(values: np.ndarray, modes: Sequence[int]) -> Whole:
    """α²F as the sum of its modes, which it is by definition; nothing without modes."""
    if not modes:
        return Whole(a2f=values[:0], places=[])
    chosen = list(modes)
    text = f"α²F is taken as the sum of its modes, columns {listed(chosen)}"
    return Whole(
        a2f=values[chosen].sum(axis=0)[None],
        places=chosen[:1],
        modes=values[chosen],
        warnings=(text,),
    )


def _only_one(path: str, values: np.ndarray, found: Column, place: int) -> Whole:
    if _kind(found) == "part":
        raise DataError(
            f"{path} has a share of α²F only: its column {found.name!r}.",
            reason="λ and Tc need the whole.",
            fix="Give the sum over all shares; if the column is the whole, name it a2F.",
        )
    quiet = _kind(found) == "numbered" or found.label.startswith(_QUIET)
    text = f"α²F is read from the column {found.name!r}"
    return Whole(a2f=values[[place]], places=[place], warnings=() if quiet else (text,))


def _total_among(values: np.ndarray, places: Sequence[int]) -> int | None:
    """The first or last column, where it is the sum of all the others; else None."""
    ends = (places[0], places[-1]) if len(places) >= _FEWEST_TO_ADD else ()
    return next((i for i in ends if _add_up(values, [j for j in places if j != i], i)), None)


def _add_up(values: np.ndarray, parts: Sequence[int], total: int) -> bool:
    """Whether two or more columns that are not zero add up to another."""
    whole = values[total]
    shares = values[list(parts)]
    if np.sum(np.any(shares, axis=1)) < _FEWEST_TO_ADD - 1 or not np.all(np.isfinite(shares)):
        return False
    peak = float(np.max(np.abs(whole)))
    return bool(peak > 0.0 and np.max(np.abs(shares.sum(axis=0) - whole)) <= SUM_TOLERANCE * peak)
