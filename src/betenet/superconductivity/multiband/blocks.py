"""α²F_ij of several bands: what couples states of band i to states of band j."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from betenet.errors import ConfigError, SpectrumError
from betenet.spectrum import check_spectrum
from betenet.superconductivity.moments import CheckedMoments

SYMMETRY_TOLERANCE = 0.02
"""Difference of N_i λ_ij and N_j λ_ji, as a share of their sum, that is rounding of a table."""
SHAPE_TOLERANCE = 0.1
"""Area between N_i α²F_ij and N_j α²F_ji, as a share of their sum, that is noise."""
PEAK_WIDTH = 0.05
"""Width of the peaks of :meth:`BandBlocks.from_couplings`, over their frequency [1]."""

_PEAK_POINTS = 400


@dataclass(frozen=True, slots=True, eq=False)
class BandBlocks:
    """Spectra of the coupling within and between bands.

    Parameters
    ----------
    frequencies
        ω, growing and positive [meV].
    a2f
        α²F_ij: the coupling that an electron of band i has with states of band j [1].
    fermi_dos
        N_i, the density of states of each band at E_F, in any unit.
    names
        Names of the bands.

    Raises
    ------
    SpectrumError
        If the blocks are not valid, or N_i α²F_ij is not symmetric.
    """

    frequencies: Float[np.ndarray, " n_freq"]
    a2f: Float[np.ndarray, "band band n_freq"]
    fermi_dos: Float[np.ndarray, " band"]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        grid, a2f = check_spectrum(self.frequencies, self.a2f)
        n = len(self.names)
        if a2f.shape[:2] != (n, n) or self.fermi_dos.shape != (n,):
            raise SpectrumError(
                f"Blocks of shape {a2f.shape[:2]} and {self.fermi_dos.size} densities of states "
                f"for {n} bands.",
                fix="Give one α²F for each pair of bands, and N_i of each band.",
            )
        if not np.all(np.isfinite(self.fermi_dos) & (self.fermi_dos > 0.0)):
            raise SpectrumError(
                f"Densities of states {self.fermi_dos.tolist()} of the bands.",
                fix="Give a positive N_i for each band.",
            )
        object.__setattr__(self, "frequencies", grid)
        object.__setattr__(self, "a2f", a2f)
        self._check_symmetry()

    def _check_symmetry(self) -> None:
        weighted = self.fermi_dos[:, None] * self.couplings
        apart = np.abs(weighted - weighted.T)
        allowed = SYMMETRY_TOLERANCE * (np.abs(weighted) + np.abs(weighted.T))
        if np.any(apart > allowed):
            i, j = (int(place) for place in np.argwhere(apart > allowed)[0])
            first, second = self.names[i], self.names[j]
            raise SpectrumError(
                f"N_i λ_ij is {weighted[i, j]:.4g} from {first} to {second}, and "
                f"{weighted[j, i]:.4g} back.",
                reason="Each pair of states couples alike both ways, so that N_i α²F_ij is "
                f"symmetric; these λ would need N of {second} over N of {first} to be "
                f"{self._wanted_ratio(i, j):.3g}, not {self.fermi_dos[j] / self.fermi_dos[i]:.3g}.",
                fix="Exchange the two blocks if rows and columns were mixed up, or correct N_i "
                "(--band-dos); without N_i they follow from λ.",
            )

        self._check_shapes()

    def _check_shapes(self) -> None:
        """Refuse blocks with equal N_i λ_ij whose spectra differ."""
        weighted = self.fermi_dos[:, None, None] * self.a2f
        width = np.gradient(self.frequencies)
        apart = np.abs(weighted - weighted.swapaxes(0, 1)) @ width
        allowed = SHAPE_TOLERANCE * ((weighted + weighted.swapaxes(0, 1)) @ width)
        if np.any(apart > allowed):
            i, j = (int(place) for place in np.argwhere(apart > allowed)[0])
            first, second = self.names[i], self.names[j]
            raise SpectrumError(
                f"N_i α²F_ij from {first} to {second} has another shape than that back.",
                reason="Each pair of states couples alike both ways, at every frequency; λ alone "
                "agrees here.",
                fix=f"Check the two columns; or give their mean to both, the one from {second} "
                f"times N of {first} over N of {second}.",
            )

    def _wanted_ratio(self, i: int, j: int) -> float:
        couplings = self.couplings
        return float(couplings[i, j] / couplings[j, i]) if couplings[j, i] else np.inf

    @classmethod
    def from_couplings(
        cls,
        couplings: Float[np.ndarray, "band band"],
        frequencies: Float[np.ndarray, "band band"],
        names: tuple[str, ...],
        fermi_dos: Float[np.ndarray, " band"] | None = None,
    ) -> BandBlocks:
        """Blocks with one narrow peak each, where only λ_ij and a frequency are published.

        Parameters
        ----------
        couplings
            λ_ij [1].
        frequencies
            Frequency of the peak of each block [meV].
        names
            Names of the bands.
        fermi_dos
            N_i; what makes λ_ij symmetric if absent.
        """
        low, high = float(frequencies.min()), float(frequencies.max())
        omega = np.linspace((1 - 4 * PEAK_WIDTH) * low, (1 + 4 * PEAK_WIDTH) * high, _PEAK_POINTS)
        width = PEAK_WIDTH * frequencies[..., None]
        shape = np.maximum(1.0 - np.abs(omega - frequencies[..., None]) / width, 0.0)
        coupling = CheckedMoments(omega, shape, "onset").coupling
        a2f = shape * (couplings / coupling)[..., None]
        dos = densities_of(couplings, names) if fermi_dos is None else fermi_dos
        return cls(omega, a2f, dos, names)

    @property
    def couplings(self) -> Float[np.ndarray, "band band"]:
        """λ_ij [1]."""
        return np.asarray(CheckedMoments(self.frequencies, self.a2f, "onset").coupling)

    @property
    def isotropic(self) -> Float[np.ndarray, " n_freq"]:
        """α²F of the metal as a whole: the mean over i, weighted with N_i, of the sum over j."""
        share = self.fermi_dos / self.fermi_dos.sum()
        return np.einsum("i,ijw->w", share, self.a2f)


def densities_of(
    couplings: Float[np.ndarray, "band band"], names: tuple[str, ...]
) -> Float[np.ndarray, " band"]:
    """N_i over N of the first band, as N_i λ_ij = N_j λ_ji asks for.

    Raises
    ------
    ConfigError
        If a band does not couple to the first, not even through others.
    """
    n = len(couplings)
    found = np.full(n, np.nan)
    found[0] = 1.0
    for _ in range(n):
        for i in range(n):
            for j in range(n):
                known = np.isfinite(found[i]) and not np.isfinite(found[j])
                if known and couplings[i, j] > 0.0 and couplings[j, i] > 0.0:
                    found[j] = found[i] * couplings[i, j] / couplings[j, i]
    if not np.all(np.isfinite(found)):
        alone = names[int(np.flatnonzero(~np.isfinite(found))[0])]
        raise ConfigError(
            f"Band {alone} does not couple to {names[0]}.",
            reason="Their densities of states cannot be told from λ then.",
            fix="Give N_i of each band (--band-dos).",
        )
    return found
