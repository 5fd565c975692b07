r"""Moments of α²F(ω): λ, ω_log, ω_n and the highest frequency.

A sampled spectrum must say how it is integrated, for the integrand of λ has a factor 1/ω and
the lowest samples decide the result. Every function takes the rule by name:

``"onset"``
    α²F is linear between samples, falls with ω² from the first sample to zero frequency, as it
    does for a stable three-dimensional crystal, and is zero above the last. This curve is
    integrated exactly against 1/ω, ln ω/ω and ω^(n-1); there is no error from the kernel.
    Where the first step of the grid is longer than the first frequency (ω₁ > 2ω₀, as in
    0.25, 2.25, 4.25 … meV), the grid cannot resolve 1/ω there; the first sample is then left
    out, and the ω² onset reaches up to the second.
``"trapezoid"``
    The trapezoidal rule on the samples of the integrand, from the first frequency to the last.
``"published"``
    The right Riemann sum :math:`\sum_{i \ge 1} f(\omega_i)(\omega_i - \omega_{i-1})` of the
    published BETE-NET numbers, which skips the first sample.

A niobium spectrum with λ = 0.938 and ω_log = 156.7 K, smoothed and binned at 0.25, 2.25 …
100.25 meV like BETE-NET's, gives 0.940 and 156.0 K (onset), 1.082 and 91.5 K (trapezoid), 0.934
and 158.2 K (published): about 0.5 % error from 2 meV bins, if the peaks are wider than a bin.
Weight that smoothing has left below 1 meV on a fine grid is integrated as it stands.

Each rule is linear in α²F, so it is held as one weight per sample; ``integration.kernel_weights``
gives them for any integral over α²F, and to callers that need derivatives or another array library.

The functions check their spectrum and ask :class:`CheckedMoments`, which does not: code that has a
``Spectrum``, or has checked its arrays, uses that class.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.spectrum import check_spectrum
from betenet.superconductivity.integration import known_coupling_intervals, known_weights

OMEGA_MAX_FRACTION = 0.03
"""Share of the highest peak above which α²F counts as weight; smoothing tails stay below it."""


def coupling_constant(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    rule: str = "onset",
) -> Float[np.ndarray, "*batch"]:
    r"""Electron-phonon coupling constant λ.

    .. math:: \lambda = 2 \int \frac{\alpha^2F(\omega)}{\omega}\,\mathrm{d}\omega

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), one spectrum per leading index [1].
    rule
        Integration rule, see the module's text.

    Returns
    -------
    Float[ndarray, "*batch"]
        λ [1]; 0 for a spectrum that is zero.

    Raises
    ------
    SpectrumError
        If a frequency is not positive (1/ω would diverge), α²F is not finite or does not fit
        the frequencies, or the rule is unknown.

    References
    ----------
    McMillan, Phys. Rev. 167, 331 (1968).

    Examples
    --------
    α²F = ω² up to 1 meV has λ = 1:

    >>> omega = np.linspace(0.001, 1.0, 1000)
    >>> round(float(coupling_constant(omega, omega**2)), 5)
    1.0
    """
    return CheckedMoments(*check_spectrum(frequencies, a2f), rule).coupling


def cumulative_coupling(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    rule: str = "onset",
) -> Float[np.ndarray, "*batch n_freq"]:
    r"""λ(ω): the coupling from phonons up to each frequency.

    .. math:: \lambda(\omega) = 2 \int_0^\omega \frac{\alpha^2F(x)}{x}\,\mathrm{d}x

    Returns
    -------
    Float[ndarray, "*batch n_freq"]
        λ(ω) [1]; its last value is :func:`coupling_constant`, whose arguments and errors
        are the same.
    """
    return CheckedMoments(*check_spectrum(frequencies, a2f), rule).cumulative_coupling()


def omega_log(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    rule: str = "onset",
) -> Float[np.ndarray, "*batch"]:
    r"""Logarithmic average of the phonon frequency.

    .. math::
        \omega_{\log} = \exp\left[\frac{2}{\lambda}
        \int \frac{\alpha^2F(\omega)}{\omega} \ln\omega\,\mathrm{d}\omega\right]

    Arguments and errors are those of :func:`coupling_constant`.

    Returns
    -------
    Float[ndarray, "*batch"]
        ω_log [meV]; nan where λ is not positive.

    References
    ----------
    Allen, Dynes, Phys. Rev. B 12, 905 (1975).

    Examples
    --------
    α²F = ω² up to 1 meV has ω_log = exp(-1/2) meV:

    >>> omega = np.linspace(0.001, 1.0, 1000)
    >>> round(float(omega_log(omega, omega**2)), 4)
    0.6065
    """
    return CheckedMoments(*check_spectrum(frequencies, a2f), rule).omega_log


def omega_n(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    n: int,
    rule: str = "onset",
) -> Float[np.ndarray, "*batch"]:
    r"""The n-th root of the n-th moment of the phonon frequency.

    .. math::
        \omega_n = \left[\frac{2}{\lambda}
        \int \alpha^2F(\omega)\,\omega^{n-1}\,\mathrm{d}\omega\right]^{1/n}

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), one spectrum per leading index [1].
    n
        Order, at least 1. The limit n → 0 is :func:`omega_log`.
    rule
        Integration rule, see the module's text.

    Returns
    -------
    Float[ndarray, "*batch"]
        ω_n [meV]; nan where λ or the moment is not positive.

    Raises
    ------
    SpectrumError
        As :func:`coupling_constant`, and if n is below 1.

    References
    ----------
    Allen, Dynes, Phys. Rev. B 12, 905 (1975).

    Examples
    --------
    α²F = ω² up to 1 meV has ω_2² = 1/2 meV²:

    >>> omega = np.linspace(0.001, 1.0, 1000)
    >>> round(float(omega_n(omega, omega**2, 2) ** 2), 4)
    0.5
    """
    if n < 1:
        raise SpectrumError(
            f"Moment of order {n}.",
            reason="The root of order n is defined for n of 1 and above.",
            fix="Use omega_log for the limit of order 0.",
        )
    return CheckedMoments(*check_spectrum(frequencies, a2f), rule).omega_n(n)


def omega_1(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    rule: str = "onset",
) -> Float[np.ndarray, "*batch"]:
    """ω_1 [meV], the first moment; see :func:`omega_n`."""
    return omega_n(frequencies, a2f, 1, rule)


def omega_2(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    rule: str = "onset",
) -> Float[np.ndarray, "*batch"]:
    """ω_2 [meV], the one Allen and Dynes need; see :func:`omega_n`."""
    return omega_n(frequencies, a2f, 2, rule)


def omega_3(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    rule: str = "onset",
) -> Float[np.ndarray, "*batch"]:
    """ω_3 [meV], the third moment; see :func:`omega_n`."""
    return omega_n(frequencies, a2f, 3, rule)


def omega_max(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    fraction: float = OMEGA_MAX_FRACTION,
) -> Float[np.ndarray, "*batch"]:
    """Highest frequency that carries weight.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), one spectrum per leading index [1].
    fraction
        Share of the highest peak, 0 to below 1, above which α²F counts as weight.

    Returns
    -------
    Float[ndarray, "*batch"]
        The last sampled ω where α²F > fraction · max α²F [meV]; nan if α²F is nowhere
        positive. A value equal to the last frequency means that the grid may be too short.

    Raises
    ------
    SpectrumError
        If the fraction is out of range, or the spectrum is not valid.

    Examples
    --------
    >>> float(omega_max(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.5, 0.001])))
    2.0
    """
    if not 0.0 <= fraction < 1.0:
        raise SpectrumError(
            f"Fraction {fraction} is out of range.",
            reason="It is a share of the highest peak.",
            fix="Use a value from 0 to below 1.",
        )
    return CheckedMoments(*check_spectrum(frequencies, a2f)).omega_max(fraction)


def moments(
    frequencies: Float[np.ndarray, " n_freq"],
    a2f: Float[np.ndarray, "*batch n_freq"],
    rule: str = "onset",
) -> dict[str, Float[np.ndarray, "*batch"]]:
    """All moments by the keys of the table of quantities.

    Arguments and errors are those of :func:`coupling_constant`.

    Returns
    -------
    dict
        ``coupling`` [1], ``omega_log``, ``omega_1``, ``omega_2``, ``omega_3`` and
        ``omega_max`` [meV], each of shape ``*batch``.
    """
    return CheckedMoments(*check_spectrum(frequencies, a2f), rule).to_dict()


class CheckedMoments:
    """Moments of a spectrum that is valid already; nothing is checked but the rule.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), finite, one spectrum per leading index [1].
    rule
        Integration rule, see the module's text.
    """

    def __init__(
        self,
        frequencies: Float[np.ndarray, " n_freq"],
        a2f: Float[np.ndarray, "*batch n_freq"],
        rule: str = "onset",
    ) -> None:
        self._grid, self._values, self._rule = frequencies, a2f, rule
        self._bytes = frequencies.tobytes()

    def integral(self, n: int | None) -> Float[np.ndarray, "*batch"]:
        """∫ α²F ω^(n-1) dω [meV^n], or of ln ω/ω [1] where n is None."""
        return np.asarray(self._values @ known_weights(self._bytes, n, self._rule))

    @cached_property
    def _half_coupling(self) -> np.ndarray:
        return self.integral(0)

    @property
    def coupling(self) -> Float[np.ndarray, "*batch"]:
        """λ [1], see :func:`coupling_constant`."""
        return np.asarray(2.0 * self._half_coupling)

    @property
    def omega_log(self) -> Float[np.ndarray, "*batch"]:
        """ω_log [meV], see :func:`omega_log`."""
        return np.asarray(np.exp(_ratio(self.integral(None), self._half_coupling)))

    def omega_n(self, n: int) -> Float[np.ndarray, "*batch"]:
        """ω_n [meV], see :func:`omega_n`."""
        mean_power = _ratio(self.integral(n), self._half_coupling)
        return np.where(mean_power > 0.0, np.abs(mean_power) ** (1.0 / n), np.nan)

    def omega_max(self, fraction: float = OMEGA_MAX_FRACTION) -> Float[np.ndarray, "*batch"]:
        """ω_max [meV], see :func:`omega_max`."""
        peak = self._values.max(axis=-1, keepdims=True)
        weighty = (self._values > fraction * peak) & (peak > 0.0)
        highest = np.where(weighty, self._grid, -np.inf).max(axis=-1)
        return np.where(np.isfinite(highest), highest, np.nan)

    def cumulative_coupling(self) -> Float[np.ndarray, "*batch n_freq"]:
        """λ(ω) [1], see :func:`cumulative_coupling`."""
        values = self._values
        first, left, right = known_coupling_intervals(self._bytes, self._rule)
        increments = np.concatenate(
            [first * values[..., :1], left * values[..., :-1] + right * values[..., 1:]], axis=-1
        )
        return 2.0 * np.cumsum(increments, axis=-1)

    def to_dict(self) -> dict[str, Float[np.ndarray, "*batch"]]:
        """All moments by key, see :func:`moments`."""
        return {
            "coupling": self.coupling,
            "omega_log": self.omega_log,
            **{f"omega_{n}": self.omega_n(n) for n in (1, 2, 3)},
            "omega_max": self.omega_max(),
        }


def _ratio(moment: np.ndarray, half_coupling: np.ndarray) -> np.ndarray:
    """Quotient where the coupling is positive, nan elsewhere."""
    quotient = np.full_like(moment, np.nan)
    return np.divide(moment, half_coupling, out=quotient, where=half_coupling > 0.0)
