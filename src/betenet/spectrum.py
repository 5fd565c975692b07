"""The Eliashberg spectral function α²F(ω) as a checked, immutable object."""

# scipy comes without stubs
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import SpectrumError
from betenet.input_files import in_short, read_text
from betenet.spectrum_json import check_keys, read_array, read_object

IntegrationRule = Literal["onset", "trapezoid", "published"]
"""How moments of a sampled spectrum are integrated; see ``superconductivity.moments``."""

INTEGRATION_RULES: tuple[IntegrationRule, ...] = get_args(IntegrationRule)

SMOOTHING_METHODS = ("gaussian", "savitzky_golay")

SAVITZKY_GOLAY_ORDER = 3
"""Polynomial order of the smoothing that BETE-NET's training spectra went through."""

_KEYS = ("frequencies_mev", "a2f", "rule")


def check_rule(rule: str) -> IntegrationRule:
    """Return the rule itself if it is one of :data:`INTEGRATION_RULES`.

    Raises
    ------
    SpectrumError
        If it is not; the message lists the valid ones.
    """
    if rule not in INTEGRATION_RULES:
        raise SpectrumError(
            f"Unknown integration rule: {rule!r}.",
            reason="A moment of α²F is only defined together with a known rule.",
            fix=f"Use one of {', '.join(INTEGRATION_RULES)}.",
        )
    return rule


def check_frequencies(frequencies: ArrayLike) -> Float[np.ndarray, " n_freq"]:
    """Frequencies as float64, checked to be a grid on which α²F can be integrated.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].

    Raises
    ------
    SpectrumError
        If they are not one-dimensional, fewer than two, not finite, not positive (1/ω would
        diverge) or not strictly increasing.
    """
    grid = np.array(frequencies, dtype=np.float64)
    if grid.ndim != 1 or grid.size < 2:
        raise SpectrumError(
            f"Frequencies have shape {grid.shape}.",
            reason="A spectrum needs one axis of at least two frequencies.",
            fix="Pass a one-dimensional array [meV], shared by all spectra of a batch.",
        )
    if not np.all(np.isfinite(grid)):
        raise SpectrumError(
            f"Frequency {int(np.argmin(np.isfinite(grid)))} is not a finite number.",
            fix="Remove that row or repair the file it came from.",
        )
    if grid.min() <= 0.0:
        raise SpectrumError(
            f"The lowest frequency is {grid.min():g} meV.",
            reason="λ integrates α²F/ω, which needs ω > 0.",
            fix="Drop the rows at ω ≤ 0; α²F vanishes there.",
        )
    steps = np.diff(grid)
    if np.any(steps <= 0.0):
        index = int(np.argmax(steps <= 0.0))
        raise SpectrumError(
            f"Frequency {index + 1} ({grid[index + 1]:g} meV) is not above "
            f"frequency {index} ({grid[index]:g} meV).",
            reason="Frequencies must increase strictly.",
            fix="Sort the rows and remove repeated ones.",
        )
    return grid


def check_a2f(a2f: ArrayLike, n_freq: int) -> Float[np.ndarray, "*batch n_freq"]:
    """α²F as float64, checked to be finite and to fit a grid of ``n_freq`` frequencies.

    Raises
    ------
    SpectrumError
        If the last axis is not ``n_freq`` long or a value is not finite.
    """
    values = np.array(a2f, dtype=np.float64)
    if values.ndim == 0 or values.shape[-1] != n_freq:
        raise SpectrumError(
            f"α²F has shape {values.shape}, but there are {n_freq} frequencies.",
            reason="Frequency is the last axis of α²F; batch axes come before it.",
            fix="Transpose α²F, or pass the frequencies it was computed on.",
        )
    finite = np.isfinite(values)
    if not np.all(finite):
        raise SpectrumError(
            f"α²F holds {int(np.sum(~finite))} values that are not finite, the first at index "
            f"{_first(~finite)}.",
            reason="Its integrals would not be numbers.",
            fix="Leave that spectrum out, or repair the calculation it came from.",
        )
    return values


def check_spectrum(
    frequencies: ArrayLike, a2f: ArrayLike
) -> tuple[Float[np.ndarray, " n_freq"], Float[np.ndarray, "*batch n_freq"]]:
    """Both arrays of a spectrum, by :func:`check_frequencies` and :func:`check_a2f`."""
    grid = check_frequencies(frequencies)
    return grid, check_a2f(a2f, grid.size)


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Eliashberg spectral function α²F(ω), or a batch of them on one grid.

    Parameters
    ----------
    frequencies
        ω, strictly increasing and positive [meV].
    a2f
        α²F(ω), one spectrum per leading index [1].
    rule
        The rule by which moments of this spectrum are meant to be integrated.
    allow_negative
        Accept negative α²F, for output that is still to be judged.

    Raises
    ------
    SpectrumError
        If the grid is not valid, shapes do not match, or α²F is not finite or negative.

    Notes
    -----
    Both arrays are copied to float64 and made read-only. α²F is zero above the last
    frequency and continued to ω = 0 with ω² below the first.

    Examples
    --------
    >>> a2f = np.array([[0.1, 0.4, 0.0], [0.2, 0.6, 0.0]])
    >>> spectrum = Spectrum(np.array([1.0, 2.0, 3.0]), a2f)
    >>> spectrum.batch_shape
    (2,)
    >>> spectrum.mean().a2f.round(6).tolist()
    [0.15, 0.5, 0.0]
    """

    frequencies: Float[np.ndarray, " n_freq"]
    a2f: Float[np.ndarray, "*batch n_freq"]
    rule: IntegrationRule = "onset"
    allow_negative: bool = False

    def __post_init__(self) -> None:
        frequencies, a2f = check_spectrum(self.frequencies, self.a2f)
        check_rule(self.rule)
        if not self.allow_negative:
            _check_not_negative(frequencies, a2f)
        for name, array in (("frequencies", frequencies), ("a2f", a2f)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def n_freq(self) -> int:
        """Number of frequencies."""
        return self.frequencies.size

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the leading axes of α²F; empty for one spectrum."""
        return self.a2f.shape[:-1]

    @property
    def members(self) -> tuple[Spectrum, ...]:
        """The spectra along the leading axis; an error for a single spectrum."""
        self._need_leading_axis("split into members")
        return tuple(self._part(a2f) for a2f in self.a2f)

    @property
    def batch(self) -> Spectrum:
        """A batch of one, of a single spectrum; a batch as it is."""
        return self if self.batch_shape else self._part(self.a2f[None])

    def mean(self) -> Spectrum:
        """Average over the leading axis; an error for a single spectrum."""
        self._need_leading_axis("averaged")
        return self._part(self.a2f.mean(axis=0))

    def resample(self, frequencies: ArrayLike) -> Spectrum:
        """Linear interpolation onto another grid.

        Parameters
        ----------
        frequencies
            New ω [meV].

        Notes
        -----
        α²F is zero above the old grid and falls with ω² below it. A new grid that is coarser
        than the peaks changes λ and the moments.

        Examples
        --------
        >>> spectrum = Spectrum(np.array([2.0, 4.0]), np.array([0.4, 0.8]))
        >>> spectrum.resample([1.0, 3.0, 5.0]).a2f.round(6).tolist()
        [0.1, 0.6, 0.0]
        """
        grid = check_frequencies(frequencies)
        old, last = self.frequencies, self.n_freq - 1
        left = np.clip(np.searchsorted(old, grid, side="right") - 1, 0, last - 1)
        fraction = (grid - old[left]) / (old[left + 1] - old[left])
        a2f = (1.0 - fraction) * self.a2f[..., left] + fraction * self.a2f[..., left + 1]
        onset = self.a2f[..., :1] * (grid / old[0]) ** 2
        a2f = np.where(grid < old[0], onset, np.where(grid > old[last], 0.0, a2f))
        return self._part(a2f, grid)

    def smooth(self, width_mev: float, method: str = "gaussian") -> Spectrum:
        """Smooth along the frequency axis.

        Parameters
        ----------
        width_mev
            Standard deviation of the Gaussian, or length of the Savitzky-Golay window, which
            is rounded to an odd number of samples [meV].
        method
            ``"gaussian"`` or ``"savitzky_golay"`` (cubic).

        Raises
        ------
        SpectrumError
            If the grid is not uniform, the method unknown, or the width not positive or, for
            Savitzky-Golay, not between five samples and the whole grid.

        Notes
        -----
        The Gaussian counts α²F as zero outside the grid, so weight near the ends leaks out.
        A Savitzky-Golay filter undershoots next to peaks; negative values are set to zero
        unless ``allow_negative``, as for BETE-NET's training spectra (a window of 10.1 meV,
        101 samples).
        """
        # scipy.signal takes longer to import than all else that a Spectrum needs.
        from scipy.ndimage import gaussian_filter1d  # pyright: ignore[reportUnknownVariableType]
        from scipy.signal import savgol_filter  # pyright: ignore[reportUnknownVariableType]

        step = self._uniform_step()
        if not (np.isfinite(width_mev) and width_mev > 0.0):
            raise SpectrumError(f"Smoothing width is {width_mev} meV.", fix="Use one above 0.")
        if method == "gaussian":
            sigma = width_mev / step
            a2f = cast("np.ndarray", gaussian_filter1d(self.a2f, sigma, axis=-1, mode="constant"))
        elif method == "savitzky_golay":
            window = self._odd_window(width_mev / step)
            a2f = cast("np.ndarray", savgol_filter(self.a2f, window, SAVITZKY_GOLAY_ORDER, axis=-1))
            if not self.allow_negative:
                a2f = np.maximum(a2f, 0.0)
        else:
            raise SpectrumError(
                f"Unknown smoothing method: {method!r}.",
                fix=f"Use one of {', '.join(SMOOTHING_METHODS)}.",
            )
        return Spectrum(self.frequencies, a2f, rule=self.rule, allow_negative=self.allow_negative)

    def to_dict(self) -> dict[str, object]:
        """Plain lists and strings, with keys that carry the unit."""
        return {
            "frequencies_mev": self.frequencies.tolist(),
            "a2f": self.a2f.tolist(),
            "rule": self.rule,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object], *, allow_negative: bool = False) -> Spectrum:
        """Build from what :meth:`to_dict` returns; ``rule`` may be absent.

        Raises
        ------
        SpectrumError
            If a key is missing or unknown, or its content is not a valid spectrum.
        """
        check_keys(data, "A spectrum", _KEYS[:2], _KEYS[2:])
        frequencies, a2f = (read_array(data, key) for key in _KEYS[:2])
        rule = check_rule(str(data.get("rule", "onset")))
        return cls(frequencies, a2f, rule=rule, allow_negative=allow_negative)

    def to_json(self) -> str:
        """JSON text of :meth:`to_dict`; floats survive the round trip exactly."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str, *, allow_negative: bool = False) -> Spectrum:
        """Build from what :meth:`to_json` returns.

        Raises
        ------
        SpectrumError
            If the text is not JSON or not a spectrum.
        """
        data = read_object(text, "a spectrum", _KEYS)
        return cls.from_dict(data, allow_negative=allow_negative)

    def write_json(self, path: str | Path) -> None:
        """Write :meth:`to_json` to a file."""
        Path(path).write_text(self.to_json() + "\n", encoding="utf-8")

    @classmethod
    def read_json(cls, path: str | Path, *, allow_negative: bool = False) -> Spectrum:
        """Read a file that :meth:`write_json` wrote.

        Raises
        ------
        SpectrumError
            If the file cannot be read or does not hold a spectrum; the file is named.
        """
        try:
            return cls.from_json(read_text(path), allow_negative=allow_negative)
        except (OSError, UnicodeDecodeError) as error:
            raise SpectrumError(f"Cannot read {path}.", reason=in_short(error)) from error
        except SpectrumError as error:
            raise SpectrumError(
                f"{path}: {error.summary}", reason=error.reason, fix=error.fix
            ) from error

    def _part(self, a2f: np.ndarray, frequencies: np.ndarray | None = None) -> Spectrum:
        """Other values, and perhaps another grid, that are valid because these are."""
        part = object.__new__(Spectrum)
        grid = self.frequencies if frequencies is None else frequencies
        for name, array in (("frequencies", grid), ("a2f", a2f)):
            array.setflags(write=False)
            object.__setattr__(part, name, array)
        for name in ("rule", "allow_negative"):
            object.__setattr__(part, name, getattr(self, name))
        return part

    def _need_leading_axis(self, action: str) -> None:
        if not self.batch_shape:
            raise SpectrumError(
                f"A single spectrum cannot be {action}.",
                reason="It has no leading axis.",
                fix="Use it as it is.",
            )

    def _uniform_step(self) -> float:
        steps = np.diff(self.frequencies)
        step = float(steps.mean())
        # Tabulated frequencies are rounded: 1 % allows five decimals on any grid in use.
        if np.max(np.abs(steps - step)) > 0.01 * step:
            raise SpectrumError(
                f"The grid is not uniform: steps of {steps.min():g} to {steps.max():g} meV.",
                reason="The filters act on equally spaced samples.",
                fix="Resample onto a uniform grid first.",
            )
        return step

    def _odd_window(self, samples: float) -> int:
        window = 2 * round((samples - 1.0) / 2.0) + 1
        if not SAVITZKY_GOLAY_ORDER + 2 <= window <= self.n_freq:
            raise SpectrumError(
                f"A Savitzky-Golay window of {window} samples does not fit.",
                reason=f"It must hold {SAVITZKY_GOLAY_ORDER + 2} to {self.n_freq} samples.",
                fix="Change the width, or resample onto another grid.",
            )
        return window


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def _check_not_negative(frequencies: np.ndarray, a2f: np.ndarray) -> None:
    negative = a2f < 0.0
    if np.any(negative):
        worst = np.unravel_index(int(np.argmin(a2f)), a2f.shape)
        raise SpectrumError(
            f"α²F is negative at {int(np.sum(negative))} of {a2f.size} samples, down to "
            f"{a2f[worst]:.3g} at {frequencies[worst[-1]]:g} meV (index "
            f"{tuple(int(i) for i in worst)}).",
            reason="α²F is a sum of squares; below zero it shows interpolation or imaginary modes.",
            fix="Check the calculation, or pass allow_negative=True to keep it as it is.",
        )
