"""α²F_ij of several bands in a table: a column of ω and one named a2f_I_J for each pair of bands.

``frequency_meV,a2f_sigma_sigma,a2f_sigma_pi,a2f_pi_sigma,a2f_pi_pi`` is such a header; commas or
spaces part the columns. Where only the couplings are published, a file of matrices
does: ``# bands sigma pi``, ``# lambda`` and the matrix λ_ij, ``# frequency (meV)`` and the matrix
of frequencies.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from betenet.errors import BetenetError, DataError, SpectrumError
from betenet.formats.phonon_range import check_phonon_range, highest_frequency
from betenet.formats.text import TextFile, as_text, parse_numbers, read_bytes
from betenet.spectrum import check_spectrum
from betenet.superconductivity.moments import CheckedMoments
from betenet.superconductivity.multiband import BandBlocks, densities_of
from betenet.units import FREQUENCY_UNITS_IN_MEV, convert_frequency

_BLOCK = re.compile(r"a2f_([^_]+)_([^_]+)", re.IGNORECASE)
_FREQUENCY = re.compile(r"(?:frequency|frequencies|omega|w)[_ (\[]*([A-Za-z0-9-]+)?", re.IGNORECASE)
_FIX = (
    "Write a header such as frequency_meV,a2f_sigma_sigma,a2f_sigma_pi,a2f_pi_sigma,a2f_pi_pi; or "
    "'# bands sigma pi', '# lambda' and λ_ij, '# frequency (meV)' and the frequencies."
)


def read_band_blocks(path: str | Path, *, fermi_dos: tuple[float, ...] | None = None) -> BandBlocks:
    """Read α²F_ij, or λ_ij with a frequency each.

    Parameters
    ----------
    path
        The file.
    fermi_dos
        N_i of each band, in the order of the names; what makes N_i λ_ij symmetric if absent.

    Raises
    ------
    DataError
        If it is missing or broken, a block is missing, or N_i α²F_ij is not symmetric.
    """
    text = as_text(path, read_bytes(path))
    try:
        if any(line.lower().lstrip("# ").startswith("lambda") for line in text.lines):
            return _of_couplings(text, fermi_dos)
        return _of_columns(text, fermi_dos)
    except DataError:
        raise
    except BetenetError as error:
        raise DataError(f"{path}: {error.summary}", error.reason, error.fix) from error


def _words(line: str) -> list[str]:
    return line.lstrip("# ").replace(",", " ").split()


def _dos(
    given: tuple[float, ...] | None, couplings: np.ndarray, names: tuple[str, ...]
) -> np.ndarray:
    if given is None:
        return densities_of(couplings, names)
    if len(given) != len(names):
        raise SpectrumError(
            f"{len(given)} densities of states for the bands {', '.join(names)}.",
            fix="Give one number for each, in this order.",
        )
    return np.array(given)


def _of_columns(text: TextFile, fermi_dos: tuple[float, ...] | None) -> BandBlocks:
    place = next((i for i, line in enumerate(text.lines) if "a2f_" in line.lower()), None)
    if place is None:
        raise DataError(
            f"{text.path} names no blocks of α²F_ij.",
            reason="Blocks are told by the names of their columns.",
            fix=_FIX,
        )
    heads = _words(text.lines[place])
    blocks = {
        match.groups(): i for i, head in enumerate(heads) if (match := _BLOCK.fullmatch(head))
    }
    names = tuple(dict.fromkeys(name for pair in blocks for name in pair))
    missing = [f"a2f_{i}_{j}" for i in names for j in names if (i, j) not in blocks]
    if missing:
        raise DataError(
            f"{text.path} lacks the blocks {', '.join(missing)}.",
            reason=f"The bands {', '.join(names)} need {len(names) ** 2} columns.",
            fix="Add the columns; a block of zeros says that two bands do not couple.",
        )
    unit = _FREQUENCY.match(heads[0])
    if unit is None or (unit[1] or "") not in FREQUENCY_UNITS_IN_MEV:
        raise DataError(
            f"{text.path} does not say the unit of its frequencies.",
            reason=f"The first column is called {heads[0]!r}.",
            fix="Call it frequency_meV, frequency_THz, frequency_cm-1, frequency_Ry or "
            "frequency_Ha.",
        )
    rows = [
        parse_numbers(text.path, number, line.replace(",", " ").split())
        for number, line in enumerate(text.lines[place + 1 :], start=place + 2)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if len(rows) < 2 or any(len(row) != len(heads) for row in rows):
        raise DataError(
            f"{text.path} has rows of other than {len(heads)} numbers.",
            reason="Each row has a number for each name of the header.",
            fix="The file may be cut off: write it again.",
        )
    table = np.array(rows)
    _check_numbers(text.path, heads, table)
    omega = convert_frequency(table[:, 0], unit[1], "meV")
    keep = omega > 0.0
    values = np.array([[table[keep, blocks[i, j]] for j in names] for i in names])
    grid, a2f = check_spectrum(omega[keep], values)
    highest = highest_frequency(grid, a2f.reshape(-1, grid.size))
    check_phonon_range(text.path, highest, unit[1], "Name the unit in the header: frequency_THz.")
    couplings = np.asarray(CheckedMoments(grid, a2f, "onset").coupling)
    return BandBlocks(grid, a2f, _dos(fermi_dos, couplings, names), names)


def _check_numbers(path: str, heads: list[str], table: np.ndarray) -> None:
    """Refuse what is no number, or a negative α²F_ij, with its column."""
    for column, head in enumerate(heads):
        values = table[:, column]
        lowest = 0.0 if _BLOCK.fullmatch(head) else -np.inf
        row = int(np.argmin(np.where(np.isfinite(values), values, -np.inf)))
        if not (np.isfinite(values[row]) and values[row] >= lowest):
            raise DataError(
                f"{path}: column {head} is {table[row, column]:g} at {heads[0]} {table[row, 0]:g}.",
                reason="α²F_ij is a number, zero or positive: phonons attract.",
                fix="Correct the row, or write the file again.",
            )


def _of_couplings(text: TextFile, fermi_dos: tuple[float, ...] | None) -> BandBlocks:
    found: dict[str, list[list[float]]] = {}
    names: tuple[str, ...] = ()
    current, unit = "", "meV"
    for number, line in enumerate(text.lines, start=1):
        words = _words(line)
        if line.lstrip().startswith("#") and words:
            current = words[0].lower()
            if current == "bands":
                names = tuple(words[1:])
            if current == "frequency":
                units = [w.strip("()[]") for w in words[1:]]
                unit = next((w for w in units if w in FREQUENCY_UNITS_IN_MEV), "")
        elif words:
            found.setdefault(current, []).append(parse_numbers(text.path, number, words))
    couplings, frequencies = found.get("lambda", []), found.get("frequency", [])
    n = len(couplings)
    names = names or tuple(str(i + 1) for i in range(n))
    square = all(len(row) == n for row in [*couplings, *frequencies])
    if not (n and len(frequencies) == n and square and len(names) == n and unit):
        raise DataError(
            f"{text.path} has no square matrices of λ_ij and frequencies with a unit.",
            reason="Both have a row and a column for each band.",
            fix=_FIX,
        )
    lam, omega = np.array(couplings), convert_frequency(np.array(frequencies), unit, "meV")
    _check_matrices(text.path, lam, omega, names)
    check_phonon_range(
        text.path, float(omega.max()), unit, "Write the unit that is meant: '# frequency (meV)'."
    )
    return BandBlocks.from_couplings(lam, omega, names, _dos(fermi_dos, lam, names))


def _check_matrices(
    path: str, couplings: np.ndarray, frequencies: np.ndarray, names: tuple[str, ...]
) -> None:
    """Refuse matrices that are no couplings and frequencies, and names that come twice."""
    if len(set(names)) < len(names):
        raise DataError(
            f"{path} has two bands of one name: {', '.join(names)}.",
            fix="Give each band a name of its own.",
        )
    if not np.all(np.isfinite(couplings) & (couplings >= 0.0)):
        raise DataError(
            f"{path}: λ_ij is {couplings.tolist()}.",
            reason="Each λ_ij is a number, zero or positive; repulsion belongs to μ*_ij.",
            fix="Correct the matrix.",
        )
    if not np.all(np.isfinite(frequencies) & (frequencies > 0.0)):
        raise DataError(
            f"{path}: the frequencies are {frequencies.tolist()} meV.",
            reason="Each peak has a positive frequency.",
            fix="Correct the matrix; a block without coupling needs one too.",
        )
