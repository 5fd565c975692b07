"""A quantity with its uncertainty: as numbers in any unit, and as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from betenet.errors import ConfigError
from betenet.quantities import QUANTITIES
from betenet.units import convert_frequency

STATISTICS = ("", "_std", "_low_68", "_high_68", "_low_95", "_high_95")
"""What is exported of each quantity: suffixes of its export key."""

_MOST_DECIMALS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A quantity with its uncertainty.

    Parameters
    ----------
    key
        Key of :data:`betenet.quantities.QUANTITIES`.
    value
        The ensemble's answer.
    std
        Half the width of the central 68 %, in units of the normal distribution's; calibrated, and
        nan if the spread is not known.
    interval_68, interval_95
        Lower and upper end of the central 68 % and 95 %; nan if the spread is not known.
    unit
        Unit of all these numbers: ``"meV"``, ``"K"``, or ``"1"``. The package's own if absent: meV
        for frequencies and the gap, K for Tc.

    Examples
    --------
    >>> omega_log = Estimate(
    ...     key="omega_log", value=25.4, std=2.8, interval_68=(22.6, 28.3), interval_95=(20.2, 32.0)
    ... )
    >>> omega_log
    ω_log = 25.4 meV (22.6–28.3 meV with 68 %)
    >>> omega_log.to("K")
    ω_log = 295 K (262–328 K with 68 %)
    >>> omega_log.unit, round(omega_log.to("THz").value, 2)
    ('meV', 6.14)
    """

    key: str
    value: float
    std: float
    interval_68: tuple[float, float]
    interval_95: tuple[float, float]
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.unit:
            object.__setattr__(self, "unit", QUANTITIES[self.key].unit)

    def __repr__(self) -> str:
        name, unit = QUANTITIES[self.key].symbol, _printed(self.unit)
        known = math.isfinite(self.interval_68[0])
        spread = f" ({self._ends()}{unit} with 68 %)" if known else ""
        return f"{name} = {self._rounded()}{unit}{spread}"

    def to(self, unit: str) -> Estimate:
        """The estimate in another unit.

        Parameters
        ----------
        unit
            A key of :data:`betenet.units.FREQUENCY_UNITS_IN_MEV` for frequencies and the gap; a
            quantity without a unit, and Tc, which is in K, stay as they are.

        Raises
        ------
        ConfigError
            If the quantity cannot be given in this unit.
        """
        if unit == self.unit:
            return self
        quantity = QUANTITIES[self.key]
        if quantity.unit != "meV":
            raise ConfigError(
                f"{quantity.symbol} cannot be given in {unit}.",
                f"Its unit is {self.unit}." if quantity.unit != "1" else "It has no unit.",
                "Convert frequencies and gaps only.",
            )
        factor = float(convert_frequency(1.0, self.unit, unit))
        ends = [(low * factor, high * factor) for low, high in (self.interval_68, self.interval_95)]
        return replace(
            self,
            value=self.value * factor,
            std=self.std * factor,
            interval_68=ends[0],
            interval_95=ends[1],
            unit=unit,
        )

    def exported(self) -> dict[str, float]:
        """Value, std and interval ends by export key, in export units.

        Examples
        --------
        >>> estimate = Estimate(
        ...     key="tc", value=9.2, std=1.0, interval_68=(8.2, 10.1), interval_95=(7.0, 11.0)
        ... )
        >>> estimate.exported()["tc_kelvin_high_95"]
        11.0
        """
        quantity = QUANTITIES[self.key]
        shown = self.to(quantity.export_unit)
        numbers = (shown.value, shown.std, *shown.interval_68, *shown.interval_95)
        keys = (quantity.export_key + suffix for suffix in STATISTICS)
        return dict(zip(keys, numbers, strict=True))

    @classmethod
    def from_exported(cls, key: str, exported: Mapping[str, float | None]) -> Estimate:
        """Build from what :meth:`exported` returns; None stands for nan."""
        quantity = QUANTITIES[key]
        stored = (exported[quantity.export_key + suffix] for suffix in STATISTICS)
        value, std, *ends = (math.nan if number is None else number for number in stored)
        return cls(
            key=key,
            value=value,
            std=std,
            interval_68=(ends[0], ends[1]),
            interval_95=(ends[2], ends[3]),
            unit=quantity.export_unit,
        ).to(quantity.unit)

    def as_text(self, *, unit: bool = True, in_unit: str = "") -> str:
        """Value and the ends of the 68 % interval, with the digits that their distance allows.

        Parameters
        ----------
        unit
            Whether to print the unit too.
        in_unit
            Unit of the numbers. If absent, the export unit if the estimate is in the package's,
            else its own.

        Examples
        --------
        >>> tc = Estimate(
        ...     key="tc", value=0.912, std=2.6, interval_68=(0.171, 5.31), interval_95=(0.03, 19.0)
        ... )
        >>> tc.as_text()
        '0.9 (0.17–5.3) K'
        """
        quantity = QUANTITIES[self.key]
        in_unit = in_unit or (quantity.export_unit if self.unit == quantity.unit else self.unit)
        if in_unit != self.unit:
            return self.to(in_unit).as_text(unit=unit, in_unit=in_unit)
        known = math.isfinite(self.value) and math.isfinite(self.interval_68[0])
        spread = f" ({self._ends()})" if known else ""
        return self._rounded() + spread + (_printed(self.unit) if unit else "")

    def _decimals(self) -> tuple[int, int]:
        """Decimals of the lower and the upper end: two digits of their distance to the value."""
        found = [_of_distance(end - self.value) for end in self.interval_68]
        known = [decimals for decimals in found if decimals is not None]
        # where there is no distance: four digits of the value
        of_value = _of_distance(self.value / 100.0)
        other = known[0] if known else _MOST_DECIMALS if of_value is None else of_value
        low, high = (other if decimals is None else decimals for decimals in found)
        return low, high

    def _rounded(self) -> str:
        if not math.isfinite(self.value):
            return "n/a"
        if not math.isfinite(self.interval_68[0]):
            return f"{self.value:.3g}"
        return f"{self.value:.{min(self._decimals())}f}"

    def _ends(self) -> str:
        ends = zip(self.interval_68, self._decimals(), strict=True)
        return "–".join(f"{end:.{decimals}f}" for end, decimals in ends)


def _of_distance(distance: float) -> int | None:
    """Decimals that show two digits of a distance; None if there is none."""
    if distance == 0.0 or not math.isfinite(distance):
        return None
    return min(max(1 - math.floor(math.log10(abs(distance))), 0), _MOST_DECIMALS)


def _printed(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"
