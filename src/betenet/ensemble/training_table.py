"""What a model was trained on, row by row: to say of a crystal that the answer was known."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ase import Atoms

from betenet.datasets.folds import reduced_formula
from betenet.datasets.rows import Row
from betenet.errors import BetenetError, ModelError
from betenet.structures import AsRead, standardise
from betenet.structures.find_space_group import find_space_group

TABLE = "training.csv"
COLUMNS = ("formula", "space_group", "volume_per_atom", "coupling", "source")
SAME_VOLUME = 0.06
"""Relative difference of the volumes within which crystals of one formula and space group are taken
for the same: functionals differ by as much."""
SYMPREC = 1e-3
"""Tolerance of the space groups in the table [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InTraining:
    """That a crystal, or others of its formula, were in the training data.

    Attributes
    ----------
    same_crystal
        Whether the crystal itself was: formula, space group and volume agree.
    couplings
        λ of the first-principles calculations, with the data set that each is from.
    """

    same_crystal: bool
    couplings: tuple[tuple[str, float], ...]

    def as_text(self) -> str:
        """One line for people.

        Examples
        --------
        >>> print(InTraining(same_crystal=True, couplings=(("bete_net", 1.1),)).as_text())
        this crystal was in training, with λ = 1.10 (bete_net)
        """
        if self.same_crystal:
            each = ", ".join(f"{coupling:.2f} ({source})" for source, coupling in self.couplings)
            return f"this crystal was in training, with λ = {each}"
        numbers = sorted(coupling for _, coupling in self.couplings)
        span = f"{numbers[0]:.2f}"
        if len(numbers) > 1:
            span += f" to {numbers[-1]:.2f} in {len(numbers)} structures"
        return f"this formula was in training as another crystal, with λ = {span}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "what": "crystal" if self.same_crystal else "formula",
            "couplings": [{"source": name, "coupling": value} for name, value in self.couplings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> InTraining:
        """Build from what :meth:`to_dict` returns."""
        return cls(
            same_crystal=data["what"] == "crystal",
            couplings=tuple((one["source"], float(one["coupling"])) for one in data["couplings"]),
        )


@dataclass(frozen=True, kw_only=True)
class TrainingTable:
    """The structures that a model was trained on, in the order of its applicability.

    Attributes
    ----------
    formulas
        Reduced formulas, elements in alphabetical order.
    space_groups
        Numbers of the space groups, 0 where none was found.
    volumes
        Volume per atom [Å³].
    couplings
        λ of the first-principles calculation [1].
    sources
        Name of the data set of each.
    """

    formulas: tuple[str, ...] = ()
    space_groups: tuple[int, ...] = ()
    volumes: tuple[float, ...] = ()
    couplings: tuple[float, ...] = ()
    sources: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Row]) -> TrainingTable:
        """Describe rows of training data."""
        table = [(row, _space_group(row.atoms)) for row in rows]
        return cls(
            formulas=tuple(row.formula for row, _ in table),
            space_groups=tuple(number for _, number in table),
            volumes=tuple(row.atoms.get_volume() / len(row.atoms) for row, _ in table),
            couplings=tuple(float(row.targets[0]) for row, _ in table),
            sources=tuple(row.source for row, _ in table),
        )

    def __add__(self, other: TrainingTable) -> TrainingTable:
        return TrainingTable(
            formulas=self.formulas + other.formulas,
            space_groups=self.space_groups + other.space_groups,
            volumes=self.volumes + other.volumes,
            couplings=self.couplings + other.couplings,
            sources=self.sources + other.sources,
        )

    @classmethod
    def read(cls, folder: Path) -> TrainingTable:
        """The table of a model's folder; empty if there is none.

        Raises
        ------
        ModelError
            If the file is not such a table.
        """
        path = folder / TABLE
        if not path.exists():
            return cls()
        try:
            with path.open(encoding="utf-8", newline="") as file:
                head, *rows = csv.reader(line for line in file if not line.startswith("#"))
            if tuple(head) != COLUMNS:
                raise ValueError(f"its columns are {', '.join(head)}")
            formulas, groups, volumes, couplings, sources = zip(*rows, strict=True)
            return cls(
                formulas=formulas,
                space_groups=tuple(map(int, groups)),
                volumes=tuple(map(float, volumes)),
                couplings=tuple(map(float, couplings)),
                sources=sources,
            )
        except (OSError, ValueError, csv.Error) as error:
            raise ModelError(
                f"{path} cannot be read.",
                f"{type(error).__name__}: {error}",
                "Get the ensemble's folder again, or remove this file.",
            ) from error

    def write(self, folder: Path, remark: str) -> None:
        """Write it into a model's folder.

        Parameters
        ----------
        folder
            The model's.
        remark
            Where the numbers are from, and their licence: the first line.
        """
        with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
            file.write(f"# {remark}\n")
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for formula, group, volume, coupling, source in zip(
                *(self.formulas, self.space_groups, self.volumes, self.couplings, self.sources),
                strict=True,
            ):
                writer.writerow([formula, group, f"{volume:.4g}", f"{coupling:.4g}", source])

    def find(self, symbols: Sequence[str], as_read: AsRead) -> InTraining | None:
        """What the table knows of a crystal, or of its formula; None if it knows neither.

        Parameters
        ----------
        symbols
            Element of each site.
        as_read
            The crystal as it was understood.
        """
        rows = self._rows_of_formula.get(reduced_formula(symbols), ())
        if not rows:
            return None
        same = [row for row in rows if self._is(row, as_read)]
        chosen = same or rows
        found = {(self.sources[row], self.couplings[row]): None for row in chosen}
        return InTraining(same_crystal=bool(same), couplings=tuple(found))

    def relatives(self, rows: Iterable[int]) -> list[tuple[str, float]]:
        """Formula and λ [1] of rows, each pair once; rows that the table lacks are left out."""
        known = (row for row in rows if row < len(self.formulas))
        return list(dict.fromkeys((self.formulas[row], self.couplings[row]) for row in known))

    def knows(self, formula: str) -> bool:
        """Whether a reduced formula is in the table."""
        return formula in self._rows_of_formula

    @cached_property
    def _rows_of_formula(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, formula in enumerate(self.formulas):
            rows.setdefault(formula, []).append(row)
        return rows

    def _is(self, row: int, as_read: AsRead) -> bool:
        close = abs(as_read.volume_per_atom / self.volumes[row] - 1.0) < SAME_VOLUME
        return close and as_read.space_group_number == self.space_groups[row] != 0


def _space_group(atoms: Atoms) -> int:
    try:
        return find_space_group(standardise(atoms), SYMPREC)[1]
    except BetenetError:
        return 0
