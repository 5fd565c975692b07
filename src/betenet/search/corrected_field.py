"""A force field with a correction, and the file that keeps a correction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from betenet.errors import ConfigError, DataError
from betenet.json_input import read_json, what_is_wrong
from betenet.phonons import ForceField
from betenet.phonons.force_field import Slopes, SymmetricCalculator
from betenet.runs import replace_file
from betenet.search.composition import SearchSpace
from betenet.search.correction import Correction, Difference, fit
from betenet.search.pair_features import CUTOFF
from betenet.structures.symmetry import SiteSymmetry

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptCorrection:
    """A correction as a file keeps it: what it was learnt from.

    Attributes
    ----------
    force_field
        Name of the force field.
    identity
        What the force field's energies depend on.
    pressure
        Pressure of the crystals that it was learnt from [GPa].
    protocol
        Settings of the first-principles calculations.
    differences
        First principles minus force field.
    correction
        What was learnt of them.
    """

    force_field: str
    identity: str
    pressure: float
    protocol: dict[str, Any]
    differences: Sequence[Difference]
    correction: Correction

    def write(self, path: Path) -> None:
        """Write the file.

        Raises
        ------
        DataError
            If it cannot be written.
        """
        table = {
            "format": FORMAT,
            "force_field": self.force_field,
            "force_field_identity": self.identity,
            "pressure_gpa": self.pressure,
            "elements": list(self.correction.elements),
            "widening": self.correction.widening,
            "protocol": self.protocol,
            "crystals": [one.to_dict() for one in self.differences],
        }
        replace_file(path, json.dumps(table, ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> KeptCorrection:
        """Read the file; what it holds is learnt again.

        Raises
        ------
        DataError
            If there is none, or it is damaged.
        """
        try:
            table = read_json(path)
            if table["format"] != FORMAT:
                raise ValueError(f"its format is {table['format']}, not {FORMAT}")
            differences = [Difference.from_dict(one) for one in table["crystals"]]
            correction = fit(differences, tuple(map(str, table["elements"])))
            return cls(
                force_field=str(table["force_field"]),
                identity=str(table["force_field_identity"]),
                pressure=float(table["pressure_gpa"]),
                protocol=dict(table["protocol"]),
                differences=differences,
                correction=replace(correction, widening=float(table["widening"])),
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise DataError(
                f"{path} is no correction of a force field.",
                f"{what_is_wrong(error)}.",
                "Give the correction.json that `betenet search correct` wrote.",
            ) from error

    def applied(self, field: ForceField, space: SearchSpace) -> ForceField:
        """The force field with the correction.

        Parameters
        ----------
        field
            Force field that it was learnt for.
        space
            What it is to be used for.

        Raises
        ------
        ConfigError
            If it is of another force field, or lacks an element.
        """
        if field.identity != self.identity:
            raise ConfigError(
                f"The correction is one of {self.force_field}, not of {field.name}.",
                "What it adds is the error of that force field and of no other.",
                "Learn one for this search: betenet search correct DIR",
            )
        missing = [one for one in space.elements if one not in self.correction.elements]
        if missing:
            raise ConfigError(
                f"The correction knows nothing of {', '.join(missing)}.",
                f"It was learnt from crystals of {', '.join(self.correction.elements)}.",
                "Learn one for this search: betenet search correct DIR",
            )
        learnt = json.dumps([one.to_dict() for one in self.differences])
        key = sha256(f"{FORMAT} {learnt}".encode()).hexdigest()[:16]
        return corrected(field, self.correction, key)


def corrected(field: ForceField, correction: Correction, key: str) -> ForceField:
    """A force field whose energies, forces and stresses are corrected.

    Parameters
    ----------
    field
        Force field.
    correction
        What is added.
    key
        Stands for the correction in the identity of the force field.
    """
    several = isinstance(field.calculator, SymmetricCalculator)
    kind = CorrectedTogether if several else Corrected
    return replace(
        field,
        calculator=kind(field.calculator, correction),
        identity=f"{field.identity} corrected {key}",
        name=f"{field.name}, corrected",
        cutoff=max(field.cutoff, CUTOFF),
    )


@dataclass(frozen=True, slots=True)
class _Sum:
    """Energy, forces and stress of a crystal [eV, eV/Å, eV/Å³]."""

    energy: float
    forces: np.ndarray
    stress: np.ndarray | None


class Corrected(Calculator):
    """Calculator of ASE that adds a correction to another one.

    Parameters
    ----------
    inner
        The other one.
    correction
        What is added.
    """

    implemented_properties = ["energy", "forces", "stress"]  # noqa: RUF012 - ASE's

    def __init__(self, inner: Calculator, correction: Correction) -> None:
        super().__init__()
        self.inner, self.correction = inner, correction

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute what is asked for; ASE calls it."""
        super().calculate(atoms, list(properties), list(system_changes))
        crystal = cast("Atoms", self.atoms).copy()
        energy, forces, stress = self.correction.slopes(crystal)
        crystal.calc = self.inner
        self.results = {
            "energy": float(crystal.get_potential_energy()) + energy,
            "forces": np.asarray(crystal.get_forces()) + forces,
        }
        if "stress" in properties:
            full = np.asarray(crystal.get_stress(voigt=False)) + stress
            self.results["stress"] = full.ravel()[[0, 4, 8, 5, 2, 1]]


class CorrectedTogether(Corrected):
    """A corrected calculator that takes several crystals at once."""

    def evaluate(
        self, crystals: Sequence[Atoms], symmetries: Sequence[SiteSymmetry]
    ) -> Iterator[Slopes]:
        """Energy, forces and stress of crystals; see `SymmetricCalculator`."""
        inner = cast("SymmetricCalculator", self.inner)
        for atoms, point in zip(crystals, inner.evaluate(crystals, symmetries), strict=True):
            energy, forces, stress = self.correction.slopes(atoms)
            whole = None if point.stress is None else np.asarray(point.stress) + stress
            yield _Sum(float(point.energy) + energy, np.asarray(point.forces) + forces, whole)
