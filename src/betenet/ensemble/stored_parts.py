"""Parts of a stored prediction: its cell, and the error that took its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms

from betenet import errors
from betenet.errors import BetenetError


def error_from_dict(data: Mapping[str, str]) -> BetenetError:
    """The error that a stored prediction met."""
    kind = getattr(errors, data["type"], BetenetError)
    return kind(data["summary"], reason=data["reason"], fix=data["fix"])


def atoms_to_dict(atoms: Atoms) -> dict[str, Any]:
    """A cell as plain lists, with keys that carry the unit."""
    return {
        "cell_angstrom": np.asarray(atoms.cell).tolist(),
        "positions_angstrom": np.asarray(atoms.positions).tolist(),
        "pbc": [bool(axis) for axis in atoms.pbc],
    }


def atoms_from_dict(data: Mapping[str, Any]) -> Atoms | None:
    """The cell of a stored prediction; None if it has none."""
    stored = data["structure"]
    if stored is None:
        return None
    symbols: Sequence[str] = data["symbols"]
    return Atoms(
        symbols=list(symbols),
        positions=stored["positions_angstrom"],
        cell=stored["cell_angstrom"],
        pbc=stored["pbc"],
    )
