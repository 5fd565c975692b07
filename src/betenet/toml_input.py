"""TOML from outside: one loader, with all its limits."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, cast

from betenet.input_files import DEEPEST, TOO_DEEP, check_nesting, read_text

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


def _check_integers(value: object) -> None:
    """TOML's whole numbers have 64 bits; longer ones cannot become floats."""
    if isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
        raise ValueError(f"it holds a whole number of {len(str(abs(value)))} digits")
    if isinstance(value, dict):
        value = list(cast("dict[str, object]", value).values())
    if isinstance(value, list):
        for one in cast("list[object]", value):
            _check_integers(one)
