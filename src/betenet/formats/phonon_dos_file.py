"""A phonon density of states as a file of any program holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.phonon_dos import PhononDos
from betenet.spectrum_json import check_keys, read_array

_KEYS = ("cell_angstrom", "positions_angstrom")


@dataclass(frozen=True, slots=True, eq=False)
class SitePlaces:
    """Places of the sites of a density of states.

    Parameters
    ----------
    cell
        Vectors of the cell as rows [Å].
    positions
        Cartesian positions of the sites, in their order [Å].
    """

    cell: Float[np.ndarray, "3 3"]
    positions: Float[np.ndarray, "site 3"]

    def to_dict(self) -> dict[str, object]:
        """Plain lists, with keys that carry the unit."""
        return {"cell_angstrom": self.cell.tolist(), "positions_angstrom": self.positions.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, object], n_sites: int) -> SitePlaces:
        """Build from what :meth:`to_dict` returns.

        Raises
        ------
        SpectrumError
            If a key is missing or unknown, or its content is not a cell with so many sites.
        """
        check_keys(data, "The structure of a density of states", _KEYS, ())
        cell, positions = (read_array(data, key) for key in _KEYS)
        if cell.shape != (3, 3) or positions.shape != (n_sites, 3):
            raise SpectrumError(
                f"The cell has shape {cell.shape}, the positions have {positions.shape}.",
                reason=f"There are {n_sites} sites in three dimensions.",
                fix="Write the file again.",
            )
        return cls(cell, positions)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PhononDosFile:
    """A phonon density of states and where it came from.

    Parameters
    ----------
    path
        The file.
    format
        Key of :data:`~betenet.formats.phonon_dos_formats.PHONON_DOS_FORMATS`.
    unit
        Unit of the frequencies in the file; densities are per this unit there.
    unit_source
        ``"defined by the format"``, ``"stated in the file"`` or ``"given by the user"``.
    dos
        Density of states as it was read, not normalised [meV, states/meV].
    warnings
        Sentences that a user should know.
    places
        Cell and positions of its sites, where the file states them.
    force_field
        Force field that it was computed with; empty if the file states none.
    """

    path: str
    format: str
    unit: str
    unit_source: str
    dos: PhononDos
    warnings: tuple[str, ...] = ()
    places: SitePlaces | None = None
    force_field: str = ""
