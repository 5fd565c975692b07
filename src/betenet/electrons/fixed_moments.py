"""Energy against the moment: runs of pw.x with a fixed total moment, and their curvature.

The slope of the energy of the cell in its moment follows from the two Fermi levels that a fixed
moment has: to turn one electron costs their difference, and changes the moment by 2 μ_B.

References
----------
Moruzzi, Marcus, Schwarz and Mohn, Phys. Rev. B 34, 1784 (1986) (the method).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from betenet.electrons.magnetic_orders import MagneticOrder
from betenet.electrons.magnetic_steps import STARTS, magnetic_step
from betenet.errors import DataError
from betenet.espresso.settings import Settings
from betenet.espresso.steps import Step
from betenet.json_output import finite_or_none

SMALL = (0.1, 0.2)
"""Moments of a site from which the curvature at zero follows [μ_B]."""
NEAR = 0.05
"""Relative distance of the moments around that of the ground state [1]."""
_LEVELS = re.compile(r"spin up/dw Fermi energies are\s*([-+\d.]+)\s+([-+\d.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedMoment:
    """A state with a given moment.

    Attributes
    ----------
    moment
        Moment of a magnetic site [μ_B].
    slope
        Change of the energy with the moment [eV/μ_B].
    """

    moment: float
    slope: float

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        return {"moment_mu_b": self.moment, "slope_ev_per_mu_b": self.slope}


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentCurvature:
    """Curvature of E(M) of the ferromagnetic order in the given cell, for a magnetic site.

    Attributes
    ----------
    at_zero
        At no moment: negative where a moment forms by itself, small where it nearly does; nan if it
        was not computed [eV/μ_B²].
    at_moment
        At the moment of the ground state: small for a soft moment; nan without one [eV/μ_B²].
    states
        States that they follow from, by growing moment.
    """

    at_zero: float
    at_moment: float
    states: tuple[FixedMoment, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, with keys that carry the unit."""
        return {
            "at_zero_ev_per_mu_b2": finite_or_none(self.at_zero),
            "at_moment_ev_per_mu_b2": finite_or_none(self.at_moment),
            "method": "fixed total moment, ferromagnetic order, given cell",
            "states": [one.to_dict() for one in self.states],
        }


def fixed_moments(moment: float, least: float) -> tuple[float, ...]:
    """Moments of a site to compute: two small ones, and two around that of the ground state [μ_B].

    Parameters
    ----------
    moment
        Moment of a site in the ground state [μ_B].
    least
        Moment below which there is none [μ_B].
    """
    around = (moment * (1.0 - NEAR), moment * (1.0 + NEAR)) if moment > least else ()
    return tuple(sorted(round(one, 4) for one in (*SMALL, *around)))


def fixed_key(ratio: float, moment: float) -> str:
    """Key of a step, which is its folder too."""
    return f"volume-{round(1000 * ratio):04d}/fixed-{round(10000 * moment):05d}"


def fixed_step(settings: Settings, order: MagneticOrder, ratio: float, moment: float) -> Step:
    """A self-consistent calculation with a moment of each magnetic site [μ_B]."""
    step = magnetic_step(settings, order, ratio, "high")
    system = dict(step.namelists["system"])
    # starts from what it shall end with
    for key, value in system.items():
        if key.startswith("starting_magnetization") and isinstance(value, float):
            system[key] = round(value * moment / STARTS["high"], 4)
    system["tot_magnetization"] = round(moment * order.n_moments, 4)
    namelists = {**step.namelists, "system": system}
    return replace(step, key=fixed_key(ratio, moment), namelists=namelists)


def read_fixed(folder: Path, ratio: float, moment: float) -> FixedMoment | None:
    """What a step has found; None before it is done.

    Raises
    ------
    DataError
        If the output states no two Fermi levels.
    """
    path = folder / fixed_key(ratio, moment) / "pw.out"
    if not path.exists():
        return None
    found = _LEVELS.findall(path.read_text(encoding="utf-8", errors="replace"))
    if not found:
        raise DataError(
            f"{path} states no Fermi levels of two spins.",
            "pw.x prints them for tot_magnetization with smearing.",
            "Remove the folder of this step and start the run again.",
        )
    up, down = (float(one) for one in found[-1])
    return FixedMoment(moment=moment, slope=0.5 * (up - down))


def curvature_of(states: Sequence[FixedMoment], moment: float) -> MomentCurvature:
    """Curvature at zero and at the moment of the ground state.

    Parameters
    ----------
    states
        States with fixed moments, of `fixed_moments`.
    moment
        Moment of a site in the ground state [μ_B].

    Notes
    -----
    The slope is odd in the moment: two points give a M + b M³, and a is the curvature at zero.

    Examples
    --------
    >>> states = [FixedMoment(moment=m, slope=-0.3 * m + 0.1 * m**3) for m in (0.1, 0.2, 1.6, 1.8)]
    >>> found = curvature_of(states, 3.0**0.5)
    >>> round(found.at_zero, 6), round(found.at_moment, 2)
    (-0.3, 0.57)
    """
    ordered = tuple(sorted(states, key=lambda one: one.moment))
    small = [one for one in ordered if one.moment in SMALL]
    near = [one for one in ordered if one.moment not in SMALL]
    at_zero = at_moment = float("nan")
    if len(small) == len(SMALL):
        (m, first), (n, second) = ((one.moment, one.slope / one.moment) for one in small)
        at_zero = (first * n**2 - second * m**2) / (n**2 - m**2)
    if len(near) > 1 and near[0].moment <= moment <= near[-1].moment:
        at_moment = (near[-1].slope - near[0].slope) / (near[-1].moment - near[0].moment)
    return MomentCurvature(at_zero=at_zero, at_moment=at_moment, states=ordered)
