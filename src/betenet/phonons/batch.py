"""Phonons of the structures of many files, or of phonopy's files, one result after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ase import Atoms
from ase.calculators.calculator import Calculator

from betenet.errors import BetenetError, ConfigError, StructureError, unexpected
from betenet.phonons.bands import BandLine, band_structure, bands_of
from betenet.phonons.cache import PhononCache
from betenet.phonons.entry import PhononEntry
from betenet.phonons.extra import package_folder
from betenet.phonons.force_field import DEFAULT, ForceField, identity_of, make_force_field
from betenet.phonons.from_phonopy import PHONOPY, phonons_from_phonopy
from betenet.phonons.isotopes import with_isotopes
from betenet.phonons.phonopy_cells import find_beside
from betenet.phonons.phonopy_files import COMPANIONS, is_phonopy_file
from betenet.phonons.progress import Step
from betenet.phonons.result import PhononResult
from betenet.phonons.run import compute_phonons
from betenet.phonons.settings import PhononSettings
from betenet.phonons.supercell_layout import SupercellLayout
from betenet.structures import StructureRecord, prepare_structures
from betenet.text_table import cut_at_its_beginning

_LONGEST_NAME = 28
"""Letters of a structure's name beside its progress."""


class PhononBatch:
    """Phonons of many files: iterated, it computes them and gives an entry for each input.

    Entries come as they are done: those of phonopy's files first, then those that the cache has.

    Parameters
    ----------
    files
        Structure files, folders of them, or files of phonopy with force constants; structures that
        are read already, such as those of `compressed`, too.
    force_field
        Name of a force field, or an ASE calculator.
    settings
        Settings of the phonons; the default ones if absent.
    cache
        Where to look first, and to keep each result; None for no cache.
    workers
        Processes of one thread each.
    layout
        Supercell of the forces beside the files; if it has one, all files are structures whose
        forces phonopy has.
    told
        Called with what is in hand, in words, and each step of it; by one worker only.
    done
        Called when a result is there, before it is given.

    Attributes
    ----------
    inputs
        Files of phonopy, and structures of the others.
    verdicts
        Number of stable and of unstable crystals, as far as the batch was iterated.

    Raises
    ------
    ConfigError
        If there is no file, the force field is unknown, the extra ``phonons`` is not installed, or
        the layout has no effect.
    """

    def __init__(
        self,
        files: Sequence[str | Path | StructureRecord],
        force_field: str | Calculator = DEFAULT,
        settings: PhononSettings | None = None,
        *,
        cache: PhononCache | None = None,
        workers: int = 1,
        layout: SupercellLayout | None = None,
        told: Callable[[str, Step], None] = lambda *_: None,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        if not files:
            raise ConfigError(
                "No FILE is given.",
                "Phonons are those of a structure.",
                "Name structure files or folders of them: betenet phonons Al.cif",
            )
        self.verdicts: Counter[str] = Counter()
        self.settings = PhononSettings() if settings is None else settings
        self.layout = SupercellLayout() if layout is None else layout
        self._source = force_field
        self._cache = cache
        self._workers = workers
        self._told = told
        self._done = done
        self._check_layout(files)
        self.inputs = list(self._read(files))
        package_folder("phonopy")
        if any(isinstance(one, StructureRecord) and one.atoms for one in self.inputs):
            identity_of(force_field)

    def __len__(self) -> int:
        return len(self.inputs)

    def __iter__(self) -> Generator[PhononEntry]:
        self.verdicts.clear()
        for entry in self._entries():
            if entry.verdict is not None:
                self.verdicts[entry.verdict.word] += 1
            yield entry

    def _entries(self) -> Generator[PhononEntry]:
        records: list[StructureRecord] = []
        structures: list[Atoms] = []
        for one in self.inputs:
            if isinstance(one, Path):
                yield self._from_files(one)
            elif one.atoms is None:
                yield self._entry(one)
            else:
                try:
                    structures.append(with_isotopes(one.atoms, one.given))
                except StructureError as error:
                    yield self._from_force_field(one, error)
                else:
                    records.append(one)
        if records:
            yield from self._computed(records, structures)

    def __repr__(self) -> str:
        return f"PhononBatch({len(self)} inputs, {self.force_field_name})"

    @property
    def force_field_name(self) -> str:
        """Name of the force field, or of the calculator's class."""
        return self._source if isinstance(self._source, str) else type(self._source).__name__

    def footer(self) -> str:
        """What the numbers depend on, how many are stable, and by which rule."""
        if not self.verdicts:
            return ""
        settings = self.settings
        origins: list[str] = []
        if any(isinstance(one, StructureRecord) for one in self.inputs):
            origins.append(
                f"force field {self.force_field_name}, relaxed: {settings.relaxation}, "
                f"supercells of {settings.distance:g} Å or more"
            )
        if any(isinstance(one, Path) for one in self.inputs):
            origins.append("force constants of phonopy's files as they are")
        counts = ", ".join(f"{count} {word}" for word, count in self.verdicts.items())
        return (
            f"\n{'; '.join(origins)}\n{counts}: a crystal is unstable if more than "
            f"{settings.imaginary_share:.1%} of its modes at the q points that fit the supercell "
            f"are below -{settings.imaginary_tolerance:g} meV (negative stands for imaginary)"
        )

    def _check_layout(self, files: Iterable[str | Path | StructureRecord]) -> None:
        layout = self.layout
        given = {"primitive": layout.primitive, "calculator": layout.calculator}
        flags = [f"--{name}" for name, value in given.items() if value is not None]
        paths = [one for one in files if not isinstance(one, StructureRecord)]
        if flags and layout.dim is None and not any(map(is_phonopy_file, paths)):
            raise ConfigError(
                f"{' and '.join(flags)} {'have' if flags[1:] else 'has'} no effect.",
                "It is for forces that phonopy has; a force field takes any cell in Å.",
                'Give --dim "2 2 2" too, name phonopy\'s file, or leave it out.',
            )

    def _read(
        self, files: Iterable[str | Path | StructureRecord]
    ) -> Iterator[Path | StructureRecord]:
        """Files of phonopy as they are, and the structures of the others in primitive cells."""
        for file in files:
            if isinstance(file, StructureRecord):
                yield from prepare_structures(file)
                continue
            if self.layout.dim is not None or is_phonopy_file(file):
                yield Path(file)
                continue
            unused = _unused_forces(Path(file))
            for record in prepare_structures(file):
                yield replace(record, warnings=(*record.warnings, *unused))

    def _computed(
        self, records: Sequence[StructureRecord], structures: Sequence[Atoms]
    ) -> Generator[PhononEntry]:
        """Entries of the force field."""

        def tell(step: Step) -> None:
            place = step.place or 0
            name = cut_at_its_beginning(records[place].name, _LONGEST_NAME)
            loading = step.place is None
            self._told("" if loading else f"{place + 1} of {len(records)}, {name}", step)

        stream = compute_phonons(
            structures,
            self.settings,
            self._source,
            cache=self._cache,
            workers=self._workers,
            told=tell,
        )
        for place, outcome in stream:
            self._done()
            yield self._from_force_field(records[place], outcome)

    def _entry(self, record: StructureRecord) -> PhononEntry:
        """Entry of a structure without a result."""
        return PhononEntry(
            name=record.name,
            force_field=self.force_field_name,
            settings=self.settings,
            notes=record.warnings,
            error=record.error,
        )

    def _from_force_field(
        self, record: StructureRecord, outcome: PhononResult | BetenetError
    ) -> PhononEntry:
        known = replace(self._entry(record), as_read=record.as_read)
        if isinstance(outcome, BetenetError):
            named = type(outcome)(f"{record.name}: {outcome.summary}", outcome.reason, outcome.fix)
            return replace(known, error=named)
        return replace(
            known,
            result=outcome,
            given=record.atoms,
            bands=lambda: self._bands(record.name, outcome),
        )

    @cached_property
    def _field(self) -> ForceField:
        """Force field for the bands; the stream of results has its own."""
        return make_force_field(self._source)

    def _bands(self, name: str, result: PhononResult) -> Sequence[BandLine]:
        what = f"figure of {cut_at_its_beginning(name, _LONGEST_NAME)}"
        try:
            return bands_of(result, self._field, self.settings, lambda step: self._told(what, step))
        finally:
            self._done()

    def _from_files(self, path: Path) -> PhononEntry:
        known = PhononEntry(name=str(path), force_field=PHONOPY, settings=self.settings)
        try:
            result, phonon = phonons_from_phonopy(path, settings=self.settings, layout=self.layout)
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


def _unused_forces(path: Path) -> tuple[str, ...]:
    """What to say of a structure beside which phonopy's forces lie, and which are not used."""
    beside = find_beside(path.parent, COMPANIONS) if path.is_file() else []
    if not beside:
        return ()
    name = beside[0].name
    return (f"{name} is beside it and not used: name it, or give --dim, for phonons of its forces",)
