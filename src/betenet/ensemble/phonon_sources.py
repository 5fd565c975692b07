"""Where the phonons of a structure that is to be predicted come from: a force field, or a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ase import Atoms
from ase.calculators.calculator import Calculator

from betenet.ensemble.phonon_file import CrystalPhonons, FolderPhonons, said_of
from betenet.ensemble.site_phonons import PhononSource, PhononsRead, SitePhonons, usable
from betenet.errors import BetenetError, ConfigError, ModelError, StructureError
from betenet.formats.a2f_file import UNIT_DEFINED
from betenet.phonons import (
    DEFAULT,
    FORCE_FIELDS,
    ForceField,
    PhononCache,
    PhononResult,
    PhononSettings,
    compute_phonons,
    make_force_field,
)
from betenet.phonons.force_field import identity_of
from betenet.phonons.isotopes import with_isotopes
from betenet.phonons.library import PhononLibrary
from betenet.phonons.progress import Step, tell_nobody
from betenet.phonons.stiffness import judge_stiffness
from betenet.structures import StructureRecord

if TYPE_CHECKING:
    from betenet.ensemble.ensemble import Ensemble

AUTO, QUICK, NONE = "auto", "quick", "none"
"""Words in the place of a file: phonons of a force field, those that take about a second, none."""
QUICK_ATOMS = 4
"""Most atoms of a primitive cell whose phonons ``"quick"`` computes: nine in ten of such cells take
at most a second and a half of one processor (``benchmarks/quick_phonons.py``)."""
LIBRARY = ".npz"
"""Suffix of a library of phonons."""


def choose_phonons(
    model: Ensemble,
    phonons: str | Path,
    *,
    force_field: str | None = None,
    settings: PhononSettings | None = None,
    cache: str | Path | None = None,
    of: str | None = None,
    told: Callable[[str, Step], None] | None = None,
    done: Callable[[], None] | None = None,
) -> PhononSource | None:
    """Source of the phonons that a word or a path asks for.

    Parameters
    ----------
    model
        Ensemble whose predictions are corrected by the phonons, or whose networks take them.
    phonons
        ``"auto"`` for those of a force field, ``"quick"`` for the same where they take about a
        second (`QuickPhonons`), ``"none"``, the file of one crystal, a folder of such files, named
        after the structures, or a library (``.npz``) for many.
    force_field
        Name of the force field of ``"auto"``; if absent the default one of `betenet.phonons`.
    settings
        Settings of the phonons that are computed; the default ones if absent.
    cache
        Folder that keeps what ``"auto"`` and ``"quick"`` compute.
    of
        Name of the structure that the file is of, see `CrystalPhonons`.
    told, done
        Called as by `phonons_from_force_field`.

    Returns
    -------
    PhononSource or None
        None for a prediction from the structure alone.

    Raises
    ------
    ConfigError
        If the arguments contradict each other, or the force field of ``"auto"`` is not installed.
    DataError
        If the file or the cache cannot be read.
    ModelError
        If the model takes no phonons.
    """
    word = str(phonons)
    if force_field is not None and word != AUTO:
        raise _only_for("--force-field", "auto", f"Of {word} it changes nothing.")
    if cache is not None and word not in {AUTO, QUICK}:
        raise _only_for("--phonon-cache", "auto or quick", "Nothing is computed otherwise.")
    is_file = word not in {NONE, QUICK, AUTO} and not word.lower().endswith(LIBRARY)
    if of is not None and (not is_file or Path(word).is_dir()):
        raise ConfigError(
            "--phonons-of is for the file of one crystal.",
            reason=f"--phonons {word} is none.",
            fix="Leave it out, or name the file with --phonons.",
        )
    if word == NONE:
        return None
    model.check_takes_phonons()
    if word.lower().endswith(LIBRARY):
        return phonons_from_library(word)
    if is_file:
        return FolderPhonons(Path(word)) if Path(word).is_dir() else phonons_from_file(word, of=of)
    make = partial(
        phonons_from_force_field,
        force_field or DEFAULT,
        settings,
        cache=None if cache is None else PhononCache(Path(cache)),
        told=told,
        done=done,
    )
    return make() if word == AUTO else QuickPhonons(make)


def _only_for(flag: str, word: str, reason: str) -> ConfigError:
    return ConfigError(f"{flag} is for --phonons {word}.", reason, "Give both, or neither.")


class QuickPhonons:
    """Phonons of a force field for cells of at most `QUICK_ATOMS` atoms, about a second for each.

    Larger ones are predicted without phonons, and say what computes them; so are all where the
    force field is not there, and the first one says how to get it.

    Parameters
    ----------
    make
        Maker of the source of phonons; a `ConfigError` tells what is missing.
    """

    def __init__(self, make: Callable[[], PhononSource]) -> None:
        self._missing: BetenetError | None = None
        self._told = False
        try:
            self._source = make()
        except ConfigError as error:
            self._missing = error

    def __call__(self, record: StructureRecord) -> SitePhonons:
        """Phonons of a structure, or none with the reason."""
        assert record.atoms is not None
        if (size := len(record.atoms)) > QUICK_ATOMS:
            return _without(
                f"its cell has {size} atoms, and those of more than {QUICK_ATOMS} may take some "
                "seconds; --phonons auto computes them"
            )
        if self._missing is None:
            try:
                return self._source(record)
            except (ConfigError, ModelError) as error:
                self._missing = error
        why = self._missing.summary if self._told else self._missing.in_one_line()
        self._told = True
        return _without(why)


def _without(why: str) -> SitePhonons:
    return SitePhonons(warnings=(f"predicted without phonons: {why}",))


def default_phonons(model: Ensemble) -> str:
    """Word of the phonons that ``betenet predict`` takes if it is not told which.

    Parameters
    ----------
    model
        Ensemble that predicts: ``"quick"`` where it takes phonons and has learnt from those of the
        default force field, or takes those of any; else ``"none"``.
    """
    known = model.force_fields or (DEFAULT,)
    return QUICK if model.takes_phonons and DEFAULT in known else NONE


def phonons_from_force_field(
    force_field: str | Calculator = DEFAULT,
    settings: PhononSettings | None = None,
    cache: PhononCache | None = None,
    *,
    told: Callable[[str, Step], None] | None = None,
    done: Callable[[], None] | None = None,
) -> PhononSource:
    """Phonons computed where they are needed, about a second for a small cell.

    A structure that the force field cannot take is predicted without phonons, and says so. The
    peaks of spectra are those of the default force field, which has the better frequencies, beside
    any other by name.

    Parameters
    ----------
    force_field
        A name that `betenet.phonons.make_force_field` knows, or a calculator of ASE.
    settings
        Settings of the phonons; the default ones if absent.
    cache
        Where to look first, and to keep each result.
    told
        Called with the name of a structure and each step of its calculation.
    done
        Called when a structure is done, with phonons or without.

    Raises
    ------
    ConfigError
        If the force field is unknown, or its weights are not there: those of SevenNet come with
        the extra ``phonons``.
    """
    identity_of(force_field)
    name = force_field if isinstance(force_field, str) else type(force_field).__name__
    names = [force_field] if name == DEFAULT or name not in FORCE_FIELDS else [force_field, DEFAULT]
    loaded: list[ForceField] = []

    def source(record: StructureRecord) -> SitePhonons:
        assert record.atoms is not None
        try:
            atoms = with_isotopes(record.atoms, record.given)
        except StructureError as error:
            return _without(error.summary)
        tell = tell_nobody if told is None else partial(told, record.name)
        try:
            if not loaded:  # it takes seconds, and is not needed without a structure
                tell(Step(crystal="", stage="loading"))
                loaded.extend(make_force_field(one) for one in names)
            outcomes = [
                compute_phonons([atoms], settings, one, cache=cache, told=tell) for one in loaded
            ]
            outcome, *others = [found for ((_, found),) in outcomes]
        finally:
            if done is not None:
                done()
        if isinstance(outcome, BetenetError):
            return _without(outcome.summary)
        found = site_phonons(outcome, record.atoms, name)
        usable_others = [one for one in others if not isinstance(one, BetenetError)]
        for other in usable_others if found.dos is not None else []:
            found = replace(found, peaks=site_phonons(other, record.atoms, DEFAULT).dos)
        return found

    return source


def phonons_from_file(path: str | Path, *, of: str | None = None) -> CrystalPhonons:
    """Phonons of a file, for the structure that is its crystal.

    Parameters
    ----------
    path
        A density of states with sites, of any format that `read_phonon_dos` knows: where it does
        not say where its sites are, they are those of the structure, in the same order. Or
        ``phonopy.yaml``, with force constants beside it.
    of
        Name of the structure, see `CrystalPhonons`.

    Raises
    ------
    DataError
        If the file cannot be read.
    ConfigError
        If it is phonopy's, and phonopy is not installed.
    """
    return CrystalPhonons.read(path, of=of)


def phonons_from_library(path: str | Path) -> PhononSource:
    """Phonons of a library, by the names of the structures.

    A structure that it does not have, or has with other atoms, is predicted without phonons, and
    says so.

    Raises
    ------
    DataError
        If the library cannot be read.
    """
    library = PhononLibrary.read(Path(path))

    def source(record: StructureRecord) -> SitePhonons:
        assert record.atoms is not None
        entry = library.find(record.name, record.atoms.numbers.tolist())
        if entry is None:
            return _without(f"{path} has none of it")
        dos = entry.dos()
        verdict = judge_stiffness(dos, record.atoms, order_known=True)
        known = SitePhonons(
            dos=dos,
            left_out=entry.imaginary,
            origin=str(path),
            force_field=library.force_field,
            warnings=tuple(f"phonons of {path}: {doubt}" for doubt in verdict.doubts()),
            read=PhononsRead(
                path=str(path),
                format="library",
                unit="meV",
                unit_source=UNIT_DEFINED,
                n_sites=len(record.atoms),
                elements=tuple(record.atoms.get_chemical_symbols()),
                because="its entry has the name and, in the same order, the elements",
                omega_2=verdict.omega_2,
                usual_omega_2=verdict.usual_omega_2,
            ),
        )
        return usable(known)

    return source


def site_phonons(result: PhononResult, atoms: Atoms, name: str) -> SitePhonons:
    """Phonons of a force field for the primitive cell that they were computed for.

    Parameters
    ----------
    result
        For the same cell, perhaps relaxed.
    atoms
        The cell that is predicted.
    name
        Name of the force field.
    """
    if result.atoms.numbers.tolist() != atoms.numbers.tolist():
        return SitePhonons(warnings=("predicted without phonons: their cell is another one",))
    if not result.is_plausible:
        why = f"{name} fails here, with frequencies up to {result.facts.highest:.0f} meV"
        return _without(why)
    warnings = said_of(name, result)
    return usable(SitePhonons(dos=result.dos, origin=name, force_field=name, warnings=warnings))
