"""What was found in one file of α²F: its columns, and the spectra looked at in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from betenet.analysis.export import without_nan
from betenet.analysis.mu_star_band import band_to_dicts
from betenet.analysis.other_programs import Compared
from betenet.analysis.result import Analysis
from betenet.analysis.table import file_rows
from betenet.errors import BetenetError
from betenet.formats import A2fFile
from betenet.formats.epw_distribution import Distribution
from betenet.superconductivity.mode_coupling import ModeCoupling
from betenet.tables import html_table

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Chosen:
    """A spectrum of the file that is looked at in full.

    Parameters
    ----------
    column
        Its number from 1; None for the mean of all.
    analysis
        What was computed.
    band
        Tc at each further μ* that was asked for.
    modes
        λ of each phonon mode; None if the file does not split this spectrum.
    """

    column: int | None
    analysis: Analysis
    band: tuple[Analysis, ...] = ()
    modes: ModeCoupling | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FileAnalysis:
    """What was found in one file, or the error that took its place.

    Parameters
    ----------
    name
        The file as it was named.
    file
        Its content.
    columns
        λ, its moments and Tc of each column, or why it cannot be used.
    chosen
        The spectra that were looked at in full.
    change
        How much λ changes to the next smearing where the choice was left to the program, as a
        share; None where it was not, or there is no choice.
    error
        Why there is no result.
    compared
        Numbers of other programs beside those of each chosen spectrum; empty if none were given.
    material
        What the user calls the material; empty if nothing.
    distributions
        Distributions of gaps of EPW that were given to be compared.
    """

    name: str
    file: A2fFile | None = None
    columns: tuple[Analysis | BetenetError, ...] = ()
    chosen: tuple[Chosen, ...] = ()
    change: float | None = None
    error: BetenetError | None = None
    compared: tuple[tuple[Compared, ...], ...] = ()
    material: str = ""
    distributions: tuple[Distribution, ...] = ()

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<FileAnalysis {self.error.in_one_line(self.name)}>"
        found = ", ".join(map(repr, self.analyses))
        return f"<FileAnalysis {self.name}: {found}>"

    def _repr_html_(self) -> str:
        tables = (analysis._repr_html_() for analysis in self.analyses)  # pyright: ignore[reportPrivateUsage]
        return "".join(tables) or html_table(self.name, [(repr(self),)])

    @property
    def analyses(self) -> tuple[Analysis, ...]:
        """Analyses of the spectra that were looked at in full; mostly one."""
        return tuple(chosen.analysis for chosen in self.chosen)

    def text(self, unit: str = "") -> str:
        """What was found, for people, with phonon frequencies in a unit: K, meV, THz or cm-1."""
        from betenet.analysis.file_text import result_lines

        return "\n".join(result_lines(self, unit))

    def plot(self, target: str | Path | Axes | None = None, *, title: str = "") -> Axes:
        """α²F(ω) and λ(ω) of the first spectrum that was looked at in full.

        Raises
        ------
        BetenetError
            If the file could not be used, or holds no spectrum.
        """
        from betenet.analysis.figures import figure_title

        if self.error is not None:
            raise self.error
        return self.analyses[0].plot(target, title=title or figure_title(self))

    def to_rows(self) -> list[dict[str, object]]:
        """One flat row for each column of the file, and for each μ* of the band."""
        return list(file_rows(self))

    @property
    def is_ensemble(self) -> bool:
        """Whether the columns are members of an ensemble instead of smearings."""
        return self.file is not None and is_ensemble(self.file)

    @property
    def usable(self) -> list[tuple[int, Analysis]]:
        """The columns that could be used, with their numbers from 1."""
        numbered = enumerate(self.columns, start=1)
        return [(number, found) for number, found in numbered if isinstance(found, Analysis)]

    def smearing(self, column: int | None) -> float | None:
        """Smearing of a column, if the file states it."""
        if column is None or self.file is None or self.file.smearings is None:
            return None
        return self.file.smearings[column - 1]

    def label(self, column: int | None) -> str:
        """What to call a column; empty where there is only one."""
        if self.file is None or self.file.n_columns == 1:
            return ""
        if column is None:
            return f"mean of {self.file.n_columns} members"
        place = f"column {column} of {self.file.n_columns}"
        smearing = self.smearing(column)
        if smearing is None:
            return place
        return f"smearing {smearing:g} {self.file.smearing_unit or ''}".rstrip() + f" ({place})"

    def to_dicts(self) -> list[dict[str, object]]:
        """One plain table for each spectrum that was looked at, or one with the error."""
        if self.error is not None or self.file is None:
            error = None if self.error is None else self.error.to_dict()
            return [{"name": self.name, "error": error}]
        origin: dict[str, object] = {
            "name": self.name,
            "material": self.material or None,
            "format": self.file.format,
            "unit": self.file.unit,
            "unit_source": self.file.unit_source,
            "warnings": list(self.file.warnings),
            "stated": without_nan(self.file.stated),
            "error": None,
        }
        columns = [] if len(self.chosen) > 1 else self._column_dicts()
        return [
            {
                **origin,
                "column": chosen.column,
                "smearing": self.smearing(chosen.column),
                "smearing_unit": self.file.smearing_unit,
                **chosen.analysis.to_dict(),
                "mu_star_band": band_to_dicts(chosen.band),
                "modes": None if chosen.modes is None else without_nan(chosen.modes.to_dict()),
                "comparison": [found.to_dict() for found in compared],
                "columns": columns,
            }
            for chosen, compared in zip(self.chosen, self._compared(), strict=True)
        ]

    def _compared(self) -> tuple[tuple[Compared, ...], ...]:
        return self.compared or ((),) * len(self.chosen)

    def _column_dicts(self) -> list[dict[str, object]]:
        """Every column in short, where there are several."""
        if len(self.columns) < 2:
            return []
        return [
            {
                "column": number,
                "smearing": self.smearing(number),
                **(
                    found.to_dict(with_spectrum=False) | {"error": None}
                    if isinstance(found, Analysis)
                    else {"error": found.to_dict()}
                ),
            }
            for number, found in enumerate(self.columns, start=1)
        ]


def is_ensemble(file: A2fFile) -> bool:
    """Whether the columns of a file are members of an ensemble."""
    return file.format == "json" and file.n_columns > 1
