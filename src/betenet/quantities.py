"""The table of quantities: one place for each key, symbol, unit and meaning.

Whatever shows a quantity to a user or writes it to a file (tables, CSV, JSON, axis labels)
reads it here. Inside Python a quantity is named by its ``key`` and is in ``unit``; where data
leaves Python it is named by its ``export_key``, which carries the unit, and is multiplied by
``export_factor``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import ConfigError
from betenet.units import MEV_TO_KELVIN, convert_frequency


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A physical quantity as it is named inside and outside the package.

    Parameters
    ----------
    key
        Name of arguments, attributes and dictionary keys.
    symbol
        As printed in tables and on axes.
    unit
        Unit inside the package; ``"1"`` if it has none.
    text
        One line that says what it is.
    export_key
        Name in files and in machine-readable output.
    export_unit
        Unit there.
    export_factor
        Value there divided by the value inside the package.
    """

    key: str
    symbol: str
    unit: str
    text: str
    export_key: str
    export_unit: str
    export_factor: float = 1.0


def _number(key: str, symbol: str, text: str) -> Quantity:
    return Quantity(key=key, symbol=symbol, unit="1", text=text, export_key=key, export_unit="1")


def _mev(key: str, symbol: str, text: str) -> Quantity:
    return Quantity(
        key=key, symbol=symbol, unit="meV", text=text, export_key=f"{key}_mev", export_unit="meV"
    )


def _mev_to_kelvin(key: str, symbol: str, text: str) -> Quantity:
    return Quantity(
        key=key,
        symbol=symbol,
        unit="meV",
        text=text,
        export_key=f"{key}_kelvin",
        export_unit="K",
        export_factor=MEV_TO_KELVIN,
    )


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        quantity.key: quantity
        for quantity in (
            _number("coupling", "λ", "electron-phonon coupling constant"),
            _mev_to_kelvin("omega_log", "ω_log", "logarithmic average phonon frequency"),
            _mev_to_kelvin("omega_1", "ω_1", "first moment of the phonon frequency"),
            _mev_to_kelvin("omega_2", "ω_2", "root of the second moment of the phonon frequency"),
            _mev_to_kelvin("omega_3", "ω_3", "cube root of the third moment of the frequency"),
            _mev("omega_max", "ω_max", "highest frequency that carries weight"),
            _number("mu_star", "μ*", "screened Coulomb repulsion (pseudopotential)"),
            Quantity(
                key="tc",
                symbol="Tc",
                unit="K",
                text="superconducting critical temperature",
                export_key="tc_kelvin",
                export_unit="K",
            ),
            Quantity(
                key="atom_fermi_dos",
                symbol="N(E_F)",
                unit="1/eV",
                text="electronic density of states at the Fermi level, per atom, both spins",
                export_key="atom_fermi_dos_per_ev",
                export_unit="1/eV",
            ),
            _mev("cutoff", "ω_c", "cutoff of the Matsubara sums"),
            _mev("mu_star_frequency", "ω_ph", "frequency that μ* belongs to"),
            _number("mu_star_cutoff", "μ*_c", "screened Coulomb repulsion at the cutoff"),
            _mev("gap", "Δ₀", "superconducting gap at its edge, at low temperature"),
            _number("gap_ratio", "2Δ₀/k_BTc", "gap over Tc; 3.53 at weak coupling"),
            _number(
                "specific_heat_jump",
                "ΔC/γTc",
                "jump of the specific heat at Tc; 1.43 at weak coupling",
            ),
            _number("isotope_coefficient", "β", "isotope coefficient: Tc goes as M^-β"),
            _mev("frequencies", "ω", "phonon frequency"),
            _number("a2f", "α²F", "Eliashberg spectral function"),
        )
    }
)
"""Every quantity by its key, in the order of printed tables."""


def export(values: Mapping[str, ArrayLike]) -> dict[str, Float[np.ndarray, "..."]]:
    """Rename and convert quantities for use outside Python.

    Parameters
    ----------
    values
        Quantities by key, in the package's units.

    Returns
    -------
    dict
        The same quantities by ``export_key``, in ``export_unit``.

    Raises
    ------
    ConfigError
        If a key is not in :data:`QUANTITIES`.

    Examples
    --------
    >>> {key: round(float(value), 2) for key, value in export({"omega_log": 10.0}).items()}
    {'omega_log_kelvin': 116.05}
    """
    unknown = sorted(set(values) - set(QUANTITIES))
    if unknown:
        raise ConfigError(
            f"Unknown quantities: {', '.join(unknown)}.",
            reason="They have no name and unit to be exported with.",
            fix=f"Use keys among {', '.join(QUANTITIES)}.",
        )
    return {
        QUANTITIES[key].export_key: np.asarray(
            np.asarray(value, dtype=np.float64) * QUANTITIES[key].export_factor
        )
        for key, value in values.items()
    }


_FREQUENCIES = ("omega_log", "omega_1", "omega_2", "omega_3", "omega_max", "frequencies")
"""Keys of phonon frequencies, which people want in different units."""


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
