"""TOML from outside: one loader, with all its limits; configurations of what it gives, checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec

from betenet.errors import ConfigError
from betenet.input_files import DEEPEST, TOO_DEEP, check_nesting, read_text
from betenet.spelling import did_you_mean

Config = TypeVar("Config")

LARGEST_TOML = 1 << 22
"""Bytes; the recipes, cards and tables that are read have some thousands."""

_LONG_KEY = re.compile(rf"""(?<![\w"'-])(?:[\w"'-]+[ \t]*\.[ \t]*){{{DEEPEST}}}""")
_LARGEST_INTEGER = 1 << 63


def decode_toml(text: str) -> dict[str, Any]:
    r"""The tables of a text.

    Raises
    ------
    ValueError
        Whatever is wrong with it: no TOML, nested too deeply, a whole number without end.

    Examples
    --------
    >>> decode_toml("[data]\nsources = ['bete_net']")
    {'data': {'sources': ['bete_net']}}
    """
    if _LONG_KEY.search(text):  # the time for it grows with the square of its length
        raise ValueError(TOO_DEEP)
    try:
        table = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # int() refuses it
        raise ValueError("it holds a whole number of thousands of digits") from error
    check_nesting(table)
    _check_integers(table)
    return table


def read_toml(path: str | Path) -> dict[str, Any]:
    """The tables of a file.

    Raises
    ------
    OSError
        If it is missing, no regular file or too large.
    ValueError
        As of `decode_toml`, or if it is not UTF-8.
    """
    return decode_toml(read_text(path, LARGEST_TOML))


def read_config(path: str | Path, what: str = "recipe") -> dict[str, Any]:
    """Nested tables of a configuration file in TOML, which is called `what` in an error.

    Raises
    ------
    ConfigError
        If the file is missing or is not TOML.
    """
    try:
        return read_toml(path)
    except OSError as error:
        raise ConfigError(
            f"No {what} can be read from {path}.", error.strerror or str(error), "Check the path."
        ) from error
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML.", str(error), "Correct it.") from error


def configure(cls: type[Config], table: Mapping[str, Any], section: str) -> Config:
    """A configuration from the nested tables of a file.

    Parameters
    ----------
    cls
        Dataclass of the configuration; its fields may be dataclasses, each a table of its own.
    table
        Plain values by the names of the fields.
    section
        Name of the table, for messages.

    Raises
    ------
    ConfigError
        If a key is unknown or missing, or a value is of another type or none of the choices; the
        message lists the valid ones. What the dataclass itself refuses goes through.
    """
    check_keys(cls, table, section)
    try:
        return msgspec.convert(table, cls)
    except msgspec.ValidationError as error:
        what, _, where = str(error).replace("`", "").partition(" - at $")
        where = where.lstrip(".") or "it"
        raise ConfigError(
            f"[{section}] {where} is not as it should be.",
            f"{what}.",
            f"Correct {where}." if where != "it" else "Correct the table.",
        ) from error


def check_keys(cls: type[Any], table: Mapping[str, Any], section: str) -> None:
    """Refuse keys that are unknown or missing, and values that are none of the choices.

    Parameters
    ----------
    cls, table, section
        As `configure` takes them.

    Raises
    ------
    ConfigError
        If there are any, in the table or in the tables in it.
    """
    hints = get_type_hints(cls)
    valid = [field.name for field in fields(cls)]
    unknown = [key for key in table if key not in valid]
    if unknown:
        raise ConfigError(
            f"Unknown key in [{section}]: {', '.join(sorted(unknown))}.",
            f"The valid keys are {', '.join(valid)}.",
            "Correct the spelling or remove the key." + did_you_mean(unknown[0], valid),
        )
    for one in fields(cls):
        if one.name not in table and one.default is MISSING and one.default_factory is MISSING:
            raise ConfigError(
                f"The {section} has no {one.name}.",
                "It has no default.",
                f"Add a line `{one.name} = …`.",
            )
    for name, value in table.items():
        choices = get_args(hints[name]) if get_origin(hints[name]) is Literal else ()
        if choices and value not in choices:
            raise ConfigError(
                f"[{section}] {name} = {value!r} is not a known choice.",
                f"The choices are {', '.join(map(repr, choices))}.",
                f"Set {name} to one of them.",
            )
        if is_dataclass(hints[name]) and isinstance(value, Mapping):
            check_keys(cast("type[Any]", hints[name]), cast("Mapping[str, Any]", value), name)


def _check_integers(value: object) -> None:
    """TOML's whole numbers have 64 bits; longer ones cannot become floats."""
    if isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
        raise ValueError(f"it holds a whole number of {len(str(abs(value)))} digits")
    if isinstance(value, dict):
        value = list(cast("dict[str, object]", value).values())
    if isinstance(value, list):
        for one in cast("list[object]", value):
            _check_integers(one)
