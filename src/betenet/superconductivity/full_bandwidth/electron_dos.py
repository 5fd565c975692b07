r"""The electronic density of states N(ε) around the Fermi level, and the integrals over it.

All that the full-bandwidth equations ask of N(ε) is its Cauchy transform above the real axis,

.. math:: g(z) = \frac{1}{N(0)}\int\frac{N(\varepsilon)}{\varepsilon-z}\,\mathrm{d}\varepsilon,

whose imaginary part is π for a constant density. For lines between samples it is a sum of
logarithms, exact at any distance from the axis.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from betenet.errors import SpectrumError

Beyond = Literal["flat", "nothing"]
"""What the density of states does beyond its samples."""

REACH = 10.0
"""The samples must reach this many times ω_max on both sides of E_F, or to the end of the band."""
NO_STATES = 1e-3
"""Share of the highest N(ε) below which there are no states."""

_THINNING = 0.04  # spacing over distance from E_F, where samples are denser than needed
_LOGARITHM_NODES, _LOGARITHM_WEIGHTS = np.polynomial.legendre.leggauss(40)
_THERMAL_STEP = 0.25
_THERMAL_NODES = np.arange(-36.0, 36.0 + _THERMAL_STEP, _THERMAL_STEP)
_THERMAL_WEIGHTS = _THERMAL_STEP / (4.0 * np.cosh(0.5 * _THERMAL_NODES) ** 2)


@dataclass(frozen=True, slots=True, eq=False)
class ElectronDos:
    """Density of states by lines between samples.

    Parameters
    ----------
    energies
        ε - E_F, growing, with zero inside [meV].
    dos
        N(ε) of the cell, both spins [1/eV].
    beyond
        ``"flat"``: beyond the samples N(ε) is the mean of its two ends, on both sides for ever;
        ``"nothing"``: it is zero, as EPW and IsoME have it.
    fermi_dos
        N(0) that α²F belongs to; N(ε) at E_F if absent [1/eV].

    Raises
    ------
    SpectrumError
        If energies do not grow, E_F is outside or in a gap, or a value is negative or no number.

    Examples
    --------
    >>> flat = ElectronDos(np.array([-1e3, 1e3]), np.array([2.0, 2.0]))
    >>> complex(np.round(flat.transform(np.array([5.0j]))[0] + 1.0, 9))
    (1+3.141592654j)
    """

    energies: Float[np.ndarray, " energy"]
    dos: Float[np.ndarray, " energy"]
    beyond: Beyond = "flat"
    fermi_dos: float | None = None
    _bends: tuple[np.ndarray, np.ndarray, np.ndarray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        energies = np.array(self.energies, dtype=np.float64)
        dos = np.array(self.dos, dtype=np.float64)
        _check(energies, dos)
        object.__setattr__(self, "energies", energies)
        object.__setattr__(self, "dos", dos)
        if self.beyond not in ("flat", "nothing"):
            raise SpectrumError(
                f"beyond = {self.beyond!r} for a density of states.",
                fix='Use "flat" or "nothing".',
            )
        if self.fermi_dos is not None and not self.fermi_dos > 0.0:
            raise SpectrumError(
                f"N(0) = {self.fermi_dos} per eV.", fix="Give a positive density of states."
            )
        x, y = _thinned(energies, dos)
        object.__setattr__(self, "_bends", _bends_of(x, (y - self._plateau) / self.at_fermi))

    @classmethod
    def from_absolute(
        cls, energies: ArrayLike, dos: ArrayLike, fermi_energy: float, beyond: Beyond = "flat"
    ) -> ElectronDos:
        """The density of states on an absolute scale, as programs write it.

        Parameters
        ----------
        energies
            ε, growing [eV].
        dos
            N(ε) of the cell, both spins [1/eV].
        fermi_energy
            E_F on that scale [eV].
        beyond
            As of the class.
        """
        x = 1e3 * (np.asarray(energies, dtype=np.float64) - fermi_energy)
        return cls(x, np.asarray(dos, dtype=np.float64), beyond)

    @classmethod
    def constant(cls) -> ElectronDos:
        """A density of states of 1 per eV at all energies: the usual approximation."""
        return cls(np.array([-1.0, 1.0]), np.ones(2))

    @property
    def at_fermi(self) -> float:
        """N(0), by which all is divided [1/eV]."""
        if self.fermi_dos is not None:
            return self.fermi_dos
        return float(np.interp(0.0, self.energies, self.dos))

    @property
    def _plateau(self) -> float:
        return 0.5 * float(self.dos[0] + self.dos[-1]) if self.beyond == "flat" else 0.0

    def with_beyond(self, beyond: Beyond) -> ElectronDos:
        """Equal samples with another assumption beyond them."""
        return ElectronDos(self.energies, self.dos, beyond, self.fermi_dos)

    def check_reach(self, omega_max: float) -> None:
        """Refuse samples that end too close to the Fermi level.

        Parameters
        ----------
        omega_max
            Highest phonon frequency [meV].

        Raises
        ------
        SpectrumError
            If they end within ten times that frequency, and not at the end of the band.
        """
        needed = REACH * omega_max
        ends = (
            (-self.energies[0], self.dos[0], "below"),
            (self.energies[-1], self.dos[-1], "above"),
        )
        for reach, last, side in ends:
            if reach < needed * (1.0 - 1e-9) and last > NO_STATES * self.dos.max():
                raise SpectrumError(
                    f"The density of states ends {reach / 1e3:.4g} eV {side} E_F, but "
                    f"{needed / 1e3:.4g} eV are needed.",
                    reason=f"Phonons of up to {omega_max:.4g} meV mix states over ten times that "
                    "range, and N(ε) is not zero where the samples end.",
                    fix="Compute it over a wider range (Emin and Emax of dos.x). If the range "
                    "looks right, check the units: energies are expected in eV.",
                )

    def transform(self, z: Complex[np.ndarray, "*shape"]) -> Complex[np.ndarray, "*shape"]:
        """g(z) for Im z > 0 [1]."""
        nodes, kinks, jumps = self._bends
        y = np.imag(z)[..., None]
        ahead = nodes - np.real(z)[..., None]
        # ln(ε - z) by its parts: the complex logarithm is ten times as slow
        size = 0.5 * np.log(ahead**2 + y**2)
        angle = np.arctan(ahead / y) - 0.5 * np.pi
        weight = kinks * ahead - jumps
        lost = np.imag(z) * (angle @ kinks), -np.imag(z) * (size @ kinks)
        real = np.einsum("...e,...e->...", size, weight) + lost[0]
        imaginary = np.einsum("...e,...e->...", angle, weight) + lost[1]
        return np.asarray(real + 1j * (imaginary + np.pi * (self._plateau / self.at_fermi)))

    def added_electrons(self, mu: float, temperature: float) -> float:
        """Electrons over N(0) that a shift of μ and the temperature add, without interaction [meV].

        Parameters
        ----------
        mu, temperature
            μ - E_F and k_B T [meV].

        Notes
        -----
        Both spins are counted, and N(0) too, so that a constant density of states gives μ.
        """
        return float(_THERMAL_WEIGHTS @ self._integral(mu + temperature * _THERMAL_NODES))

    def logarithm(self, low: float, high: float) -> float:
        r"""Logarithm by which a repulsion is screened between two frequencies [1].

        .. math:: \int_{low}^{high} \frac{\mathrm{Im}\,g(i\omega)}{\pi}
            \frac{\mathrm{d}\omega}{\omega}

        Parameters
        ----------
        low, high
            Frequencies [meV]; for a constant density of states it is ln(high/low).
        """
        half = 0.5 * np.log(high / low)
        omega = low * np.exp(half * (1.0 + _LOGARITHM_NODES))
        share = np.imag(self.transform(1j * omega)) / np.pi
        return float(half * (_LOGARITHM_WEIGHTS @ share))

    def _integral(self, at: np.ndarray) -> np.ndarray:
        """∫ N(ε)/N(0) dε from 0."""
        x, y = self.energies, self.dos / self.at_fermi
        steps = np.diff(x)
        sums = np.concatenate([[0.0], np.cumsum(0.5 * steps * (y[1:] + y[:-1]))])
        slope = np.diff(y) / steps

        def below(e: np.ndarray) -> np.ndarray:
            inside = np.clip(e, x[0], x[-1])
            i = np.clip(np.searchsorted(x, inside, side="right") - 1, 0, x.size - 2)
            t = inside - x[i]
            outside = (e - inside) * (self._plateau / self.at_fermi)
            return sums[i] + t * (y[i] + 0.5 * slope[i] * t) + outside

        return below(at) - below(np.zeros(1))


def _check(energies: np.ndarray, dos: np.ndarray) -> None:
    if energies.ndim != 1 or energies.size < 2 or dos.shape != energies.shape:
        raise SpectrumError(
            f"A density of states with {energies.size} energies and {dos.size} values.",
            fix="Give two or more energies, with one value for each.",
        )
    if not (np.all(np.isfinite(energies)) and np.all(np.isfinite(dos))):
        bad = int(np.flatnonzero(~(np.isfinite(energies) & np.isfinite(dos)))[0])
        raise SpectrumError(
            f"The density of states is {dos[bad]} at {energies[bad] / 1e3:.4g} eV.",
            reason="Each row is an energy and a number of states.",
            fix="Compute it again; a row of asterisks or NaN may be left out far from E_F.",
        )
    if not np.all(np.diff(energies) > 0.0):
        raise SpectrumError(
            "The energies of the density of states do not grow.",
            fix="Sort them, and leave out those that come twice.",
        )
    if np.any(dos < -NO_STATES * dos.max()):
        worst = int(np.argmin(dos))
        raise SpectrumError(
            f"The density of states is {dos[worst]:.4g} at {energies[worst] / 1e3:.4g} eV.",
            reason="Methfessel-Paxton smearing makes it negative beside sharp edges.",
            fix="Compute it by tetrahedra, or with Gaussian smearing.",
        )
    if not energies[0] < 0.0 < energies[-1]:
        raise SpectrumError(
            f"The density of states reaches from {energies[0] / 1e3:.4g} to "
            f"{energies[-1] / 1e3:.4g} eV from E_F, which is not inside.",
            reason="Energies count from the Fermi level.",
            fix="Check the Fermi energy, and that it is on the scale and in the unit of the file.",
        )
    if np.interp(0.0, energies, dos) <= NO_STATES * dos.max():
        raise SpectrumError(
            "The density of states has a gap at the Fermi level.",
            reason="An insulator has no electrons to pair.",
            fix="Check the Fermi energy: it must be that of the same calculation, within a band.",
        )


def _thinned(energies: np.ndarray, dos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fewer samples far from E_F, which conserve the number and the centre of states."""
    keep = np.zeros(energies.size, dtype=bool)
    keep[[0, -1]] = True
    for side in (np.flatnonzero(energies >= 0.0), np.flatnonzero(energies <= 0.0)[::-1]):
        last = 0.0
        for index in side.tolist():
            at = abs(float(energies[index]))
            if at >= last * (1.0 + _THINNING):
                keep[index], last = True, at
    if np.all(keep):
        return energies, dos
    nodes = energies[keep]
    return nodes, _projected(energies, dos, nodes)


def _projected(x: np.ndarray, y: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Values at the nodes of the lines that are nearest to those through (x, y)."""
    width = np.diff(x)
    cell = np.clip(np.searchsorted(nodes, x[:-1], side="right") - 1, 0, nodes.size - 2)
    span = np.diff(nodes)
    left, right = (x[:-1] - nodes[cell]) / span[cell], (x[1:] - nodes[cell]) / span[cell]
    # ∫ of the line through two samples times the rising half of the hat
    rise = width / 6.0 * (y[:-1] * (2.0 * left + right) + y[1:] * (left + 2.0 * right))
    area = 0.5 * width * (y[:-1] + y[1:])
    load = np.zeros(nodes.size)
    np.add.at(load, cell + 1, rise)
    np.add.at(load, cell, area - rise)
    mass = np.zeros((nodes.size, nodes.size))
    i = np.arange(span.size)
    mass[i, i] += span / 3.0
    mass[i + 1, i + 1] += span / 3.0
    mass[i, i + 1] = mass[i + 1, i] = span / 6.0
    return np.asarray(np.linalg.solve(mass, load))


def _bends_of(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, changes of the slope, and jumps at both ends."""
    slope = np.concatenate([[0.0], np.diff(y) / np.diff(x), [0.0]])
    jumps = np.zeros_like(y)
    jumps[0], jumps[-1] = y[0], -y[-1]
    return x, np.diff(slope), jumps
