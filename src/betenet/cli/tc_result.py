"""One file of α²F from its columns to what is said of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from betenet.cli.tc_chosen import ALL, Chosen, Request, band_of, in_full
from betenet.cli.tc_compare import Compared, compare
from betenet.errors import BetenetError, DataError, SpectrumError, unexpected
from betenet.formats import FORMATS, A2fFile, read_a2f
from betenet.spectrum import Spectrum
from betenet.superconductivity.analysis import (
    Analysis,
    analyse,
    analyse_each,
    analyse_moments,
)
from betenet.superconductivity.analysis_export import without_nan
from betenet.superconductivity.mu_star_band import band_to_dicts
from betenet.superconductivity.quality import assess
from betenet.superconductivity.smearing import flattest

_STRUCTURE_SUFFIXES = (".cif", ".vasp", ".poscar", ".xyz", ".extxyz", ".res", ".xsf")
_STRUCTURE_NAMES = ("poscar", "contcar")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FileResult:
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
    """

    name: str
    file: A2fFile | None = None
    columns: tuple[Analysis | BetenetError, ...] = ()
    chosen: tuple[Chosen, ...] = ()
    change: float | None = None
    error: BetenetError | None = None
    compared: tuple[tuple[Compared, ...], ...] = ()
    material: str = ""

    @property
    def is_ensemble(self) -> bool:
        """Whether the columns are members of an ensemble instead of smearings."""
        return self.file is not None and _is_ensemble(self.file)

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


def analyse_file(name: str, request: Request) -> FileResult:
    """Read a file and compute what was asked for; what goes wrong is in the result.

    Parameters
    ----------
    name
        The file.
    request
        How to read it and what to compute.
    """
    try:
        file = _read(name, request)
        if file.frequencies.size == 0:
            found = _from_stated(name, file, request)
        else:
            found = _from_spectra(name, file, request)
        found = replace(found, material=request.material)
        if not request.references:
            return found
        compared = tuple(
            compare(chosen.analysis, request.references, found.smearing(chosen.column))
            for chosen in found.chosen
        )
        return replace(found, compared=compared)
    except DataError as error:
        return FileResult(name=name, error=_structure_instead(name, error))
    except BetenetError as error:
        return FileResult(name=name, error=_named(name, error))
    except Exception as error:  # noqa: BLE001 - the other files are to be done
        return FileResult(name=name, error=unexpected(error, name))


def _read(name: str, request: Request) -> A2fFile:
    """A file, or a folder of ph.x."""
    fixed = FORMATS["qe-elph"].unit
    if Path(name).is_dir() and request.format in {None, "qe-elph"}:
        if request.unit not in {None, fixed}:
            raise DataError(
                f"{name} has its frequencies in {fixed}, not in {request.unit}.",
                reason="That is the unit of every file of ph.x.",
                fix="Leave out --unit.",
            )
        from betenet.espresso.coupling_folder import read_coupling_folder

        return read_coupling_folder(name)
    return read_a2f(name, format=request.format, unit=request.unit)


def _from_spectra(name: str, file: A2fFile, request: Request) -> FileResult:
    settings = request.settings
    if file.n_columns == 1:
        if request.smearing not in {None, ALL}:
            _column_numbers(file, request.smearing)
        chosen = in_full(file, [1], request)
        columns = (chosen[0].analysis,)
        return FileResult(name=name, file=file, columns=columns, chosen=chosen)
    columns = _columns(file, request)
    change = None
    if request.smearing is not None:
        numbers = _column_numbers(file, request.smearing)
        if request.smearing == ALL:
            numbers = [i for i in numbers if isinstance(columns[i - 1], Analysis)]
    elif _is_ensemble(file):
        mean = file.spectrum(drop_imaginary=request.drop_imaginary).mean()
        band = band_of(mean, request)
        chosen = (Chosen(column=None, analysis=analyse(mean, settings), band=band),)
        return FileResult(name=name, file=file, columns=columns, chosen=chosen)
    elif file.has_smearings:
        number, change = _flattest(columns)
        numbers = [number]
    else:
        _check_not_shares(file)
        usable = [i for i, found in enumerate(columns, start=1) if isinstance(found, Analysis)]
        numbers = usable[:1]
    chosen = in_full(file, numbers, request)
    return FileResult(name=name, file=file, columns=columns, chosen=chosen, change=change)


def _check_not_shares(file: A2fFile) -> None:
    """Refuse to choose among columns whose names may be those of shares."""
    if file.names:
        raise DataError(
            f"{file.path} has several columns of α²F: {', '.join(file.names)}.",
            reason="They may be shares of one α²F, and λ of a share is not that of the whole, or "
            "spectra of different materials.",
            fix="Add a column a2F that is the whole, or choose a column with --smearing, by its "
            "place from 1; all takes each.",
        )


def _columns(file: A2fFile, request: Request) -> tuple[Analysis | BetenetError, ...]:
    """Every column in short; those that cannot be used keep their error."""
    spectra: dict[int, Spectrum] = {}
    found: dict[int, Analysis | BetenetError] = {}
    for number in range(1, file.n_columns + 1):
        try:
            spectra[number] = file.spectrum(number, drop_imaginary=request.drop_imaginary)
        except SpectrumError as error:
            found[number] = error
    if not spectra:
        raise next(error for error in found.values() if isinstance(error, BetenetError))
    first = next(iter(spectra.values()))
    batch = Spectrum(
        first.frequencies,
        np.stack([spectrum.a2f for spectrum in spectra.values()]),
        rule=first.rule,
        allow_negative=True,
    )
    quality = [assess(file.frequencies, file.a2f[number - 1]) for number in spectra]
    analyses = analyse_each(batch, request.settings.only_tc(), quality=quality)
    found.update(zip(spectra, analyses, strict=True))
    return tuple(found[number] for number in sorted(found))


def _column_numbers(file: A2fFile, smearing: float | str | None) -> list[int]:
    if isinstance(smearing, str) or smearing is None:
        return list(range(1, file.n_columns + 1))
    return [file.column(smearing) + 1]


def _flattest(columns: Sequence[Analysis | BetenetError]) -> tuple[int, float]:
    coupling = [
        found.quantities["coupling"] if isinstance(found, Analysis) else math.nan
        for found in columns
    ]
    index, change = flattest(coupling)
    return index + 1, change


def _from_stated(name: str, file: A2fFile, request: Request) -> FileResult:
    """A file without a spectrum that states λ, and mostly ω_log, of each smearing."""
    known = [key for key in ("coupling", "omega_log") if key in file.stated]
    rows = zip(*(file.stated[key] for key in known), strict=True)
    columns = tuple(
        analyse_moments(dict(zip(known, row, strict=True)), request.settings.only_tc())
        for row in rows
    )
    change = None
    if request.smearing is not None:
        numbers = _column_numbers(file, request.smearing)
    else:
        number, change = _flattest(columns)
        numbers = [number]
    chosen = tuple(
        Chosen(column=i, analysis=columns[i - 1], band=band_of(columns[i - 1].quantities, request))
        for i in numbers
    )
    return FileResult(name=name, file=file, columns=columns, chosen=chosen, change=change)


def _is_ensemble(file: A2fFile) -> bool:
    return file.format == "json" and file.n_columns > 1


def _structure_instead(name: str, error: DataError) -> DataError:
    """Say so where the file looks like a crystal structure."""
    plain = name.replace("\\", "/").rsplit("/", 1)[-1].lower()
    if not (plain.endswith(_STRUCTURE_SUFFIXES) or plain.startswith(_STRUCTURE_NAMES)):
        return error
    return DataError(
        f"{name} holds no α²F.",
        reason=f"By its name it is a crystal structure ({error.summary})",
        fix=f"`betenet predict {name}` predicts α²F(ω) and Tc of a structure.",
    )


def _named(name: str, error: BetenetError) -> BetenetError:
    """The error with the name of the file in front, if it has none."""
    if name in error.summary:
        return error
    return type(error)(f"{name}: {error.summary}", error.reason, error.fix)
