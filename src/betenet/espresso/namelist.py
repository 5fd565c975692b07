"""Fortran namelists, as every program of Quantum ESPRESSO reads its input."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from betenet.errors import ConfigError

Value = bool | int | float | str
Namelist = Mapping[str, Value]
Namelists = Mapping[str, Namelist]
"""Namelists by name, in the order in which a program reads them."""
LONGEST_TEXT = 256
"""Letters of a text that programs read."""

_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_KEY = re.compile(r"[A-Za-z]\w*(\(\d+(,\d+)*\))?", re.ASCII)


def format_namelists(namelists: Namelists) -> str:
    """Text of namelists; the end of a line ends each.

    Raises
    ------
    ConfigError
        If a name, a key or a value would be read as something else.

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
        lines.append(f"&{_checked(_NAME, name)}")
        for key, value in entries.items():
            try:
                lines.append(f"  {_checked(_KEY, key)} = {format_value(value)}")
            except ConfigError as error:
                summary = f"{key} of namelist {name}: {error.summary}"
                raise ConfigError(summary, error.reason, error.fix) from error
        lines.append("/")
    return "\n".join(lines) + "\n"


def format_value(value: Value) -> str:
    """A value as Fortran writes it.

    Raises
    ------
    ConfigError
        If it is a text with control characters or too many letters, or a number that is not finite.

    Examples
    --------
    >>> format_value(1e-14), format_value("it's"), format_value(False)
    ('1e-14', "'it''s'", '.false.')
    """
    if isinstance(value, bool):
        return ".true." if value else ".false."
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT or not value.isprintable():
            raise _unfit(value, f"A text has up to {LONGEST_TEXT} letters and no line breaks.")
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, int):
        return str(int(value))
    if not math.isfinite(value):
        raise _unfit(value, "A number is finite.")
    return repr(float(value))


def with_changes(namelists: Namelists, changes: Namelists) -> dict[str, dict[str, Value]]:
    """Namelists with some values changed or added.

    Examples
    --------
    >>> with_changes({"inputph": {"recover": False}}, {"inputph": {"recover": True}})
    {'inputph': {'recover': True}}
    """
    names = dict.fromkeys([*namelists, *changes])
    return {name: {**namelists.get(name, {}), **changes.get(name, {})} for name in names}


def _checked(pattern: re.Pattern[str], name: str) -> str:
    if not pattern.fullmatch(name):
        raise _unfit(name, "Names and keys are letters, digits and underscores, such as nq1.")
    return name


def _unfit(value: object, why: str) -> ConfigError:
    return ConfigError(f"{value!r} cannot be written for a program.", why, "Correct it.")
