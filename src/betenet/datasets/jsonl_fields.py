"""The fields of one row of our dataset layout, read and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.symbols import string2symbols
from jaxtyping import Float

from betenet.datasets.bete_net_database import PHONON_GRIDS
from betenet.datasets.folds import reduced_formula
from betenet.datasets.rows import TARGETS, Curves
from betenet.errors import DataError
from betenet.json_input import number_array
from betenet.quantities import QUANTITIES
from betenet.spectrum import Spectrum
from betenet.structures.check import FARTHEST, LONGEST_GIVEN
from betenet.superconductivity.moments import moments
from betenet.superconductivity.quality import NEGATIVE_SHARE, without_small_negatives

ELECTRONIC_FIELDS = ("energies_mev", "total")
STRUCTURE_FIELDS = ("lattice", "species", "frac_coords")
FIELDS = (
    "id",
    "source",
    "formula",
    "structure",
    *STRUCTURE_FIELDS,
    *(QUANTITIES[key].export_key for key in TARGETS),
    "tc_kelvin",
    "mu_star",
    "dos_fermi",
    "spectrum",
    "site_phonon_dos",
    "electronic_dos",
    "calculation",  # how it was computed: of it only ``kept`` and its reasons are read here
    "campaign",  # what a campaign says of the crystal; not read here
    "split",
)
"""Every key of the layout."""

_NEEDED = ("coupling", "omega_log")
_ORDERED = ("omega_log", "omega_1", "omega_2", "omega_3")
_ROUNDING = 1e-3
"""Moments are often published with four digits."""
_DISAGREE = 0.1
"""Relative difference of λ from that of the spectrum that is reported."""


def read_text(data: Mapping[str, Any], key: str) -> str:
    """A short text; empty where it is absent. A whole number is accepted as well.

    Raises
    ------
    DataError
        If it is something else.
    """
    value = data.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DataError(f"{key} is not a text: {value!r}")
    return str(value)


def read_number(data: Mapping[str, Any], key: str, *, at_least: float = -math.inf) -> float:
    """A number; NaN where it is absent or null.

    Raises
    ------
    DataError
        If it is not a finite number, or below the limit.
    """
    value = data.get(key)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise DataError(f"{key} is not a finite number: {value!r}")
    if value < at_least:
        raise DataError(f"{key} is {value:g}: it must not be below {at_least:g}")
    return float(value)


def check_kept(data: Mapping[str, Any]) -> None:
    """Refuse a row whose calculation says of itself that it is not to be kept.

    Raises
    ------
    DataError
        If ``calculation.kept`` is false, with the reasons; or is neither true nor false.
    """
    calculation = data.get("calculation")
    if not isinstance(calculation, Mapping):
        return
    kept = calculation.get("kept")
    if kept is None or kept is True:
        return
    if kept is not False:
        raise DataError(f"calculation.kept is neither true nor false: {kept!r}")
    reasons = calculation.get("reasons")
    found = [
        str(reason["text"])
        for reason in (reasons if isinstance(reasons, list) else [])
        if isinstance(reason, Mapping) and reason.get("text")
    ]
    raise DataError(f"its calculation is not kept: {'; '.join(found) or 'it does not say why'}")


def read_structure(data: Mapping[str, Any]) -> Atoms:
    """The crystal, from ``structure`` or from the same keys beside the others.

    Raises
    ------
    DataError
        If a key is missing, a number is not finite, a symbol is no element, the cell has no
        volume, or the formula that is given is another one.
    """
    found = data.get("structure", data)
    if not isinstance(found, Mapping):
        raise DataError("structure is no JSON object")
    missing = [key for key in STRUCTURE_FIELDS if found.get(key) is None]
    if missing:
        names = ", ".join(missing[:-1]) + " and " + missing[-1] if missing[1:] else missing[0]
        raise DataError(f"it has no structure: {names} {'are' if missing[1:] else 'is'} missing")
    symbols = _symbols(found["species"])
    lattice = _array(found, "lattice", (3, 3))
    if np.abs(lattice).max() > LONGEST_GIVEN:
        raise DataError(f"a lattice vector is {np.abs(lattice).max():.3g} Å long")
    if abs(np.linalg.det(lattice)) < 1e-6:
        raise DataError("the lattice has no volume")
    positions = _array(found, "frac_coords", (len(symbols), 3))
    if np.abs(positions).max() > FARTHEST:
        far = np.abs(positions).max()
        raise DataError(f"frac_coords hold {far:.3g}: fractional coordinates lie between 0 and 1")
    _check_formula(data.get("formula"), symbols)
    return Atoms(symbols, cell=lattice, scaled_positions=positions, pbc=True)


def _symbols(species: object) -> list[str]:
    if not isinstance(species, list | tuple):
        raise DataError(f"species is no list of elements, but reads {str(species)[:60]!r}")
    symbols = [str(symbol) for symbol in cast("Sequence[object]", species)]
    strange = sorted({symbol[:20] for symbol in symbols if not atomic_numbers.get(symbol)})
    if strange or not symbols:
        raise DataError(f"species are not elements: {', '.join(strange[:10]) or '[]'!r}")
    return symbols


def read_spectrum(data: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray] | None:
    """Frequencies [meV] and α²F; None where there is none.

    Raises
    ------
    DataError
        If a key is missing, the arrays do not match, or too much of α²F is negative.
    SpectrumError
        If it is not a spectrum: a frequency ≤ 0, an infinite α²F.

    Notes
    -----
    Negative values are set to zero where `betenet epc` does so too: up to `NEGATIVE_SHARE` of α²F
    or of λ.
    """
    found = data.get("spectrum")
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise DataError("spectrum is no JSON object")
    for key in ("frequencies_mev", "a2f"):
        if found.get(key) is None:
            raise DataError(f"the spectrum has no {key}")
    frequencies = _array(found, "frequencies_mev", None)
    a2f, share = without_small_negatives(frequencies, _array(found, "a2f", frequencies.shape))
    if np.any(a2f < 0.0):
        raise DataError(
            f"negative values are {share:.1%} of α²F or of λ; up to {NEGATIVE_SHARE:.0%} are set "
            "to zero"
        )
    spectrum = Spectrum(frequencies, a2f)
    return spectrum.frequencies, spectrum.a2f


def read_site_phonon_dos(data: Mapping[str, Any], n_atoms: int) -> dict[str, Curves]:
    """Frequencies [meV] and the share of each atom [1/meV], by the names of `PHONON_GRIDS`.

    Raises
    ------
    DataError
        If a key is missing or unknown, frequencies do not increase, a number is not finite, or
        there is not one curve for each atom.
    """
    found = data.get("site_phonon_dos")
    if found is None:
        return {}
    if not isinstance(found, Mapping) or found.get("frequencies_mev") is None:
        raise DataError("site_phonon_dos has no frequencies_mev")
    frequencies = _growing(found, "frequencies_mev")
    shape = (n_atoms, frequencies.size)
    curves = {grid: _site_field(grid) for grid in PHONON_GRIDS}
    unknown = sorted(set(cast("Mapping[str, Any]", found)) - {"frequencies_mev", *curves.values()})
    if unknown:
        raise DataError(
            f"site_phonon_dos has the key {unknown[0]!r}: it knows frequencies_mev, "
            f"{', '.join(curves.values())}"
        )
    return {
        grid: (frequencies, _array(found, key, shape))
        for grid, key in curves.items()
        if found.get(key) is not None
    }


def site_phonon_dos_fields(
    frequencies: Float[np.ndarray, " n_freq"],
    sites: Mapping[str, Float[np.ndarray, "atom n_freq"]],
) -> dict[str, Any]:
    """What `read_site_phonon_dos` reads, of shares [1/meV] by the names of `PHONON_GRIDS`."""
    curves = {_site_field(grid): shares.tolist() for grid, shares in sites.items()}
    return {"site_phonon_dos": {"frequencies_mev": frequencies.tolist(), **curves}}


def _site_field(grid: str) -> str:
    return f"{grid}_per_mev"


def electronic_dos_fields(curves: Curves | None) -> dict[str, Any]:
    """What `read_electronic_dos` reads; nothing without a density of states."""
    if curves is None:
        return {}
    values = (curve.tolist() for curve in curves)
    return {"electronic_dos": dict(zip(ELECTRONIC_FIELDS, values, strict=True))}


def read_electronic_dos(data: Mapping[str, Any]) -> Curves | None:
    """Energies from the Fermi level [meV] and density of states of the cell; None without.

    Raises
    ------
    DataError
        If a key is missing, energies do not increase, or a number is not finite.
    """
    found = data.get("electronic_dos")
    if found is None:
        return None
    if not isinstance(found, Mapping) or any(found.get(k) is None for k in ELECTRONIC_FIELDS):
        raise DataError(f"electronic_dos does not have both {' and '.join(ELECTRONIC_FIELDS)}")
    energies = _growing(found, ELECTRONIC_FIELDS[0])
    return energies, _array(found, ELECTRONIC_FIELDS[1], energies.shape)


def _growing(data: Mapping[str, Any], key: str) -> np.ndarray:
    grid = _array(data, key, None)
    if grid.ndim != 1 or grid.size < 2 or not np.all(np.diff(grid) > 0.0):
        raise DataError(f"{key} does not increase strictly")
    return grid


def read_targets(
    data: Mapping[str, Any], spectrum: tuple[np.ndarray, np.ndarray] | None
) -> tuple[Float[np.ndarray, " target"], list[str]]:
    """Moments in the order of `TARGETS`; those not given are computed from the spectrum.

    Returns
    -------
    Float[ndarray, " target"]
        λ [1] and the frequencies [meV]; NaN where unknown.
    list of str
        Notes: moments that do not fit the spectrum.

    Raises
    ------
    DataError
        If λ or ω_log is unknown, a moment is not positive, or their order is impossible.
    """
    known: dict[str, float] = {}
    for key in TARGETS:
        quantity = QUANTITIES[key]
        known[key] = read_number(data, quantity.export_key) / quantity.export_factor
        if known[key] <= 0.0:
            raise DataError(f"{quantity.export_key} is {data[quantity.export_key]:g}: not positive")
    notes: list[str] = []
    if spectrum is not None:
        computed = {key: float(value) for key, value in moments(*spectrum).items()}
        stated, own = known["coupling"], computed["coupling"]
        if abs(stated - own) > _DISAGREE * own:
            notes.append(f"λ is stated as {stated:.3g}, that of its spectrum is {own:.3g}")
        known = {key: computed[key] if math.isnan(x) else x for key, x in known.items()}
    for key in _NEEDED:
        if not known[key] > 0.0:
            raise DataError(f"{QUANTITIES[key].export_key} is missing, and no spectrum gives it")
    _check_order(known)
    return np.array([known[key] for key in TARGETS]), notes


def _check_order(known: Mapping[str, float]) -> None:
    """ω_log ≤ ω_1 ≤ ω_2 ≤ ω_3: means of one distribution with growing powers."""
    present = [key for key in _ORDERED if math.isfinite(known[key])]
    for lower, upper in pairwise(present):
        if known[lower] > known[upper] * (1.0 + _ROUNDING):
            raise DataError(
                f"{QUANTITIES[lower].export_key} is above {QUANTITIES[upper].export_key}: "
                "no spectrum has such moments; is one of them in another unit?"
            )


def _check_formula(formula: object, symbols: Sequence[str]) -> None:
    if formula is None:
        return
    try:
        stated = reduced_formula(string2symbols(str(formula)))
    except (KeyError, ValueError) as error:
        raise DataError(f"the formula {formula!r} cannot be read") from error
    if stated != reduced_formula(symbols):
        raise DataError(f"its formula is {formula}, its structure is {reduced_formula(symbols)}")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def _array(
    data: Mapping[str, Any], key: str, shape: tuple[int, ...] | None
) -> Float[np.ndarray, "..."]:
    try:
        array = number_array(data[key], key, (None,) if shape is None else shape)
    except ValueError as error:
        raise DataError(str(error)) from error
    if array.size == 0:
        raise DataError(f"{key} is empty")
    return array
