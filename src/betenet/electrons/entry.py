"""What became of one structure or file: its Fermi level, or the error that took its place."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ase import Atoms

from betenet.electrons.bands import Bands
from betenet.electrons.fermi_level import (
    WINDOW,
    FermiLevel,
    OrbitalShare,
    fermi_level,
    orbital_shares,
)
from betenet.electrons.qe_xml import read_qe_bands
from betenet.errors import BetenetError
from betenet.structures import prepare_structures

CSV_COLUMNS = (
    *("name", "formula", "state", "is_metal", "dos_fermi_per_ev", "dos_fermi_per_ev_per_atom"),
    *("dos_mesh_error_per_ev", "relative_change", "gap_ev", "fermi_energy_ev", "mesh", "bands"),
    "orbitals_per_ev",
    "warnings",
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ElectronsOfCrystal:
    """What became of one structure.

    Attributes
    ----------
    name
        Name of the structure or file.
    state
        ``"done"``; ``"failed"``; ``"stopped"``: its time is over, and a new start goes on.
    error
        Why there is no result; None if there is one, or if it was stopped.
    formula
        Chemical formula; empty if the structure cannot be used.
    level
        The Fermi level.
    orbitals
        What each orbital has of N(E_F), and the rest; empty where they are not known.
    bands
        Bands on the full mesh.
    warnings
        What a user should know before trusting the numbers.
    """

    name: str
    state: Literal["done", "failed", "stopped"]
    error: BetenetError | None = None
    formula: str = ""
    level: FermiLevel | None = None
    orbitals: tuple[OrbitalShare, ...] = ()
    bands: Bands | None = None
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        return {
            "name": self.name,
            "formula": self.formula,
            "state": self.state,
            "as_read": None if self.bands is None else _as_read(self.bands.atoms),
            "fermi_level": None if self.level is None else self.level.to_dict(),
            "orbitals": [one.to_dict() for one in self.orbitals],
            "sites": [
                {"site": site, "element": element, "dos_per_ev": dos}
                for (site, element), dos in self.by_site().items()
            ],
            "warnings": list(self.warnings),
            "error": None if self.error is None else self.error.to_dict(),
        }

    def by_site(self) -> dict[tuple[int, str], float]:
        """N(E_F) in the orbitals of each atom, by its number and element [1/eV]."""
        found: dict[tuple[int, str], float] = {}
        for one in self.orbitals:
            if one.orbital is not None:
                key = (one.orbital.site, one.orbital.element)
                found[key] = found.get(key, 0.0) + one.dos
        return found

    def _orbitals_text(self) -> Generator[str]:
        """N(E_F) by orbital of the element, by site, and what is in none."""
        assert self.level is not None
        kinds: dict[str, float] = {}
        for one in self.orbitals:
            key = (
                "in none" if one.orbital is None else f"{one.orbital.element} {one.orbital.letter}"
            )
            kinds[key] = kinds.get(key, 0.0) + one.dos
        told = ", ".join(f"{key} {dos / self.level.dos:.1%}" for key, dos in kinds.items())
        yield f"    by orbital: {told}"
        sites = self.by_site()
        if len(sites) > 1:
            each = ", ".join(f"{element}{site} {dos:.3g}" for (site, element), dos in sites.items())
            yield f"    by site, per eV: {each}"

    def lines(self) -> list[str]:
        """Verdict, N(E_F) and warnings, a line for each."""
        level = self.level
        if level is None:
            return [] if self.error is not None else [f"{self.name}: {self.state}"]
        mesh = " × ".join(map(str, level.grid))
        if not level.is_metal:
            text = f"insulator, gap {level.gap:.3g} eV between points of the mesh {mesh}"
            found = [f"{self.name} ({self.formula}): {text}"]
        else:
            each = level.dos / level.n_atoms
            text = f"metal, N(E_F) = {level.dos:.4g} per eV and cell, {each:.4g} per atom"
            found = [f"{self.name} ({self.formula}): {text}"]
            found.append(
                f"    half the mesh {mesh} changes it by {level.mesh_error:.2g}; within "
                f"{1e3 * WINDOW:g} meV of E_F = {level.fermi_energy:.4f} eV it is "
                f"{level.lowest:.4g} to {level.highest:.4g}; bands {_in_words(level.bands)} cross"
            )
            if level.dos_by_spin:
                shares = " and ".join(f"{one:.4g}" for one in level.dos_by_spin)
                found.append(f"    of the two spins {shares} per eV")
            if self.orbitals:
                found += self._orbitals_text()
        return [*found, *(f"    warning: {text}" for text in self.warnings)]

    def csv_row(self) -> dict[str, str]:
        """One row of text with the columns of `CSV_COLUMNS`; what is not known stays empty."""
        row = dict.fromkeys(CSV_COLUMNS, "")
        row |= {"name": self.name, "formula": self.formula, "state": self.state}
        level = self.level
        if level is not None:
            numbers = {
                "dos_fermi_per_ev": level.dos,
                "dos_fermi_per_ev_per_atom": level.dos / level.n_atoms,
                "dos_mesh_error_per_ev": level.mesh_error,
                "relative_change": level.change,
                "gap_ev": level.gap,
                "fermi_energy_ev": level.fermi_energy,
            }
            row |= {key: f"{value:.6g}" for key, value in numbers.items() if math.isfinite(value)}
            row["is_metal"] = str(level.is_metal).lower()
            row["mesh"] = "x".join(map(str, level.grid))
            shares = {one.orbital.label: one.dos for one in self.orbitals if one.orbital}
            row["orbitals_per_ev"] = " ".join(f"{key}={dos:.4g}" for key, dos in shares.items())
            row["bands"] = " ".join(map(str, level.bands))
        return row | {"warnings": "; ".join(self.warnings)}


def read_electrons(paths: Sequence[str | Path]) -> Generator[ElectronsOfCrystal]:
    """Fermi levels of bands that pw.x has computed.

    Parameters
    ----------
    paths
        Files and folders as `read_qe_bands` takes them.

    Yields
    ------
    ElectronsOfCrystal
        One after the other; a file that cannot be used has its `error` set.
    """
    for path in paths:
        try:
            bands = read_qe_bands(path)
            level = fermi_level(bands)
        except BetenetError as error:
            yield ElectronsOfCrystal(name=str(path), state="failed", error=error)
            continue
        yield ElectronsOfCrystal(
            name=str(path),
            state="done",
            formula=str(bands.atoms.get_chemical_formula(empirical=True)),
            level=level,
            orbitals=orbital_shares(bands, level.fermi_energy) if level.is_metal else (),
            bands=bands,
            warnings=level.warnings,
        )


def _as_read(atoms: Atoms) -> dict[str, object] | None:
    """What tells the crystal from others of its formula."""
    (record,) = prepare_structures(atoms)
    return None if record.as_read is None else record.as_read.to_dict()


def _in_words(bands: tuple[int, ...]) -> str:
    if len(bands) > 2 and bands[-1] - bands[0] == len(bands) - 1:
        return f"{bands[0]} to {bands[-1]}"
    return ", ".join(map(str, bands)) or "none"
