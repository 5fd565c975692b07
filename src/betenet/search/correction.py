"""A correction of a force field that is learnt from first principles, with its uncertainty.

The difference of the two is a linear function of `pair_features`, with a normal distribution of
its coefficients: those of the shares of elements are free, those of the others small. How small,
how far the function may be from the difference, and how much forces and stresses count, are what
foretells the energy of each crystal best from the others. What the answer is worth at a crystal
that was not calculated is told by leaving out each of those that were, once more.

References
----------
Bishop, Pattern Recognition and Machine Learning (Springer, 2006), Sec. 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.search.pair_features import PAIRS, SHARES, Described, describe, kinds_of

FORCE_ERROR, VIRIAL_ERROR = 0.1, 0.03
"""Errors that count alike: of a force [eV/Å], and of stress times volume for each atom [eV]."""
_FREE = 10.0
"""Width of the coefficients of the shares of elements about those of least squares [eV]."""
_SIZES = (0.01, 0.03, 0.1, 0.3)
"""Widths of the coefficients of pairs, for features of the size 1, to choose from [eV]."""
_ERRORS = (0.1, 0.03)
"""Errors of an energy that the features do not see, for each atom, to choose from [eV]."""
_LOOSER = (1000.0, 64.0, 16.0, 4.0)
"""Factors of the errors of forces and stresses to choose from [1]; the first leaves them out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Difference:
    """A crystal that was calculated by both: first principles minus force field.

    Attributes
    ----------
    name
        Name for people.
    number
        Number of the phase within its search.
    atoms
        The crystal.
    energy
        Difference of the energies for each atom [eV].
    forces
        Difference of the forces (atom, 3) [eV/Å].
    stress
        Difference of the stresses (3, 3) [eV/Å³].
    """

    name: str
    number: int
    atoms: Atoms
    energy: float
    forces: Float[np.ndarray, "atom 3"]
    stress: Float[np.ndarray, "3 3"]

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        return {
            "name": self.name,
            "number": self.number,
            "symbols": self.atoms.get_chemical_symbols(),
            "cell_angstrom": self.atoms.cell.array.tolist(),
            "positions_angstrom": self.atoms.positions.tolist(),
            "energy_ev_per_atom": self.energy,
            "forces_ev_per_angstrom": self.forces.tolist(),
            "stress_ev_per_angstrom3": self.stress.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Difference:
        """Build from what `to_dict` returns.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        atoms = Atoms(
            data["symbols"],
            cell=np.array(data["cell_angstrom"], dtype=float).reshape(3, 3),
            positions=np.array(data["positions_angstrom"], dtype=float).reshape(-1, 3),
            pbc=True,
        )
        return cls(
            name=str(data["name"]),
            number=int(data["number"]),
            atoms=atoms,
            energy=float(data["energy_ev_per_atom"]),
            forces=np.array(data["forces_ev_per_angstrom"], dtype=float).reshape(len(atoms), 3),
            stress=np.array(data["stress_ev_per_angstrom3"], dtype=float).reshape(3, 3),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correction:
    """What is added to the energies of a force field.

    Attributes
    ----------
    elements
        Elements that it knows.
    scale
        Size of each feature; those of no size are left out (feature) [1].
    mean
        Coefficients, for features in units of their sizes (feature) [eV].
    covariance
        Their covariance (feature, feature) [eV²].
    error
        Error of an energy that the features do not see, for each atom [eV].
    widening
        Factor by which its standard deviations are too small, by leaving out crystals [1].
    """

    elements: tuple[str, ...]
    scale: Float[np.ndarray, " feature"]
    mean: Float[np.ndarray, " feature"]
    covariance: Float[np.ndarray, "feature feature"]
    error: float
    widening: float = 1.0

    def seen(self, atoms: Atoms) -> Float[np.ndarray, " feature"]:
        """Features of a crystal in units of their sizes, for each atom."""
        return self._scaled(describe(atoms, self.elements).values)

    def energy(self, atoms: Atoms) -> float:
        """What is added to the energy, for each atom [eV]."""
        return float(self.seen(atoms) @ self.mean)

    def slopes(self, atoms: Atoms) -> tuple[float, np.ndarray, np.ndarray]:
        """What is added to energy, forces and stress of a cell [eV, eV/Å, eV/Å³]."""
        seen = describe(atoms, self.elements)
        energy = float(self._scaled(seen.values) @ self.mean) * len(atoms)
        forces = self._scaled(seen.forces) @ self.mean
        stress = self._scaled(seen.virial) @ self.mean / atoms.get_volume()
        return energy, forces, stress

    def deviation(self, seen: Float[np.ndarray, " feature"], *, n_crystals: float = 1.0) -> float:
        """Standard deviation of a combination of energies [eV].

        Parameters
        ----------
        seen
            Weighted sum of the features of the crystals, by the weights of the combination [1].
        n_crystals
            Sum of the squares of its weights [1].
        """
        variance = float(seen @ self.covariance @ seen) + n_crystals * self.error**2
        return self.widening * float(np.sqrt(max(variance, 0.0)))

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        return np.divide(values, self.scale, out=np.zeros_like(values), where=self.scale > 0.0)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What one crystal says: features, values and their errors, 0 for that of the energy."""

    design: np.ndarray
    values: np.ndarray
    errors: np.ndarray


def fit(differences: Sequence[Difference], elements: Sequence[str]) -> Correction:
    """Learn a correction.

    Parameters
    ----------
    differences
        Crystals that were calculated; at least one.
    elements
        Elements of the system.
    """
    seen = [describe(one.atoms, elements) for one in differences]
    return _fitted(differences, seen, tuple(elements))


def left_out(differences: Sequence[Difference], elements: Sequence[str]) -> Iterator[Correction]:
    """The correction that is learnt without each crystal, in their order; two or more crystals.

    Parameters
    ----------
    differences
        Crystals that were calculated.
    elements
        Elements of the system.
    """
    seen = [describe(one.atoms, elements) for one in differences]
    for place in range(len(differences)):
        others = [*differences[:place], *differences[place + 1 :]]
        yield _fitted(others, [*seen[:place], *seen[place + 1 :]], tuple(elements))


def widened(
    correction: Correction, misses: Sequence[float], deviations: Sequence[float]
) -> Correction:
    """The correction whose standard deviations are as large as what it missed.

    Parameters
    ----------
    correction
        The correction.
    misses
        Errors for crystals that were left out [eV].
    deviations
        Standard deviations that were stated for them [eV].
    """
    ratio = np.asarray(misses) / np.asarray(deviations)
    return replace(correction, widening=max(1.0, float(np.sqrt(np.mean(ratio**2)))))


def _fitted(
    differences: Sequence[Difference], seen: Sequence[Described], elements: tuple[str, ...]
) -> Correction:
    kinds = kinds_of(len(elements))
    scale = np.sqrt(np.mean([one.values**2 for one in seen], axis=0))
    scale = np.where(kinds == SHARES, 1.0, scale)
    scale[scale < 1e-6 * scale.max()] = 0.0
    used = scale > 0.0
    shares = np.array([one.values[kinds == SHARES] for one in seen])
    energies = np.array([one.energy for one in differences])
    offset = np.linalg.lstsq(shares, energies)[0]
    levelled = [
        replace(one, energy=one.energy - float(share @ offset))
        for one, share in zip(differences, shares, strict=True)
    ]
    rows = [_rows_of(*both, scale, used) for both in zip(levelled, seen, strict=True)]
    choices = [_Choice(kinds[used], *one) for one in product(_SIZES, (0.0, 1.0), _ERRORS, _LOOSER)]
    best = max(choices, key=lambda one: one.foresight(rows)) if len(rows) > 3 else choices[0]
    mean, covariance = np.zeros(len(kinds)), np.zeros((len(kinds), len(kinds)))
    mean[used], covariance[np.ix_(used, used)] = best.posterior(rows)
    mean[kinds == SHARES] += offset
    return Correction(
        elements=elements,
        scale=scale,
        mean=mean,
        covariance=covariance,
        error=best.error,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """Sizes of the coefficients of pairs, and of surroundings relative to these; errors."""

    kinds: np.ndarray
    size: float
    other: float
    error: float
    looser: float

    def posterior(self, rows: Sequence[_Rows]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance of the coefficients."""
        precision, pull = self._sums(rows)
        inverse = np.linalg.inv(precision)
        widths = self._widths()
        covariance = inverse * np.outer(widths, widths)
        return widths * (inverse @ pull), covariance

    def foresight(self, rows: Sequence[_Rows]) -> float:
        """Logarithm of the probability of the energies, each foretold from the other crystals."""
        precision, pull = self._sums(rows)
        widths, total = self._widths(), 0.0
        for one in rows:
            own, mine = self._part(one)
            x = one.design[0] * widths
            inverse = np.linalg.solve(precision - own, np.stack([x, pull - mine], axis=1))
            variance = float(x @ inverse[:, 0]) + self.error**2
            miss = float(x @ inverse[:, 1]) - one.values[0]
            total -= 0.5 * (miss**2 / variance + float(np.log(variance)))
        return total

    def _widths(self) -> np.ndarray:
        sizes = [_FREE, self.size]
        return np.select([self.kinds == SHARES, self.kinds == PAIRS], sizes, self.other * self.size)

    def _part(self, rows: _Rows) -> tuple[np.ndarray, np.ndarray]:
        errors = np.where(rows.errors > 0.0, rows.errors * self.looser, self.error)
        phi = rows.design * self._widths() / errors[:, None]
        return phi.T @ phi, phi.T @ (rows.values / errors)

    def _sums(self, rows: Sequence[_Rows]) -> tuple[np.ndarray, np.ndarray]:
        parts = [self._part(one) for one in rows]
        precision = np.eye(len(self.kinds)) + np.sum([one for one, _ in parts], axis=0)
        return precision, np.sum([one for _, one in parts], axis=0)


def _rows_of(one: Difference, seen: Described, scale: np.ndarray, used: np.ndarray) -> _Rows:
    """Energy, forces and virial of a crystal; what symmetry makes zero says nothing."""
    n = len(one.atoms)
    virial = one.stress * one.atoms.get_volume() / n
    upper = np.triu_indices(3)
    design = np.concatenate(
        [
            seen.values[None],
            seen.forces.reshape(3 * n, -1),
            seen.virial[upper] / n,
        ]
    )[:, used]
    values = np.concatenate([[one.energy], one.forces.ravel(), virial[upper]])
    errors = np.repeat([0.0, FORCE_ERROR, VIRIAL_ERROR], [1, 3 * n, 6])
    return _Rows(design / scale[used], values, errors)
