"""JSON from outside: one loader with all its limits, and arrays of numbers in what it gives."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from betenet.input_files import (
    DEEPEST,
    LARGEST_FILE,
    TOO_DEEP,
    check_nesting,
    in_short,
    read_bytes,
)

LONGEST_INTEGER = 300
"""Digits of a whole number; longer ones are infinite, as reals beyond 1e308 are."""

_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def decode_json(text: str | bytes) -> Any:
    """What a JSON text holds.

    Parameters
    ----------
    text
        The text; as bytes in UTF-8, 16 or 32, with or without a byte order mark.

    Returns
    -------
    dict, list, str, int, float, bool or None
        As of `json.loads`; halves of characters (lone surrogates) are replaced, so that every
        text in it can be written again.

    Raises
    ------
    ValueError
        Whatever is wrong with it.

    Examples
    --------
    >>> decode_json('{"a": [1, 2.5]}'), decode_json("9" * 5000)
    ({'a': [1, 2.5]}, inf)
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    try:
        with _few_calls():
            data = json.loads(text.removeprefix("\ufeff"), parse_int=_integer)
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    return _checked(data, text)


def decode_finite_json(text: str) -> Any:
    """What a JSON text holds, as `decode_json`, but nothing is replaced.

    Raises
    ------
    ValueError
        Whatever is wrong with it, also a number that is not finite or has more than
        `LONGEST_INTEGER` digits.

    Examples
    --------
    >>> decode_finite_json("[1e999]")
    Traceback (most recent call last):
    ValueError: it holds 1e999, which is not finite
    """
    try:
        with _few_calls():
            return json.loads(
                text, parse_int=_short_integer, parse_float=_finite, parse_constant=_no_constant
            )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def decode_json_at(text: str, place: int) -> tuple[Any, int]:
    """What begins at a place of a text, as `decode_json`; and the place behind it.

    Raises
    ------
    BadValueError
        If it is wrong, and what follows can be read.
    json.JSONDecodeError
        If it is cut off, or cannot be told from what follows.
    """
    end = place
    try:
        with _few_calls():
            data, end = _DECODER.raw_decode(text, place)
        return _checked(data, text[place:end]), end
    except (ValueError, RecursionError) as error:
        end = end if end > place else _end_of(text, place)
        why = TOO_DEEP if isinstance(error, RecursionError) else str(error)
        if end > place:
            raise BadValueError(why, end) from error
        if isinstance(error, json.JSONDecodeError):
            raise
        raise json.JSONDecodeError(why, text[place : place + 40], 0) from error


class BadValueError(ValueError):
    """A value in a text that is wrong, but whose end is known.

    Attributes
    ----------
    end
        The place behind it.
    """

    def __init__(self, why: str, end: int) -> None:
        super().__init__(why)
        self.end = end


def read_json(path: str | Path, largest: int = LARGEST_FILE) -> Any:
    """What a JSON file holds.

    Raises
    ------
    OSError
        If it is missing, no regular file or too large.
    ValueError
        As of `decode_json`.
    """
    return decode_json(read_bytes(path, largest))


def what_is_wrong(error: Exception) -> str:
    """What an error of reading a file of ours means, without the names that Python has for it.

    Examples
    --------
    >>> what_is_wrong(KeyError("settings"))
    "it lacks 'settings'"
    """
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON: line {error.lineno}, column {error.colno} does not fit"
    if isinstance(error, UnicodeError):
        return "it holds bytes that are no text in UTF-8"
    if isinstance(error, KeyError):
        return f"it lacks {str(error)[:60]}"
    if isinstance(error, TypeError | AttributeError | IndexError):
        return "it is laid out in another way"
    return in_short(error)


def number_array(
    value: object, what: str, shape: Sequence[int | None] | None = None, *, finite: bool = True
) -> Float[np.ndarray, "..."]:
    """Nested lists of numbers as an array.

    Parameters
    ----------
    value
        The lists.
    what
        Their name, for messages.
    shape
        Length of each axis, None where it may be any; None if there may be any number of axes.
    finite
        Whether NaN and infinite values are refused.

    Raises
    ------
    ValueError
        If they are not numbers, not of equal length, of another shape, or not finite.

    Examples
    --------
    >>> number_array([[1, 2, 3]], "positions", (None, 3)).shape
    (1, 3)
    """
    try:
        found = np.array(value)
        if found.dtype.kind in "USOb":
            _check_kinds(found)
        array = found.astype(np.float64)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"{what} is not an array of numbers: {_why_not(error)}") from error
    if shape is not None and not _fits(array.shape, shape):
        wanted = " x ".join("n" if n is None else str(n) for n in shape)
        raise ValueError(f"{what} has the shape {array.shape}, not {wanted}")
    if finite and not np.isfinite(array).all():
        raise ValueError(f"{what} holds a value that is not a finite number")
    return array


@contextmanager
def _few_calls() -> Generator[None]:
    """Let the decoder call itself 2000 times at most.

    It is written in C and ends the process where the stack does. Python's own limit is lower, but
    a library may raise it for all (symfc does, to 100 000).
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(min(before, 2000))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)


def _short_integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise ValueError(f"it holds a whole number of {len(text)} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"it holds {text[:20]}, which is not finite")
    return value


def _no_constant(text: str) -> float:
    raise ValueError(f"it holds {text}, which is no finite number")


_DECODER = json.JSONDecoder(parse_int=_integer)


def _end_of(text: str, place: int) -> int:
    """The place behind a list or object, whatever is in it; `place` where it is not closed."""
    level = 0
    for found in _BRACKET.finditer(text, place):
        if found[0] in "[{":
            level += 1
        elif found[0] in "]}":
            level -= 1
        if level <= 0:
            return found.end() if text[place : place + 1] in {"[", "{"} else place
    return place


def _checked(data: Any, text: str) -> Any:
    if text.count("[") + text.count("{") > DEEPEST:
        check_nesting(data)
    try:
        text.encode()
    except UnicodeEncodeError as error:  # bytes that could not be decoded
        raise ValueError("it is not UTF-8") from error
    return _whole(data) if _HALF_CHARACTER.search(text) else data


def _whole(data: Any) -> Any:
    """With halves of characters replaced by the sign for an unknown one."""
    if isinstance(data, str):
        return data.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(data, list):
        return [_whole(one) for one in cast("list[Any]", data)]
    if isinstance(data, dict):
        return {_whole(key): _whole(one) for key, one in cast("dict[str, Any]", data).items()}
    return data


def _why_not(error: Exception) -> str:
    """What NumPy's words mean."""
    if isinstance(error, OverflowError):
        return "one of them is too large"
    word = re.search(r"could not convert string to float: (.{1,60})", str(error))
    if word is not None:
        return f"{word[1]} is none"
    if isinstance(error, TypeError):
        return "something else is among them"
    return "its lists are not of equal length"


def _check_kinds(found: np.ndarray) -> None:
    """Refuse texts, which NumPy takes for numbers where they look like some, and truth values."""
    for one in found.ravel().tolist():
        if isinstance(one, str | bool):
            raise ValueError(f"could not convert string to float: {one!r:.60}")


def _fits(found: tuple[int, ...], wanted: Sequence[int | None]) -> bool:
    return len(found) == len(wanted) and all(
        n is None or n == m for m, n in zip(found, wanted, strict=True)
    )
