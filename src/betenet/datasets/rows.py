"""Training rows: crystals with first-principles moments of α²F from several levels of theory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.errors import DataError

Curves = tuple[np.ndarray, np.ndarray]
"""A grid, and one curve or several on it."""

TARGETS = ("coupling", "omega_log", "omega_1", "omega_2", "omega_3", "omega_max")
"""Columns of a row's targets: λ [1], the others [meV]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One material at one level of theory.

    Attributes
    ----------
    targets
        In the order of `TARGETS`; NaN where unknown.
    fermi_dos
        Electronic density of states at the Fermi level for each atom [1/eV]; NaN where unknown.
    spectrum
        α²F as (frequencies [meV], values [1]) where it is known.
    site_phonon_dos
        Phonon densities of states as (frequencies [meV], share of each atom [1/meV]), in the order
        of the atoms; ``"coarse"`` and ``"fine"`` say where the force constants come from.
    electronic_dos
        Energies from the Fermi level [meV] and density of states of the cell, where it is known;
        the published database does not state its unit.
    weight
        How much it counts in training beside the others of its source [1].
    """

    id: str
    source: str
    atoms: Atoms
    formula: str
    targets: Float[np.ndarray, " target"]
    fermi_dos: float = float("nan")
    spectrum: Curves | None = None
    site_phonon_dos: Mapping[str, Curves] = field(default_factory=dict[str, Curves])
    electronic_dos: Curves | None = None
    weight: float = 1.0


def data_folder() -> Path:
    """Where the first-principles data lie: `$BETENET_DATA`, else `../shared/data`.

    Raises
    ------
    DataError
        If the folder is absent; the data are not part of the package.
    """
    folder = Path(os.environ.get("BETENET_DATA", "../shared/data"))
    if not folder.is_dir():
        raise DataError(
            f"No first-principles data in {folder}.",
            "They are needed to train and to evaluate, and are not part of the package.",
            "Set BETENET_DATA to the folder that holds bete_net/, alexandria/ and jarvis/.",
        )
    return folder


def data_digest(rows: Iterable[Row], phonon_dos: str = "") -> str:
    """SHA-256 over ids, structures and targets: the same data give the same digest.

    Parameters
    ----------
    rows
        The rows.
    phonon_dos
        Which phonon density of states counts too, ``"coarse"`` or ``"fine"``; none if empty.
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.id.encode())
        digest.update(row.atoms.numbers.astype("<i8").tobytes())
        digest.update(np.round(row.atoms.positions, 6).astype("<f8").tobytes())
        digest.update(np.round(row.atoms.cell.array, 6).astype("<f8").tobytes())
        digest.update(np.asarray(row.targets, dtype="<f8").tobytes())
        for curves in row.site_phonon_dos.get(phonon_dos, ()):
            digest.update(np.asarray(curves, dtype="<f8").tobytes())
    return digest.hexdigest()


def spectra_digest(rows: Iterable[Row]) -> str:
    """SHA-256 over the spectra of the rows that have one, which `data_digest` leaves out.

    Parameters
    ----------
    rows
        The rows.
    """
    digest = hashlib.sha256()
    for row in rows:
        if row.spectrum is not None:
            digest.update(row.id.encode())
            for curve in row.spectrum:
                digest.update(np.asarray(curve, dtype="<f8").tobytes())
    return digest.hexdigest()
