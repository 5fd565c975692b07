"""What pw.x prints: energies, levels, forces, pressure, convergence and the relaxed structure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.units import Bohr, Rydberg

from betenet.errors import DataError
from betenet.espresso.wall_times import WallTime, parse_wall_time, read_output
from betenet.formats.text import to_number

RYDBERG_PER_BOHR = Rydberg / Bohr
"""One Ry/bohr [eV/Å]."""
_GPA_PER_KBAR = 0.1

_NUMBER = r"\s*([-+]?[\d.]+(?:[eEdD][-+]?\d+)?|\*+|NaN)"
_ENERGY = re.compile(rf"^!\s+total energy\s*={_NUMBER} Ry", re.MULTILINE)
_FERMI = re.compile(rf"the Fermi energy is{_NUMBER} ev")
_SPIN_FERMI = re.compile(rf"the spin up/dw Fermi energies are{_NUMBER}{_NUMBER} ev")
_GAP = re.compile(rf"highest occupied, lowest unoccupied level \(ev\):{_NUMBER}{_NUMBER}")
_HIGHEST = re.compile(rf"highest occupied level \(ev\):{_NUMBER}")
_ELECTRONS = re.compile(rf"number of electrons\s*={_NUMBER}")
_BANDS = re.compile(r"number of Kohn-Sham states\s*=\s*(\d+)")
_K_POINTS = re.compile(r"number of k points=\s*(\d+)")
_FFT = re.compile(
    r"Dense\s+grid:\s*(\d+) G-vectors\s+FFT dimensions: \(\s*(\d+),\s*(\d+),\s*(\d+)\)"
)
_PRESSURE = re.compile(rf"\(kbar\)\s+P=\s*{_NUMBER}")
_FRESH = "inal scf calculation at the relaxed structure"
"""Line after a relaxation of the cell; what follows has plane waves of the relaxed cell."""
_TOTAL_FORCE = re.compile(rf"Total force ={_NUMBER}")
_FORCES = re.compile(
    r"Forces acting on atoms \(cartesian axes, Ry/au\):\s*\n((?:\s*atom .*force =.*\n)+)"
)
_STRESS = re.compile(r"total\s+stress\s.*P=.*\n((?:[ \t]+[-\d.].*\n){3})")
_SYMMETRIES = re.compile(r"(\d+)\s+Sym\. ?Ops\.,? .*found")
_VOLUME = re.compile(rf"unit-cell volume\s*={_NUMBER} \(?a\.u\.")
_CELLDM = re.compile(rf"celldm\(1\)={_NUMBER}")
_VECTOR = re.compile(r"a\(\d\) = \(([^)]*)\)")
_SITES = re.compile(r"^\s*(\d+)\s+(\S+)\s+tau\(\s*\d+\) = \(([^)]*)\)", re.MULTILINE)
_CONVERGENCE = re.compile(r"convergence (has been achieved|NOT achieved)")
_FINAL = re.compile(r"Begin final coordinates(.*?)End final coordinates", re.DOTALL)
_CELL = re.compile(r"CELL_PARAMETERS\s*[({]?\s*(\w+)(?:\s*=\s*([\d.]+))?\s*[)}]?\s*\n((?:.+\n){3})")
_POSITIONS = re.compile(r"ATOMIC_POSITIONS\s*[({]?\s*(\w+)\s*[)}]?\s*\n((?:\s*[A-Z][^\n]*\n)+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PwOutput:
    """A run of pw.x; where it has repeated something, the last of it.

    Attributes
    ----------
    time
        Program, version, cores and time.
    converged
        Whether the last self-consistent calculation converged; of bands: whether they are there.
    relaxed
        Whether a relaxation reached its thresholds; None if there was none.
    total_energy
        NaN where it is not reached, or for bands [eV].
    fermi_energy
        NaN for fixed occupations [eV].
    highest_occupied, lowest_unoccupied
        Levels of fixed occupations; NaN where unknown [eV].
    n_electrons, n_bands, n_kpoints
        In the cell, for each k-point, and after symmetry.
    n_g_vectors, fft
        Size of the dense basis and its grid; 0 where not printed.
    pressure
        NaN if not asked for [GPa].
    fresh_pressure
        The pressure of a relaxed cell with plane waves of its own; NaN if there was no relaxation
        of the cell, or it did not come so far [GPa].
    total_force, max_force
        Root of the sum of squares over all atoms, as printed, and the longest one; NaN if not
        asked for [eV/Å].
    forces
        Force on each atom (atom, 3); None if not asked for [eV/Å].
    stress
        Stress, positive where the cell wants to shrink (3, 3); None if not asked for [eV/Å³].
    n_symmetries
        Operations of the crystal that were found; 0 where not printed, 1 for none.
    volume
        Volume of the cell [Å³].
    atoms
        The final coordinates of a relaxation, with all digits printed. Of another run the
        structure that it was given, whose cell is printed with seven digits; a cell that was held
        in a relaxation too. None in a relaxation that was stopped before its end.
    """

    time: WallTime
    converged: bool
    relaxed: bool | None
    total_energy: float
    fermi_energy: float
    highest_occupied: float
    lowest_unoccupied: float
    n_electrons: float
    n_bands: int
    n_kpoints: int
    n_g_vectors: int
    fft: tuple[int, int, int]
    pressure: float
    fresh_pressure: float
    total_force: float
    max_force: float
    forces: np.ndarray | None
    stress: np.ndarray | None
    n_symmetries: int
    volume: float
    atoms: Atoms | None

    @property
    def done(self) -> bool:
        """Whether the program came to its end."""
        return self.time.done

    @property
    def band_gap(self) -> float:
        """Gap of fixed occupations with empty bands [eV]; NaN where unknown."""
        return self.lowest_unoccupied - self.highest_occupied


def read_pw_output(path: str | Path) -> PwOutput:
    """Read what pw.x has printed, of version 6.7 or newer.

    Parameters
    ----------
    path
        The output; that of a run that failed or was stopped can be read as well.

    Raises
    ------
    DataError
        If it cannot be read, or is not of pw.x.
    """
    text = read_output(path)
    time = parse_wall_time(text, path)
    if time.program != "PWSCF":
        raise DataError(
            f"{path} is an output of {time.program}.",
            reason="Expected is one of pw.x, which calls itself PWSCF.",
            fix="Give the output of pw.x.",
        )
    highest, lowest = _levels(text)
    forces = _forces(text, path)
    basis = [int(x) for x in _last(_FFT, text)] or [0, 0, 0, 0]
    return PwOutput(
        time=time,
        converged=_converged(text),
        relaxed=_relaxed(text),
        total_energy=_number(_ENERGY, text) * Rydberg,
        fermi_energy=max(_numbers(_SPIN_FERMI, text), default=_number(_FERMI, text)),
        highest_occupied=highest,
        lowest_unoccupied=lowest,
        n_electrons=_number(_ELECTRONS, text),
        n_bands=_count(_BANDS, text),
        n_kpoints=_count(_K_POINTS, text),
        n_g_vectors=basis[0],
        fft=(basis[1], basis[2], basis[3]),
        pressure=_number(_PRESSURE, text) * _GPA_PER_KBAR,
        fresh_pressure=_number(_PRESSURE, text.partition(_FRESH)[2]) * _GPA_PER_KBAR,
        total_force=_number(_TOTAL_FORCE, text) * RYDBERG_PER_BOHR,
        max_force=float("nan") if forces is None else float(np.linalg.norm(forces, axis=1).max()),
        forces=forces,
        stress=_stress(text, path),
        n_symmetries=1 if "No symmetry found" in text else _count(_SYMMETRIES, text),
        volume=_number(_VOLUME, text) * Bohr**3,
        atoms=_structure(text, path),
    )


def _structure(text: str, path: str | Path) -> Atoms | None:
    """The structure at the end; None where a relaxation has no end, or nothing is printed."""
    final = _FINAL.findall(text)
    if final:
        return _final(text, str(final[-1]), path)
    sites = _SITES.findall(text)
    if "BFGS Geometry Optimization" in text or not sites:
        return None
    last = max(i for i, site in enumerate(sites) if site[0] == "1")
    cell = _given_cell(text, path)
    alat = _number(_CELLDM, text) * Bohr
    places = _rows([site[2] for site in sites[last:]], path) * alat
    symbols = [_element(site[1]) for site in sites[last:]]
    return Atoms(symbols, cell=cell, positions=places, pbc=True)


def _final(text: str, block: str, path: str | Path) -> Atoms:
    alat = _number(_CELLDM, text) * Bohr
    positions = _POSITIONS.search(block)
    if positions is None:
        raise DataError(f"{path} has no positions among its final coordinates.")
    cell_match = _CELL.search(block)
    if cell_match is None:  # the cell was held
        cell = _given_cell(text, path)
    else:
        unit = alat if cell_match[2] is None else float(cell_match[2]) * Bohr
        cell = _rows(cell_match[3].splitlines(), path) * _length(cell_match[1], unit)
    lines = [line.split() for line in positions[2].splitlines()]
    symbols = [_element(line[0]) for line in lines]
    places = _rows([" ".join(line[1:4]) for line in lines], path)
    if positions[1] == "crystal":
        return Atoms(symbols, cell=cell, scaled_positions=places, pbc=True)
    return Atoms(symbols, cell=cell, positions=places * _length(positions[1], alat), pbc=True)


def _given_cell(text: str, path: str | Path) -> np.ndarray:
    rows = _VECTOR.findall(text)[:3]
    if len(rows) < 3:
        raise DataError(f"{path} does not print the cell.", fix="Give the whole output.")
    return _rows(rows, path) * _number(_CELLDM, text) * Bohr


def _element(label: str) -> str:
    """Without what tells atoms of one element apart, such as in ``Fe1`` and ``O_up``."""
    return re.sub(r"[\d_-].*$", "", label)


def _rows(lines: Sequence[str], path: str | Path) -> np.ndarray:
    try:
        rows = np.array([[float(x) for x in line.split()] for line in lines])
    except ValueError as error:
        raise DataError(
            f"{path} holds a vector that cannot be read.",
            reason=str(error),
            fix="Check the run: a number was too large for its field, or the file is damaged.",
        ) from error
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise DataError(f"{path} holds a vector that is not complete.", fix="Check the run.")
    return rows


def _length(unit: str, alat: float) -> float:
    return {"angstrom": 1.0, "bohr": Bohr, "alat": alat}[unit]


def _converged(text: str) -> bool:
    found = _CONVERGENCE.findall(text)
    if found:
        return found[-1] == "has been achieved"
    return "End of band structure calculation" in text


def _relaxed(text: str) -> bool | None:
    if "BFGS Geometry Optimization" not in text and "bfgs converged" not in text:
        return None
    return "bfgs converged in" in text


def _levels(text: str) -> tuple[float, float]:
    pair = _numbers(_GAP, text)
    return (pair[0], pair[1]) if pair else (_number(_HIGHEST, text), float("nan"))


def _forces(text: str, path: str | Path) -> np.ndarray | None:
    blocks = _FORCES.findall(text)
    if not blocks:
        return None
    lines = str(blocks[-1]).splitlines()
    return _rows([line.split("force =")[1] for line in lines], path) * RYDBERG_PER_BOHR


def _stress(text: str, path: str | Path) -> np.ndarray | None:
    blocks = _STRESS.findall(text)
    if not blocks:
        return None
    # Ry/bohr³ in the first three columns, kbar in the others; a pressure is positive in pw.x
    lines = [" ".join(line.split()[:3]) for line in str(blocks[-1]).splitlines()]
    return -_rows(lines, path) * Rydberg / Bohr**3


def _last(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    last: tuple[str, ...] = ()
    for match in pattern.finditer(text):
        last = match.groups()
    return last


def _numbers(pattern: re.Pattern[str], text: str) -> list[float]:
    # asterisks stand where a number did not fit its field
    found = [to_number(token) for token in _last(pattern, text)]
    return [float("nan") if x is None else x for x in found]


def _number(pattern: re.Pattern[str], text: str) -> float:
    return next(iter(_numbers(pattern, text)), float("nan"))


def _count(pattern: re.Pattern[str], text: str) -> int:
    return int(next(iter(_last(pattern, text)), "0"))
