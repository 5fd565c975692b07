"""Tc as a function of λ, ω_log and ω_2: by a formula, or by the Eliashberg equations.

The uncertainty of a prediction is a distribution of these three numbers. A formula takes
thousands of points of it as they are; the Eliashberg equations want spectra.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError
from betenet.spectrum import Spectrum
from betenet.superconductivity.critical_temperature import (
    DEFAULT_METHOD,
    FORMULAS,
    METHODS_OF_SPECTRA,
    critical_temperature,
)
from betenet.superconductivity.eliashberg import eliashberg_gap, eliashberg_tc
from betenet.superconductivity.moments import moments
from betenet.units import KELVIN_TO_MEV, MEV_TO_KELVIN

_POINTS = 9
_LOWEST = 1e-6  # K; what lies below is interpolated to zero


def check_tc_settings(mu_star: float, tc_method: str) -> None:
    """Refuse a μ* or a method that Tc cannot be predicted by.

    Raises
    ------
    ConfigError
        If μ* is not from 0 to below 1, or the method is unknown or needs more than α²F and μ*.
    """
    if not 0.0 <= mu_star < 1.0:
        raise ConfigError(
            f"μ* = {mu_star:g} is out of its range.",
            "It is a number from 0 to below 1; Tc falls to 0 as it grows.",
            "Give 0.10 to 0.16 for most metals.",
        )
    if tc_method not in METHODS_OF_SPECTRA:
        raise ConfigError(
            f"Tc cannot be predicted by {tc_method!r}.",
            "A prediction has α²F and μ*, and nothing else.",
            f"Use one of {', '.join(METHODS_OF_SPECTRA)}.",
        )


class FormulaSurface:
    """Tc by a closed formula.

    Parameters
    ----------
    method
        Name of the formula.
    mu_star
        μ* [1].
    spectrum
        α²F, the mean of an ensemble, for formulas that use more of it than λ, ω_log and ω_2. Where
        these three change, ln(ω_1/ω_log) keeps its ratio to ln(ω_2/ω_log), and ω_max that to ω_2.
    """

    def __init__(self, method: str, mu_star: float, spectrum: Spectrum) -> None:
        self._method = method
        self._mu_star = mu_star
        self._spectrum = spectrum if method in FORMULAS and FORMULAS[method].uses else None

    def tc(self, logs: Float[np.ndarray, "row 3"]) -> Float[np.ndarray, " row"]:
        """Tc [K] of rows of ln λ, ln ω_log and ln ω_2 [ln meV]."""
        coupling, omega_log, omega_2 = np.exp(logs).T
        return critical_temperature(
            self._method,
            coupling=coupling,
            omega_log=omega_log,
            omega_2=omega_2,
            mu_star=self._mu_star,
            **self._further(omega_log, omega_2),
        )

    def _further(self, omega_log: np.ndarray, omega_2: np.ndarray) -> dict[str, np.ndarray]:
        """ω_1 and ω_max [meV] that go with ω_log and ω_2."""
        if self._spectrum is None:
            return {}
        one = self._spectrum
        found = {
            key: float(value) for key, value in moments(one.frequencies, one.a2f, one.rule).items()
        }
        first, second = (np.log(found[key] / found["omega_log"]) for key in ("omega_1", "omega_2"))
        share = first / second if second > 0.0 else np.nan
        return {
            "omega_1": omega_log * (omega_2 / omega_log) ** share,
            "omega_max": omega_2 * (found["omega_max"] / found["omega_2"]),
        }


class EliashbergSurface:
    """Tc and gap by the Eliashberg equations, for spectra of nearly one shape.

    Parameters
    ----------
    spectrum
        One α²F, the mean of an ensemble.
    mu_star
        μ* [1].
    reach
        Largest |ln λ - ln λ(spectrum)| that will be asked for [1].
    with_gap
        Whether the gap will be asked for, which takes nearly all of the time.

    Notes
    -----
    The equations are solved for the spectrum multiplied by nine factors, and a monotonic curve is
    laid through the temperatures; stretching the frequency axis multiplies Tc. So λ and ω_log are
    taken exactly as the equations have them. ω_2/ω_log, which says how wide the spectrum is,
    enters through Allen and Dynes' shape factor, some per cent.

    Examples
    --------
    >>> omega = np.linspace(9.9, 10.1, 41)
    >>> spectrum = Spectrum(omega, 500.0 * np.maximum(0.1 - np.abs(omega - 10.0), 0.0))  # λ = 1
    >>> surface = EliashbergSurface(spectrum, 0.0, reach=1.0)
    >>> tc = surface.tc(np.log([[1.0, 10.0, 10.0], [1.0, 20.0, 20.0], [2.0, 10.0, 10.0]]))
    >>> (tc * 8.617333e-3).round(3).tolist()  # k_B Tc / 10 meV
    [0.115, 0.229, 0.212]
    """

    def __init__(
        self, spectrum: Spectrum, mu_star: float, reach: float, *, with_gap: bool = True
    ) -> None:
        found = moments(spectrum.frequencies, spectrum.a2f, spectrum.rule)
        self._mu_star = mu_star
        self._centre = np.log([float(found[key]) for key in ("coupling", "omega_log", "omega_2")])
        self._steps = max(reach, 1e-3) * np.linspace(-1.0, 1.0, _POINTS)
        scaled = np.exp(self._steps)[:, None] * spectrum.a2f
        asked = spectrum.frequencies, scaled, mu_star
        self._ratios: np.ndarray | None = None
        if with_gap:
            solved = eliashberg_gap(*asked, rule=spectrum.rule, lowest=_LOWEST)
            transition = solved.transition
            # where there is no gap its ratio is of no account, but the curve must go on
            self._ratios = np.nan_to_num(solved.gap_ratio, nan=3.53)
        else:
            transition = eliashberg_tc(*asked, rule=spectrum.rule, lowest=_LOWEST)
        self._depths = _depth(transition.tc, self._centre[1])

    def tc(self, logs: Float[np.ndarray, "row 3"]) -> Float[np.ndarray, " row"]:
        """Tc [K] of rows of ln λ, ln ω_log and ln ω_2 [ln meV]."""
        depth = np.maximum(self._read(self._depths, logs), 1e-9)
        with np.errstate(over="ignore"):
            of_shape = np.exp(logs[:, 1]) * MEV_TO_KELVIN / np.expm1(1.0 / depth)
        return np.asarray(of_shape * self._shape(logs))

    def gap(self, logs: Float[np.ndarray, "row 3"]) -> Float[np.ndarray, " row"]:
        """Δ₀ [meV] of the same rows; the surface was made with it."""
        assert self._ratios is not None
        return np.asarray(0.5 * KELVIN_TO_MEV * self._read(self._ratios, logs) * self.tc(logs))

    def _read(self, values: np.ndarray, logs: np.ndarray) -> np.ndarray:
        from scipy.interpolate import PchipInterpolator

        at = np.clip(logs[:, 0] - self._centre[0], self._steps[0], self._steps[-1])
        return np.asarray(PchipInterpolator(self._steps, values)(at))

    def _shape(self, logs: np.ndarray) -> np.ndarray:
        """Allen and Dynes' Tc, over the one with the ratio ω_2/ω_log of the spectrum."""
        coupling, omega_log, omega_2 = np.exp(logs).T
        same = omega_log * np.exp(self._centre[2] - self._centre[1])
        with_own, with_same = (
            critical_temperature(
                DEFAULT_METHOD,
                coupling=coupling,
                omega_log=omega_log,
                omega_2=second,
                mu_star=self._mu_star,
            )
            for second in (omega_2, same)
        )
        return np.divide(with_own, with_same, out=np.ones_like(with_own), where=with_same > 0.0)


def _depth(tc: np.ndarray, log_omega: float) -> np.ndarray:
    """1/ln(1 + ω_log/Tc): nearly linear in λ where ln Tc plunges, and 0 where Tc is 0."""
    depth = np.zeros_like(tc)
    known = tc > 0.0
    depth[known] = 1.0 / np.log1p(np.exp(log_omega) * MEV_TO_KELVIN / tc[known])
    return depth
