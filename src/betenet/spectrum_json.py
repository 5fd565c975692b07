"""Spectra and densities of states as JSON objects: their keys and arrays, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.json_input import decode_json, number_array


def read_object(text: str, what: str, keys: Sequence[str]) -> dict[str, object]:
    """The object of a JSON text.

    Parameters
    ----------
    text
        The JSON text.
    what
        What it should be, for messages.
    keys
        What it may hold, for messages.

    Raises
    ------
    SpectrumError
        If the text is not JSON, or its top level is not an object.
    """
    try:
        data = decode_json(text)
    except ValueError as error:
        raise SpectrumError("Text is not valid JSON.", reason=str(error)) from error
    if not isinstance(data, dict):
        raise SpectrumError(
            f"JSON text is not {what}.",
            reason="Its top level is not an object.",
            fix=f"Use an object with the keys {', '.join(keys)}.",
        )
    return cast("dict[str, object]", data)


def check_keys(
    data: Mapping[str, object], what: str, needed: Sequence[str], optional: Sequence[str]
) -> None:
    """Check the keys of an object.

    Raises
    ------
    SpectrumError
        If a key is missing or unknown.
    """
    missing = [key for key in needed if key not in data]
    unknown = [key for key in data if key not in {*needed, *optional}]
    if missing or unknown:
        raise SpectrumError(
            f"{what} has missing keys {missing} and unknown keys {unknown}.",
            fix=f"Use the keys {', '.join(needed)}; {', '.join(optional)} may be left out.",
        )


def read_array(data: Mapping[str, object], key: str) -> Float[np.ndarray, "..."]:
    """The array of numbers under a key.

    Raises
    ------
    SpectrumError
        If it is not one.
    """
    try:
        return number_array(data[key], key, finite=False)
    except ValueError as error:
        raise SpectrumError(
            f"{key} is not an array of numbers.",
            reason=str(error),
            fix="Give lists of equal length, with numbers only.",
        ) from error
