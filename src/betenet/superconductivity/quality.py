r"""What can be wrong with a spectrum α²F(ω), each with a number and a remedy.

The spectrum is judged as it comes: rows at ω ≤ 0, negative values and NaN are findings, not
errors. Each check gives one number, and two limits turn it into ``ok``, ``warning`` (the results
are usable with care) or ``error`` (they are not). The limits are choices of this package; an
effect on λ of about 1 % is ``ok`` and one of 10 % is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import SpectrumError
from betenet.spectrum import INTEGRATION_RULES
from betenet.superconductivity.moments import CheckedMoments

Severity = Literal["ok", "warning", "error"]

SEVERITIES: tuple[Severity, ...] = ("ok", "warning", "error")
"""From harmless to fatal."""

NEGATIVE_SHARE = 1e-2
"""Share of ∫|α²F| dω, or of λ, up to which negative values are set to zero."""

LIMITS: dict[str, tuple[float, float]] = {
    "not_finite": (0.0, 0.0),
    "not_positive_frequency": (1e-3, 2e-2),
    "no_weight": (0.0, 0.0),
    "strength": (5.0, 20.0),
    "negative": (1e-3, 5e-2),
    "onset": (1e-2, 5e-2),
    "truncation": (1e-2, 1e-1),
    "rule": (3e-2, 3e-1),
    "grid": (1e-2, 5e-2),
}
"""Limits of each check: the value up to which it is ``ok``, and that up to which it warns."""

ONSET_SHARE = 0.1
"""The onset is looked for below this share of the mean frequency ∫ω α²F/∫α²F."""

_SMALLEST_GRID = 8

_RULES: dict[str, str] = {
    "onset": "with α²F ∝ ω² below the first sample",
    "trapezoid": "by trapezoids",
    "published": "by BETE-NET's published sum",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check.

    Parameters
    ----------
    key
        Which check; a key of :data:`LIMITS`.
    severity
        ``"ok"``, ``"warning"`` or ``"error"``.
    value
        The number that was judged: a share or relative change [1], or a count.
    text
        What was found; where it is not ``ok``, also what to do.
    """

    key: str
    severity: Severity
    value: float
    text: str

    def to_dict(self) -> dict[str, object]:
        """Plain values."""
        return {"key": self.key, "severity": self.severity, "value": self.value, "text": self.text}


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All findings about one spectrum, in the order of :data:`LIMITS`.

    Where samples cannot be integrated (NaN, ω ≤ 0), the checks after that are made on the rest;
    where nothing is left to judge, they are missing.
    """

    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity:
        """The worst of the findings."""
        return SEVERITIES[max(SEVERITIES.index(finding.severity) for finding in self.findings)]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that are not ``ok``."""
        return tuple(finding for finding in self.findings if finding.severity != "ok")

    def __getitem__(self, key: str) -> Finding:
        """The finding of one check; :class:`KeyError` if it was not made."""
        for finding in self.findings:
            if finding.key == key:
                return finding
        raise KeyError(key)

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "severity": self.severity,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def as_text(self) -> str:
        """One line for each finding."""
        return "\n".join(f"{finding.severity:<8} {finding.text}" for finding in self.findings)


def assess(frequencies: ArrayLike, a2f: ArrayLike) -> QualityReport:
    """Judge one spectrum as it comes from a file.

    Parameters
    ----------
    frequencies
        ω, finite and strictly increasing, of any sign [meV].
    a2f
        α²F(ω) of the same length [1]; may hold NaN and negative values.

    Returns
    -------
    QualityReport
        One finding for each check that could be made.

    Raises
    ------
    SpectrumError
        If the arrays are not two lists of the same length, or ω does not increase.

    Examples
    --------
    >>> omega = np.arange(0.1, 12.0, 0.1)
    >>> a2f = np.where(omega < 10.0, (omega / 10.0) ** 2, 0.0)
    >>> assess(omega, a2f).severity
    'ok'
    >>> assess(omega[:60], a2f[:60]).problems[0].key
    'truncation'
    """
    omega, values = _check_arrays(frequencies, a2f)
    findings = [_not_finite(omega, values)]
    finite = np.isfinite(values)
    omega, values = omega[finite], values[finite]
    findings.append(_not_positive_frequency(omega, values))
    omega, values = omega[omega > 0.0], values[omega > 0.0]
    findings.append(_no_weight(omega, values))
    if findings[-1].severity == "ok":
        checks: tuple[Callable[[np.ndarray, np.ndarray], Finding], ...]
        checks = (_strength, _negative, _onset, _truncation, _rule, _grid)
        findings += [check(omega, values) for check in checks]
    return QualityReport(tuple(findings))


def without_small_negatives(
    frequencies: Float[np.ndarray, " n_freq"], a2f: Float[np.ndarray, " n_freq"]
) -> tuple[Float[np.ndarray, " n_freq"], float]:
    """A spectrum whose negative values are set to zero, if they are few.

    Parameters
    ----------
    frequencies
        ω above zero [meV].
    a2f
        α²F of the same length [1].

    Returns
    -------
    Float[ndarray, " n_freq"]
        α²F: without negative values if their share is at most `NEGATIVE_SHARE`, else as given.
    float
        The share that negative values have of ∫|α²F| dω or of λ, whichever is more [1].
    """
    if not np.any(a2f < 0.0):
        return a2f, 0.0
    share = next(one.value for one in assess(frequencies, a2f).findings if one.key == "negative")
    return (np.maximum(a2f, 0.0) if share <= NEGATIVE_SHARE else a2f), share


def assess_batch(frequencies: ArrayLike, a2f: ArrayLike) -> list[QualityReport]:
    """Judge each spectrum of a batch; leading axes are flattened in C order.

    Arguments and errors are those of :func:`assess`.
    """
    values = np.atleast_1d(np.asarray(a2f, dtype=np.float64))
    return [assess(frequencies, row) for row in values.reshape(-1, values.shape[-1])]


def _check_arrays(frequencies: ArrayLike, a2f: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    omega = np.asarray(frequencies, dtype=np.float64)
    values = np.asarray(a2f, dtype=np.float64)
    if omega.ndim != 1 or values.shape != omega.shape or omega.size < 2:
        raise SpectrumError(
            f"Frequencies have shape {omega.shape} and α²F has shape {values.shape}.",
            reason="A report is about one spectrum: two lists of the same length.",
            fix="Use assess_batch for several spectra on one grid.",
        )
    if not (np.all(np.isfinite(omega)) and np.all(np.diff(omega) > 0.0)):
        raise SpectrumError(
            "Frequencies are not finite, or do not increase strictly.",
            reason="Without an axis nothing can be said about the values on it.",
            fix="Sort the rows; remove repeated ones and those without a frequency.",
        )
    return omega, values


def _finding(key: str, value: float, text: str, remedy: str) -> Finding:
    """Judge the value by its limits; the remedy is only said where one is needed."""
    fine, usable = LIMITS[key]
    severity: Severity = "ok" if value <= fine else "warning" if value <= usable else "error"
    full = text if severity == "ok" else f"{text} {remedy}"
    return Finding(key=key, severity=severity, value=float(value), text=full)


def _not_finite(omega: np.ndarray, values: np.ndarray) -> Finding:
    bad = omega[~np.isfinite(values)]
    text = "All values are finite."
    if bad.size:
        text = f"{bad.size} values are not finite, from {bad[0]:g} to {bad[-1]:g} meV."
    remedy = "Repeat the calculation, or leave the spectrum out; interpolating over them hides it."
    return _finding("not_finite", float(bad.size), text, remedy)


def _not_positive_frequency(omega: np.ndarray, values: np.ndarray) -> Finding:
    below = np.abs(values[omega <= 0.0])
    value = _share(float(below.max(initial=0.0)), float(np.abs(values).max(initial=0.0)))
    text = f"At ω ≤ 0 there are {below.size} rows, with at most {value:.2%} of the peak."
    remedy = (
        "Imaginary modes couple: relax the structure, apply the acoustic sum rule, or use "
        "denser grids; the rows are left out of λ."
    )
    return _finding("not_positive_frequency", value, text, remedy)


def _no_weight(omega: np.ndarray, values: np.ndarray) -> Finding:
    remedy = "Check that the file holds α²F, and that its frequencies are in the unit assumed."
    if omega.size < 2:
        return _finding("no_weight", 1.0, "Fewer than two usable rows at ω > 0.", remedy)
    coupling = float(CheckedMoments(omega, values).coupling)
    if coupling > 0.0:
        return _finding("no_weight", 0.0, f"λ = {coupling:.4g}.", remedy)
    return _finding("no_weight", 1.0, f"λ = {coupling:.4g}: there is no coupling.", remedy)


def _strength(omega: np.ndarray, values: np.ndarray) -> Finding:
    """λ itself, which is about 4 in the strongest superconductors."""
    coupling = float(CheckedMoments(omega, values).coupling)
    remedy = (
        "The strongest superconductors have λ of about 4: check that the values are α²F without a "
        "factor, and for soft modes near an instability."
    )
    return _finding("strength", coupling, f"λ = {coupling:.4g}.", remedy)


def _negative(omega: np.ndarray, values: np.ndarray) -> Finding:
    shares: list[float] = []
    for order in (1, 0):  # ∫α²F dω and λ
        parts = (np.maximum(-values, 0.0), np.abs(values))
        negative, whole = (float(CheckedMoments(omega, part).integral(order)) for part in parts)
        shares.append(_share(negative, whole))
    text = f"Negative values are {shares[0]:.2%} of ∫|α²F| dω and {shares[1]:.2%} of λ."
    remedy = (
        "α²F is never negative: use denser grids or another smearing; setting them to zero "
        "changes λ by that share."
    )
    return _finding("negative", max(shares), text, remedy)


def _onset(omega: np.ndarray, values: np.ndarray) -> Finding:
    """Coupling at low frequency beyond that of an ω² onset, which gives λ(ω) = α²F(ω)."""
    known = CheckedMoments(omega, values)
    mean = _share(float(known.integral(2)), float(known.integral(1)))
    low = omega <= max(ONSET_SHARE * mean, omega[1])
    excess = float(np.max((known.cumulative_coupling() - values)[low]) / known.coupling)
    value = max(excess, 0.0)
    edge = float(omega[low][-1])
    text = f"{value:.2%} of λ is more than α²F ∝ ω² allows below {edge:.3g} meV."
    remedy = (
        "Acoustic modes must lose their coupling as ω → 0: apply the acoustic sum rule, use "
        "denser q and k grids, or less smearing."
    )
    return _finding("onset", value, text, remedy)


def _truncation(omega: np.ndarray, values: np.ndarray) -> Finding:
    value = _share(float(abs(values[-1])), float(np.abs(values).max()))
    text = f"At the top ({omega[-1]:.4g} meV) α²F is {value:.2%} of its peak."
    remedy = "Modes above the grid are lost: compute or predict on a longer grid."
    return _finding("truncation", value, text, remedy)


def _rule(omega: np.ndarray, values: np.ndarray) -> Finding:
    known = [CheckedMoments(omega, values, rule) for rule in INTEGRATION_RULES]
    coupling = np.array([one.coupling for one in known])
    logarithmic = np.array([one.omega_log for one in known])
    changes = [_largest_change(coupling), _largest_change(logarithmic)]
    listed = "; ".join(
        f"{_RULES[rule]}, λ = {lam:.4g} and ω_log = {log:.4g} meV"
        for rule, lam, log in zip(INTEGRATION_RULES, coupling, logarithmic, strict=True)
    )
    text = f"λ by three ways to integrate: {listed}."
    remedy = (
        "The lowest samples decide λ: use a finer grid there, and compare only results of the same "
        "integral."
    )
    return _finding("rule", max(changes), text, remedy)


def _grid(omega: np.ndarray, values: np.ndarray) -> Finding:
    """Error of λ and ω_log estimated from every second sample (Richardson)."""
    remedy = "Use a finer frequency grid, or q grids that do not leave spikes in α²F."
    if omega.size < _SMALLEST_GRID:
        text = f"{omega.size} frequencies are too few to judge the grid."
        return _finding("grid", 1.0, text, remedy)
    changes: list[float] = []
    for start in (0, 1):
        both = [CheckedMoments(omega[k::n], values[k::n].copy()) for k, n in ((0, 1), (start, 2))]
        changes.append(_largest_change(np.array([one.coupling for one in both])))
        changes.append(_largest_change(np.array([one.omega_log for one in both])))
    value = max(changes) / 3.0  # linear interpolation: a fourth of the error at half the step
    step = float(np.median(np.diff(omega)))
    text = f"The grid (steps of {step:.3g} meV) puts an error of about {value:.2%} on λ or ω_log."
    return _finding("grid", value, text, remedy)


def _largest_change(values: np.ndarray) -> float:
    """Largest relative difference from the first; infinite where one is missing."""
    if not np.all(np.isfinite(values)) or values[0] == 0.0:
        return float("inf")
    return float(np.max(np.abs(values / values[0] - 1.0)))


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 0.0
