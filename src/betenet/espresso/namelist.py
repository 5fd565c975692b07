"""Fortran namelists, as every program of Quantum ESPRESSO reads its input."""

from __future__ import annotations

from collections.abc import Mapping

Value = bool | int | float | str
Namelist = Mapping[str, Value]
Namelists = Mapping[str, Namelist]
"""Namelists by name, in the order in which a program reads them."""


def format_namelists(namelists: Namelists) -> str:
    """Text of namelists; the end of a line ends each.

    Examples
    --------
    >>> print(format_namelists({"system": {"ibrav": 0, "la2F": True, "smearing": "mp"}}), end="")
    &system
      ibrav = 0
      la2F = .true.
      smearing = 'mp'
    /
    """
    lines: list[str] = []
    for name, entries in namelists.items():
        lines.append(f"&{name}")
        lines += [f"  {key} = {format_value(value)}" for key, value in entries.items()]
        lines.append("/")
    return "\n".join(lines) + "\n"


def format_value(value: Value) -> str:
    """A value as Fortran writes it.

    Examples
    --------
    >>> format_value(1e-14), format_value("it's"), format_value(False)
    ('1e-14', "'it''s'", '.false.')
    """
    if isinstance(value, bool):
        return ".true." if value else ".false."
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def changed(namelists: Namelists, changes: Namelists) -> dict[str, dict[str, Value]]:
    """Namelists with some values changed or added.

    Examples
    --------
    >>> changed({"inputph": {"recover": False}}, {"inputph": {"recover": True}})
    {'inputph': {'recover': True}}
    """
    names = dict.fromkeys([*namelists, *changes])
    return {name: {**namelists.get(name, {}), **changes.get(name, {})} for name in names}
