"""Nesting of bands along a path of the zone: numbers, peaks, convergence, text and figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from betenet.electrons.bands import Bands
from betenet.electrons.nesting import Peak, chi0_peaks, nesting_peaks, null_nesting
from betenet.electrons.stoner import UNCHECKED, enhanced, stoner_parameter
from betenet.electrons.susceptibility import Susceptibility, susceptibility
from betenet.electrons.wave_vectors import WavePath, conventional, wave_path
from betenet.errors import BetenetError
from betenet.json_output import finite_or_none

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MATRIX_ELEMENTS = (
    "matrix elements are 1 for every pair of states: a peak is a proxy for an instability, not a "
    "mechanism of one"
)
"""What a result says of itself, if nothing else is asked for."""
FROM_ORBITALS = (
    "matrix elements are the most that states with these shares of orbitals can have in common; "
    "the mean over the zone is still that of elements of 1"
)
"""What a result with matrix elements from orbitals says of itself."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Nesting:
    """Re χ0 and the nesting function along a path, or the error that took their place.

    Attributes
    ----------
    name
        Where the bands were read.
    error
        Why there is no result.
    formula
        Chemical formula of the cell.
    path
        Wave vectors, in order.
    found
        χ0 and nesting function at them.
    null
        Nesting function of spheres with as many states at E_F [1].
    conventional
        Wave vectors in units of the reciprocal vectors of the conventional cell.
    nesting_peaks, chi0_peaks
        Maxima along the path, the highest first.
    mesh_change
        Largest change of χ0 on the mesh with half the points, relative to its mean; nan if that
        mesh cannot be made [1].
    stoner
        Stoner's I; nan if it was not asked for [eV].
    matrix_elements
        ``"constant"``: 1 for all pairs of states; or ``"orbitals"``.
    warnings
        What a user should know before trusting the numbers.
    """

    name: str
    error: BetenetError | None = None
    formula: str = ""
    path: WavePath | None = None
    found: Susceptibility | None = None
    null: Float[np.ndarray, " q"] | None = None
    conventional: Float[np.ndarray, "q 3"] | None = None
    nesting_peaks: tuple[Peak, ...] = ()
    chi0_peaks: tuple[Peak, ...] = ()
    mesh_change: float = math.nan
    stoner: float = math.nan
    matrix_elements: str = "constant"
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        table: dict[str, object] = {"name": self.name, "formula": self.formula}
        if self.found is not None:
            table |= self._numbers(self.found)
        if self.path is not None:
            table |= {
                "distances_per_angstrom": self.path.distances.tolist(),
                "nesting_peaks": [one.to_dict() for one in self.nesting_peaks],
                "chi0_peaks": [one.to_dict() for one in self.chi0_peaks],
            }
        table["warnings"] = list(self.warnings)
        table["error"] = None if self.error is None else self.error.to_dict()
        return table

    def _numbers(self, found: Susceptibility) -> dict[str, object]:
        """Plain values of both functions."""
        assert self.conventional is not None
        assert self.null is not None
        table: dict[str, object] = {
            "q": found.q.round(9).tolist(),
            "q_conventional": (self.conventional.round(9) + 0.0).tolist(),
            "chi0_per_ev": _plain(found.chi0),
            "chi0_over_fermi_dos": _plain(found.relative_chi0),
            "nesting_per_ev2": _plain(found.nesting),
            "nesting_over_mean": _plain(found.relative_nesting),
            "nesting_of_spheres": _plain(self.null),
            "on_mesh": found.on_mesh.tolist(),
            "fermi_dos_per_ev": found.fermi_dos,
            "fermi_energy_ev": found.fermi_energy,
            "mesh": list(found.grid),
            "matrix_elements": self.matrix_elements,
            "relative_mesh_change": finite_or_none(self.mesh_change),
        }
        if math.isfinite(self.stoner):
            table["stoner_ev"] = self.stoner
            table["enhanced_chi0_per_ev"] = _plain(enhanced(found.chi0, self.stoner))
        return table

    def lines(self) -> list[str]:
        """Peaks with their places, heights and widths, and warnings, a line for each."""
        found = self.found
        if found is None:
            return []
        mesh = " × ".join(map(str, found.grid))
        lines = [f"{self.name} ({self.formula}): {len(found.q)} q{self._along()}, mesh {mesh}"]
        if self.path is None:
            lines += self._each(found)
        else:
            for what, peaks in (("nesting", self.nesting_peaks), ("Re χ0", self.chi0_peaks)):
                told = [f"    {what}: {_peak_text(one)}" for one in peaks]
                lines += told or [f"    {what}: no peak"]
        if math.isfinite(self.stoner):
            most = self.stoner * float(np.nanmax(found.chi0))
            lines.append(
                f"    RPA with I = {self.stoner:g} eV (an approximation): I·χ0 reaches {most:.2f}"
                + ("; above 1 is unstable" if most > 1.0 else "")
            )
        return [*lines, *(f"    warning: {text}" for text in self.warnings)]

    def _along(self) -> str:
        if self.path is None:
            return ""
        return " along " + ", ".join(f"{first}–{last}" for first, last in self.path.ends)

    def _each(self, found: Susceptibility) -> list[str]:
        """Both functions at each wave vector, a line each."""
        assert self.null is not None
        values = zip(found.q, found.relative_chi0, found.relative_nesting, self.null, strict=True)
        return [
            f"    q = ({', '.join(f'{x:.4f}' for x in q)}): Re χ0 {chi0:.4f} N(E_F), nesting "
            f"{nesting:.3f} of the mean, spheres {spheres:.3f}"
            for q, chi0, nesting, spheres in values
        ]

    def plot(self, path: str | Path | None = None) -> Figure:
        """Both functions along the path; written to a file if one is named.

        Raises
        ------
        BetenetError
            If there is no result.
        """
        from betenet.plotting.electrons import plot_nesting

        if self.path is None or self.found is None or self.null is None:
            raise self.error or BetenetError(f"There is no nesting of {self.name}.")
        peaks = [one for one in self.nesting_peaks if one.exceeds_null][:3]
        return plot_nesting(
            self.path.distances,
            self.found.relative_chi0,
            self.found.relative_nesting,
            self.null,
            _corners(self.path),
            path,
            title=f"{self.formula}, mesh {' × '.join(map(str, self.found.grid))}",
            marked=[
                (float(self.path.distances[one.index]), one.height, one.place.split()[0])
                for one in peaks
            ],
        )


def nesting_of(
    bands: Bands,
    names: str | None = None,
    *,
    waves: Float[np.ndarray, "q 3"] | None = None,
    stoner: str | None = None,
    all_bands: bool = False,
    spin_polarised: bool = False,
    orbitals: bool = False,
    workers: int = 1,
) -> Nesting:
    """Re χ0 and the nesting function of bands along lines of the zone, and their peaks.

    Parameters
    ----------
    bands
        Bands on a full mesh.
    names
        Corners of the lines, as in ``GHN,GP``; the usual path of the lattice if absent.
    waves
        Wave vectors in units of the reciprocal vectors, instead of lines: then no peaks are told.
    stoner
        Stoner's I [eV], or ``"element"``; no enhancement if absent.
    all_bands, spin_polarised, orbitals, workers
        As `susceptibility` takes them.

    Raises
    ------
    DataError
        If the bands are those of an insulator, or of two spins where one was meant.
    ConfigError
        If a corner is none of the lattice, there is no value of I, or libtetrabz is missing.
    StructureError
        If the lattice cannot be told.
    """
    parameter = math.nan if stoner is None else stoner_parameter(bands.atoms, stoner)
    path = wave_path(bands.atoms, names, grid=bands.grid) if waves is None else None
    points = path.waves if path is not None else np.asarray(waves, dtype=np.float64)
    take = partial(
        susceptibility, all_bands=all_bands, spin_polarised=spin_polarised, orbitals=orbitals
    )
    found = take(bands, points, workers=workers)
    coarse = bands.coarser()
    change = math.nan
    if coarse is not None:
        other = take(coarse, points)
        change = float(np.max(np.abs(other.chi0 - found.chi0)) / np.mean(found.chi0))
    return Nesting(
        name=bands.source,
        formula=str(bands.atoms.get_chemical_formula(empirical=True)),
        path=path,
        found=found,
        null=null_nesting(bands, points, found.fermi_energy),
        conventional=conventional(bands.atoms, points),
        nesting_peaks=() if path is None else nesting_peaks(bands, path, found),
        chi0_peaks=() if path is None else chi0_peaks(bands, path, found),
        mesh_change=change,
        stoner=parameter,
        warnings=(
            *_warnings(found, change, FROM_ORBITALS if orbitals else MATRIX_ELEMENTS),
            *((UNCHECKED,) if stoner == "element" else ()),
        ),
        matrix_elements="orbitals" if orbitals else "constant",
    )


def _warnings(found: Susceptibility, change: float, elements: str) -> tuple[str, ...]:
    spread = float(np.ptp(found.chi0) / np.mean(found.chi0))
    texts = [elements]
    if math.isfinite(change) and change > 0.5 * spread:
        texts.append(
            f"χ0 varies by {spread:.1%} along the path, and by {change:.1%} with half the mesh: "
            "its peaks are not converged"
        )
    if not found.on_mesh.all():
        away = int((~found.on_mesh).sum())
        texts.append(f"{away} q join no points of the mesh: energies there are interpolated")
    return tuple(texts)


def _peak_text(peak: Peak) -> str:
    q = ", ".join(f"{x:.3f}" for x in peak.q)
    other = ", ".join(f"{x:.3f}" for x in peak.q_conventional)
    known = math.isfinite(peak.null)
    beyond = "exceeds" if peak.exceeds_null else "does not exceed"
    compared = f"; {beyond} the null model's {peak.null:.2f}" if known else ""
    return (
        f"{peak.height:.2f} at {peak.place}, q = ({q}), in the conventional cell ({other}), width "
        f"{peak.width:.2g}/Å{compared}"
    )


def _corners(path: WavePath) -> list[tuple[float, str]]:
    """Place and name of each corner; both names where lines do not join."""
    found: list[tuple[float, str]] = []
    for number, (first, last) in enumerate(path.ends):
        here = path.distances[path.line == number]
        if found and found[-1][1] != first:
            place, before = found.pop()
            found.append((place, f"{before}|{first}"))
        elif not found:
            found.append((float(here[0]), first))
        found.append((float(here[-1]), last))
    return found


def _plain(values: np.ndarray) -> list[float | None]:
    return [finite_or_none(float(value)) for value in values]
