"""Where two JSON values differ, in words: for a run that is told to go on with other settings."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TypeGuard, cast

SHOWN = 8
"""Differences that are listed."""

ROUNDING = 1e-9
"""Relative difference of two numbers that arithmetic on another machine makes [1]."""

_MISSING = object()


def differences(found: object, wanted: object) -> str:
    """What differs, as one text; empty if nothing does.

    Parameters
    ----------
    found
        Nested tables and lists, as they are somewhere already.
    wanted
        As they are wanted here.

    Examples
    --------
    >>> differences({"cutoff": 60, "grid": [4, 4, 4]}, {"cutoff": 75, "grid": [4, 4, 2]})
    'cutoff is 60 there and 75 here; grid.2 is 4 there and 2 here'
    >>> differences({"a": None}, {"b": 1})
    'a is null there and not given here; b is not given there and 1 here'

    Numbers that differ by rounding do not differ:

    >>> differences({"x": 0.25}, {"x": 0.25000000000000006})
    ''
    """
    listed = list(_differ("", found, wanted))
    more = "" if len(listed) <= SHOWN else f"; and {len(listed) - SHOWN} more"
    return "; ".join(listed[:SHOWN]) + more


def _differ(key: str, found: object, wanted: object) -> Iterator[str]:
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        old, new = cast("Mapping[str, object]", found), cast("Mapping[str, object]", wanted)
        for name in sorted({*old, *new}):
            below = f"{key}.{name}" if key else name
            yield from _differ(below, old.get(name, _MISSING), new.get(name, _MISSING))
    elif isinstance(found, list) and isinstance(wanted, list):
        ours, theirs = cast("list[object]", found), cast("list[object]", wanted)
        if len(ours) != len(theirs):
            yield f"{key} is {_shown(ours)} there and {_shown(theirs)} here"
            return
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differ(f"{key}.{index}", one, other)
    elif not _equal(cast("object", found), wanted):
        there = cast("object", found)
        yield f"{key} is {_shown(there)} there and {_shown(wanted)} here"


def _equal(one: object, other: object) -> bool:
    if _is_number(one) and _is_number(other):
        return math.isclose(one, other, rel_tol=ROUNDING)
    both_of_a_kind = isinstance(one, bool) == isinstance(other, bool)  # True == 1 in Python
    return both_of_a_kind and one == other


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return "not given" if value is _MISSING else json.dumps(value, ensure_ascii=False)
