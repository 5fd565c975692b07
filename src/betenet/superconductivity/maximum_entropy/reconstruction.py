r"""α²F(ω) from its moments: the maximum-entropy spectrum.

The moments are averages over the distribution :math:`P(\omega) = 2\alpha^2F/(\lambda\omega)`:
ω_log of ln ω, ω_n of ω^n. So the entropy is that of P, relative to the P of a prior:

.. math:: \alpha^2F = \alpha^2F_{prior}\,
    \exp(\theta_0 + \theta_{\log}\ln\omega + \theta_1\omega + \theta_2\omega^2 + \theta_3\omega^3)

With a phonon density of states as the prior the exponential stands for α²(ω), smooth and positive.
An entropy of α²F itself would put 1/ω into the exponent, which diverges where phonons are soft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import SpectrumError
from betenet.phonon_dos import PhononDos
from betenet.quantities import QUANTITIES
from betenet.spectrum import Spectrum, check_frequencies
from betenet.superconductivity.maximum_entropy.constraints import (
    ORDERS,
    MomentAverages,
    check_order,
    describe,
)
from betenet.superconductivity.maximum_entropy.dual import Outcome, Tilted, tilt_prior
from betenet.superconductivity.maximum_entropy.prior import (
    ROUNDING,
    debye_like_prior,
    given_prior,
    not_above,
    soft_debye_like_prior,
)
from betenet.superconductivity.moments import OMEGA_MAX_FRACTION

# α²F(ω_max) of the result over its highest peak, where it would be less: just enough to count
_EDGE = 1.01 * OMEGA_MAX_FRACTION
_EDGE_ROUNDS = 5  # the highest peak moves when the edge is raised; one round is usual


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reconstruction:
    """Spectra made from their moments.

    Parameters
    ----------
    frequencies
        ω [meV].
    a2f
        α²F(ω), one spectrum per leading index; nan where none has the moments [1].
    relative_entropy
        How far the moments pull each spectrum from the prior; nan where there is none [nat].
    errors
        Why there is none: a SpectrumError, or None where there is one; shape of the batch.
    """

    frequencies: Float[np.ndarray, " n_freq"]
    a2f: Float[np.ndarray, "*batch n_freq"]
    relative_entropy: Float[np.ndarray, "*batch"]
    errors: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """Where there is a spectrum, an array of bool."""
        return np.asarray(np.isfinite(self.relative_entropy))

    @property
    def spectrum(self) -> Spectrum:
        """All spectra as one object.

        Raises
        ------
        SpectrumError
            The error of the first spectrum that could not be made.
        """
        if not np.all(self.found):
            raise self.errors.reshape(-1)[int(np.argmin(self.found))]
        return Spectrum(self.frequencies, self.a2f)


def maximum_entropy_spectrum(
    frequencies: Float[np.ndarray, " n_freq"],
    *,
    coupling: ArrayLike,
    omega_log: ArrayLike | None = None,
    omega_1: ArrayLike | None = None,
    omega_2: ArrayLike | None = None,
    omega_3: ArrayLike | None = None,
    omega_max: ArrayLike | None = None,
    prior: PhononDos | Float[np.ndarray, "*batch n_freq"] | None = None,
) -> Reconstruction:
    r"""α²F with given moments, as near to a prior as they let it be.

    .. math:: \min \int P \ln\frac{P}{P_{prior}}\,\mathrm{d}\omega,
        \quad P(\omega) = \frac{2\,\alpha^2F(\omega)}{\lambda\,\omega}

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    coupling
        λ, one for each spectrum, or one for all [1].
    omega_log, omega_1, omega_2, omega_3
        Moments, those that are known, likewise [meV].
    omega_max
        The highest frequency that carries weight, likewise [meV].
    prior
        What α²F is proportional to before its moments are known: a phonon density of states, or
        values on the grid. A Debye-like α²F if absent, see ``maximum_entropy.prior``.

    Returns
    -------
    Reconstruction
        Spectra of the shape that the moments have together. Their ``moments`` by the rule
        ``"onset"`` are those given, to 1e-8. α²F is zero above ω_max; its highest frequency with
        weight is the last one of the grid that is not above ω_max and where the prior is not
        zero.

    Raises
    ------
    SpectrumError
        If the grid or the prior is not valid, shapes do not match, or, for a single spectrum,
        the moments cannot belong to one spectrum on this grid; they are named. In a batch the
        other spectra are still made, and the error is among the result's ``errors``.

    Notes
    -----
    If α²F at ω_max came out below the share of the highest peak that counts as weight
    (``moments.OMEGA_MAX_FRACTION``), that sample is raised to it: the smallest change in entropy
    that makes ω_max right, and a spike one sample wide, which smoothing takes away.

    References
    ----------
    Jaynes, Phys. Rev. 106, 620 (1957); Mead, Papanicolaou, J. Math. Phys. 25, 2404 (1984).

    Examples
    --------
    >>> from betenet.superconductivity.moments import moments
    >>> omega = np.arange(0.25, 40.0, 0.1)
    >>> niobium = maximum_entropy_spectrum(omega, coupling=0.94, omega_log=13.5, omega_2=15.9)
    >>> [round(float(moments(omega, niobium.a2f)[k]), 8) for k in ("omega_log", "omega_2")]
    [13.5, 15.9]
    """
    grid = check_frequencies(frequencies)
    given = {
        "coupling": coupling,
        "omega_log": omega_log,
        "omega_1": omega_1,
        "omega_2": omega_2,
        "omega_3": omega_3,
        "omega_max": omega_max,
    }
    log_prior = None if prior is None else given_prior(grid, prior)
    rows, shape = _rows(given, () if log_prior is None else log_prior.shape[:-1])
    if log_prior is not None:
        log_prior = np.broadcast_to(log_prior, (*shape, grid.size)).reshape(-1, grid.size)
    averages = MomentAverages(grid)
    a2f = np.full((len(rows), grid.size), np.nan)
    entropy = np.full(len(rows), np.nan)
    errors = np.full(len(rows), None, dtype=object)
    for index, known in enumerate(rows):
        problem = _Problem(grid, averages, None if log_prior is None else log_prior[index])
        try:
            a2f[index], entropy[index] = problem.solve(known)
        except SpectrumError as error:
            if not shape:
                raise
            errors[index] = error
    return Reconstruction(
        frequencies=grid,
        a2f=a2f.reshape(*shape, grid.size),
        relative_entropy=entropy.reshape(shape),
        errors=errors.reshape(shape),
    )


def _rows(
    given: Mapping[str, ArrayLike | None], prior_shape: tuple[int, ...]
) -> tuple[list[dict[str, float]], tuple[int, ...]]:
    """What is known of each spectrum, and the shape of the batch."""
    arrays = {k: np.asarray(v, dtype=np.float64) for k, v in given.items() if v is not None}
    shapes = {QUANTITIES[key].symbol: array.shape for key, array in arrays.items()}
    try:
        shape = np.broadcast_shapes(*shapes.values(), prior_shape)
    except ValueError as error:
        listed = ", ".join(f"{symbol} {shape}" for symbol, shape in shapes.items())
        raise SpectrumError(
            f"The shapes do not match: {listed}, prior {prior_shape}.",
            fix="Give each moment once for each spectrum, or once for all.",
        ) from error
    flat = {key: np.broadcast_to(array, shape).reshape(-1) for key, array in arrays.items()}
    n_rows = int(np.prod(shape))
    return [{key: float(flat[key][i]) for key in flat} for i in range(n_rows)], shape


@dataclass(frozen=True, slots=True)
class _Problem:
    """One spectrum on a grid, with its prior if that was given."""

    grid: np.ndarray
    averages: MomentAverages
    log_prior: np.ndarray | None

    def solve(self, known: dict[str, float]) -> tuple[np.ndarray, float]:
        """α²F and its relative entropy; an error that names the moments if there is none."""
        check_order(known)
        if known.get("omega_max", 0.0) > self.grid[-1] * (1.0 + ROUNDING):
            raise SpectrumError(
                f"{describe(known, 'omega_max')} lies above the grid, which ends at "
                f"{self.grid[-1]:g} meV.",
                reason="The weight above the grid is part of the moments.",
                fix="Use a longer grid and cut the spectrum afterwards.",
            )
        kept = self._kept(known)
        tilted = self._tilt(known, kept)
        if tilted.outcome is not Outcome.SOLVED:
            raise self._explain(known, tilted.outcome)
        a2f = np.zeros_like(self.grid)
        weights = self.averages.coupling_weights[kept]
        a2f[self.averages.first :][kept] = known["coupling"] * tilted.probabilities / weights
        first = self.averages.first
        a2f[:first] = a2f[first] * (self.grid[:first] / self.grid[first]) ** 2
        return a2f, tilted.relative_entropy

    def _prior(self, known: Mapping[str, float]) -> np.ndarray:
        """Logarithm of the prior α²F, minus infinity above ω_max."""
        omega_max = known.get("omega_max")
        if self.log_prior is not None:
            inside = not_above(self.grid, np.inf if omega_max is None else omega_max)
            return np.where(inside, self.log_prior, -np.inf)
        if omega_max is not None:
            return debye_like_prior(self.grid, omega_max)
        return soft_debye_like_prior(self.grid, known)

    def _kept(self, known: Mapping[str, float]) -> np.ndarray:
        """Where the prior is not zero, counted from the first sample with a weight."""
        return np.flatnonzero(np.isfinite(self._prior(known)[self.averages.first :]))

    def _tilt(self, known: Mapping[str, float], kept: np.ndarray) -> Tilted:
        """The distribution with the known moments, and weight at ω_max if that is known."""
        weights = self.averages.coupling_weights[kept]
        log_prior = self._prior(known)[self.averages.first :][kept] + np.log(weights)
        moments = {key: value for key, value in known.items() if key in ORDERS}
        deviations = self.averages.deviations(moments, kept)
        tilted = _tilt_or_refuse(log_prior, deviations)
        for _ in range(_EDGE_ROUNDS if "omega_max" in known else 0):
            a2f = tilted.probabilities / weights
            if tilted.outcome is not Outcome.SOLVED or a2f[-1] > OMEGA_MAX_FRACTION * a2f.max():
                break
            at_edge = np.zeros((kept.size, 1))
            at_edge[-1] = 1.0 / (_EDGE * a2f.max() * weights[-1])
            tilted = _tilt_or_refuse(log_prior, np.hstack([deviations, at_edge - 1.0]))
        return tilted

    def _explain(self, known: dict[str, float], outcome: Outcome) -> SpectrumError:
        """Say which of the moments contradict the others: those without which there is one."""
        culprits: list[str] = []
        for key in known:
            others = {k: v for k, v in known.items() if k != key}
            if key == "coupling" or (self.log_prior is None and len(others) < 2):
                continue
            if self._tilt(others, self._kept(others)).outcome is Outcome.SOLVED:
                culprits.append(key)
        named = ", ".join(describe(known, key) for key in known if key != "coupling")
        symbols = [QUANTITIES[key].symbol for key in culprits]
        n_kept = self._kept(known).size
        return SpectrumError(
            f"No spectrum on this grid has {named}.",
            reason=f"The prior has weight at {n_kept} samples; {outcome.value}."
            + (f" Without {', or without '.join(symbols)}, there is one." if symbols else ""),
            fix=f"Check {', '.join(symbols) or 'the moments'}; use another prior or a finer grid.",
        )


def _tilt_or_refuse(log_prior: np.ndarray, deviations: np.ndarray) -> Tilted:
    """As :func:`tilt_prior`, for any number of samples, also none."""
    if log_prior.size == 0:
        nothing = np.empty(0)
        return Tilted(
            probabilities=nothing, relative_entropy=np.nan, outcome=Outcome.IMPOSSIBLE, steps=0
        )
    return tilt_prior(log_prior, deviations)
