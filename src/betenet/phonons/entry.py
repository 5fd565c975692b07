"""Phonons of one input, or why there are none, and how they are named outside of the package."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from betenet.errors import BetenetError, DataError
from betenet.formats import SitePlaces, write_phonon_dos
from betenet.json_output import finite_or_none
from betenet.phonons.bands import BandLine
from betenet.phonons.from_phonopy import PHONOPY
from betenet.phonons.result import PhononResult
from betenet.phonons.settings import PhononSettings
from betenet.phonons.verdict import Verdict
from betenet.quantities import in_table_unit
from betenet.structures import AsRead
from betenet.structures.as_read import COLUMNS
from betenet.text_table import TextTable

_FACTS = {
    "highest_mev": "highest",
    "lowest_mev": "lowest",
    "imaginary_fraction": "imaginary_fraction",
    "imaginary_q_fraction": "imaginary_q_fraction",
    "lowest_at_fitting_q_mev": "fitting_lowest",
    "imaginary_fraction_at_fitting_q": "fitting_fraction",
    "largest_force_ev_per_angstrom": "largest_force",
    "pressure_gpa": "pressure",
    "volume_change": "volume_change",
    "relaxation_steps": "steps",
    "supercell_atoms": "n_atoms",
    "displacements": "n_displacements",
    "image_distance_angstrom": "image_distance",
    "seconds": "seconds",
}
"""Names outside of the package, with the unit, of facts of a result."""
CSV_COLUMNS = (
    *("name", "formula", "n_atoms", "verdict", "verdict_case", "verdict_sentence"),
    *COLUMNS,
    *("omega_log_mev", "omega_2_mev", *_FACTS),
    *("force_field", "relaxation", "imaginary_tolerance_mev", "settings_digest"),
    *("warnings", "error"),
)
"""Columns of the table; a quantity's unit is part of its column's name."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class PhononEntry:
    """Phonons of one input, or the error that took their place.

    Parameters
    ----------
    name
        File of the structure, and number of the structure within it.
    force_field
        Name of the force field; `PHONOPY` for force constants of a file.
    settings
        Settings of the phonons; nothing is relaxed for force constants of a file.
    result
        Phonons of the primitive cell; None if there is an error.
    given
        Primitive cell as it was before relaxation; its sites are those of the result.
    bands
        Function that computes the bands; a few seconds for a force field.
    notes
        Warnings about the input.
    error
        Why there are no phonons.
    as_read
        The crystal as it was understood; None if it could not be used.
    """

    name: str
    force_field: str
    settings: PhononSettings
    result: PhononResult | None = None
    given: Atoms | None = None
    bands: Callable[[], Sequence[BandLine]] | None = None
    notes: tuple[str, ...] = ()
    error: BetenetError | None = None
    as_read: AsRead | None = None

    def __repr__(self) -> str:
        if self.error is not None:
            return f"PhononEntry({self.error.in_one_line(self.name)})"
        return f"PhononEntry({self.name}: {self.verdict and self.verdict.headline})"

    @property
    def formula(self) -> str:
        """Chemical formula of the primitive cell; empty if there is an error."""
        if self.result is None:
            return ""
        return self.result.atoms.get_chemical_formula(mode="metal", empirical=True)

    @property
    def verdict(self) -> Verdict | None:
        """Verdict on the stability; None if there is an error."""
        return None if self.result is None else self.result.verdict

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the input, and the flags of the result in words."""
        if self.result is None:
            return self.notes
        words = list(self.result.warnings)
        if not self.result.is_plausible:
            words.append(f"no vibration has {self.result.facts.highest:.0f} meV: not to be used")
        return (*self.notes, *words)

    @property
    def relaxation(self) -> str:
        """What might relax: nothing for force constants of a file."""
        return "none" if self.force_field == PHONOPY else self.settings.relaxation

    def numbers(self) -> dict[str, float]:
        """Results by names that carry the unit; nan for what is not known."""
        if self.result is None:
            return {}
        dos, facts = self.result.dos, self.result.facts
        means = {"omega_log_mev": dos.omega_log, "omega_2_mev": dos.omega_2}
        return means | {key: getattr(facts, name) for key, name in _FACTS.items()}

    def to_rows(self) -> list[dict[str, object]]:
        """One row for `betenet.tables.to_dataframe`."""
        word = "" if self.verdict is None else self.verdict.word
        error = "" if self.error is None else self.error.in_one_line()
        row = {"name": self.name, "formula": self.formula, "verdict": word, **self.numbers()}
        return [{**row, "error": error}]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings for JSON; what is not known is None."""
        result, verdict = self.result, self.verdict
        facts = None if result is None else result.facts
        return {
            "name": self.name,
            "formula": self.formula,
            "symbols": [] if result is None else list(result.dos.symbols or ()),
            "as_read": None if self.as_read is None else self.as_read.to_dict(),
            "stable": None if result is None else result.is_stable,
            "verdict": None if verdict is None else verdict.to_dict(),
            "quantities": {key: finite_or_none(value) for key, value in self.numbers().items()},
            "force_field": self.force_field,
            "relaxation": self.relaxation,
            "imaginary_tolerance_mev": self.settings.imaginary_tolerance,
            "settings_digest": None if facts is None else facts.digest,
            "flags": [] if facts is None else list(facts.flags),
            "warnings": list(self.warnings),
            "error": None if self.error is None else self.error.to_dict(),
            "structure": None if self.given is None else _places(self.given).to_dict(),
            "relaxed_structure": None if result is None else _places(result.atoms).to_dict(),
            "dos": None if result is None else result.dos.to_dict(),
        }

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
            "imaginary_tolerance_mev": f"{self.settings.imaginary_tolerance:g}",
            "warnings": "; ".join(self.warnings),
            "error": "" if self.error is None else self.error.in_one_line(),
        }
        if self.result is not None:
            verdict = self.result.verdict
            row["n_atoms"] = str(len(self.result.atoms))
            row["settings_digest"] = self.result.facts.digest
            row["verdict"] = verdict.word
            row["verdict_case"] = verdict.case.value
            row["verdict_sentence"] = verdict.sentence
        row |= {} if self.as_read is None else self.as_read.cells()
        return row

    def rows(self, unit: str = "meV", short: Callable[[str], str] = str) -> list[str]:
        """Row of `phonon_table`, and below it what was read and the warnings; none of an error.

        Parameters
        ----------
        unit
            Unit of the frequencies.
        short
            Function that gives a shorter name for the name of a structure.
        """
        result = self.result
        if result is None:
            return []
        facts, dos, verdict = result.facts, result.dos, result.verdict
        frequencies = [dos.omega_log, dos.omega_2, facts.highest, facts.lowest]
        in_unit = in_table_unit("frequencies", frequencies, unit)
        cells = (
            *(short(self.name), self.formula, str(len(result.atoms))),
            *(f"{value:.2f}".replace("-0.00", "0.00") for value in in_unit),
            *(f"{facts.imaginary_fraction:.2%}", verdict.word),
            *(str(facts.n_atoms), f"{facts.seconds:.1f}"),
        )
        read = () if self.as_read is None else (f"    read as {self.as_read.as_text()}",)
        labels = {verdict.sentence: "verdict"}
        return [
            *(phonon_table(unit).row(cells), *read),
            *(f"    {labels.get(one, 'warning')}: {one}" for one in self.warnings),
        ]

    def write_dos(self, path: str | Path) -> None:
        """Write the density of states by site, and where the sites of the given cell are."""
        assert self.result is not None
        places = None if self.given is None else _places(self.given)
        by = "" if self.force_field == PHONOPY else self.force_field
        write_phonon_dos(path, self.result.dos, places=places, force_field=by)

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the bands and the density of states; write the figure if there is a path.

        Raises
        ------
        BetenetError
            If there are no phonons, for the reason that there are none, or the bands cannot be
            computed.
        """
        from betenet.plotting import plot_phonons

        if self.result is None or self.bands is None:
            raise self.error or DataError(f"{self.name} has no phonons that could be drawn.")
        return plot_phonons(
            self.bands(),
            self.result.dos,
            path,
            title=f"{self.formula}: {self.result.verdict.headline}",
            details="" if self.as_read is None else self.as_read.details,
            stable=self.result.is_stable,
        )


def phonon_table(unit: str = "meV") -> TextTable:
    """Columns of the entries' rows, with frequencies in a unit."""
    return TextTable(
        (
            ("structure", "<27"),
            ("formula", "<13"),
            ("atoms", ">5"),
            (f"ω_log ({unit})", ">12"),
            (f"ω_2 ({unit})", ">10"),
            (f"highest ({unit})", ">14"),
            (f"lowest ({unit})", ">13"),
            ("imaginary", ">9"),
            ("verdict", ">8"),
            ("supercell", ">9"),
            ("seconds", ">7"),
        )
    )


def _places(atoms: Atoms) -> SitePlaces:
    """Cell and positions, which the sites of a structure file are compared with."""
    return SitePlaces(np.array(atoms.cell.array), np.array(atoms.positions))
