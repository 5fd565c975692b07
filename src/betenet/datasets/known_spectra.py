"""Crystals whose whole α²F(ω) is known, from each place that has some; the shape is judged on them.

Rows of a dataset bring their spectrum along (:func:`spectra_of`). The files of the data folder have
one reader each: the curves that were read off the published figures, those of tutorials and test
suites, and hydrides under pressure. What a reader changes or doubts is among the remarks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.symbols import string2symbols

from betenet.datasets.folds import reduced_formula
from betenet.datasets.jsonl_fields import read_structure
from betenet.datasets.rows import Curves, Row
from betenet.datasets.training_rows import read_rows
from betenet.errors import DataError
from betenet.json_input import read_json
from betenet.spectrum import Spectrum
from betenet.superconductivity.moments import OMEGA_MAX_FRACTION
from betenet.superconductivity.quality import NEGATIVE_SHARE, without_small_negatives

LITERATURE = Path("spectra", "literature_a2f.json")
HYDRIDES = Path("hydrides", "spectra.json")
"""Files below the data folder."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownSpectrum:
    """A first-principles α²F, and the crystal that it is of.

    Attributes
    ----------
    name
        Name of the entry, or id of the row.
    formula
        Reduced formula.
    spectrum
        α²F on the grid of its file; not negative.
    atoms
        The cell that was calculated; None where the source states none.
    phonon_dos
        First-principles phonon density of states of the cell as (frequencies [meV], states
        [1/meV]), where it is known.
    same_as
        Name of the same curve in another file; empty if there is none.
    remarks
        What was changed, and what is to be kept in mind.
    """

    name: str
    formula: str
    spectrum: Spectrum
    atoms: Atoms | None = None
    phonon_dos: Curves | None = None
    same_as: str = ""
    remarks: tuple[str, ...] = ()


def spectra_of(rows: Iterable[Row]) -> tuple[KnownSpectrum, ...]:
    """Spectra of the rows that bring one."""
    return tuple(_of_row(row) for row in rows if row.spectrum is not None)


def read_digitised(folder: Path) -> tuple[KnownSpectrum, ...]:
    """Curves read off the figures of the BETE-NET paper: 51 bins of 2 meV, good to about 5 %.

    Parameters
    ----------
    folder
        Folder of the first-principles data.

    Raises
    ------
    DataError
        If a file is missing or broken.
    """
    return spectra_of(read_rows(folder, ["bete_net"]))


def read_literature(folder: Path) -> tuple[KnownSpectrum, ...]:
    """Curves of tutorials and test suites, which state no cell; arguments as `read_digitised`."""
    found: list[KnownSpectrum] = []
    for name, entry in _entries(folder / LITERATURE):
        spectrum, remarks = _spectrum(entry)
        formula = reduced_formula(string2symbols(name.partition("_")[0]))
        found.append(
            KnownSpectrum(name=name, formula=formula, spectrum=spectrum, remarks=tuple(remarks))
        )
    return tuple(found)


def read_hydrides(folder: Path) -> tuple[KnownSpectrum, ...]:
    """Hydrides under pressure, on coarse meshes of q; arguments as `read_digitised`."""
    found: list[KnownSpectrum] = []
    for name, entry in _entries(folder / HYDRIDES):
        atoms = read_structure({key: entry[key] for key in entry if key != "formula"})
        spectrum, remarks = _spectrum(entry)
        pressure = entry.get("pressure_gpa")
        remarks += [] if pressure is None else [f"at {pressure:g} GPa"]
        found.append(
            KnownSpectrum(
                name=name,
                formula=reduced_formula(atoms.get_chemical_symbols()),
                spectrum=spectrum,
                atoms=atoms,
                same_as=entry.get("already_in_literature_a2f_json") or "",
                remarks=(*remarks, *entry.get("flags", ())),
            )
        )
    return tuple(found)


def _of_row(row: Row) -> KnownSpectrum:
    assert row.spectrum is not None
    spectrum, remarks = _positive(*row.spectrum)
    densities = list(row.site_phonon_dos.values())
    return KnownSpectrum(
        name=row.id,
        formula=row.formula,
        spectrum=spectrum,
        atoms=row.atoms,
        phonon_dos=(densities[-1][0], densities[-1][1].sum(axis=0)) if densities else None,
        remarks=tuple(remarks),
    )


def _entries(path: Path) -> Sequence[tuple[str, Mapping[str, Any]]]:
    try:
        return list(read_json(path).items())
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(
            f"The spectra in {path} cannot be read.",
            f"{type(error).__name__}: {error}",
            "Set BETENET_DATA to the folder that holds them.",
        ) from error


def _spectrum(entry: Mapping[str, Any]) -> tuple[Spectrum, list[str]]:
    return _positive(np.asarray(entry["frequencies_mev"]), np.asarray(entry["a2f"]))


def _positive(frequencies: np.ndarray, a2f: np.ndarray) -> tuple[Spectrum, list[str]]:
    """Spectrum at ω > 0 without negative values, and remarks."""
    above = frequencies > 0.0
    omega, values = frequencies[above], a2f[above]
    remarks: list[str] = []
    if np.any(values < 0.0):
        _, share = without_small_negatives(omega, values)
        values = np.maximum(values, 0.0)
        if share > NEGATIVE_SHARE:
            remarks.append(f"negative values, {share:.0%} of α²F or of λ, set to zero")
    last = float(values[-1] / values.max())
    if last > OMEGA_MAX_FRACTION:
        remarks.append(f"cut off at {omega[-1]:.0f} meV, where α²F is {last:.0%} of its maximum")
    return Spectrum(omega, values), remarks
