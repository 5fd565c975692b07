"""Numbers as they are kept: with six digits, so that they do not depend on rounding errors."""

from __future__ import annotations

import math


def six_digits(number: float) -> float:
    """A number rounded to six significant digits.

    The sums of a network are rounded by the order in which they are taken, which depends on the
    structures computed together. In double precision that is at the thirteenth digit or so.

    Examples
    --------
    >>> six_digits(9.123456789)
    9.12346
    """
    return float(f"{number:.6g}")


def kept_number(number: float) -> float | None:
    """The same, and None for what is not finite: JSON has no nan."""
    return six_digits(number) if math.isfinite(number) else None
