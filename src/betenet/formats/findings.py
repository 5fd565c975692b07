"""Findings that a user should know of a file of α²F that could be read, each a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from betenet.formats.a2f_file import NEGLIGIBLE_FRACTION, A2fFile
from betenet.superconductivity.moments import coupling_constant, omega_log

STATED_TOLERANCE = 0.05
"""Relative difference from a number that the file states above which a warning is given."""

HIGHEST_FREQUENCY = (3.0, 800.0)
"""Bounds of the end of a phonon spectrum [meV]: from soft heavy metals to above hydrogen's 540."""

_NOTHING = 1e-6
"""Share of the peak below which α²F at ω ≤ 0 is zero to the digits of the files."""


def findings(file: A2fFile) -> tuple[str, ...]:
    """Sentences on rows left out, values that are no numbers, negative ones, unit and λ."""
    if file.frequencies.size == 0:
        return tuple(_stated_not_finite(file))
    return (
        *_not_positive(file),
        *_not_finite(file),
        *_negative(file),
        *_highest_frequency(file),
        *_stated(file),
    )


def _not_positive(file: A2fFile) -> Iterator[str]:
    below = file.frequencies <= 0.0
    if not np.any(below):
        return
    peak = _peak(file)
    share = float(np.nanmax(np.abs(file.a2f[:, below]), initial=0.0)) / peak if peak else 0.0
    count = int(np.sum(below))
    rows = f"{count} {'row' if count == 1 else 'rows'} at ω ≤ 0 ({file.where(below)})"
    if np.any(file.imaginary_rows()):
        yield f"{rows} with |α²F| up to {share:.2g} of its peak: imaginary modes carry weight"
    elif share <= _NOTHING:
        return  # files start at 0, and grids below it: nothing is lost, and nothing is to be done
    elif share <= NEGLIGIBLE_FRACTION:
        yield f"{rows} left out; |α²F| is at most {share:.1g} of its peak there"
    else:
        yield f"{rows} left out, though |α²F| is {share:.2g} of its peak there: it should vanish"


def _not_finite(file: A2fFile) -> Iterator[str]:
    bad = ~np.isfinite(file.a2f)
    columns = np.any(bad, axis=1)
    if np.any(columns):
        names = ", ".join(str(i + 1) for i in np.flatnonzero(columns))
        yield (
            f"α²F is not a number in {file.where(np.any(bad, axis=0))}: "
            f"column {names} cannot be used"
        )


def _negative(file: A2fFile) -> Iterator[str]:
    rows = file.frequencies > 0.0
    a2f = np.where(np.isfinite(file.a2f[:, rows]), file.a2f[:, rows], 0.0)
    negative = a2f < 0.0
    if np.any(negative):
        lowest = np.unravel_index(int(np.argmin(a2f)), a2f.shape)
        yield (
            f"α²F is negative at {int(np.sum(negative))} of {a2f.size} samples, down to "
            f"{a2f[lowest]:.2g} at {file.frequencies[rows][lowest[1]]:.4g} meV"
        )


def _highest_frequency(file: A2fFile) -> Iterator[str]:
    weight = np.any(np.abs(np.nan_to_num(file.a2f)) > NEGLIGIBLE_FRACTION * _peak(file), axis=0)
    if not np.any(weight):
        return
    highest = float(file.frequencies[weight][-1])
    low, high = HIGHEST_FREQUENCY
    if not low <= highest <= high:
        yield (
            f"α²F ends at {highest:.3g} meV, where no phonons are expected to end "
            f"({low:g} to {high:g} meV): check the unit ({file.unit}, {file.unit_source})"
        )


def _stated(file: A2fFile) -> Iterator[str]:
    rows = file.frequencies > 0.0
    if np.sum(rows) < 2:
        return
    cause = "check the format, the unit and the definition of α²F"
    if np.any(file.imaginary_rows()):
        cause = "that counts imaginary modes, too"
    for key, symbol, function in (
        ("coupling", "λ", coupling_constant),
        ("omega_log", "ω_log", omega_log),
    ):
        stated = np.array(file.stated.get(key, ()))
        usable = np.all(np.isfinite(file.a2f[:, rows]), axis=1)
        if stated.size != file.n_columns or not np.any(usable):
            continue
        found = function(file.frequencies[rows], file.a2f[usable][:, rows])
        expected = stated[usable]
        compared = np.isfinite(expected) & (expected != 0.0) & np.isfinite(found)
        if not np.any(compared):
            continue
        index = np.flatnonzero(usable)[compared]
        off = np.abs(found[compared] / expected[compared] - 1.0)
        worst = int(np.argmax(off))
        if off[worst] > STATED_TOLERANCE:
            yield (
                f"{symbol} of column {index[worst] + 1} is {found[compared][worst]:.4g} by "
                f"integration, but the file states {expected[compared][worst]:.4g}: {cause}"
            )


def _stated_not_finite(file: A2fFile) -> Iterator[str]:
    for key, values in file.stated.items():
        bad = [str(i + 1) for i, value in enumerate(values) if not np.isfinite(value)]
        if bad:
            which = "every smearing" if len(bad) == len(values) else f"smearing {', '.join(bad)}"
            yield (
                f"{key} is not a number at {which}: modes with imaginary frequencies, perhaps "
                "the acoustic ones at Γ"
            )


def _peak(file: A2fFile) -> float:
    return float(np.nanmax(np.abs(np.where(np.isfinite(file.a2f), file.a2f, 0.0)), initial=0.0))
