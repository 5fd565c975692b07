"""Electronic density of states N(ε) in files of dos.x, EPW, elk, VASP and tables.

``PREFIX.dos`` of dos.x and of EPW
    E [eV], N(E) [1/eV] of one or two spins, and mostly its integral; the header of dos.x states
    ``EFermi``.
``TDOS.OUT`` of elk
    E - E_F [Hartree] and N(E) [1/Hartree]; a second block, negative, for the other spin.
``DOSCAR`` of VASP
    The total N(E) [1/eV], of one or two spins, and E_F of its sixth line.
Tables
    E and N(E), or E and both spins, with or without integrals; columns that cannot be told apart
    are refused. The header may name the unit and E_F, as ``# E (eV)  DOS  EF = 7.1 eV``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from betenet.errors import DataError, SpectrumError
from betenet.formats.text import TextFile, as_text, is_remark, parse_numbers, read_bytes
from betenet.superconductivity.full_bandwidth import ElectronDos
from betenet.units import ENERGY_UNITS, convert_frequency

_FERMI = re.compile(
    r"\b(?:e_?f(?:ermi)?|fermi(?:[ _-]?(?:energy|level))?)\b\s*[=:]?\s*([-+]?\d[\d.eEdD+-]*)",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[(\[]\s*(eV|meV|Ry|Ha|Hartree)\s*[)\]]|\b(meV|eV|Ry|Hartree)\b")
_SPINS = re.compile(r"spin|(?<![a-z])(?:up|dw|dn|down)(?![a-z])|dos_?(?:up|dw|dn)", re.IGNORECASE)
_INTEGRAL = re.compile(r"\bint(?:egral|egrated|\b)", re.IGNORECASE)
_REMARK = re.compile(r"[#!]")
_VASP_HEAD = 6
_RELATIVE = re.compile(r"E\s*-\s*E_?f", re.IGNORECASE)
_HEAD = 8
_MOST_SPAN_EV = 500.0
_LEAST_SPAN_EV = 1.5  # of a file whose unit the user has not confirmed


@dataclass(frozen=True, kw_only=True, slots=True)
class DosTable:
    """Columns of a file, as they are.

    Parameters
    ----------
    path
        The file.
    energies
        Energies, growing, in ``unit``.
    dos
        N(E) of both spins, per ``unit``.
    unit
        Unit that the program or the header states; eV where none is.
    fermi_energy
        E_F that the header states, or zero for energies that count from it; None if it is not
        known.
    """

    path: str
    energies: Float[np.ndarray, " energy"]
    dos: Float[np.ndarray, " energy"]
    unit: str
    fermi_energy: float | None


def read_dos_table(path: str | Path) -> DosTable:
    """Read the columns of a density of states.

    Parameters
    ----------
    path
        File of dos.x, EPW, elk, VASP, or a table.

    Raises
    ------
    DataError
        If it is missing, cut off or something else.
    """
    text = _vasp_as_table(as_text(path, read_bytes(path)))
    head = " ".join(line for line in text.lines[:_HEAD] if is_remark(line) or _words(line))
    energies, dos = _joined(text.path, _blocks(text), head)
    is_elk = Path(text.path).name.upper().startswith("TDOS") and not head.strip()
    fermi = fermi_energy_of(head)
    if fermi is None and (is_elk or _RELATIVE.search(head)):
        fermi = 0.0
    return DosTable(
        path=text.path, energies=energies, dos=dos, unit="Ha" if is_elk else unit_of(head),
        fermi_energy=fermi,
    )  # fmt: skip


def read_electron_dos(
    path: str | Path, *, fermi_energy: float | None = None, unit: str | None = None
) -> ElectronDos:
    """Read N(ε) from a file.

    Parameters
    ----------
    path
        The file.
    fermi_energy
        E_F on the scale and in the unit of the file; what its header states if absent, and zero for
        elk and where the header says E - E_F.
    unit
        Unit of the energies; that of the program or the header if absent, else eV.

    Raises
    ------
    DataError
        If the file is missing or broken, states no E_F, or holds no density of states that can be
        used.
    """
    table = read_dos_table(path)
    energies, dos, file_unit = table.energies, table.dos, unit or table.unit
    if file_unit not in ENERGY_UNITS:
        raise DataError(
            f"Unknown unit of energy: {file_unit!r}.", fix=f"Use one of {', '.join(ENERGY_UNITS)}."
        )
    fermi = fermi_energy if fermi_energy is not None else table.fermi_energy
    if fermi is None:
        raise DataError(
            f"{table.path} states no Fermi energy.",
            reason="N(ε) counts from E_F; the header of dos.x states it as EFermi.",
            fix="Give it with --fermi-energy (fermi_energy in Python); 0 if energies are E - E_F.",
        )
    per_ev = float(convert_frequency(np.array(1.0), "eV", file_unit))
    span = float(energies[-1] - energies[0]) / per_ev
    if span < _LEAST_SPAN_EV and unit is None:
        raise DataError(
            f"{table.path} covers {span:.3g} eV in all, if its energies are in {file_unit}.",
            reason="Bands are some eV wide: energies in Ry or Hartree look so when they are taken "
            "for eV.",
            fix="Say the unit with --dos-unit (unit in Python), also where it is right.",
        )
    if span > _MOST_SPAN_EV and unit is None:
        raise DataError(
            f"{table.path} covers {span:.4g} eV in all, if its energies are in {file_unit}.",
            reason="No valence bands are so wide: energies in meV look so when they are taken for "
            "eV.",
            fix="Say the unit with --dos-unit (unit in Python), also where it is right.",
        )
    try:
        return ElectronDos.from_absolute(energies / per_ev, dos * per_ev, fermi / per_ev)
    except SpectrumError as error:
        raise DataError(f"{table.path}: {error.summary}", error.reason, error.fix) from error


def _words(line: str) -> bool:
    first = line.split()[:1]
    return bool(first) and not re.match(r"[-+.\d]", first[0])


def unit_of(head: str) -> str:
    """Unit of energy that a header names; eV if it names none."""
    match = _UNIT.search(head)
    if match is None:
        return "eV"
    found = match.group(1) or match.group(2)
    return {"ev": "eV", "mev": "meV", "ry": "Ry"}.get(found.lower(), "Ha")


def fermi_energy_of(head: str) -> float | None:
    """E_F that a header states, in the unit of the file; None if it states none."""
    match = _FERMI.search(head)
    return None if match is None else float(match.group(1).rstrip(".eEdD+-").replace("d", "e"))


def _blocks(text: TextFile) -> list[np.ndarray]:
    """Tables of numbers, parted by blank lines."""
    blocks: list[list[list[float]]] = [[]]
    for number, line in enumerate(text.lines, start=1):
        if is_remark(line) or (_words(line) and not any(blocks)):
            if not line.strip() and blocks[-1]:
                blocks.append([])
            continue
        row = parse_numbers(text.path, number, _REMARK.split(line)[0].replace(",", " ").split())
        if blocks[-1] and len(row) != len(blocks[-1][0]):
            raise DataError(
                f"{text.path}, line {number}: {len(row)} numbers instead of {len(blocks[-1][0])}.",
                reason="All rows of a density of states have the same columns.",
                fix="The file may be cut off here: write it again.",
            )
        blocks[-1].append(row)
    found = [np.array(block) for block in blocks if block]
    if not found or found[0].shape[0] < 2 or found[0].shape[1] < 2:
        raise DataError(
            f"{text.path} holds no density of states.",
            reason="Expected are rows of an energy and N(E).",
            fix="Give the .dos file of dos.x or EPW, TDOS.OUT of elk, DOSCAR of VASP, or a table.",
        )
    return found


def _vasp_as_table(text: TextFile) -> TextFile:
    """The total density of states of a DOSCAR under a header; any other file as it is."""
    if len(text.lines) <= _VASP_HEAD or not Path(text.path).name.upper().startswith("DOSCAR"):
        return text
    try:
        _, _, count, fermi = (float(word) for word in text.lines[_VASP_HEAD - 1].split()[:4])
        rows = text.lines[_VASP_HEAD : _VASP_HEAD + int(count)]
    except ValueError:
        return text
    if len(rows) < count:
        raise DataError(
            f"{text.path} has {len(rows)} energies instead of {count:.0f}.",
            reason="Its sixth line states how many there are.",
            fix="The file is cut off: write it again.",
        )
    head = ("#",) * (_VASP_HEAD - 1) + (f"# E (eV)  EFermi = {fermi} eV",)  # keeps line numbers
    return TextFile(text.path, head + rows)


def _joined(path: str, blocks: list[np.ndarray], head: str) -> tuple[np.ndarray, np.ndarray]:
    """Energies and the density of both spins, in the unit of the file."""
    first = blocks[0]
    if not np.all(np.diff(first[:, 0]) > 0.0):
        raise DataError(
            f"The energies of {path} do not grow.",
            reason="The first column of a density of states is the energy.",
            fix="Put the energies first and sort the rows by them, each energy once; or check "
            "which file this is.",
        )
    dos = _both_spins(path, first, head)
    other = blocks[1] if len(blocks) > 1 else first
    is_spin = other is not first and other.shape == first.shape
    is_spin = is_spin and np.allclose(other[:, 0], first[:, 0], atol=1e-5)
    if is_spin and np.all(other[:, 1] <= 0.0):
        dos = dos - other[:, 1]  # elk draws the other spin downwards
    return first[:, 0], dos


def _both_spins(path: str, table: np.ndarray, head: str) -> np.ndarray:
    """N(E) of both spins from the columns behind the energy, without their integrals."""
    columns = [table[:, 1]]
    integrals = 0
    for column in table[:, 2:].T:
        is_integral = _is_integral(table[:, 0], column, columns)
        is_last = len(columns) + integrals == table.shape[1] - 2
        is_integral |= is_last and bool(_INTEGRAL.search(head))  # dos.x says so
        integrals += is_integral
        if not is_integral:
            columns.append(column)
    if len(columns) == 1:
        return columns[0].copy()
    is_downwards = bool(np.all(columns[1] <= 0.0) and np.any(columns[1] < 0.0))
    if len(columns) == 2 and (integrals or is_downwards or _SPINS.search(head)):
        return columns[0] - columns[1] if is_downwards else columns[0] + columns[1]
    raise DataError(
        f"{path} has {len(columns)} columns beside the energy that could be densities of states.",
        reason="They may be two spins, whose sum is N(E), or parts of a sum.",
        fix="Name two spins in a header such as '# E (eV)  dos_up  dos_down', or give a table of "
        "the energy and N(E) of both spins.",
    )


def _is_integral(energies: np.ndarray, column: np.ndarray, densities: list[np.ndarray]) -> bool:
    """Whether a column grows as the integral of one density, or of all, does.

    Within a factor of two: integrals by tetrahedra differ from sums over coarse samples.
    """
    rise = float(column[-1] - column[0])
    if not rise > 0.0 or np.any(np.diff(column) < -1e-3 * rise):
        return False
    known = [np.nan_to_num(one) for one in densities]  # what is no number is told by its place
    areas = [float(np.trapezoid(one, energies)) for one in (*known, np.sum(known, axis=0))]
    return any(0.5 * area < rise < 2.0 * area for area in areas)
