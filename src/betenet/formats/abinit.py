r"""α²F of abinit: ``*_A2F.nc`` (NetCDF) and ``*_A2FW`` (text).

``a2fw_write`` (``m_phgamma.F90``) stores ``a2f_mesh``, ``a2f_values`` and ``a2f_lambdaw`` with the
ending ``_qcoarse`` (q grid of the calculation) or ``_qintp`` (interpolated), ω in Hartree, values
by spin and by mode with the sum over modes first. The text file has remarks, then ω, α²F and λ(ω),
summed over spin first. ``*_ISOME.nc`` (``m_migdal_eliashberg.F90``) has the same names without an
ending, and no λ(ω).

The values of ``m_phgamma.F90`` are
:math:`\sum_{q\nu} \lambda_{q\nu}\,\omega_{q\nu}\,\delta(\omega - \omega_{q\nu})`, and λ is their
integral with :math:`1/\omega`, without the customary factor 2 (``a2fw_get_moment``): they are twice
the α²F of all other programs. The file holds that λ(ω), so the factor is measured, not assumed;
where it is found, α²F is halved and a warning says so.
"""

from __future__ import annotations

import importlib
import io
import re
from typing import Any

import numpy as np

from betenet.errors import ConfigError, DataError
from betenet.extras import load
from betenet.formats.a2f_file import UNIT_DEFINED, A2fFile
from betenet.formats.file_format import A2fFormat
from betenet.formats.text import TextFile, need_columns, number_table

CLASSIC_MAGIC, HDF5_MAGIC = b"CDF", b"\x89HDF"

# Tolerance on the ratio of two λ that should be 1 or 2: Simpson against trapezoids.
_RATIO_TOLERANCE = 0.05
_ENDINGS = ("_qintp", "_qcoarse", "")


def parse_netcdf(path: str, content: bytes) -> A2fFile:
    """Read ``*_A2F.nc``.

    Raises
    ------
    DataError
        If the file is not NetCDF, holds no α²F, or is in the HDF5 layout and h5py is missing.
    """
    variables = _variables(path, content)
    ending = next((e for e in _ENDINGS if f"a2f_values{e}" in variables), None)
    if ending is None or f"a2f_mesh{ending}" not in variables:
        raise DataError(
            f"{path} holds no α²F.",
            reason="It has no a2f_mesh and a2f_values, with or without _qintp or _qcoarse.",
            fix="Give the *_A2F.nc of an electron-phonon run (eph_task 1).",
        )
    values = variables[f"a2f_values{ending}"]
    by_mode = values.sum(axis=0) if values.ndim == 3 else np.atleast_2d(values)
    running = variables.get(f"a2f_lambdaw{ending}")
    coupling = None if running is None else float(running[..., 0, -1].sum())
    warnings: tuple[str, ...] = ()
    if ending == _ENDINGS[0] and f"a2f_values{_ENDINGS[1]}" in variables:
        warnings = ("α²F on the interpolated q grid (_qintp) is taken, not the coarse one",)
    return _scaled(
        path, variables[f"a2f_mesh{ending}"], by_mode, coupling, lines=(), warnings=warnings
    )


def parse_text(text: TextFile) -> A2fFile:
    """Read ``*_A2FW``.

    Raises
    ------
    DataError
        If rows are missing, cut off or not numbers; the line is named.
    """
    table, lines = number_table(text, wrapped=False)
    need_columns(text.path, table.shape[1], "ω, α²F and λ(ω)", minimum=3)
    return _scaled(text.path, table[:, 0], table[:, 1:2].T, float(table[-1, 2]), lines=lines)


def _scaled(
    path: str,
    omega: np.ndarray,
    by_mode: np.ndarray,
    coupling: float | None,
    *,
    lines: tuple[int, ...],
    warnings: tuple[str, ...] = (),
) -> A2fFile:
    """α²F by the customary definition, λ = 2∫α²F/ω dω."""
    ratio = None if not coupling else _customary_coupling(omega, by_mode[0]) / coupling
    if ratio is not None and abs(ratio / 2.0 - 1.0) < _RATIO_TOLERANCE:
        by_mode = by_mode / 2.0
        warnings = (
            *warnings,
            "α²F of the file is halved: abinit stores twice the customary one, as its λ(ω) shows",
        )
    return A2fFile(
        path=path,
        unit="Ha",
        unit_source=UNIT_DEFINED,
        frequencies=omega,
        a2f=by_mode[:1],
        modes=by_mode[1:] if len(by_mode) > 1 else None,
        stated={} if coupling is None else {"coupling": (coupling,)},
        lines=lines,
        warnings=warnings,
    )


def _customary_coupling(omega: np.ndarray, a2f: np.ndarray) -> float:
    integrand = np.zeros_like(a2f)
    np.divide(2.0 * a2f, np.abs(omega), out=integrand, where=np.abs(omega) > 1e-12)
    return float(np.trapezoid(integrand, omega))


def _variables(path: str, content: bytes) -> dict[str, np.ndarray]:
    """Arrays whose name starts with ``a2f_``."""
    if content.startswith(HDF5_MAGIC):
        return _read_hdf5(path, content)
    if not content.startswith(CLASSIC_MAGIC):
        raise DataError(f"{path} is not a NetCDF file.", reason=f"It starts with {content[:4]!r}.")
    scipy_io: Any = importlib.import_module("scipy.io")
    try:
        # mmap is off: the arrays outlive the file
        with scipy_io.netcdf_file(io.BytesIO(content), "r", mmap=False) as file:
            return {
                name: np.array(file.variables[name][...], dtype=np.float64)
                for name in file.variables
                if name.startswith("a2f_")
            }
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise DataError(
            f"{path} cannot be read as NetCDF.", reason=str(error), fix="It may be cut off."
        ) from error


def _read_hdf5(path: str, content: bytes) -> dict[str, np.ndarray]:
    try:
        h5py = load("netcdf", "h5py", instead="Or give the *_A2FW text file.")
    except ConfigError as error:  # of this file alone: others of the batch are done
        summary = f"{path} is NetCDF 4, which is HDF5. {error.summary}"
        raise DataError(summary, error.reason, error.fix) from error
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return {
                str(name): np.array(file[name], dtype=np.float64)
                for name in file
                if str(name).startswith("a2f_")
            }
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"{path} cannot be read as NetCDF 4.", reason=str(error), fix="It may be cut off."
        ) from error


FORMAT = A2fFormat(
    key="abinit",
    program="abinit",
    text="*_A2F.nc (NetCDF), *_A2FW (text)",
    unit="Ha",
    beware="twice the customary α²F: halved where its λ(ω) shows it; modes in the NetCDF only; "
    "NetCDF 4 needs the extra `netcdf`",
    marks=re.compile(r"ABINIT package: a2F\(w\)"),
    read=parse_text,
    magic=(CLASSIC_MAGIC, HDF5_MAGIC),
    read_binary=parse_netcdf,
)
