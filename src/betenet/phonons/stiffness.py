"""Stiffness of the sites of a crystal, which tells whether phonons can be those of its atoms."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.phonon_dos import PhononDos
from betenet.units import (
    ATOMIC_MASS_UNIT,
    ELEMENTARY_CHARGE,
    INVERSE_CM_TO_MEV,
    PLANCK_CONSTANT,
    THZ_TO_MEV,
)

TABLE = "stiffness.csv"
"""Usual stiffness of each element, written by ``benchmarks/phonon_stiffness.py``."""

UNUSUAL, IMPLAUSIBLE = 1.4, 1.75
"""Ratios of frequencies to the usual ones, either way, from which a doubt is told, and from which
a density of states that does not name its atoms is refused. docs/laboratory/phonons.md has how
often right and wrong files reach them."""
WRONG_ORDER = 1.0
"""How much better the sites must fit in another order, in squared logarithms, to be in doubt."""

_EV_PER_SQUARE_ANGSTROM = (
    ATOMIC_MASS_UNIT * ELEMENTARY_CHARGE * 1e-26 * (2.0 * math.pi / PLANCK_CONSTANT) ** 2
)
"""M ω² [eV/Å²] for a mass of 1 u and an energy of 1 meV."""
_UNITS = {
    "THz and meV": THZ_TO_MEV,
    "cm-1 and meV": 1.0 / INVERSE_CM_TO_MEV,
    "cm-1 and THz": THZ_TO_MEV / INVERSE_CM_TO_MEV,
    "eV and meV": 1e3,
}
_MISREAD = 1.3
"""How near a ratio must come to that of two units."""


def site_stiffness(
    dos: PhononDos, masses: Float[np.ndarray, " site"]
) -> Float[np.ndarray, " site"]:
    r"""Mean curvature of the energy that holds each atom in its place.

    .. math:: K_s = M_s \frac{\int \omega^2 g_s\,\mathrm{d}\omega}{\int g_s\,\mathrm{d}\omega}

    Parameters
    ----------
    dos
        With a share for each site; its states at imaginary frequencies are passed over.
    masses
        Mass of each site [u].

    Returns
    -------
    Float[np.ndarray, " site"]
        A third of the trace of the site's own force constants, exactly so for harmonic
        vibrations: the masses of the others drop out [eV/Å²].

    Examples
    --------
    Aluminium, 24 meV:

    >>> states = np.array([0.0, 3.0, 0.0])
    >>> dos = PhononDos(np.array([23.0, 24.0, 25.0]), states, states[None])
    >>> round(float(site_stiffness(dos, np.array([26.98]))[0]), 2)
    3.72
    """
    real = dos.positive()
    assert real.sites is not None
    states = real.sites * np.gradient(real.frequencies)
    return _EV_PER_SQUARE_ANGSTROM * masses * (states @ real.frequencies**2) / states.sum(1)


@cache
def usual_stiffness() -> Mapping[str, float]:
    """Median stiffness of each element in stable metals at zero pressure [eV/Å²]."""
    text = files("betenet.phonons").joinpath(TABLE).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {row["element"]: float(row["stiffness"]) for row in csv.DictReader(lines)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StiffnessVerdict:
    """How a density of states suits the atoms that it is said to be of.

    Attributes
    ----------
    formula
        The atoms.
    omega_2
        Root of the mean square of the frequencies [meV].
    ratio
        Frequencies relative to those that such atoms usually have; nan if no element of the
        crystal is in the table [1].
    order_excess
        How much less the logarithms of the stiffness, squared, would depart from the usual ones if
        the sites were in the best order [1].
    """

    formula: str
    omega_2: float
    ratio: float
    order_excess: float

    @property
    def usual_omega_2(self) -> float:
        """Root of the mean square that is usual for such atoms [meV]."""
        return self.omega_2 / self.ratio

    @property
    def is_implausible(self) -> bool:
        """Whether hardly any crystal of these atoms has such phonons."""
        beyond = abs(math.log(self.ratio)) > math.log(IMPLAUSIBLE)
        return beyond or self.is_in_wrong_order

    @property
    def is_in_wrong_order(self) -> bool:
        """Whether the sites fit the atoms much better in another order."""
        return self.order_excess > WRONG_ORDER

    def as_text(self) -> str:
        """Frequencies beside the usual ones, in words."""
        if math.isnan(self.ratio):
            return f"rms frequency {self.omega_2:.1f} meV"
        return (
            f"rms frequency {self.omega_2:.1f} meV, {self.ratio:.2f} times what is usual for "
            f"{self.formula} ({self.usual_omega_2:.1f} meV)"
        )

    def doubts(self) -> Iterator[str]:
        """Sentences, with numbers, of what speaks against the atoms; none if nothing does."""
        if abs(math.log(self.ratio)) > math.log(UNUSUAL):
            yield f"are these the phonons of {self.formula}? {self.as_text()}{self._unit()}"
        if self.is_in_wrong_order:
            yield (
                f"are the sites in the order of the atoms of {self.formula}? In another order "
                "their frequencies would fit the masses better"
            )

    def _unit(self) -> str:
        factor = max(self.ratio, 1.0 / self.ratio)
        near = {
            units: known
            for units, known in _UNITS.items()
            if abs(math.log(factor / known)) < math.log(_MISREAD)
        }
        told = [f"; {known:.3g} is the ratio of {units}" for units, known in near.items()]
        return told[0] + ": is the unit right?" if told else ""


def judge_stiffness(dos: PhononDos, atoms: Atoms, *, order_known: bool = False) -> StiffnessVerdict:
    """Compare a density of states with what atoms of these elements usually have.

    Parameters
    ----------
    dos
        With a share for each atom, in the order of the atoms.
    atoms
        The crystal; its masses count, too.
    order_known
        Whether the order of the sites is beyond doubt.

    Notes
    -----
    Stiffness, not frequency, is a property of an element in a metal: its logarithm varies by 0.36
    (standard deviation), and the mean over the sites of a crystal by 0.25, which is an eighth of a
    frequency. Crystals under high pressure are stiffer.
    """
    stiffness = np.log(site_stiffness(dos, atoms.get_masses()))
    table = usual_stiffness()
    usual = np.log([table.get(symbol, math.nan) for symbol in atoms.get_chemical_symbols()])
    known = np.isfinite(usual)
    formula = atoms.get_chemical_formula(mode="metal", empirical=True)
    omega_2 = dos.omega_2
    if not known.any():
        return StiffnessVerdict(formula=formula, omega_2=omega_2, ratio=math.nan, order_excess=0.0)
    away = stiffness[known] - usual[known]
    # masses are those of the atoms: ln K - ln M is the site's own, the rest what it should be
    masses = np.log(atoms.get_masses())[known]
    own, wanted = np.sort(stiffness[known] - masses), np.sort(usual[known] - masses)
    excess = float(np.sum(away**2) - np.sum((own - wanted) ** 2))
    return StiffnessVerdict(
        formula=formula,
        omega_2=omega_2,
        ratio=float(np.exp(0.5 * away.mean())),
        order_excess=0.0 if order_known else excess,
    )
