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
from betenet.errors import BetenetError, ConfigError, StructureError
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
from betenet.phonons.extra import package_folder
from betenet.phonons.force_field import identity_of
from betenet.phonons.isotopes import with_isotopes
from betenet.phonons.library import PhononLibrary
from betenet.phonons.progress import Step, tell_nobody
from betenet.phonons.stiffness import judge_stiffness
from betenet.structures import StructureRecord

if TYPE_CHECKING:
    from betenet.ensemble.ensemble import Ensemble

AUTO, NONE = "auto", "none"
"""Words for phonons of a force field and for no phonons, in the place of a file."""
LIBRARY = ".npz"
"""Suffix of a library of phonons."""


def choose_phonons(
    model: Ensemble,
    phonons: str | Path,
    *,
    force_field: str | None = None,
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
        ``"auto"`` for those of a force field, ``"none"``, the file of one crystal, a folder of
        such files, named after the structures, or a library (``.npz``) for many.
    force_field
        Name of the force field of ``"auto"``; if absent the default one of `betenet.phonons`.
    cache
        Folder that keeps what ``"auto"`` computes.
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
        If the arguments contradict each other, or the extra ``phonons`` is needed and not
        installed.
    DataError
        If the file or the cache cannot be read.
    ModelError
        If the model takes no phonons.
    """
    word = str(phonons)
    for flag, value in (("--phonon-cache", cache), ("--force-field", force_field)):
        if value is not None and word != AUTO:
            raise ConfigError(
                f"{flag} is for --phonons auto.",
                reason="Nothing is computed otherwise.",
                fix="Give both, or neither.",
            )
    is_file = word not in {NONE, AUTO} and not word.lower().endswith(LIBRARY)
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
    return phonons_from_force_field(
        force_field or DEFAULT,
        cache=None if cache is None else PhononCache(Path(cache)),
        told=told,
        done=done,
    )


def phonons_from_force_field(
    force_field: str | Calculator = DEFAULT,
    settings: PhononSettings | None = None,
    cache: PhononCache | None = None,
    *,
    told: Callable[[str, Step], None] | None = None,
    done: Callable[[], None] | None = None,
) -> PhononSource:
    """Phonons computed where they are needed, a third of a second for a small cell.

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
        If the extra ``phonons`` is not installed, or the force field is unknown.
    """
    identity_of(force_field)
    package_folder("phonopy")
    name = force_field if isinstance(force_field, str) else type(force_field).__name__
    names = [force_field] if name == DEFAULT or name not in FORCE_FIELDS else [force_field, DEFAULT]
    loaded: list[ForceField] = []

    def source(record: StructureRecord) -> SitePhonons:
        assert record.atoms is not None
        try:
            atoms = with_isotopes(record.atoms, record.given)
        except StructureError as error:
            return SitePhonons(warnings=(f"predicted without phonons: {error.summary}",))
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
            return SitePhonons(warnings=(f"predicted without phonons: {outcome.summary}",))
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
            return SitePhonons(warnings=(f"predicted without phonons: {path} has none of it",))
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
        return SitePhonons(warnings=(f"predicted without phonons: {why}",))
    warnings = said_of(name, result)
    return usable(SitePhonons(dos=result.dos, origin=name, force_field=name, warnings=warnings))
