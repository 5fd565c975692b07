"""What became of one input of ``betenet phonons``, and how it is named outside."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from ase import Atoms

from betenet.errors import BetenetError
from betenet.formats import SitePlaces
from betenet.json_output import finite_or_none
from betenet.phonons import BandLine, PhononResult
from betenet.phonons.verdict import Verdict
from betenet.structures import AsRead
from betenet.structures.as_read import COLUMNS

_NUMBERS = (
    "omega_log_mev",
    "omega_2_mev",
    "highest_mev",
    "lowest_mev",
    "imaginary_fraction",
    "imaginary_q_fraction",
    "lowest_at_fitting_q_mev",
    "imaginary_fraction_at_fitting_q",
    "largest_force_ev_per_angstrom",
    "pressure_gpa",
    "volume_change",
    "relaxation_steps",
    "supercell_atoms",
    "displacements",
    "image_distance_angstrom",
    "seconds",
)
CSV_COLUMNS = (
    *("name", "formula", "n_atoms", "verdict", "verdict_case", "verdict_sentence"),
    *COLUMNS,
    *_NUMBERS,
    *("force_field", "relaxation", "imaginary_tolerance_mev", "settings_digest"),
    *("warnings", "error"),
)
"""Columns of the table; a quantity's unit is part of its column's name."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PhononEntry:
    """Phonons of one input, or the error that took their place.

    Parameters
    ----------
    name
        File, and frame within it.
    force_field
        Its name; `PHONOPY` for force constants of a file.
    relaxation
        What might relax.
    tolerance
        Modes below minus this are imaginary [meV].
    result
        None if there is an error.
    given
        Primitive cell as it was before relaxation; its sites are those of the result.
    bands
        Computes them; a few seconds for a force field.
    notes
        What reading the input said.
    error
        Why there are no phonons.
    as_read
        The crystal as it was understood; None if it could not be used.
    """

    name: str
    force_field: str
    relaxation: str
    tolerance: float
    result: PhononResult | None = None
    given: Atoms | None = None
    bands: Callable[[], Sequence[BandLine]] | None = None
    notes: tuple[str, ...] = ()
    error: BetenetError | None = None
    as_read: AsRead | None = None

    @property
    def formula(self) -> str:
        """Of the primitive cell; empty if there is an error."""
        if self.result is None:
            return ""
        return self.result.atoms.get_chemical_formula(mode="metal", empirical=True)

    @property
    def verdict(self) -> Verdict | None:
        """What is said of the stability; None if there is an error."""
        return None if self.result is None else self.result.verdict

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know: of the input, and the flags of the result in words."""
        if self.result is None:
            return self.notes
        words = list(self.result.warnings)
        if not self.result.is_plausible:
            words.append(f"no vibration has {self.result.facts.highest:.0f} meV: not to be used")
        return (*self.notes, *words)

    @property
    def places(self) -> SitePlaces | None:
        """Cell and positions as given: what a structure file will be compared with."""
        return None if self.given is None else _places(self.given)

    def numbers(self) -> dict[str, float]:
        """What was found, by names that carry the unit; nan for what is not known."""
        if self.result is None:
            return {}
        dos, facts = self.result.dos, asdict(self.result.facts)
        values = (
            *(dos.omega_log, dos.omega_2, facts["highest"], facts["lowest"]),
            *(facts["imaginary_fraction"], facts["imaginary_q_fraction"]),
            *(facts["fitting_lowest"], facts["fitting_fraction"]),
            *(facts["largest_force"], facts["pressure"], facts["volume_change"], facts["steps"]),
            *(facts["n_atoms"], facts["n_displacements"], facts["image_distance"]),
            facts["seconds"],
        )
        return dict(zip(_NUMBERS, values, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings for JSON; what is not known is None."""
        found, numbers = self.result, self.numbers()
        data: dict[str, Any] = {
            "name": self.name,
            "formula": self.formula,
            "symbols": [],
            "as_read": None if self.as_read is None else self.as_read.to_dict(),
            "stable": None,
            "verdict": None if self.verdict is None else self.verdict.to_dict(),
            "quantities": {key: finite_or_none(value) for key, value in numbers.items()},
            "force_field": self.force_field,
            "relaxation": self.relaxation,
            "imaginary_tolerance_mev": self.tolerance,
            "settings_digest": None,
            "flags": [],
            "warnings": list(self.warnings),
            "error": None if self.error is None else self.error.to_dict(),
            "structure": None if self.given is None else _places(self.given).to_dict(),
            "relaxed_structure": None,
            "dos": None,
        }
        if found is not None:
            data["symbols"] = list(found.dos.symbols or ())
            data["stable"] = found.is_stable
            data["settings_digest"] = found.facts.digest
            data["flags"] = list(found.facts.flags)
            data["relaxed_structure"] = _places(found.atoms).to_dict()
            data["dos"] = found.dos.to_dict()
        return data

    def csv_row(self) -> dict[str, str]:
        """One flat row with the columns of `CSV_COLUMNS`; what is not known stays empty."""
        row = dict.fromkeys(CSV_COLUMNS, "")
        row |= {
            key: f"{value:.6g}" for key, value in self.numbers().items() if math.isfinite(value)
        }
        row |= {
            "name": self.name,
            "formula": self.formula,
            "force_field": self.force_field,
            "relaxation": self.relaxation,
            "imaginary_tolerance_mev": f"{self.tolerance:g}",
            "warnings": "; ".join(self.warnings),
            "error": "" if self.error is None else self.error.in_one_line(),
        }
        if self.result is not None:
            row["n_atoms"] = str(len(self.result.atoms))
            row["settings_digest"] = self.result.facts.digest
        if self.verdict is not None:
            row["verdict"] = self.verdict.word
            row["verdict_case"] = self.verdict.case.value
            row["verdict_sentence"] = self.verdict.sentence
        row |= {} if self.as_read is None else self.as_read.cells()
        return row


def _places(atoms: Atoms) -> SitePlaces:
    return SitePlaces(np.array(atoms.cell.array), np.array(atoms.positions))
