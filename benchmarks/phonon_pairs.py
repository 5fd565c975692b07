"""JARVIS's phonon densities of states, and the force field's in the same bins.

JARVIS has a total density of states for 486 of its materials, at 66 frequencies 20 cm⁻¹ apart. Each
is the lower edge of a bin, not a point: where g ∝ ω², counts from such edges on are as 1 : 7 : 19,
values at the points as 0 : 1 : 4, and `first_bins` finds 1.1 : 7 : 20. To read them as points makes
every frequency 1.2 meV too low.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.spacegroup.symmetrize import check_symmetry
from compute_phonons import read_source

from betenet.datasets.folds import reduced_formula
from betenet.datasets.rows import data_folder
from betenet.phonon_dos import PhononDos
from betenet.phonons import DEFAULT, PhononCache, PhononFacts, PhononSettings
from betenet.phonons.cache import phonon_key
from betenet.phonons.force_field import identity_of
from betenet.superconductivity.moments import moments
from betenet.units import convert_frequency

EDGES = np.asarray(convert_frequency(np.linspace(-300.0, 1020.0, 67), "cm-1", "meV"))
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
REAL = CENTRES > 0.0
REAL_EDGES = np.append(0.0, EDGES[1:][REAL])
TOP = 0.99
NAMES = ("omega_log", "omega_2", "omega_99")
IMAGINARY_MAX = 0.01
"""Share of the states, beyond which a crystal counts as unstable on either side."""

STIFF = 0.02
SAME_VOLUME = 0.02
"""Largest relative difference for two structures of the same crystal."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Computed:
    """What the force field says of a crystal; shares of the states (bin,), and above the bins."""

    atoms: Atoms
    shares: np.ndarray
    above: float
    facts: PhononFacts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """One crystal by DFT, shares of the states (bin,), and by the force field."""

    name: str
    dft: np.ndarray
    field: Computed
    omega_log: float
    """Of JARVIS's α²F [meV]."""

    @property
    def distance(self) -> float:
        """W₁ of the real states [meV]."""
        return wasserstein(self.dft, self.field.shares)

    @property
    def relative_distance(self) -> float:
        """W₁ over the mean frequency by DFT."""
        return self.distance / float(real(self.dft) @ CENTRES[REAL])

    @property
    def is_stable(self) -> bool:
        """Whether both sides find it stable."""
        return max(imaginary(self.dft), imaginary(self.field.shares)) <= IMAGINARY_MAX

    @property
    def contradicts_itself(self) -> bool:
        """Whether JARVIS's α²F lies, in its mean, above all states of JARVIS's g."""
        return self.omega_log > features(self.dft)["omega_99"]

    @property
    def label(self) -> str:
        """Its formula."""
        return self.field.atoms.get_chemical_formula(mode="metal", empirical=True)


def real(shares: np.ndarray) -> np.ndarray:
    """Shares of the bins at ω > 0, adding up to one."""
    return shares[REAL] / shares[REAL].sum()


def imaginary(shares: np.ndarray) -> float:
    """Share of the states below zero."""
    return float(shares[~REAL].sum())


def wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """W₁ of the real states of two densities [meV]."""
    apart = np.append(0.0, np.cumsum(real(first) - real(second)))
    return float(np.trapezoid(np.abs(apart), REAL_EDGES))


def binned(dos: PhononDos) -> tuple[np.ndarray, float]:
    """Shares of the states in JARVIS's bins, what lies below in the first; and what lies above."""
    steps = 0.5 * np.diff(dos.frequencies) * (dos.total[1:] + dos.total[:-1])
    below = np.interp(EDGES, dos.frequencies, np.append(0.0, np.cumsum(steps)) / steps.sum())
    shares = np.diff(below)
    shares[0] += below[0]
    return shares / shares.sum(), float(1.0 - below[-1])


def features(shares: np.ndarray) -> dict[str, float]:
    """ω_log, ω_2 and ω_99 of the real states [meV]."""
    states = real(shares)
    shape = moments(CENTRES[REAL], states)
    below = np.append(0.0, np.cumsum(states))
    last = int(np.searchsorted(below, TOP))
    inside = (TOP - below[last - 1]) / states[last - 1]
    top = REAL_EDGES[last - 1] + inside * (REAL_EDGES[last] - REAL_EDGES[last - 1])
    values = (shape["omega_log"], shape["omega_2"], top)
    return {name: float(value) for name, value in zip(NAMES, values, strict=True)}


def read_densities() -> dict[str, np.ndarray]:
    """JARVIS's densities by the ids of its rows, as shares of the states."""
    path = data_folder() / "jarvis" / "superconductors.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    known = {f"jarvis-{entry['id']}": entry["phonon_dos"] for entry in entries}
    return {name: np.array(dos) / np.sum(dos) for name, dos in known.items() if dos}


def first_bins(densities: Iterable[np.ndarray]) -> tuple[int, np.ndarray]:
    """How many crystals are stiff, and medians of their first three real bins, the second as 7.

    Stiff: less than 2 % of the states up to the fourth bin, and none below zero.
    """
    first = int(np.argmax(REAL))
    stiff = [g for g in densities if imaginary(g) < 1e-4 and g[first : first + 4].sum() < STIFF]
    ratios = [7 * g[first : first + 3] / g[first + 1] for g in stiff if g[first + 1] > 0]
    return len(ratios), np.median(ratios, axis=0)


def read_results(
    folder: Path, source: str, relaxation: str = "cell", force_field: str = DEFAULT
) -> dict[str, Computed]:
    """What is done of a source, by the ids of its rows."""
    rows = read_source(source)
    digest = PhononSettings(relaxation=relaxation).digest(identity_of(force_field))
    results = PhononCache(folder).load([phonon_key(atoms, digest) for _, atoms in rows])
    found: dict[str, Computed] = {}
    for (name, atoms), result in zip(rows, results, strict=True):
        if result is not None:
            key = name if name.startswith(f"{source}-") else f"{source}-{name}"
            shares, above = binned(result.dos)
            found[key] = Computed(atoms=atoms, shares=shares, above=above, facts=result.facts)
    return found


def borrowed(names: Container[str], others: Iterable[Computed]) -> dict[str, Computed]:
    """What was computed for other structures of JARVIS's crystals, by the ids of its rows.

    The same formula, space group and number of atoms, and nearly the same volume.
    """
    known: dict[tuple[str, int, int], list[Computed]] = defaultdict(list)
    for one in others:
        known[kind_of(one.atoms)].append(one)
    found: dict[str, Computed] = {}
    for bare, atoms in read_source("jarvis"):
        name, volume = f"jarvis-{bare}", atoms.get_volume()
        if name not in names:
            continue
        ratios = {abs(one.atoms.get_volume() / volume - 1): one for one in known[kind_of(atoms)]}
        if ratios and min(ratios) < SAME_VOLUME:
            found[name] = ratios[min(ratios)]
    return found


def kind_of(atoms: Atoms) -> tuple[str, int, int]:
    """Formula, space group and number of atoms."""
    found = check_symmetry(atoms, symprec=1e-3)
    group = 0 if found is None else int(found.number)
    return reduced_formula(atoms.get_chemical_symbols()), group, len(atoms)
