"""The published BETE-NET database: ``database.json``, each of its rows read and checked.

pandas wrote it as one object of columns, each an object of values by row. Frequencies are in
meV, phonon densities of states in 1/meV for a cell, and ``w_sq`` is ω_2² in meV². The unit of
the electronic density of states is not stated. Some files carry α²F of other smearings as
``a2F_sigma_N`` with ``a2F_Freq_meV_sigma_N``. The structures are beside it, in ``structures/``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import cast

import numpy as np
from jaxtyping import Float

from betenet.errors import BetenetError, DataError
from betenet.json_input import number_array, read_json
from betenet.superconductivity.quality import NEGATIVE_SHARE, assess

DATABASE_FILE = "database.json"
LARGEST_DATABASE = 1 << 30
"""Bytes; the published file has some hundred million."""

PHONON_GRIDS = {
    "coarse": (
        "Ph_2x2x2_interpolated_Freq_meV",
        "Ph_2x2x2_interpolated_Tot_DOS",
        "Ph_2x2x2_interpolated_Site_Proj_DOS",
    ),
    "fine": ("PhFreq_meV_dense", "Tot_PhDOS_dense", "Site_Proj_PhDOS_dense"),
}
"""Columns of ω, of the total and of the sites, by where the force constants come from."""

_STATED = ("lambda", "w_log", "w_sq")
ELECTRONIC = ("Tot_eDOS_eng_meV", "Tot_eDOS")
"""Columns of the electronic energies and density of states."""
OURS = {"id": "betenet_id", "source": "betenet_source"}
"""Columns of ours, in databases that `write_published` has written."""
_OPTIONAL = {*chain(*PHONON_GRIDS.values()), *_STATED, *ELECTRONIC, *OURS.values()}
"""Columns that a row may lack: then it is not a key of theirs. A null is a missing value."""
_SMEARING = re.compile(r"a2F_(?:Freq_meV_)?sigma_(.+)")

Columns = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SiteDos:
    """Phonon density of states of a cell as the database holds it, signs and all.

    Parameters
    ----------
    frequencies
        ω; negative ones stand for imaginary frequencies [meV].
    total
        g(ω) of the cell, the sum over its atoms where the database has none [1/meV].
    sites
        Share of each atom, in the order of the structure [1/meV].
    """

    frequencies: Float[np.ndarray, " n_freq"]
    total: Float[np.ndarray, " n_freq"]
    sites: Float[np.ndarray, "site n_freq"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DatabaseRow:
    """One material of the database.

    Parameters
    ----------
    id
        Its row; ``structures/<id>.cif`` holds the structure.
    formula
        Reduced formula (``comp``).
    name
        Formula of the cell and number in the Materials Project (``comp_name``); may be empty.
    frequencies, a2f
        ω [meV] and α²F [1].
    stated
        ``coupling`` [1], ``omega_log`` and ``omega_2`` [meV] that the database gives.
    phonon_dos
        By the keys of :data:`PHONON_GRIDS`, where the database has them.
    electronic_dos
        Energy from the Fermi level [meV] and density of states of the cell [unit not stated];
        ``None`` where it is missing.
    ours
        ``id`` and ``source`` of a row that was one of ours, where they are another.
    smearings
        ω [meV] and α²F [1] of each column ``a2F_sigma_N``, by N; one that is missing, broken or
        negative beyond the tolerance is left out.
    """

    id: str
    formula: str
    name: str
    frequencies: Float[np.ndarray, " n_freq"]
    a2f: Float[np.ndarray, " n_freq"]
    stated: Mapping[str, float]
    phonon_dos: Mapping[str, SiteDos]
    electronic_dos: tuple[Float[np.ndarray, " energy"], Float[np.ndarray, " energy"]] | None
    ours: Mapping[str, str] = field(default_factory=dict[str, str])
    smearings: Mapping[str, tuple[Float[np.ndarray, " n_freq"], Float[np.ndarray, " n_freq"]]] = (
        field(default_factory=dict)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A row that cannot be used, and why."""

    id: str
    formula: str
    reason: str


def read_database(
    folder: str | Path, *, smearing: str | None = None, negative_tolerance: float = NEGATIVE_SHARE
) -> tuple[list[DatabaseRow], list[Refusal]]:
    """Every row of the database, read or refused.

    Parameters
    ----------
    folder
        Folder that holds ``database.json``.
    smearing
        Which α²F: ``"2"`` for ``a2F_sigma_2``; the column ``a2F`` if ``None``.
    negative_tolerance
        Share of ∫|α²F| dω or of λ, whichever is larger, up to which negative α²F is accepted.

    Returns
    -------
    tuple[list[DatabaseRow], list[Refusal]]
        In the order of the file.

    Raises
    ------
    DataError
        If the file is missing, is not such a database, or lacks the α²F asked for.

    Notes
    -----
    A row is refused for a missing value in any column (the published rule; of the 818 materials
    that the paper counts, the released files keep 806; columns of smearings not asked for do not
    count), for a value that is not finite in an array that is used, and for α²F that is zero or
    negative beyond the tolerance. A missing value is a null, as pandas writes it. A row that is no
    key of a column of densities of states or of stated moments does not have them, and is kept:
    `write_published` leaves them out so.
    """
    path = Path(folder) / DATABASE_FILE
    columns = _load(path)
    chosen = _choose(path, columns, smearing)
    rows: list[DatabaseRow] = []
    refused: list[Refusal] = []
    for row in columns["comp"]:
        try:
            rows.append(_read_row(row, columns, chosen, negative_tolerance))
        except BetenetError as error:
            formula = str(columns["comp"][row] or "")
            refused.append(Refusal(id=row, formula=formula, reason=error.summary))
    return rows, refused


def _load(path: Path) -> Columns:
    try:
        data = read_json(path, LARGEST_DATABASE)
    except OSError as error:
        raise DataError(
            f"Cannot read {path}.",
            reason=error.strerror or str(error),
            fix="Give the folder of the published database, which holds it beside structures/.",
        ) from error
    except ValueError as error:
        raise DataError(
            f"{path} is not valid JSON.",
            reason=str(error),
            fix="Fetch it again; it may be cut off, or a pointer to a large file.",
        ) from error
    if isinstance(data, dict):
        columns = cast("dict[str, object]", data)
        if all(isinstance(column, dict) for column in columns.values()) and "comp" in columns:
            return cast("Columns", columns)
    raise DataError(
        f"{path} is not a table of columns with `comp` among them.",
        reason="The published file is an object of columns, each an object of values by row.",
        fix="Write it with DataFrame.to_json() and its default orientation.",
    )


def _choose(path: Path, columns: Columns, smearing: str | None) -> tuple[str, str]:
    """Columns of ω and α²F."""
    chosen = ("Freq_meV", "a2F")
    if smearing is not None:
        chosen = (f"a2F_Freq_meV_sigma_{smearing}", f"a2F_sigma_{smearing}")
    missing = [name for name in chosen if name not in columns]
    if missing:
        raise DataError(
            f"{path} has no column {' and no '.join(missing)}.",
            reason=f"Smearings in it: {', '.join(smearing_names(columns)) or 'none'}.",
            fix="Choose one of them, or fetch the published file again.",
        )
    return chosen


def _read_row(
    row: str, columns: Columns, chosen: tuple[str, str], negative_tolerance: float
) -> DatabaseRow:
    unused = {name for name in columns if _SMEARING.fullmatch(name) and name not in chosen}
    unused |= {name for name in _OPTIONAL & columns.keys() if row not in columns[name]}
    values = {name: column.get(row) for name, column in columns.items() if name not in unused}
    missing = sorted(name for name, value in values.items() if _is_missing(value))
    if missing:
        raise DataError(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    frequencies, a2f = (_array(values, name, 1) for name in chosen)
    _check_spectrum(frequencies, a2f, negative_tolerance)
    grids = {
        key: _site_dos(values, names)
        for key, names in PHONON_GRIDS.items()
        if _has_all(values, (names[0], names[2]))
    }
    electronic = None
    if _has_all(values, ELECTRONIC):
        electronic = (_array(values, ELECTRONIC[0], 1), _array(values, ELECTRONIC[1], 1))
        _match(ELECTRONIC, *electronic)
    return DatabaseRow(
        id=row,
        formula=str(values["comp"]),
        name=str(values.get("comp_name", "")),
        frequencies=frequencies,
        a2f=a2f,
        stated=_stated(values),
        phonon_dos=grids,
        electronic_dos=electronic,
        ours={key: str(values[name]) for key, name in OURS.items() if name in values},
        smearings=_smearings(row, columns, negative_tolerance),
    )


def _has_all(values: Mapping[str, object], names: tuple[str, str]) -> bool:
    """Whether a row has both columns; one without the other is an error."""
    found = [name for name in names if name in values]
    if len(found) == 1:
        other = names[1] if found[0] == names[0] else names[0]
        raise DataError(f"it has {found[0]} and no {other}")
    return bool(found)


def _smearings(
    row: str, columns: Columns, negative_tolerance: float
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """α²F of each smearing that has one which can be used."""
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name in smearing_names(columns):
        names = (f"a2F_Freq_meV_sigma_{name}", f"a2F_sigma_{name}")
        values = {key: columns.get(key, {}).get(row) for key in names}
        with suppress(DataError):
            frequencies, a2f = (_array(values, key, 1) for key in names)
            _check_spectrum(frequencies, a2f, negative_tolerance)
            found[name] = (frequencies, a2f)
    return found


def smearing_names(columns: Mapping[str, object]) -> list[str]:
    """Names of the smearings among the columns, numbers in their order.

    Examples
    --------
    >>> smearing_names({"a2F": 0, "a2F_sigma_10": 0, "a2F_Freq_meV_sigma_10": 0, "a2F_sigma_2": 0})
    ['2', '10']
    """
    found = {match[1] for name in columns if (match := _SMEARING.fullmatch(name))}
    return sorted(found, key=lambda name: (len(name) if name.isdecimal() else 99, name))


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _array(values: Mapping[str, object], name: str, n_axes: int) -> np.ndarray:
    try:
        array = number_array(values[name], name, finite=False)  # null becomes nan
    except ValueError as error:
        raise DataError(f"{name} is not an array of numbers") from error
    if array.ndim != n_axes or array.size == 0:
        raise DataError(f"{name} has shape {array.shape}, not {n_axes} axes")
    broken = int(np.sum(~np.isfinite(array)))
    if broken:
        raise DataError(f"{name} holds {broken} values that are NaN or infinite")
    return array


def _match(names: tuple[str, ...], frequencies: np.ndarray, *curves: np.ndarray) -> None:
    for name, curve in zip(names[1:], curves, strict=True):
        if curve.shape[-1] != frequencies.size:
            raise DataError(
                f"{name} has {curve.shape[-1]} values and {names[0]} {frequencies.size}"
            )
    if frequencies.size < 2 or not np.all(np.diff(frequencies) > 0.0):
        raise DataError(f"{names[0]} does not increase strictly")


def _site_dos(values: Mapping[str, object], names: tuple[str, str, str]) -> SiteDos:
    frequencies, sites = _array(values, names[0], 1), _array(values, names[2], 2)
    total = _array(values, names[1], 1) if names[1] in values else sites.sum(axis=0)
    _match(names, frequencies, total, sites)
    return SiteDos(frequencies=frequencies, total=total, sites=sites)


def _check_spectrum(frequencies: np.ndarray, a2f: np.ndarray, tolerance: float) -> None:
    _match(("the grid of α²F", "α²F"), frequencies, a2f)
    report = assess(frequencies, a2f)
    if report["no_weight"].severity != "ok":
        raise DataError("α²F has no weight: its λ is not positive")
    negative = report["negative"].value
    if negative > tolerance:
        lowest = int(np.argmin(a2f))
        raise DataError(
            f"negative α²F is {negative:.2%} of the spectrum, above {tolerance:.2%}; the lowest "
            f"is {a2f[lowest]:.3g} at {frequencies[lowest]:.4g} meV"
        )


def _stated(values: Mapping[str, object]) -> dict[str, float]:
    numbers = {
        name: float(value)
        for name, value in ((name, values.get(name)) for name in _STATED)
        if isinstance(value, int | float) and math.isfinite(value)
    }
    stated = {
        key: numbers[name]
        for key, name in (("coupling", "lambda"), ("omega_log", "w_log"))
        if name in numbers
    }
    if numbers.get("w_sq", -1.0) >= 0.0:
        stated["omega_2"] = math.sqrt(numbers["w_sq"])
    return stated
