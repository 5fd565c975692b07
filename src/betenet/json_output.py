"""Numbers on their way to JSON, which has no nan."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any, cast


def finite_or_none(value: float) -> float | None:
    """The number as a plain one; None if it is not finite.

    Examples
    --------
    >>> finite_or_none(9.2), finite_or_none(float("nan"))
    (9.2, None)
    """
    return float(value) if math.isfinite(value) else None


def plain_table(record: Any) -> dict[str, Any]:
    """A dataclass as a table for JSON: dataclasses in it too, None for what is not finite.

    Examples
    --------
    >>> from dataclasses import make_dataclass
    >>> plain_table(make_dataclass("Point", ["x", "y"])(1.5, (float("inf"), "far")))
    {'x': 1.5, 'y': [None, 'far']}
    """
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return plain_table(value)
    if isinstance(value, float):
        return finite_or_none(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("Iterable[Any]", value)]
    return value
