r"""How near the shape of a predicted α²F(ω) is to that of a known one, whatever its λ.

Two curves on any grids are brought onto one, from below zero to above both of them in steps of
:data:`STEP`: linear between their samples, falling with ω² below the first and zero above the last.
Both are then smoothed by one Gaussian, so that neither is judged by details that the other cannot
have: a first-principles curve on 51 bins of 2 meV beside one of 500 samples, a network's beside the
δ-like peaks of a coarse density of states. The published bins then cost our own curves R² of 0.003
to 0.03, and 0.07 for lead, whose modes all lie below 9 meV; without smoothing 0.1 to 0.7. The grid
goes far enough below zero for the Gaussian to keep the area and the mean frequency.

Where the known curve is cut off, above 3 % of its maximum at its last sample, nobody knows what is
above: the predicted one is cut there as well.
"""

# scipy comes without stubs
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from betenet.errors import SpectrumError
from betenet.spectrum import Spectrum
from betenet.superconductivity.moments import OMEGA_MAX_FRACTION, omega_max

RESOLUTION = 2.0
"""Standard deviation of the Gaussian that smooths both curves [meV]: the width of the published
bins. The filter that made these has about the same."""
STEP = 0.1
"""Step of the common grid [meV]."""
PROMINENCE = 0.05
"""Prominence that makes a maximum a peak, as a share of the highest value of its curve."""
NEAR, NEAR_SHARE = 2.0, 0.05
"""Distance within which two peaks are one: in meV, and as a share of the known peak's frequency
where that is more."""
_REACH = 5.0
"""Standard deviations after which the Gaussian ends."""

SHAPE_SCORES = {
    "wasserstein": "W₁/⟨ω⟩",
    "r2_at_true_area": "R² at the true area",
    "peak_overlap": "overlap of the peaks",
}
"""Names of the scores in text for people; the first is best at 0, the others at 1."""

Curve = Float[np.ndarray, " n_freq"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakOverlap:
    """Peaks that two curves have in common.

    Attributes
    ----------
    known, predicted
        Number of peaks of each curve.
    common
        Number of pairs: no peak is in two of them.
    """

    known: int
    predicted: int
    common: int

    @property
    def recall(self) -> float:
        """Share of the known peaks that the prediction has [1]."""
        return self.common / self.known

    @property
    def precision(self) -> float:
        """Share of the predicted peaks that are known [1]."""
        return self.common / self.predicted

    @property
    def f_score(self) -> float:
        """Harmonic mean of recall and precision [1]."""
        return 2.0 * self.common / (self.known + self.predicted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeScores:
    """Scores of one predicted curve.

    Attributes
    ----------
    wasserstein
        Score of :func:`wasserstein` [1].
    r2_at_true_area
        Score of :func:`r2_at_true_area` [1].
    peaks
        Peaks in common, of :func:`peak_overlap`.
    """

    wasserstein: float
    r2_at_true_area: float
    peaks: PeakOverlap

    @property
    def peak_overlap(self) -> float:
        """F-score of the peaks [1]."""
        return self.peaks.f_score

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON, by the keys of :data:`SHAPE_SCORES`, and recall and precision."""
        return {name: getattr(self, name) for name in SHAPE_SCORES} | {
            "peak_recall": self.peaks.recall,
            "peak_precision": self.peaks.precision,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeSummary:
    """Scores of many curves.

    Attributes
    ----------
    rows
        Number of the curves.
    median, mean
        Median and mean of each score, by the keys of :data:`SHAPE_SCORES` [1].
    """

    rows: int
    median: dict[str, float]
    mean: dict[str, float]

    @classmethod
    def of(cls, scores: Sequence[ShapeScores]) -> ShapeSummary:
        """Summary of one curve or more; NaN of none."""

        def each(measure: Callable[[list[float]], Any]) -> dict[str, float]:
            if not scores:
                return dict.fromkeys(SHAPE_SCORES, float("nan"))
            return {
                name: float(measure([getattr(one, name) for one in scores]))
                for name in SHAPE_SCORES
            }

        return cls(rows=len(scores), median=each(np.median), mean=each(np.mean))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; of no curve at all only that there are none."""
        numbers = {"median": dict(self.median), "mean": dict(self.mean)} if self.rows else {}
        return {"rows": self.rows, **numbers}

    def as_text(self) -> str:
        """One line of medians, with the means in brackets.

        Examples
        --------
        >>> scores = dict.fromkeys(SHAPE_SCORES, 0.5)
        >>> ShapeSummary(rows=3, median=scores, mean=scores).as_text().partition("   R²")[0]
        'n = 3      W₁/⟨ω⟩ 0.500 (0.500)'
        """
        cells = (
            f"{text} {self.median[key]:.3f} ({self.mean[key]:.3f})"
            for key, text in SHAPE_SCORES.items()
        )
        return f"n = {self.rows:<6} {'   '.join(cells)}"


def shape_scores(
    reference: Spectrum,
    predicted: Spectrum,
    *,
    resolution: float = RESOLUTION,
    top: float | None = None,
) -> ShapeScores:
    """All scores of a predicted curve.

    Parameters
    ----------
    reference, predicted
        The known curve and the predicted one, each on its own grid.
    resolution
        Standard deviation of the Gaussian that smooths both [meV]; 0 leaves them as they are.
    top
        End of the frequencies over which R² takes the variance of the known curve [meV]; ω_max of
        that curve if absent.

    Raises
    ------
    SpectrumError
        If one is a batch or has no area, the resolution is negative or not finite, or the known
        curve is constant up to the top.

    Examples
    --------
    >>> omega = np.linspace(0.1, 60.0, 600)
    >>> peak = lambda centre: np.exp(-0.5 * ((omega - centre) / 3.0) ** 2)
    >>> found = shape_scores(Spectrum(omega, peak(20.0)), Spectrum(omega, 7.0 * peak(25.0)))
    >>> round(found.wasserstein, 3)  # 5 meV of 20 meV
    0.25
    """
    pair = _Pair.make(reference, predicted, resolution)
    return ShapeScores(
        wasserstein=_wasserstein(pair),
        r2_at_true_area=_r2_at_true_area(pair, top),
        peaks=_peak_overlap(pair),
    )


def wasserstein(
    reference: Spectrum, predicted: Spectrum, *, resolution: float = RESOLUTION
) -> float:
    r"""Wasserstein distance of the curves at unit area, over the mean frequency of the known one.

    .. math:: \frac{W_1}{\langle\omega\rangle} = \frac{1}{\langle\omega\rangle}
        \int\left|\int_0^\omega (p - y)\,\mathrm{d}\omega'\right|\mathrm{d}\omega, \qquad
        \langle\omega\rangle = \frac{\int\alpha^2F\,\omega\,\mathrm{d}\omega}
        {\int\alpha^2F\,\mathrm{d}\omega} = \frac{\omega_2^2}{\omega_1}

    The mean distance that weight must be moved by to make one curve of the other. Arguments and
    errors are those of :func:`shape_scores`.

    Returns
    -------
    float
        0 for curves that differ by a factor; a curve whose frequencies are all x % too high has
        x/100 [1].

    Notes
    -----
    ⟨ω⟩ is the mean with α²F(ω) itself as the weight. It is not the moment ω_1 = (2/λ)∫α²F dω of
    Allen and Dynes, whose weight is α²F(ω)/ω and which is some 15 % lower.
    """
    return _wasserstein(_Pair.make(reference, predicted, resolution))


def r2_at_true_area(
    reference: Spectrum,
    predicted: Spectrum,
    *,
    resolution: float = RESOLUTION,
    top: float | None = None,
) -> float:
    r"""Share of the variance of a known curve that the prediction has, scaled to its area.

    .. math:: R^2 = 1 - \frac{\int (y - p)^2\,\mathrm{d}\omega}
        {\int_0^{\omega_{\max}} (y - \bar y)^2\,\mathrm{d}\omega}

    with ∫p = ∫y. Arguments and errors are those of :func:`shape_scores`.

    Returns
    -------
    float
        1 for curves that differ by a factor, 0 for the box from 0 to ω_max, negative for worse
        [1].

    Notes
    -----
    Zeros above a curve have a variance too: up to the last frequency of a grid of 100 meV the
    median of 21 curves is 0.2 higher. So the variance ends with the known curve, at ω_max, whatever
    the grids; a top that is the same for many curves is for comparison with numbers that were
    measured so. Errors count wherever there are any.
    """
    return _r2_at_true_area(_Pair.make(reference, predicted, resolution), top)


def peak_overlap(
    reference: Spectrum, predicted: Spectrum, *, resolution: float = RESOLUTION
) -> PeakOverlap:
    """Peaks that a predicted curve and a known one have in common.

    A peak is a maximum of the smoothed curve whose prominence is :data:`PROMINENCE` of its highest
    value. Two peaks are one within :data:`NEAR` or :data:`NEAR_SHARE`; heights do not count.
    Arguments and errors are those of :func:`shape_scores`.
    """
    return _peak_overlap(_Pair.make(reference, predicted, resolution))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both curves at unit area on a common uniform grid [1/meV]."""

    frequencies: Curve
    reference: Curve
    predicted: Curve

    @classmethod
    def make(cls, reference: Spectrum, predicted: Spectrum, resolution: float) -> _Pair:
        if not (np.isfinite(resolution) and resolution >= 0.0):
            raise SpectrumError(
                f"A resolution of {resolution} meV is none.", fix="Use 0 or a positive width."
            )
        for name, one in (("known", reference), ("predicted", predicted)):
            if one.batch_shape:
                raise SpectrumError(
                    f"The {name} spectrum is a batch of shape {one.batch_shape}.",
                    reason="A score is that of one curve.",
                    fix="Take one of them, or their mean().",
                )
        top = max(reference.frequencies[-1], predicted.frequencies[-1])
        count, beyond = int(np.ceil(top / STEP)), int(np.ceil(_REACH * resolution / STEP)) + 1
        end = round(min(_end(reference), count * STEP) / STEP)
        curves = (_smooth(one, end, count, beyond, resolution) for one in (reference, predicted))
        return cls(STEP * np.arange(-beyond, count + beyond + 1), *curves)


def _end(reference: Spectrum) -> float:
    """Frequency up to which a known curve says what a prediction should be [meV]."""
    is_cut = reference.a2f[-1] > OMEGA_MAX_FRACTION * reference.a2f.max()
    return float(reference.frequencies[-1]) if is_cut else math.inf


def _smooth(spectrum: Spectrum, end: int, count: int, beyond: int, resolution: float) -> Curve:
    """One curve at unit area, with zeros on either side before it is smoothed."""
    inside = np.array(spectrum.resample(STEP * np.arange(1, count + 1)).a2f)
    inside[end:] = 0.0
    curve = np.concatenate([np.zeros(beyond + 1), inside, np.zeros(beyond)])
    area = STEP * curve.sum()
    if area <= 0.0:
        raise SpectrumError("α²F is zero wherever it is judged.", reason="It has no shape there.")
    if resolution > 0.0:
        offsets = STEP * np.arange(-beyond, beyond + 1)
        kernel = np.exp(-0.5 * (offsets / resolution) ** 2)
        curve = np.convolve(curve, kernel / kernel.sum(), mode="same")
    return curve / area


def _wasserstein(pair: _Pair) -> float:
    mean = STEP * float(pair.reference @ pair.frequencies)
    apart = STEP * np.cumsum(pair.predicted - pair.reference)
    return STEP * float(np.abs(apart).sum()) / mean


def _r2_at_true_area(pair: _Pair, top: float | None) -> float:
    above = pair.frequencies > 0.0
    end = omega_max(pair.frequencies[above], pair.reference[above]) if top is None else top
    size = int(np.count_nonzero(above & (pair.frequencies <= end)))
    inside = pair.reference[above][:size]
    # ∫(y - ȳ)² with the zeros up to the top that the grid does not have
    size = max(size, round(float(end) / STEP))
    variance = np.square(inside).sum() - inside.sum() ** 2 / max(size, 1)
    if not variance > 0.0:
        raise SpectrumError(
            f"R² is undefined: the known α²F is constant up to {float(end):g} meV.",
            fix="Take a higher top, or look at the other scores.",
        )
    return 1.0 - float(np.square(pair.predicted - pair.reference).sum() / variance)


def _peak_overlap(pair: _Pair) -> PeakOverlap:
    known, predicted = (_peaks(pair.frequencies, one) for one in (pair.reference, pair.predicted))
    # Intervals around ascending peaks ascend at both ends: the lowest peak that is left is the best
    left, common = predicted.tolist(), 0
    for peak in known.tolist():
        width = max(NEAR, NEAR_SHARE * peak)
        near = [one for one in left if abs(one - peak) <= width]
        if near:
            left.remove(near[0])
            common += 1
    return PeakOverlap(known=known.size, predicted=predicted.size, common=common)


def _peaks(frequencies: Curve, curve: Curve) -> Float[np.ndarray, " peak"]:
    # scipy.signal takes longer to import than a score takes
    from scipy.signal import find_peaks  # pyright: ignore[reportUnknownVariableType]

    places, _ = cast("Any", find_peaks)(curve, prominence=PROMINENCE * curve.max())
    return frequencies[places]
