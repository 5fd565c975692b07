"""λ, the phonon frequencies and Tc of an ensemble's spectrum, each with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri  # pyright: ignore[reportMissingTypeStubs]

from betenet.ensemble.estimate import Estimate
from betenet.ensemble.tc_surface import EliashbergSurface, FormulaSurface
from betenet.errors import SpectrumError
from betenet.spectrum import IntegrationRule, Spectrum
from betenet.superconductivity.critical_temperature import ELIASHBERG
from betenet.superconductivity.eliashberg import Status, eliashberg_gap
from betenet.superconductivity.moments import CheckedMoments

ESTIMATED = ("coupling", "omega_log", "omega_1", "omega_2", "omega_3", "omega_max", "tc")
"""Keys of the quantities that a prediction holds, in the order of printed tables."""

GAP = "gap"
"""Key of the gap, which only the Eliashberg equations give."""

FERMI_DOS = "atom_fermi_dos"
"""Key of N(E_F), which networks with log-normal peaks learn beside α²F."""

TC_THRESHOLD = 5.0
"""Screening asks for a Tc above this [K], as the published screening does."""

HIGHER_TC = (20.0, 77.0)
"""Probabilities of a Tc above these are told as well [K]; liquid nitrogen boils at the second."""

TC_INPUTS = ("coupling", "omega_log", "omega_2")
"""Keys of the quantities whose distribution that of Tc follows from."""
Z_68 = float(ndtri(0.84))
"""Half-width of an interval of 68 % in standard deviations [1]."""
_Z_95 = float(ndtri(0.975))
_N_DRAWS = 2048


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What is known of an ensemble's spectrum.

    Parameters
    ----------
    estimates
        Quantities with uncertainty, by key.
    tc_probability
        Probability that Tc lies above the threshold [1].
    higher_tc
        Probability that Tc lies above each of `HIGHER_TC` [1].
    warnings
        What has not converged, and what to do.
    """

    estimates: dict[str, Estimate]
    tc_probability: float
    higher_tc: tuple[float, ...] = (math.nan,) * len(HIGHER_TC)
    warnings: tuple[str, ...] = ()


def summarise(
    spectrum: Spectrum,
    mu_star: float,
    tc_method: str,
    rule: IntegrationRule,
    calibration: Mapping[str, Mapping[str, float]] | None = None,
    threshold: float = TC_THRESHOLD,
) -> Summary:
    r"""λ, the frequencies and Tc of an ensemble's spectrum, each with its uncertainty.

    Parameters
    ----------
    spectrum
        α²F of each member, shape ``(member, n_freq)``, or one spectrum, whose spread is unknown.
    mu_star
        μ* [1].
    tc_method
        Name of a formula of :mod:`betenet.superconductivity.critical_temperature`, or
        ``"eliashberg"``.
    rule
        Integration rule of the moments.
    calibration
        For each quantity, ``scale`` and ``floor`` of the standard deviation of its logarithm,
        :math:`\sqrt{(\mathrm{scale}\cdot\sigma)^2 + \mathrm{floor}^2}`, as measured on materials
        that the members had not seen. Without any, the spread is that of the members; where it
        lacks a quantity, the error of that one was never measured, and its spread is not known.
    threshold
        Tc that the probability refers to [K].

    Returns
    -------
    Summary
        Estimates for the keys of :data:`ESTIMATED`, and of the gap for the Eliashberg equations;
        the probabilities that Tc lies above the threshold and above `HIGHER_TC`, nan for one
        member; warnings.

    Raises
    ------
    SpectrumError
        If the spectrum has more than one leading axis, or the rule is unknown.
    ConfigError
        If the method is unknown or μ* is out of its range.

    Notes
    -----
    **Value.** Every value belongs to the mean of the members' spectra, so that the printed λ,
    frequencies and Tc fit each other and the plotted curve. A mean of the members' Tc would not:
    Tc is curved in λ.

    **λ and frequencies.** These quantities are positive and their errors are relative, so the
    intervals are :math:`v\,e^{\pm z s}`, with s the calibrated standard deviation of the members'
    logarithms: they never reach zero or below. The floor is what all members get wrong together.
    The std is half the width of the 68 % interval, divided by the z of that interval: the tails
    of a skewed distribution would rule an ordinary standard deviation.

    **Tc** may be exactly 0 and is strongly curved, so neither scaling its members' Tc (a member
    at 0 K would stay there, however much its λ should vary) nor a logarithm will do. Instead the
    three numbers that enter it, ln λ, ln ω_log and ln ω_2, are spread as calibrated and Tc is
    computed again. The quantiles of a few members would reach no further than the members
    themselves (16 of them span 88 % of their own distribution), so they are replaced by 2048
    evenly spread points of the normal distribution with the calibrated deviations and the
    members' correlations. The correlations matter: soft modes raise λ and lower ω_log, and part
    of the two cancels in Tc. The intervals are quantiles of these Tc, and of the gaps that go
    with them where the Eliashberg equations are solved (``tc_surface``). Of ω_2 without
    calibration the members' spread enters.

    One member has no spread: std and intervals are nan, as they are where a member carries no
    weight at all (its frequencies do not exist).
    """
    values, logs = moments_of_members(spectrum, rule)
    known: Mapping[str, Mapping[str, float]] = calibration or {}
    widths = calibrated_widths(logs, known)
    found = {
        key: _without_spread(key, value)
        if known and key not in known
        else _log_normal_estimate(key, value, widths[key])
        for key, value in values.items()
    }
    inputs = np.stack([logs[key] for key in TC_INPUTS], axis=-1)
    points = spread_points(inputs, np.array([widths[key] for key in TC_INPUTS]))
    warnings: tuple[str, ...] = ()
    mean = Spectrum(spectrum.frequencies, np.atleast_2d(spectrum.a2f).mean(axis=0), rule)
    if tc_method == ELIASHBERG:
        draws, warnings = _add_eliashberg(found, mean, mu_star, inputs[:1], points)
    else:
        # the value and its draws in one call: most of the time of a call is its own
        rows = inputs[:1] if points is None else np.concatenate([inputs[:1], points])
        tc = FormulaSurface(tc_method, mu_star, mean).tc(rows)
        draws = None if points is None else tc[1:]
        found["tc"] = _drawn("tc", float(tc[0]), draws)
    limits = (threshold, *HIGHER_TC)
    above, *higher = (math.nan if draws is None else float(np.mean(draws > one)) for one in limits)
    return Summary(
        estimates={key: found[key] for key in (*ESTIMATED, GAP) if key in found},
        tc_probability=above,
        higher_tc=tuple(higher),
        warnings=warnings,
    )


def estimate_quantities(
    spectrum: Spectrum,
    mu_star: float,
    tc_method: str,
    rule: IntegrationRule,
    calibration: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, Estimate]:
    """The quantities of :func:`summarise` alone."""
    return summarise(spectrum, mu_star, tc_method, rule, calibration).estimates


def tc_probability(
    spectrum: Spectrum,
    mu_star: float,
    tc_method: str,
    rule: IntegrationRule,
    calibration: Mapping[str, Mapping[str, float]] | None = None,
    threshold: float = TC_THRESHOLD,
) -> float:
    """The probability of :func:`summarise` alone: what to rank by when screening."""
    return summarise(spectrum, mu_star, tc_method, rule, calibration, threshold).tc_probability


def tc_draws(
    spectrum: Spectrum,
    mu_star: float,
    tc_method: str,
    rule: IntegrationRule,
    calibration: Mapping[str, Mapping[str, float]] | None = None,
) -> Float[np.ndarray, " draw"]:
    """Tc of evenly spread points of the calibrated distribution of λ, ω_log and ω_2 [K].

    Parameters
    ----------
    spectrum, mu_star, rule, calibration
        As of :func:`summarise`.
    tc_method
        Name of a formula; the Eliashberg equations are not solved for each point.

    Returns
    -------
    Float[ndarray, " draw"]
        The points whose quantiles :func:`summarise` gives; empty where the members have no spread.

    Raises
    ------
    SpectrumError
        If the spectrum has more than one leading axis, or the rule is unknown.
    ConfigError
        If the method is unknown or μ* is out of its range.
    """
    _, logs = moments_of_members(spectrum, rule)
    widths = calibrated_widths(logs, calibration or {})
    inputs = np.stack([logs[key] for key in TC_INPUTS], axis=-1)
    points = spread_points(inputs, np.array([widths[key] for key in TC_INPUTS]))
    if points is None:
        return np.empty(0)
    mean = Spectrum(spectrum.frequencies, np.atleast_2d(spectrum.a2f).mean(axis=0), rule)
    return FormulaSurface(tc_method, mu_star, mean).tc(points)


def fermi_dos_estimate(
    members: Float[np.ndarray, " member"], known: Mapping[str, Mapping[str, float]] | None
) -> dict[str, Estimate]:
    """N(E_F) for each atom, the geometric mean of the members, by its key.

    Parameters
    ----------
    members
        N(E_F) by each member [1/eV]; NaN for networks that do not tell it.
    known
        Calibration as of :func:`summarise`; without that of N(E_F) its spread is not known.

    Returns
    -------
    dict
        Empty if the networks do not tell it.
    """
    if not np.all(members > 0.0):
        return {}
    logs = np.log(members)
    value, line = float(np.exp(logs.mean())), (known or {}).get(FERMI_DOS)
    if line is None or members.size < 2:
        return {FERMI_DOS: _without_spread(FERMI_DOS, value)}
    width = math.hypot(line["scale"] * float(np.std(logs, ddof=1)), line["floor"])
    return {FERMI_DOS: _log_normal_estimate(FERMI_DOS, value, width)}


def _add_eliashberg(
    found: dict[str, Estimate],
    mean: Spectrum,
    mu_star: float,
    centre: Float[np.ndarray, "1 3"],
    points: Float[np.ndarray, "draw 3"] | None,
) -> tuple[Float[np.ndarray, " draw"] | None, tuple[str, ...]]:
    """Add Tc and gap of the mean spectrum and their spreads; return the Tc drawn, and warnings."""
    solved = eliashberg_gap(mean.frequencies, mean.a2f, mu_star, rule=mean.rule)
    tc_draws = gap_draws = None
    if points is not None:
        reach = float(np.max(np.abs(points[:, 0] - centre[0, 0])))
        surface = EliashbergSurface(mean, mu_star, reach)
        tc_draws, gap_draws = surface.tc(points), surface.gap(points)
    found["tc"] = _drawn("tc", float(solved.transition.tc), tc_draws)
    found[GAP] = _drawn(GAP, float(solved.gap), gap_draws)
    status = cast("Status", solved.status[()])
    return tc_draws, () if status.is_good else (f"Eliashberg equations: {status.text}",)


def moments_of_members(
    spectrum: Spectrum, rule: IntegrationRule
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Moments of the mean spectrum, and logarithms of its and, below them, the members'."""
    members = np.atleast_2d(spectrum.a2f)
    if members.ndim != 2:
        raise SpectrumError(
            f"A spectrum with leading axes {spectrum.batch_shape} cannot be summarised.",
            reason="The one leading axis is the ensemble's member axis.",
            fix="Pass the spectra of one structure at a time.",
        )
    rows = np.concatenate([members.mean(axis=0, keepdims=True), members])
    values = CheckedMoments(spectrum.frequencies, rows, rule).to_dict()
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.stack(list(values.values())))
    return {key: float(row[0]) for key, row in values.items()}, dict(zip(values, logs, strict=True))


def calibrated_widths(
    logs: Mapping[str, Float[np.ndarray, " row"]], known: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Calibrated deviations of the members' logarithms; nan where there is no spread.

    Parameters
    ----------
    logs
        Logarithms of each quantity: the mean spectrum's, and behind it the members'.
    known
        Calibration as of :func:`summarise`; where it lacks a quantity, the members' own deviation.
    """
    members = np.stack(list(logs.values()))[:, 1:]
    if members.shape[1] < 2:
        return dict.fromkeys(logs, math.nan)
    with np.errstate(invalid="ignore"):
        spreads = np.std(members, axis=1, ddof=1).tolist()
    found: dict[str, float] = {}
    for key, spread in zip(logs, spreads, strict=True):
        line = known.get(key, {"scale": 1.0, "floor": 0.0})
        found[key] = math.hypot(line["scale"] * spread, line["floor"])
    return found


def _log_normal_estimate(key: str, value: float, width: float) -> Estimate:
    if not math.isfinite(width):
        return _without_spread(key, value)
    low, high = value * math.exp(-Z_68 * width), value * math.exp(Z_68 * width)
    return Estimate(
        key=key,
        value=value,
        std=(high - low) / (2 * Z_68),
        interval_68=(low, high),
        interval_95=(value * math.exp(-_Z_95 * width), value * math.exp(_Z_95 * width)),
    )


def _drawn(key: str, value: float, draws: Float[np.ndarray, " draw"] | None) -> Estimate:
    """A value with the quantiles of its distribution."""
    if draws is None:
        return _without_spread(key, value)
    low_95, low_68, high_68, high_95 = np.quantile(draws, [0.025, 0.16, 0.84, 0.975]).tolist()
    return Estimate(
        key=key,
        value=value,
        std=(high_68 - low_68) / (2 * Z_68),
        interval_68=(low_68, high_68),
        interval_95=(low_95, high_95),
    )


def spread_points(
    logs: Float[np.ndarray, "rows 3"], widths: Float[np.ndarray, " 3"]
) -> Float[np.ndarray, "draw 3"] | None:
    """Evenly spread points of the calibrated distribution; None without a spread.

    Parameters
    ----------
    logs
        Logarithms of `TC_INPUTS`: those of the mean spectrum in row 0, the members' below.
    widths
        Calibrated standard deviations of the columns.
    """
    centre, members = logs[0], logs[1:]
    if not np.all(np.isfinite(logs)) or not np.all(np.isfinite(widths)):
        return None
    away = members - members.mean(axis=0)
    spread = np.sqrt(np.mean(away**2, axis=0))
    # members that agree to the last digit have no correlation to offer
    away = np.divide(away, spread, out=np.zeros_like(away), where=spread > 1e-12)
    correlation = away.T @ away / len(members)
    np.fill_diagonal(correlation, 1.0)
    covariance = correlation * np.outer(widths, widths)
    # the symmetric root does not depend on the order of the members
    variances, axes = np.linalg.eigh(covariance)
    root = (axes * np.sqrt(np.maximum(variances, 0.0))) @ axes.T
    return centre + _normal_points() @ root


def _without_spread(key: str, value: float) -> Estimate:
    unknown = (math.nan, math.nan)
    return Estimate(key=key, value=value, std=math.nan, interval_68=unknown, interval_95=unknown)


@cache
def _normal_points() -> Float[np.ndarray, "draw 3"]:
    """Points spread evenly under the standard normal distribution, its moments made exact.

    The additive recurrence of the generalised golden ratio g, the root of g⁴ = g + 1, covers the
    unit cube more evenly than random numbers and needs no seed.
    """
    ratio = 1.2207440846057596
    steps = np.arange(1, _N_DRAWS + 1)[:, None] / ratio ** np.arange(1, 4)
    uniform = (0.5 + steps) % 1.0
    points = ndtri(uniform)
    points -= points.mean(axis=0)
    variances, axes = np.linalg.eigh(points.T @ points / _N_DRAWS)
    return points @ ((axes / np.sqrt(variances)) @ axes.T)
