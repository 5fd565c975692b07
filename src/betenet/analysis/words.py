"""Numbers as people read them: a Tc however small, and how it changes."""

from __future__ import annotations

import textwrap

from betenet.superconductivity.eliashberg.transition import LOWEST, RESOLUTION

WIDTH = 100
"""Width of a terminal that lines are made for."""

_SMALL = 0.1
"""Tc below which a change is told in K, not as a share [K]."""

_LARGE = 0.2
"""Relative change from which the number it leads to is told instead [1]."""


def kelvin(tc: float | None) -> str:
    """Tc in K: two decimals, two digits below 0.1 K, and nothing finer than is resolved."""
    if tc is None:
        return "-"
    if 0.0 < tc < LOWEST:
        return f"<{LOWEST:g}"
    return f"{tc:.2f}" if tc == 0.0 or tc >= _SMALL else f"{tc:.2g}"


def tc_change(tc: float, change: float) -> str:
    """How far Tc moves: a share of it, or the two temperatures where a share says nothing.

    Parameters
    ----------
    tc
        Tc [K].
    change
        Its relative change [1].

    Examples
    --------
    >>> tc_change(9.22, -0.0012), tc_change(9.22, -0.00002), tc_change(0.02, -0.9)
    ('by -0.12% (-0.011 K)', 'by less than 0.01%', 'from 0.02 to 0.002 K')
    """
    if abs(change) < 1e-4:
        return "by less than 0.01%"
    if abs(change) * tc < RESOLUTION:
        return f"by less than {1e3 * RESOLUTION:g} mK"
    if tc < _SMALL or abs(change) > _LARGE:
        return f"from {kelvin(tc)} to {kelvin(tc * (1.0 + change))} K"
    return f"by {change:+.2%} ({tc * change:+.2g} K)"


def difference(there: float, here: float, unit: str) -> str:
    """How far our number is from another: a share, or K where the temperature is small."""
    if unit == "K" and abs(there) < _SMALL:
        return f"{here - there:+.2g} K"
    return f"{here / there - 1.0:+.1%}"


def wrapped(text: str) -> list[str]:
    """A sentence in lines of a terminal's width, those after the first indented."""
    return textwrap.wrap(text, WIDTH - 2, subsequent_indent="    ", break_long_words=False)


def four_digits(value: float) -> str:
    """Four digits, zeros at the end included."""
    return f"{value:.4g}" if abs(value) >= 1e3 else f"{value:#.4g}"
