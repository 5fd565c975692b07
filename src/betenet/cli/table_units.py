"""Phonon frequencies in text for people, in the unit that ``--table-unit`` asks for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from betenet.quantities import QUANTITIES
from betenet.units import convert_frequency

_FREQUENCIES = ("omega_log", "omega_1", "omega_2", "omega_3", "omega_max", "frequencies")


def table_unit(key: str, unit: str = "") -> str:
    """Unit in which a quantity is printed: the one asked for if it is a phonon frequency.

    Parameters
    ----------
    key
        Key of :data:`betenet.quantities.QUANTITIES`.
    unit
        What ``--table-unit`` says; empty for the unit in which each quantity leaves the package.

    Examples
    --------
    >>> [table_unit(key, "meV") for key in ("omega_log", "tc", "coupling")]
    ['meV', 'K', '']
    """
    if key in _FREQUENCIES and unit:
        return unit
    unit = QUANTITIES[key].export_unit
    return "" if unit == "1" else unit


def heading(key: str, unit: str = "") -> str:
    """Heading of a column: symbol and unit.

    Examples
    --------
    >>> heading("omega_log"), heading("omega_log", "meV"), heading("coupling", "meV")
    ('ω_log (K)', 'ω_log (meV)', 'λ')
    """
    shown = table_unit(key, unit)
    return f"{QUANTITIES[key].symbol} ({shown})" if shown else QUANTITIES[key].symbol


def in_table_unit(key: str, value: ArrayLike, unit: str = "") -> np.ndarray:
    """A quantity, given in the package's unit, in the unit in which it is printed.

    Examples
    --------
    >>> [round(float(in_table_unit("omega_log", 10.0, unit)), 2) for unit in ("", "K", "THz")]
    [116.05, 116.05, 2.42]
    """
    quantity = QUANTITIES[key]
    values = np.asarray(value, dtype=np.float64)
    if key in _FREQUENCIES and unit:
        return convert_frequency(values, quantity.unit, unit)
    return np.asarray(values * quantity.export_factor)


def exported_in_table_unit(key: str, value: ArrayLike, unit: str = "") -> np.ndarray:
    """A quantity that is in the unit of files, in the unit in which it is printed.

    Examples
    --------
    >>> round(float(exported_in_table_unit("omega_log", 116.045, "meV")), 3)
    10.0
    """
    values = np.asarray(value, dtype=np.float64)
    return in_table_unit(key, values / QUANTITIES[key].export_factor, unit)
