"""Verdicts of band calculations: metal or insulator and N(E_F), and the crystal they are of."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from betenet.errors import DataError, StructureError
from betenet.json_input import read_json, what_is_wrong
from betenet.known.findings import COMPUTED_INSULATOR, Finding
from betenet.structures import AsRead, StructureRecord, prepare_structures

RECORD = "electrons.json"
"""File that `betenet electrons run` leaves for each crystal."""
VOLUME = 0.1
"""Relative difference of volumes up to which a calculation is one of the same crystal [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandVerdict:
    """What a band calculation has found at the Fermi level.

    Attributes
    ----------
    source
        The file, or the name of the structure in it.
    crystal
        The crystal whose bands they are.
    gap
        Width of the gap; 0 for a metal [eV].
    dos
        N(E_F) of an atom, both spins together [1/eV].
    mesh_error
        Its change with half the mesh; nan if it is not known [1/eV].
    """

    source: str
    crystal: AsRead
    gap: float
    dos: float
    mesh_error: float

    @property
    def is_metal(self) -> bool:
        """Whether bands cross the Fermi level."""
        return self.gap == 0.0

    def as_text(self) -> str:
        """The verdict in words."""
        if not self.is_metal:
            return f"an insulator with a gap of {self.gap:.3g} eV by its bands ({self.source})"
        known = math.isfinite(self.mesh_error)
        error = f", half the mesh {self.mesh_error:.2g} away" if known else ""
        return (
            f"a metal by its bands, N(E_F) = {self.dos:.4g} per eV and atom{error} ({self.source})"
        )

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        return {
            "source": self.source,
            "is_metal": self.is_metal,
            "gap_ev": self.gap,
            "atom_fermi_dos_per_ev": self.dos,
            "atom_fermi_dos_mesh_error_per_ev": (
                self.mesh_error if math.isfinite(self.mesh_error) else None
            ),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], crystal: AsRead) -> BandVerdict:
        """Build from what :meth:`to_dict` returns, and the crystal that it is of."""
        error = data["atom_fermi_dos_mesh_error_per_ev"]
        return cls(
            source=data["source"],
            crystal=crystal,
            gap=float(data["gap_ev"]),
            dos=float(data["atom_fermi_dos_per_ev"]),
            mesh_error=math.nan if error is None else float(error),
        )

    def finding(self) -> Finding | None:
        """That the crystal is an insulator; None for a metal."""
        if self.is_metal:
            return None
        text = f"{self.as_text()}: it does not superconduct unless doped or compressed"
        return Finding(COMPUTED_INSULATOR, text)


def read_band_verdicts(path: str | Path) -> tuple[BandVerdict, ...]:
    """Verdicts of a folder of `betenet electrons run`, of one crystal's, or of a file of JSON.

    Parameters
    ----------
    path
        Folder with an ``electrons.json`` in it or in folders below it; or a file: one of these, or
        what ``betenet electrons run --json`` or ``read --json`` has printed.

    Raises
    ------
    DataError
        If there is none, or one is of another kind, or does not say which crystal it is of.
    """
    place = Path(path)
    files = [place]
    if place.is_dir():
        files = [place / RECORD, *sorted(place.glob(f"*/{RECORD}"))]
        files = [file for file in files if file.is_file()]
    found = [one for file in files for one in _read(file)]
    if not found:
        raise DataError(
            f"{place} holds no band calculation that is done.",
            f"`betenet electrons run STRUCTURE --out DIR` leaves an {RECORD} for each crystal.",
            "Give that DIR, or one such file.",
        )
    return tuple(found)


def verdict_of(crystal: AsRead, verdicts: Iterable[BandVerdict]) -> BandVerdict | None:
    """Verdict of a crystal: of the same formula, space group and, within a tenth, volume."""

    def apart(one: BandVerdict) -> float:
        return abs(one.crystal.volume_per_atom / crystal.volume_per_atom - 1.0)

    kind = (crystal.formula, crystal.space_group_number)
    same = [
        one
        for one in verdicts
        if (one.crystal.formula, one.crystal.space_group_number) == kind and apart(one) < VOLUME
    ]
    return min(same, key=apart, default=None)


def without_insulators(
    structures: object, verdicts: Sequence[BandVerdict]
) -> Generator[StructureRecord]:
    """Structures, with an error in the place of those that are insulators by their bands.

    Parameters
    ----------
    structures
        Anything that `prepare_structures` takes.
    verdicts
        What band calculations have found.
    """
    for record in prepare_structures(structures):
        verdict = None if record.as_read is None else verdict_of(record.as_read, verdicts)
        if verdict is None or verdict.is_metal:
            yield record
            continue
        error = StructureError(
            f"{record.name} is {verdict.as_text()}.",
            "There are no electrons at the Fermi level that phonons could couple to.",
            "Leave it out; or --keep-insulators to calculate it all the same.",
        )
        yield replace(record, atoms=None, error=error)


def _read(file: Path) -> Generator[BandVerdict]:
    try:
        content: Any = read_json(file)
        entries: list[Any] = [*content] if isinstance(content, list) else [content]
        for one in entries:
            level, crystal = one["fermi_level"], one.get("as_read")
            if level is None:  # failed, or stopped
                continue
            if crystal is None:
                raise DataError(
                    f"{file} does not say which crystal it is of.",
                    "It was made before its space group and volume were kept.",
                    "Start `betenet electrons run` again with the same structures and folder: "
                    "nothing is computed anew.",
                )
            error = level["mesh_error_per_ev"]
            yield BandVerdict(
                source=f"{file}" if file.name == RECORD else f"{one['name']} in {file}",
                crystal=AsRead.from_dict(crystal),
                gap=float(level["gap_ev"]),
                dos=float(level["dos_per_ev_per_atom"]),
                mesh_error=math.nan if error is None else float(error) / int(level["n_atoms"]),
            )
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{file} is no result of `betenet electrons`.",
            f"{what_is_wrong(error)}.",
            f"Give the {RECORD} of a crystal, or a folder of `betenet electrons run`.",
        ) from error
