"""Training rows: crystals with first-principles moments of α²F from several levels of theory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.errors import DataError

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
    """

    id: str
    source: str
    atoms: Atoms
    formula: str
    targets: Float[np.ndarray, " target"]
    fermi_dos: float = float("nan")
    spectrum: tuple[np.ndarray, np.ndarray] | None = None


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


def data_digest(rows: Iterable[Row]) -> str:
    """SHA-256 over ids, structures and targets: the same data give the same digest."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.id.encode())
        digest.update(row.atoms.numbers.astype("<i8").tobytes())
        digest.update(np.round(row.atoms.positions, 6).astype("<f8").tobytes())
        digest.update(np.round(row.atoms.cell.array, 6).astype("<f8").tobytes())
        digest.update(np.asarray(row.targets, dtype="<f8").tobytes())
    return digest.hexdigest()
