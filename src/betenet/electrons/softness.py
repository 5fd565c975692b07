"""Moment against pressure, where it vanishes, and how soft it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from betenet.electrons.magnetic_steps import MagneticPoint
from betenet.json_output import finite_or_none

NO_MOMENT = 0.05
"""Moment of a site below which there is none [μ_B]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentAtPressure:
    """The state of lowest enthalpy at a pressure.

    Attributes
    ----------
    pressure
        Pressure [GPa].
    moment
        Moment of a magnetic site [μ_B].
    volume
        Volume of an atom [Å³].
    order
        Name of the order; ``"none"`` where there is no moment.
    """

    pressure: float
    moment: float
    volume: float
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Softness:
    """How the moment of a crystal gives way to pressure.

    Attributes
    ----------
    moments
        At each pressure that was asked for and lies within the computed ones.
    vanishing
        Pressures between which the moment vanishes; nan and the highest computed one if it does
        not, nan twice for a crystal without a moment at the lowest pressure [GPa].
    slope
        -∂M/∂P at the lowest pressure that was asked for [μ_B/GPa].
    softness
        Relative loss of moment for a pressure, on average up to where half of it is left, or to the
        highest pressure; nan without a moment, and 0 where it grows [1/GPa].
    """

    moments: tuple[MomentAtPressure, ...]
    vanishing: tuple[float, float]
    slope: float
    softness: float

    @property
    def is_magnetic(self) -> bool:
        """Whether there is a moment at the lowest pressure."""
        return bool(self.moments) and self.moments[0].moment > NO_MOMENT

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        return {
            "is_magnetic": self.is_magnetic,
            "moments": [
                {
                    "pressure_gpa": one.pressure,
                    "moment_mu_b": one.moment,
                    "volume_angstrom3_per_atom": one.volume,
                    "order": one.order,
                }
                for one in self.moments
            ],
            "vanishing_gpa": [finite_or_none(one) for one in self.vanishing],
            "slope_mu_b_per_gpa": finite_or_none(self.slope),
            "softness_per_gpa": finite_or_none(self.softness),
        }


def ground_states(points: Sequence[MagneticPoint]) -> list[MagneticPoint]:
    """State of lowest energy of each order at each volume, whatever it started from."""
    found: dict[tuple[str, float], MagneticPoint] = {}
    for one in points:
        key = (one.order, one.ratio)
        if key not in found or one.energy < found[key].energy:
            found[key] = one
    return sorted(found.values(), key=lambda one: (one.order, one.pressure))


def softness_of(points: Sequence[MagneticPoint], pressures: Sequence[float]) -> Softness:
    """M(P) of the states of lowest enthalpy, and what follows from it.

    Parameters
    ----------
    points
        States at several volumes, of any orders and starts.
    pressures
        Pressures, growing [GPa].

    Notes
    -----
    Of each order enthalpy, moment and volume are straight lines between the computed pressures;
    the order of lowest enthalpy is taken. A pressure beyond those computed is left out. A
    transition of first order lies somewhere between two computed points.
    """
    branches = _branches(points)
    moments = [one for pressure in pressures if (one := _lowest(branches, pressure)) is not None]
    if not moments:
        return Softness(
            moments=(), vanishing=(math.nan, math.nan), slope=math.nan, softness=math.nan
        )
    first = moments[0]
    fine = np.linspace(first.pressure, moments[-1].pressure, 201)
    curve = [one for pressure in fine if (one := _lowest(branches, float(pressure))) is not None]
    values = np.array([one.moment for one in curve])
    places = np.array([one.pressure for one in curve])
    if first.moment <= NO_MOMENT or first.pressure == moments[-1].pressure:
        vanishing = (math.nan, math.nan)
        return Softness(
            moments=tuple(moments), vanishing=vanishing, slope=math.nan, softness=math.nan
        )
    gone = np.flatnonzero(values <= NO_MOMENT)
    vanishing = (math.nan, float(places[-1]))
    if gone.size:
        vanishing = _bracket(branches, float(places[gone[0]]))
    near = max(1, int(0.1 * len(curve)))
    slope = float((values[0] - values[near]) / (places[near] - places[0]))
    half = np.flatnonzero(values <= 0.5 * values[0])
    last = int(half[0]) if half.size else len(curve) - 1
    lost = (values[0] - values[last]) / values[0]
    return Softness(
        moments=tuple(moments),
        vanishing=vanishing,
        slope=slope,
        softness=max(float(lost / (places[last] - places[0])), 0.0),
    )


def point_to_dict(point: MagneticPoint) -> dict[str, object]:
    """Plain values of a state for JSON, with keys that carry the unit."""
    table = asdict(point)
    units = {
        "volume": "volume_angstrom3_per_atom",
        "energy": "energy_ev_per_atom",
        "pressure": "pressure_gpa",
        "moment": "moment_mu_b",
        "total": "total_mu_b",
        "absolute": "absolute_mu_b",
    }
    return {units.get(key, key): value for key, value in table.items()}


_Branch = tuple[str, np.ndarray]
"""Order, and pressure, enthalpy, moment, volume of its states in columns, by growing pressure."""


def _branches(points: Sequence[MagneticPoint]) -> list[_Branch]:
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    for one in ground_states(points):
        # 1 GPa Å³ is 1/160.2 eV
        enthalpy = one.energy + one.pressure * one.volume / 160.21766
        row = (one.pressure, enthalpy, one.moment, one.volume)
        found.setdefault(one.order, []).append(row)
    return [(order, np.array(rows)) for order, rows in found.items()]


def _lowest(branches: Sequence[_Branch], pressure: float) -> MomentAtPressure | None:
    """State of lowest enthalpy at a pressure; None beyond all computed ones."""
    best: tuple[float, MomentAtPressure] | None = None
    for order, rows in branches:
        if len(rows) < 2 or not rows[0, 0] <= pressure <= rows[-1, 0]:
            continue
        # the enthalpy is nearly a parabola: its chord would favour coarse branches
        enthalpy = _interpolated(rows, pressure)
        moment, volume = (float(np.interp(pressure, rows[:, 0], rows[:, k])) for k in (2, 3))
        name = order if moment > NO_MOMENT else "none"
        state = MomentAtPressure(pressure=pressure, moment=moment, volume=volume, order=name)
        if best is None or enthalpy < best[0]:
            best = (enthalpy, state)
    return None if best is None else best[1]


def _interpolated(rows: np.ndarray, pressure: float) -> float:
    """Enthalpy between states, whose slope is the volume [eV]."""
    upper = int(np.clip(np.searchsorted(rows[:, 0], pressure), 1, len(rows) - 1))
    low, high = rows[upper - 1], rows[upper]
    span = high[0] - low[0]
    if span == 0.0:
        return float(low[1])
    x = (pressure - low[0]) / span
    slopes = low[3] * span / 160.21766, high[3] * span / 160.21766
    return float(
        (2 * x**3 - 3 * x**2 + 1) * low[1]
        + (x**3 - 2 * x**2 + x) * slopes[0]
        + (-2 * x**3 + 3 * x**2) * high[1]
        + (x**3 - x**2) * slopes[1]
    )


def _bracket(branches: Sequence[_Branch], pressure: float) -> tuple[float, float]:
    """Computed pressures around one."""
    known = np.unique(np.concatenate([rows[:, 0] for _, rows in branches]))
    below, above = known[known < pressure], known[known >= pressure]
    return (
        float(below[-1]) if below.size else math.nan,
        float(above[0]) if above.size else math.nan,
    )
