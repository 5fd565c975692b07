"""A static Coulomb interaction W(ε, ε′) in a file of three columns, as IsoME reads it.

Each row is ε, ε′ and W(ε, ε′), for each ε all ε′; the header names the unit and E_F as that of a
density of states does. Where the first columns are running numbers, a second file has the energies,
one in a row.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from betenet.errors import DataError, SpectrumError
from betenet.formats.electron_dos import fermi_energy_of, unit_of
from betenet.formats.text import as_text, number_table, read_bytes
from betenet.superconductivity.full_bandwidth.static_coulomb import StaticKernel
from betenet.units import convert_frequency

_FIX = "Give n rows for each of n energies, with ε, ε′ and W; and the energies of the same grid."


def read_static_kernel(
    path: str | Path,
    *,
    energies: str | Path | None = None,
    fermi_energy: float | None = None,
    unit: str | None = None,
) -> StaticKernel:
    """Read W(ε, ε′).

    Parameters
    ----------
    path
        File of three columns.
    energies
        File of the energies, where the first two columns are running numbers.
    fermi_energy
        E_F on the scale of the energies [eV]; what a header states if absent, else 0.
    unit
        Unit of energies and of W (times the cell); that of the header if absent, else eV.

    Raises
    ------
    DataError
        If a file is broken, its rows are no square, or the energies are those of another grid.
    """
    text = as_text(path, read_bytes(path))
    head = " ".join(line for line in text.lines[:4] if line.lstrip()[:1] in {"#", "!", "%", "&"})
    table, _ = number_table(text, wrapped=False)
    if table.shape[1] < 3:
        raise DataError(
            f"{path} has {table.shape[1]} columns.", reason="W(ε, ε′) needs three.", fix=_FIX
        )
    n = math.isqrt(len(table))
    if n * n != len(table) or n < 2:
        raise DataError(
            f"{path} has {len(table)} rows, which are no square of a number of energies.",
            reason="The file is cut off, or its two grids differ.",
            fix=_FIX,
        )
    factor = float(convert_frequency(np.array(1.0), unit or unit_of(head), "meV"))
    x = table[::n, 0]
    if np.array_equal(x, np.arange(1, n + 1)) or np.array_equal(x, np.arange(n)):
        x, fermi, factor_x = _grid(path, energies, n)
    else:
        fermi, factor_x = fermi_energy_of(head), factor
        if energies is not None:
            _check_same(path, energies, x * factor)
        if not np.allclose(table[:, 1].reshape(n, n), x) or not np.allclose(
            table[:, 0].reshape(n, n), x[:, None]
        ):
            raise DataError(
                f"{path} has another grid for ε than for ε′.",
                reason="Its rows do not run over all ε′ for each ε, or the grids differ.",
                fix=_FIX,
            )
    zero = 1e3 * fermi_energy if fermi_energy is not None else (fermi or 0.0) * factor_x
    try:
        return StaticKernel(x * factor_x - zero, table[:, 2].reshape(n, n) * factor)
    except SpectrumError as error:
        raise DataError(f"{path}: {error.summary}", error.reason, error.fix) from error


def _grid(
    path: str | Path, energies: str | Path | None, n: int
) -> tuple[np.ndarray, float | None, float]:
    """Energies of a file of their own, E_F in its unit, and its unit in meV."""
    if energies is None:
        raise DataError(
            f"{path} numbers its energies and does not state them.",
            reason="Its first columns are 1, 2, 3 …",
            fix="Give the file of the energies as well (--coulomb-energies).",
        )
    text = as_text(energies, read_bytes(energies))
    table, _ = number_table(text, wrapped=False)
    if len(table) != n:
        raise DataError(
            f"{energies} has {len(table)} energies, and {path} was made with {n}.",
            reason="W(ε, ε′) belongs to another grid.",
            fix="Give the energies that were written with it.",
        )
    head = " ".join(line for line in text.lines[:4] if line.lstrip()[:1] in {"#", "!", "%"})
    factor = float(convert_frequency(np.array(1.0), unit_of(head), "meV"))
    return table[:, 0], fermi_energy_of(head), factor


def _check_same(path: str | Path, energies: str | Path, stated: np.ndarray) -> None:
    """Refuse a file of energies that are not those which the kernel states itself."""
    given, _, factor = _grid(path, energies, stated.size)
    if not np.allclose(given * factor, stated, rtol=1e-6, atol=1e-3):
        raise DataError(
            f"{energies} has other energies than {path} states.",
            reason="W(ε, ε′) belongs to the grid that stands in its first two columns.",
            fix="Leave out --coulomb-energies, or give the kernel of that grid.",
        )
