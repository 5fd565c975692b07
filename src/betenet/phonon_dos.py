"""The phonon density of states of a cell, in total and by site, as a checked, immutable object."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from betenet.errors import SpectrumError
from betenet.spectrum_json import check_keys, read_array, read_object

_KEYS = ("frequencies_mev", "total_per_mev", "sites_per_mev", "symbols")


@dataclass(frozen=True, slots=True, eq=False)
class PhononDos:
    """Phonon density of states g(ω) of one cell.

    Parameters
    ----------
    frequencies
        ω, strictly increasing; negative ones stand for imaginary frequencies [meV].
    total
        g(ω) of the cell [states/meV].
    sites
        Share of each atom of the cell, or ``None`` if it is not known [states/meV].
    symbols
        Element of each site, or ``None`` if it is not known.

    Raises
    ------
    SpectrumError
        If frequencies do not increase, shapes do not match, or a value is not finite or is
        negative.

    Notes
    -----
    Arrays are copied to float64 and made read-only. Values are kept as given: ∫g dω should be
    three times the number of atoms, which :attr:`n_states` tells and :meth:`normalised` enforces.

    Examples
    --------
    Debye's g(ω) = 9ω²/ω_D³ of one atom, with ω_D = 30 meV:

    >>> omega = np.linspace(0.0, 30.0, 301)
    >>> dos = PhononDos(omega, 9.0 * omega**2 / 30.0**3)
    >>> round(dos.n_states, 3), dos.imaginary_fraction
    (3.0, 0.0)
    """

    frequencies: Float[np.ndarray, " n_freq"]
    total: Float[np.ndarray, " n_freq"]
    sites: Float[np.ndarray, "site n_freq"] | None = None
    symbols: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        frequencies = _check_frequencies(self.frequencies)
        arrays = {"frequencies": frequencies, "total": _check_dos("total", self.total, frequencies)}
        if self.sites is not None:
            arrays["sites"] = _check_dos("sites", self.sites, frequencies)
        for name, array in arrays.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        _check_symbols(self.symbols, None if self.sites is None else self.sites.shape[0])

    @property
    def n_freq(self) -> int:
        """Number of frequencies."""
        return self.frequencies.size

    @property
    def n_states(self) -> float:
        """∫g dω over all frequencies, by the trapezoidal rule; 3 per atom if complete."""
        return _integral(self.frequencies, self.total)

    @property
    def imaginary_fraction(self) -> float:
        """Share of ∫g dω at ω < 0; 0 for a cell that is dynamically stable."""
        if self.frequencies[0] >= 0.0 or self.n_states <= 0.0:
            return 0.0
        if self.frequencies[-1] <= 0.0:
            return 1.0
        below = self.frequencies < 0.0
        grid = np.append(self.frequencies[below], 0.0)
        at_zero = np.interp(0.0, self.frequencies, self.total)
        return _integral(grid, np.append(self.total[below], at_zero)) / self.n_states

    @property
    def omega_log(self) -> float:
        r"""Logarithmic mean of the frequencies, :math:`\exp(\int g \ln\omega / \int g)` [meV].

        Over ω > 0; nan if there are no states. Weighted with g(ω) itself, not with g(ω)/ω: it is
        no ω_log of α²F, which counts soft modes more.
        """
        return float(np.exp(self._mean_above_zero(np.log)))

    @property
    def omega_2(self) -> float:
        r"""Root of the mean square of the frequencies, with the weight of `omega_log` [meV]."""
        return float(np.sqrt(self._mean_above_zero(np.square)))

    def _mean_above_zero(self, function: Callable[[np.ndarray], np.ndarray]) -> float:
        above = self.frequencies > 0.0
        # each frequency stands for the states around it, the first one above zero too
        weight = (self.total * np.gradient(self.frequencies))[above]
        states = float(weight.sum())
        return float(weight @ function(self.frequencies[above])) / states if states > 0 else np.nan

    def positive(self) -> PhononDos:
        """Density of states at ω > 0 alone; how much was lost is :attr:`imaginary_fraction`."""
        kept = self.frequencies > 0.0
        sites = None if self.sites is None else self.sites[:, kept]
        return PhononDos(self.frequencies[kept], self.total[kept], sites, self.symbols)

    def normalised(self, n_atoms: int | None = None) -> PhononDos:
        """Scaled so that ∫g dω = 3 per atom; sites are scaled by the same factor.

        Parameters
        ----------
        n_atoms
            Atoms in the cell; the number of sites if not given.

        Raises
        ------
        SpectrumError
            If the number of atoms is not known or not positive, or there are no states.
        """
        count = n_atoms if n_atoms is not None or self.sites is None else self.sites.shape[0]
        if count is None or count < 1:
            raise SpectrumError(
                "The number of atoms in the cell is not known.",
                reason="∫g dω is three times that number.",
                fix="Pass n_atoms, at least 1.",
            )
        if self.n_states <= 0.0:
            raise SpectrumError(
                "The phonon density of states is zero everywhere.",
                fix="Check the file it came from.",
            )
        factor = 3.0 * count / self.n_states
        sites = None if self.sites is None else factor * self.sites
        return PhononDos(self.frequencies, factor * self.total, sites, self.symbols)

    def to_dict(self) -> dict[str, object]:
        """Plain lists, with keys that carry the unit; what is not known is left out."""
        data: dict[str, object] = {
            "frequencies_mev": self.frequencies.tolist(),
            "total_per_mev": self.total.tolist(),
        }
        if self.sites is not None:
            data["sites_per_mev"] = self.sites.tolist()
        if self.symbols is not None:
            data["symbols"] = list(self.symbols)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> PhononDos:
        """Build from what :meth:`to_dict` returns.

        Raises
        ------
        SpectrumError
            If a key is missing or unknown, or its content is not a valid density of states.
        """
        check_keys(data, "A density of states", _KEYS[:2], _KEYS[2:])
        sites = None if data.get("sites_per_mev") is None else read_array(data, "sites_per_mev")
        symbols = data.get("symbols")
        if symbols is not None and not isinstance(symbols, Sequence):
            raise SpectrumError("symbols is not a list.", fix="Give one element for each site.")
        return cls(
            read_array(data, "frequencies_mev"),
            read_array(data, "total_per_mev"),
            sites,
            None if symbols is None else tuple(str(s) for s in cast("Sequence[object]", symbols)),
        )

    def to_json(self) -> str:
        """JSON text of :meth:`to_dict`; floats survive the round trip exactly."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> PhononDos:
        """Build from what :meth:`to_json` returns.

        Raises
        ------
        SpectrumError
            If the text is not JSON or not a phonon density of states.
        """
        return cls.from_dict(read_object(text, "a phonon density of states", _KEYS))


def _check_frequencies(frequencies: ArrayLike) -> np.ndarray:
    grid = np.array(frequencies, dtype=np.float64)
    if grid.ndim != 1 or grid.size < 2:
        raise SpectrumError(
            f"Frequencies have shape {grid.shape}.",
            reason="A density of states needs one axis of at least two frequencies.",
            fix="Pass a one-dimensional array [meV].",
        )
    if not (np.all(np.isfinite(grid)) and np.all(np.diff(grid) > 0.0)):
        steps = ~(np.diff(grid) > 0.0)
        index = int(np.argmax(steps)) + 1 if np.any(steps) else int(np.argmin(np.isfinite(grid)))
        raise SpectrumError(
            f"Frequency {index} ({grid[index]:g} meV) is not a number above the one before it.",
            reason="Frequencies must increase strictly.",
            fix="Sort the rows and remove repeated ones.",
        )
    return grid


def _check_dos(name: str, dos: ArrayLike, grid: np.ndarray) -> np.ndarray:
    values = np.array(dos, dtype=np.float64)
    wanted = 2 if name == "sites" else 1
    if values.ndim != wanted or values.shape[-1] != grid.size:
        raise SpectrumError(
            f"{name} has shape {values.shape}, but there are {grid.size} frequencies.",
            reason="Frequency is the last axis; sites come before it.",
            fix="Transpose it, or pass the frequencies it was computed on.",
        )
    wrong = ~(values >= 0.0) | ~np.isfinite(values)
    if np.any(wrong):
        place = np.unravel_index(int(np.argmax(wrong)), values.shape)
        raise SpectrumError(
            f"{name} is {values[place]:g} at {grid[place[-1]]:g} meV "
            f"({int(wrong.sum())} such values).",
            reason="A density of states is a number, zero or positive.",
            fix="Repair the calculation that it came from, or set what is noise to zero.",
        )
    return values


def _check_symbols(symbols: tuple[str, ...] | None, n_sites: int | None) -> None:
    if symbols is not None and len(symbols) != n_sites:
        raise SpectrumError(
            f"There are {len(symbols)} symbols for {n_sites or 0} sites.",
            fix="Give one element for each site, in the order of the sites.",
        )


def _integral(grid: np.ndarray, values: np.ndarray) -> float:
    return float(np.sum(0.5 * (values[1:] + values[:-1]) * np.diff(grid)))
