"""α²F as JSON: what ``Spectrum.to_json`` writes, alone or inside a prediction.

A spectrum is an object with ``frequencies_mev`` and ``a2f`` (one list, or one per member of a
batch) and perhaps ``rule``. ``betenet predict --json`` prints a list of objects that have one under
``spectrum``; a list of one prediction is read, of several it is not clear which is meant.
"""

from __future__ import annotations

import json
from typing import Any, cast

import numpy as np

from betenet.errors import DataError, SpectrumError
from betenet.formats.a2f_file import UNIT_STATED, A2fFile
from betenet.formats.file_format import A2fColumns, A2fFormat, ends_of
from betenet.formats.text import TextFile
from betenet.json_input import decode_json, number_array
from betenet.spectrum import check_rule

_KEYS = ("frequencies_mev", "a2f", "rule")


def parse_json(text: TextFile) -> A2fFile:
    """Read a spectrum, or the spectrum of a single prediction.

    Raises
    ------
    DataError
        If the text is not JSON, or not a single spectrum.
    """
    data = _spectrum_of(text.path, _load(text))
    unknown = [key for key in data if key not in _KEYS]
    missing = [key for key in _KEYS[:2] if key not in data]
    if unknown or missing:
        raise DataError(
            f"{text.path}: a spectrum has missing keys {missing} and unknown keys {unknown}.",
            fix=f"Use the keys {', '.join(_KEYS)}; the last may be left out.",
        )
    frequencies, a2f = (_array(text.path, key, data[key]) for key in _KEYS[:2])
    if frequencies.ndim != 1 or a2f.ndim not in {1, 2} or a2f.shape[-1] != frequencies.size:
        raise DataError(
            f"{text.path}: frequencies have shape {frequencies.shape} and α²F {a2f.shape}.",
            reason="Expected are n frequencies and n, or members times n, values of α²F.",
            fix="Write one batch per file.",
        )
    try:
        rule = check_rule(str(data.get("rule", "onset")))
    except SpectrumError as error:
        raise DataError(f"{text.path}: {error.summary}", error.reason, error.fix) from error
    return A2fFile(
        path=text.path,
        unit="meV",
        unit_source=UNIT_STATED,
        frequencies=frequencies,
        a2f=np.atleast_2d(a2f),
        rule=rule,
    )


def is_json(text: TextFile) -> bool:
    """Whether a file starts as JSON does."""
    return ends_of(text).lstrip()[:1] in {"{", "["}


def format_json(columns: A2fColumns) -> str:
    """Text of a JSON file."""
    return columns.spectrum.to_json() + "\n"


def _load(text: TextFile) -> object:
    try:
        return decode_json("\n".join(text.lines))
    except ValueError as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(
            f"{text.path}{line}: not valid JSON.",
            reason=str(error),
            fix="Write the file again; it may be cut off.",
        ) from error


def _spectrum_of(path: str, data: object) -> dict[str, Any]:
    if isinstance(data, list):
        items = cast("list[object]", data)
        if len(items) != 1:
            raise DataError(
                f"{path} holds {len(items)} predictions.",
                reason="It is not clear which spectrum is meant.",
                fix="Write one prediction per file.",
            )
        data = items[0]
    if isinstance(data, dict):
        found = cast("dict[str, Any]", data)
        inner: object = found.get("spectrum", found)
        if isinstance(inner, dict):
            return cast("dict[str, Any]", inner)
        if inner is None:
            raise DataError(
                f"{path} holds a prediction without a spectrum.",
                reason="The structure could not be used; its `error` says why.",
            )
    raise DataError(
        f"{path} holds JSON, but no spectrum.",
        fix=f"Use an object with the keys {', '.join(_KEYS)}.",
    )


def _array(path: str, key: str, value: object) -> np.ndarray:
    try:
        return number_array(value, key, finite=False)
    except ValueError as error:
        raise DataError(
            f"{path}: {key} is not an array of numbers.",
            reason=str(error),
            fix="Give lists of equal length, with numbers only.",
        ) from error


FORMAT = A2fFormat(
    key="json",
    program="betenet",
    text="a spectrum, or what betenet predict --json prints",
    unit="meV",
    fits=is_json,
    read=parse_json,
    write=format_json,
)
