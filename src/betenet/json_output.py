"""Numbers on their way to JSON, which has no nan."""

from __future__ import annotations

import math


def finite_or_none(value: float) -> float | None:
    """The number as a plain one; None if it is not finite.

    Examples
    --------
    >>> finite_or_none(9.2), finite_or_none(float("nan"))
    (9.2, None)
    """
    return float(value) if math.isfinite(value) else None
