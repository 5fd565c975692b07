"""Distribution of Tc of a prediction that is made already, at any μ* and by any method."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from betenet.ensemble.estimates import (
    TC_INPUTS,
    TC_THRESHOLD,
    Z_68,
    calibrated_widths,
    moments_of_members,
    spread_points,
)
from betenet.ensemble.prediction import TC_PROBABILITY, Prediction
from betenet.ensemble.tc_surface import EliashbergSurface, FormulaSurface, check_tc_settings
from betenet.errors import DataError
from betenet.json_output import finite_or_none
from betenet.quantities import QUANTITIES, export
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import ELIASHBERG

BINS = 48
"""Bins of a histogram."""
_ENDS = (0.16, 0.84, 0.025, 0.975)
_SHOWN = (0.002, 0.99)
"""Shares of a distribution between which its histogram lies."""


@dataclass(frozen=True, kw_only=True, eq=False)  # without slots, for the surface that is kept
class TcDistribution:
    """λ, ω_log and ω_2 of a prediction as points of their distribution, and Tc of each.

    Attributes
    ----------
    mean
        Mean spectrum of the members.
    centre
        ln λ, ln ω_log and ln ω_2 of the mean spectrum [ln meV] (1, 3).
    points
        Evenly spread points of their calibrated distribution; None if it is not known (draw, 3).
    is_known
        Whether the probability of a high Tc is known: see `Prediction.unknown_because`.
    """

    mean: Spectrum
    centre: Float[np.ndarray, "1 3"]
    points: Float[np.ndarray, "draw 3"] | None
    is_known: bool

    @classmethod
    def of(cls, prediction: Prediction) -> TcDistribution:
        """Distribution behind a prediction; that of its Tc is the same to the last digit.

        Raises
        ------
        DataError
            If the prediction has no spectrum.
        """
        spectrum = prediction.spectrum
        if spectrum is None:
            raise prediction.error or DataError("The prediction has no spectrum.")
        _, logs = moments_of_members(spectrum, prediction.rule)
        members = calibrated_widths(logs, {})
        widths = [_width(prediction, key, members[key]) for key in TC_INPUTS]
        inputs = np.stack([logs[key] for key in TC_INPUTS], axis=-1)
        return cls(
            mean=Spectrum(
                spectrum.frequencies, np.atleast_2d(spectrum.a2f).mean(axis=0), prediction.rule
            ),
            centre=inputs[:1],
            points=spread_points(inputs, np.array(widths)),
            is_known=not prediction.unknown_because,
        )

    def tc(self, mu_star: float, tc_method: str) -> tuple[float, Float[np.ndarray, " draw"] | None]:
        """Tc of the mean spectrum, and of each point [K].

        Raises
        ------
        ConfigError
            If μ* is out of its range, or Tc cannot be predicted by the method.
        """
        check_tc_settings(mu_star, tc_method)
        if tc_method == ELIASHBERG:
            reach = 0.0
            if self.points is not None:
                reach = float(np.max(np.abs(self.points[:, 0] - self.centre[0, 0])))
            surface = EliashbergSurface(self.mean, mu_star, reach, with_gap=False)
        else:
            surface = FormulaSurface(tc_method, mu_star, self.mean)
        value = float(surface.tc(self.centre)[0])
        return value, None if self.points is None else surface.tc(self.points)

    def over_mu_star(self, values: Sequence[float], tc_method: str) -> dict[str, object]:
        """Tc, its intervals, P(Tc > 5 K) and the histogram of Tc at each of several μ*, for JSON.

        Parameters
        ----------
        values
            Values of μ* [1].
        tc_method
            A formula, or ``"eliashberg"``, which takes a twentieth of a second for each value.

        Notes
        -----
        All histograms share their edges, so that one is seen to move against another.
        """
        found = [self.tc(value, tc_method) for value in values]
        draws = [one for _, one in found if one is not None]
        quantiles = np.full((len(found), len(_ENDS)), math.nan)
        above = [math.nan] * len(found)
        histogram: dict[str, object] | None = None
        if draws:
            quantiles = np.quantile(np.array(draws), _ENDS, axis=1).T
            if self.is_known:
                above = [float(np.mean(one > TC_THRESHOLD)) for one in draws]
            edges = np.linspace(0.0, max(_top(draws), 1.0), BINS + 1)
            histogram = {
                "edges": edges.tolist(),
                "shares": [_shares(one, edges) for one in draws],
            }
        key = QUANTITIES["tc"].export_key
        names = ("_low_68", "_high_68", "_low_95", "_high_95")
        return {
            "mu_star": [float(value) for value in values],
            "tc_method": tc_method,
            key: [finite_or_none(value) for value, _ in found],
            **{
                key + name: [finite_or_none(float(one)) for one in column]
                for name, column in zip(names, quantiles.T, strict=True)
            },
            TC_PROBABILITY: [finite_or_none(one) for one in above],
            "histogram": histogram,
        }

    @cached_property
    def histograms(self) -> dict[str, dict[str, list[float]]]:
        """Histograms of λ, ω_log and ω_2 by export key, in export units; empty if not known."""
        if self.points is None:
            return {}
        table: dict[str, dict[str, list[float]]] = {}
        for key, column in zip(TC_INPUTS, np.exp(self.points).T, strict=True):
            ((name, values),) = export({key: column}).items()
            low, high = np.quantile(values, _SHOWN).tolist()
            edges = np.linspace(low, high, BINS + 1)
            table[name] = {"edges": edges.tolist(), "shares": _shares(values, edges)}
        return table


def _width(prediction: Prediction, key: str, members: float) -> float:
    """Standard deviation of the logarithm, from the interval; the members' where none is known."""
    low, high = prediction.estimates[key].interval_68
    if not (math.isfinite(low) and low > 0.0):
        return members
    return math.log(high / low) / (2.0 * Z_68)


def _top(draws: Sequence[Float[np.ndarray, " draw"]]) -> float:
    """Tc up to which the histograms go: nearly all of one in the middle of the values of μ*."""
    return float(np.median([np.quantile(one, _ENDS[-1]) for one in draws]))


def _shares(values: Float[np.ndarray, " draw"], edges: Float[np.ndarray, " edge"]) -> list[float]:
    """Share of the values in each bin; what lies beyond the last edge is in none."""
    counts, _ = np.histogram(values, edges)
    return (counts / len(values)).tolist()
