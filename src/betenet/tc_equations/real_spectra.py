"""Spectra of real materials, and maximum-entropy spectra of the moments of real materials."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from betenet.datasets.jsonl_rows import read_records
from betenet.datasets.known_spectra import (
    KnownSpectrum,
    read_digitised,
    read_hydrides,
    read_literature,
    spectra_of,
)
from betenet.datasets.rows import data_folder
from betenet.errors import DataError, SpectrumError
from betenet.json_input import decode_json
from betenet.superconductivity.maximum_entropy import maximum_entropy_spectrum
from betenet.superconductivity.moments import CheckedMoments
from betenet.tc_equations.made_spectra import GRID, TOP, Drawn, even_log, on_grid
from betenet.units import MEV_TO_KELVIN

MOMENTS = Path("bete_net", "moments_train.csv")
COUPLINGS = Path("alexandria", "superconductors.jsonl.gz")
"""Files below the folder of the data."""
FACTORS = (0.4, 2.5)
"""Range of what λ of a material is multiplied with, even in its logarithm [1]."""
HYDROGEN = "H"
USUAL_MU_STAR = 0.10
"""μ* of spectra of real materials as they are [1]."""

_KEYS = ("omega_log", "omega_1", "omega_2", "omega_3", "omega_max")
_SIMILAR = 20  # materials of the nearest λ, one of which lends the shape
_HIGHEST_COUPLING = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where spectra and moments of real materials lie.

    Parameters
    ----------
    data
        Folder of the first-principles data; ``datasets.rows.data_folder()`` if absent.
    records
        Folders of records of calculations, whose spectra are added to those of the data.
    """

    data: Path | None = None
    records: tuple[Path, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder of the data; a DataError if there is none."""
        return data_folder() if self.data is None else self.data


def first_principles(rng: np.random.Generator, count: int, first: int, sources: Sources) -> Drawn:
    """Calculated spectra without hydrogen: as they are at first, then with λ changed."""
    return _real(_known(sources, has_hydrogen=False), rng, count, first)


def hydrides(rng: np.random.Generator, count: int, first: int, sources: Sources) -> Drawn:
    """Calculated spectra of hydrides: as they are at first, then with λ changed."""
    return _real(_known(sources, has_hydrogen=True), rng, count, first)


def maximum_entropy(rng: np.random.Generator, count: int, first: int, sources: Sources) -> Drawn:
    """Maximum-entropy spectra of moments of BETE-NET's training rows and of Alexandria.

    Even ones have all moments of a row of BETE-NET. Odd ones have λ and ω_log of a material of
    Alexandria, and the ratios of moments of one of the 20 rows of BETE-NET with the nearest λ.
    """
    rows, others = _moments(sources.folder), _couplings(sources.folder)
    chosen: list[Known] = []
    shapes = np.empty((count, GRID.size))
    while len(chosen) < count:
        row = rows[int(rng.integers(len(rows)))]
        if (first + len(chosen)) % 2:
            row = _lent(others[int(rng.integers(len(others)))], rows, rng)
        scale = row.moments["omega_max"] / TOP
        reduced = {key: value / scale for key, value in row.moments.items()}
        try:
            found = maximum_entropy_spectrum(GRID, coupling=row.coupling, prior=None, **reduced)
        except SpectrumError:  # rounded moments that no spectrum has: another one is drawn
            continue
        shapes[len(chosen)] = found.a2f
        chosen.append(row)
    return Drawn(
        names=tuple(row.name for row in chosen),
        shapes=shapes,
        coupling=np.array([row.coupling for row in chosen]) * even_log(rng, FACTORS, count),
        mu_star=np.full(count, np.nan),
        scale=np.array([row.moments["omega_max"] for row in chosen]) / TOP,
    )


class Known(NamedTuple):
    """A material by its moments: λ [1] and the others [meV]."""

    name: str
    coupling: float
    moments: Mapping[str, float]


def known_spectra(sources: Sources) -> tuple[KnownSpectrum, ...]:
    """Calculated spectra of the data and of the records, each once."""
    return _all_known(sources.folder, sources.records)


@cache
def _all_known(data: Path, records: tuple[Path, ...]) -> tuple[KnownSpectrum, ...]:
    found = [*read_literature(data), *read_hydrides(data), *read_digitised(data)]
    for folder in records:
        found += spectra_of(entry.row for entry in read_records(folder).entries)
    if not found:
        raise DataError("There are no spectra in the data.", fix="Set BETENET_DATA.")
    return tuple(one for one in found if not one.same_as)


def _known(sources: Sources, *, has_hydrogen: bool) -> list[KnownSpectrum]:
    def contains(one: KnownSpectrum) -> bool:
        return HYDROGEN in re.findall("[A-Z][a-z]?", one.formula)

    return [one for one in known_spectra(sources) if contains(one) == has_hydrogen]


def _real(
    known: Sequence[KnownSpectrum], rng: np.random.Generator, count: int, first: int
) -> Drawn:
    as_it_is = first + np.arange(count) < len(known)
    rows = np.where(as_it_is, first + np.arange(count), rng.integers(len(known), size=count))
    curves = [on_grid(one.spectrum.frequencies, one.spectrum.a2f) for one in known]
    shapes = np.stack([curves[row][0] for row in rows.tolist()])
    factors = np.where(as_it_is, 1.0, even_log(rng, FACTORS, count))
    return Drawn(
        names=tuple(known[row].name for row in rows.tolist()),
        shapes=shapes,
        coupling=CheckedMoments(GRID, shapes).coupling * factors,
        mu_star=np.where(as_it_is, USUAL_MU_STAR, np.nan),
        scale=np.array([curves[row][1] for row in rows.tolist()]),
    )


def _lent(material: Known, rows: Sequence[Known], rng: np.random.Generator) -> Known:
    """A material's λ and ω_log with the ratios of moments of one that is similar."""
    distance = np.abs(np.log([row.coupling / material.coupling for row in rows]))
    lender = rows[int(np.argsort(distance)[rng.integers(_SIMILAR)])]
    stretch = material.moments["omega_log"] / lender.moments["omega_log"]
    moments = {key: stretch * value for key, value in lender.moments.items()}
    return Known(f"{material.name} as {lender.name}", material.coupling, moments)


@cache
def _moments(data: Path) -> tuple[Known, ...]:
    path = data / MOMENTS
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(
                Known(
                    row["formula"],
                    float(row["coupling"]),
                    {key: float(row[f"{key}_mev"]) for key in _KEYS},
                )
                for row in csv.DictReader(file)
            )
    except (OSError, KeyError, ValueError) as error:
        raise _unreadable(path, error) from error


@cache
def _couplings(data: Path) -> tuple[Known, ...]:
    path = data / COUPLINGS
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            entries = [decode_json(line) for line in file]
        return tuple(
            Known(
                str(entry["formula"]),
                float(entry["coupling"]),
                {"omega_log": float(entry["omega_log_kelvin"]) / MEV_TO_KELVIN},
            )
            for entry in entries
            if 0.0 < entry["coupling"] < _HIGHEST_COUPLING and entry["omega_log_kelvin"] > 0.0
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} cannot be read.",
        f"{type(error).__name__}: {error}.",
        "Set BETENET_DATA to the folder that holds bete_net/ and alexandria/.",
    )
