"""The steps to moments under pressure: volumes, orders, starts and fixed moments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from betenet.electrons.fixed_moments import (
    MomentCurvature,
    curvature_of,
    fixed_moments,
    fixed_step,
    read_fixed,
)
from betenet.electrons.magnetic_orders import FERROMAGNETIC, MagneticOrder
from betenet.electrons.magnetic_steps import STARTS, MagneticPoint, magnetic_step, read_point
from betenet.electrons.softness import NO_MOMENT
from betenet.errors import ConfigError
from betenet.espresso.calculation import describe
from betenet.espresso.steps import Step
from betenet.espresso.workflow import Workflow

VOLUME_STEP = 0.04
"""Relative change of the volume from one calculation to the next [1]."""
SMALLEST, LARGEST = 0.5, 1.25
"""Volumes over the given one between which pressures are looked for [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """What is tried at each volume.

    Attributes
    ----------
    orders
        Kinds of orders, as `magnetic_orders` takes them; both if empty.
    starts
        Names of the moments to start from, of `STARTS`.
    curvature
        Whether E(M) is computed in the given cell too, with fixed moments of the ferromagnetic
        order.

    Raises
    ------
    ConfigError
        If there is no start, or one is unknown; or the curvature is asked for without the order.
    """

    orders: tuple[str, ...] = ()
    starts: tuple[str, ...] = tuple(STARTS)
    curvature: bool = False

    def __post_init__(self) -> None:
        unknown = [one for one in self.starts if one not in STARTS]
        if unknown or not self.starts:
            raise ConfigError(
                f"{', '.join(unknown) or 'Nothing'} is no moment to start from.",
                f"There are {', '.join(STARTS)}.",
                "Give one of them, or leave it out for both.",
            )
        if self.curvature and self.orders and FERROMAGNETIC not in self.orders:
            raise ConfigError(
                "The curvature of E(M) is asked for without the ferromagnetic order.",
                "A total moment can be fixed; that of an antiferromagnet is zero.",
                "Try the ferromagnetic order too, or leave the curvature out.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MagnetismWorkflow:
    """The recipe for the moments of one material.

    Attributes
    ----------
    recipe
        Structure and settings.
    orders
        Orders of the moments.
    pressures
        Pressures that the volumes shall enclose, growing [GPa].
    starts
        Names of the moments to start from.
    curvature
        Whether E(M) is computed in the given cell too.
    volume_step
        Relative change of the volume from one to the next [1].
    """

    recipe: Workflow
    orders: tuple[MagneticOrder, ...]
    pressures: tuple[float, ...]
    starts: tuple[str, ...] = tuple(STARTS)
    curvature: bool = False
    volume_step: float = VOLUME_STEP

    def steps(self, folder: Path) -> tuple[Step, ...]:
        """All steps that are known now: volumes become more until they enclose the pressures."""
        settings = self.recipe.settings
        found = [
            magnetic_step(settings, order, ratio, start)
            for ratio in self.ratios(folder)
            for order in self.orders
            for start in self.starts
        ]
        ferro = self._ferromagnet(folder)
        if ferro is not None:
            order, moment = ferro
            moments = fixed_moments(moment, NO_MOMENT)
            found += [fixed_step(settings, order, 1.0, one) for one in moments]
        return tuple(found)

    def curvatures(self, folder: Path) -> MomentCurvature | None:
        """Curvature of E(M) in the given cell; None if it is not asked for, or not computed yet."""
        ferro = self._ferromagnet(folder)
        if ferro is None:
            return None
        moment = ferro[1]
        states = [read_fixed(folder, 1.0, one) for one in fixed_moments(moment, NO_MOMENT)]
        known = [one for one in states if one is not None]
        return curvature_of(known, moment) if known else None

    def _ferromagnet(self, folder: Path) -> tuple[MagneticOrder, float] | None:
        """Ferromagnetic order of the given cell and its moment, once it is computed [μ_B]."""
        order = next((one for one in self.orders if one.name == FERROMAGNETIC), None)
        if not self.curvature or order is None:
            return None
        each = [read_point(folder, order, 1.0, start) for start in self.starts]
        known = [one for one in each if one is not None]
        if len(known) < len(each):
            return None
        return order, min(known, key=lambda one: one.energy).moment

    def ratios(self, folder: Path) -> list[float]:
        """Volumes over the given one that are known to be needed [1]."""
        found = [1.0]
        while True:
            known = {ratio: self._pressure(folder, ratio) for ratio in found}
            if any(pressure is None for pressure in known.values()):
                return found
            lowest, highest = min(found), max(found)
            down, up = known[lowest], known[highest]
            assert down is not None
            assert up is not None
            smaller = round(lowest * (1.0 - self.volume_step), 4)
            larger = round(highest * (1.0 + self.volume_step), 4)
            if up > self.pressures[0] and larger <= LARGEST:
                found.append(larger)
            elif down < self.pressures[-1] and smaller >= SMALLEST:
                found.append(smaller)
            else:
                return found

    def points(self, folder: Path) -> list[MagneticPoint]:
        """States that are computed."""
        found = [
            read_point(folder, order, ratio, start)
            for ratio in self.ratios(folder)
            for order in self.orders
            for start in self.starts
        ]
        return [one for one in found if one is not None]

    def _pressure(self, folder: Path, ratio: float) -> float | None:
        """Pressure of the state of lowest energy at a volume; None before all are computed."""
        each = [
            read_point(folder, order, ratio, start)
            for order in self.orders
            for start in self.starts
        ]
        known = [one for one in each if one is not None]
        if len(known) < len(each):
            return None
        return min(known, key=lambda one: one.energy).pressure

    def to_dict(self) -> dict[str, object]:
        """What decides the results, as plain values; pressures may become more later."""
        return {
            **describe(self.recipe),
            "magnetism": {
                "orders": [one.name for one in self.orders],
                "volume_step": self.volume_step,
            },
        }
