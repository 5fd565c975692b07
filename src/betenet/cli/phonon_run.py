"""The loop of ``betenet phonons``: read, compute and put away, one structure at a time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from ase import Atoms
from ase.calculators.calculator import Calculator

from betenet.cli.batch import CsvOutput, JsonOutput, Output, put_away
from betenet.cli.phonon_entry import CSV_COLUMNS, PhononEntry
from betenet.cli.phonon_outputs import DosOutput, FigureOutput, TableOutput
from betenet.cli.phonon_progress import ProgressLine, in_short
from betenet.cli.short_names import ShortNames
from betenet.cli.streams import spare_the_inputs
from betenet.errors import BetenetError, ConfigError, StructureError, unexpected
from betenet.phonons import (
    DEFAULT,
    BandLine,
    ForceField,
    PhononCache,
    PhononResult,
    PhononSettings,
    SupercellLayout,
    band_structure,
    bands_of,
    compute_phonons,
    fetch_weights,
    is_phonopy_file,
    make_force_field,
    phonons_from_phonopy,
)
from betenet.phonons.extra import package_folder
from betenet.phonons.force_field import identity_of
from betenet.phonons.from_phonopy import PHONOPY
from betenet.phonons.isotopes import with_isotopes
from betenet.phonons.phonopy_cells import find_beside
from betenet.phonons.phonopy_files import COMPANIONS
from betenet.phonons.progress import Step
from betenet.structures import StructureRecord, prepare_structures


def run_phonons(arguments: argparse.Namespace) -> int:
    """Compute the phonons of every structure and put them where they were asked for.

    Parameters
    ----------
    arguments
        The parsed flags of ``betenet phonons``.

    Returns
    -------
    int
        Exit code: 0, or 1 if an input failed, or 130 after an interrupt.

    Raises
    ------
    ConfigError
        If no file is given, the force field is unknown, the extra ``phonons`` is not installed, or
        an output cannot be written or would replace an input.
    DataError
        If the cache cannot be used.
    """
    if not arguments.files:
        raise ConfigError(
            "No FILE is given.",
            "Phonons are those of a structure.",
            "Name structure files or folders of them: betenet phonons Al.cif",
        )
    spare_the_inputs(arguments.files, arguments.csv)
    layout = _layout(arguments)
    inputs = list(_read(arguments.files, layout))
    work = _Work(
        source=chosen_force_field(arguments),
        settings=_settings(arguments),
        cache=None if arguments.phonon_cache is None else PhononCache(arguments.phonon_cache),
        workers=arguments.workers,
        layout=layout,
        line=ProgressLine(),
    )
    work.check(inputs)
    outputs = _outputs(arguments, _footer(work, inputs), _rule(work.settings))
    return put_away(work.entries(inputs), outputs, noun="structures", total=len(inputs))


def fetch(name: str) -> None:
    """Download the weights of a force field and say where they are.

    Raises
    ------
    ConfigError
        If there is nothing to fetch by this name.
    DataError
        If they cannot be downloaded.
    """
    path = fetch_weights(name, progress=True)
    sys.stderr.write(f"{name}: {path}\n")


def chosen_force_field(arguments: argparse.Namespace) -> str | Calculator:
    """Name of the force field."""
    return arguments.force_field or DEFAULT


@dataclass(frozen=True, kw_only=True)
class _Work:
    """How phonons are computed."""

    source: str | Calculator
    settings: PhononSettings
    cache: PhononCache | None
    workers: int
    layout: SupercellLayout
    line: ProgressLine

    @property
    def name(self) -> str:
        """Of the force field."""
        return self.source if isinstance(self.source, str) else type(self.source).__name__

    @cached_property
    def field(self) -> ForceField:
        """Loaded for the first figure; the stream of results has its own."""
        return make_force_field(self.source)

    def check(self, inputs: Sequence[Path | StructureRecord]) -> None:
        """Raise before anything is begun if a package is missing."""
        needs_field = any(isinstance(one, StructureRecord) and one.atoms for one in inputs)
        package_folder("phonopy")
        if needs_field:
            identity_of(self.source)

    def entries(self, inputs: Sequence[Path | StructureRecord]) -> Generator[PhononEntry]:
        """What becomes of each input: first those that need no force field."""
        records: list[StructureRecord] = []
        structures: list[Atoms] = []
        for one in inputs:
            if isinstance(one, Path):
                yield self._from_files(one)
            elif one.atoms is None:
                yield replace(self.blank, name=one.name, notes=one.warnings, error=one.error)
            else:
                try:
                    structures.append(with_isotopes(one.atoms, one.given))
                except StructureError as error:
                    yield self._from_force_field(one, error)
                else:
                    records.append(one)
        if not records:
            return
        stream = compute_phonons(
            structures,
            self.settings,
            self.source,
            cache=self.cache,
            workers=self.workers,
            told=partial(self._told, records),
        )
        for place, outcome in stream:
            self.line.clear()
            yield self._from_force_field(records[place], outcome)

    def _told(self, records: Sequence[StructureRecord], step: Step) -> None:
        if step.place is not None:
            which = f"{step.place + 1} of {len(records)}"
            self.line.name = f"{which}, {in_short(records[step.place].name)}"
        self.line.told(step)

    @property
    def blank(self) -> PhononEntry:
        """What every entry of the force field has."""
        return PhononEntry(
            name="",
            force_field=self.name,
            relaxation=self.settings.relaxation,
            tolerance=self.settings.imaginary_tolerance,
        )

    def _from_force_field(
        self, record: StructureRecord, outcome: PhononResult | BetenetError
    ) -> PhononEntry:
        known = replace(self.blank, name=record.name, notes=record.warnings, as_read=record.as_read)
        if isinstance(outcome, BetenetError):
            named = type(outcome)(f"{record.name}: {outcome.summary}", outcome.reason, outcome.fix)
            return replace(known, error=named)
        return replace(
            known,
            result=outcome,
            given=record.atoms,
            bands=lambda: self._bands(record.name, outcome),
        )

    def _bands(self, name: str, result: PhononResult) -> Sequence[BandLine]:
        self.line.name = f"figure of {in_short(name)}"
        try:
            return bands_of(result, self.field, self.settings, self.line.told)
        finally:
            self.line.clear()
            self.line.name = ""

    def _from_files(self, path: Path) -> PhononEntry:
        known = replace(self.blank, name=str(path), force_field=PHONOPY, relaxation="none")
        try:
            result, phonon = phonons_from_phonopy(path, settings=self.settings, layout=self.layout)
        except BetenetError as error:
            return replace(known, error=error)
        except Exception as error:  # noqa: BLE001 - the other files are to be done
            return replace(known, error=unexpected(error, str(path)))
        (record,) = prepare_structures(result.atoms, max_atoms=None)
        return replace(
            known,
            result=result,
            given=result.atoms,
            as_read=record.as_read,
            bands=lambda: band_structure(phonon),
        )


def _settings(arguments: argparse.Namespace) -> PhononSettings:
    given = {
        "distance": arguments.supercell_distance,
        "imaginary_tolerance": arguments.imaginary_tolerance,
    }
    return PhononSettings(
        relaxation=arguments.relaxation,
        **{name: value for name, value in given.items() if value is not None},
    )


def _layout(arguments: argparse.Namespace) -> SupercellLayout:
    layout = SupercellLayout.from_text(arguments.dim, arguments.primitive, arguments.calculator)
    flags = [f"--{name}" for name in ("primitive", "calculator") if getattr(arguments, name)]
    if flags and layout.dim is None and not any(map(is_phonopy_file, arguments.files)):
        raise ConfigError(
            f"{' and '.join(flags)} {'have' if flags[1:] else 'has'} no effect.",
            "It is for forces that phonopy has; a force field takes any cell in Å.",
            'Give --dim "2 2 2" too, name phonopy\'s file, or leave it out.',
        )
    return layout


def _read(files: Sequence[str], layout: SupercellLayout) -> Iterator[Path | StructureRecord]:
    """Files of phonopy as they are, and the structures of the others in their primitive cells."""
    for file in files:
        if layout.dim is not None or is_phonopy_file(file):
            yield Path(file)
            continue
        hint = _forces_beside(Path(file))
        for record in prepare_structures(file):
            yield replace(record, warnings=(*record.warnings, *hint))


def _forces_beside(path: Path) -> tuple[str, ...]:
    """What to say of a structure whose forces phonopy has, and which goes to a force field."""
    found = find_beside(path.parent, COMPANIONS) if path.is_file() else []
    if not found:
        return ()
    name = found[0].name
    return (f"{name} is beside it and not used: name it, or give --dim, for phonons of its forces",)


def _outputs(
    arguments: argparse.Namespace, footer: str, rule: str
) -> list[Callable[[], Output[PhononEntry]]]:
    outputs: list[Callable[[], Output[PhononEntry]]] = []
    # files first: what is printed is then already safe; figures last: they take seconds each
    if arguments.csv is not None:
        outputs.append(lambda: CsvOutput(arguments.csv, CSV_COLUMNS, _csv_rows))
    if arguments.dos is not None:
        outputs.append(lambda: DosOutput(arguments.dos))
    table = partial(TableOutput, footer, rule, arguments.table_unit, ShortNames(arguments.files))
    outputs.append(lambda: JsonOutput(_elements) if arguments.json else table())
    if arguments.plot is not None:
        outputs.append(lambda: FigureOutput(arguments.plot))
    return outputs


def _csv_rows(entry: PhononEntry) -> list[dict[str, str]]:
    return [entry.csv_row()]


def _elements(entry: PhononEntry) -> list[dict[str, object]]:
    return [entry.to_dict()]


def _footer(work: _Work, inputs: Sequence[Path | StructureRecord]) -> str:
    settings = work.settings
    origins: list[str] = []
    if any(isinstance(one, StructureRecord) for one in inputs):
        origins.append(
            f"force field {work.name}, relaxed: {settings.relaxation}, supercells of "
            f"{settings.distance:g} Å or more"
        )
    if any(isinstance(one, Path) for one in inputs):
        origins.append("force constants of phonopy's files as they are")
    return "; ".join(origins)


def _rule(settings: PhononSettings) -> str:
    return (
        f"a crystal is unstable if more than {settings.imaginary_share:.1%} of its modes at the q "
        f"points that fit the supercell are below -{settings.imaginary_tolerance:g} meV (negative "
        "stands for imaginary)"
    )
