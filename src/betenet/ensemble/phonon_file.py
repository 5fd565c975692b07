"""Phonons of files: of which crystal they are, and how that is known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ase import Atoms

from betenet.ensemble.site_phonons import PhononSource, PhononsRead, SitePhonons, usable
from betenet.errors import BetenetError, ConfigError, DataError
from betenet.formats import PhononDosFile, read_phonon_dos
from betenet.formats.a2f_file import UNIT_DEFINED
from betenet.phonon_dos import PhononDos
from betenet.phonons import PhononResult, is_phonopy_file, match_sites, phonons_from_phonopy
from betenet.phonons.stiffness import StiffnessVerdict, judge_stiffness
from betenet.structures import StructureRecord

_COMPRESSED = (".gz", ".bz2", ".xz")
_OF_A_DOS = ("", "_dos", "_projected_dos")
"""What follows the name of the structure in the name of its file of phonons."""
_SAME_PLACE = 1e-3
_FEWEST = 2
"""Fewest frequencies above zero of a density of states."""
_OF_ONE_ATOM, _COMPLETE = 3.0, 0.05
"""∫g dω of one atom, and how far a total may be from it to be that of its one site."""


def said_of(name: str, result: PhononResult) -> tuple[str, ...]:
    """Warnings of computed phonons, with what computed them."""
    return tuple(f"phonons of {name}: {words}" for words in result.warnings)


@dataclass(kw_only=True, eq=False)
class CrystalPhonons:
    """Phonons of one file, for the structure that is its crystal.

    A file that states its cell is believed where elements, lattice and places are those of the
    structure. One that does not must have as many sites, the elements in the same order if it
    names them, and frequencies that are possible for such atoms; and it serves one structure.

    Attributes
    ----------
    path
        The file.
    dos
        Density of states by site, ∫ = 3 per site.
    cell
        The crystal, where the file states it.
    told
        Format, unit of the frequencies in it, and how the unit is known.
    of
        Name of the structure that it is of: its path, or its file's name with or without the
        suffix. All others are predicted without phonons, and doubts are told instead of refused.
    force_field
        What computed it, if it says so.
    warnings
        What a user should know of the file.
    """

    path: str
    dos: PhononDos
    cell: Atoms | None
    told: tuple[str, str, str]
    of: str | None = None
    force_field: str = ""
    warnings: tuple[str, ...] = ()
    _served: StructureRecord | None = field(default=None, init=False)

    @classmethod
    def read(cls, path: str | Path, *, of: str | None = None) -> CrystalPhonons:
        """Read the file; raises as `phonons_from_file` does."""
        if is_phonopy_file(path):
            result, _ = phonons_from_phonopy(path)
            return cls(
                path=str(path),
                dos=result.dos,
                cell=result.atoms,
                told=("phonopy", "meV", UNIT_DEFINED),
                of=of,
                warnings=said_of("phonopy", result),
            )
        file = read_phonon_dos(path)
        dos = file.dos
        _check_states(path, dos)
        if dos.sites is None:
            if abs(dos.n_states / _OF_ONE_ATOM - 1.0) > _COMPLETE:
                raise DataError(
                    f"{path} has no density of states by site.",
                    f"Each atom counts alike, so the share of each is needed; ∫g dω is "
                    f"{dos.n_states:.4g}, and {_OF_ONE_ATOM:g} for one atom.",
                    "Give a file with a column for each atom, or phonopy.yaml with force "
                    "constants.",
                )
            dos = PhononDos(dos.frequencies, dos.total, dos.total[None])
        return cls(
            path=str(path),
            dos=dos.normalised(),
            cell=_cell(file),
            told=(file.format, file.unit, file.unit_source),
            of=of,
            force_field=file.force_field,
            warnings=tuple(file.warnings),
        )

    def __call__(self, record: StructureRecord) -> SitePhonons:
        """Phonons of a structure.

        Raises
        ------
        DataError, StructureError
            If they are not those of the structure.
        ConfigError
            If the file serves another structure already and does not state its cell.
        """
        assert record.atoms is not None
        if self.of is not None and self.of not in names_of(record.name):
            why = f"{self.path} is that of {self.of}"
            return SitePhonons(warnings=(f"predicted without phonons: {why}",))
        if self.cell is None and self.dos.symbols is None:
            self._serve(record)
        own = self._assumed_cell(record) if self.cell is None else self.cell
        matched = match_sites(self.dos, own, record.atoms)
        self._serve(record)
        verdict = judge_stiffness(matched, record.atoms, order_known=self.dos.symbols is not None)
        self._check(verdict)
        doubts = (f"phonons of {self.path}: {doubt}" for doubt in verdict.doubts())
        return usable(
            SitePhonons(
                dos=matched,
                origin=self.path,
                force_field=self.force_field,
                warnings=(*self.warnings, *doubts),
                read=self._read(verdict),
            )
        )

    @property
    def is_used(self) -> bool:
        """Whether a structure had its phonons from the file."""
        return self._served is not None

    def _serve(self, record: StructureRecord) -> None:
        """Remember the structure; refuse a second one where only the user knows which it is."""
        first = self._served
        if first is None:
            self._served = record
        elif self.cell is None and not _is_same(first, record):
            raise ConfigError(
                f"{self.path} is asked for the phonons of {first.name} and of {record.name}.",
                "It does not state its cell, so that nothing tells which of them it is of.",
                "Name the structure with --phonons-of NAME, or predict it alone. A folder with a "
                "file for each structure (Nb.cif: Nb.dos or Nb_dos.json) serves many.",
            )

    def _assumed_cell(self, record: StructureRecord) -> Atoms:
        """Cell of sites that are told by their order alone."""
        assert record.atoms is not None
        assert self.dos.sites is not None
        given = record.atoms if record.given is None else record.given
        n_sites = len(self.dos.sites)
        if n_sites == len(record.atoms) == 1:
            given = record.atoms  # however many times the structure repeats its one atom
        found = tuple(given.get_chemical_symbols())
        if n_sites != len(found):
            larger, smaller = max(n_sites, len(found)), min(n_sites, len(found))
            cells = "" if larger % smaller else f" Is one a supercell, {larger // smaller} times?"
            raise DataError(
                f"{self.path} has {n_sites} sites, the structure {len(found)}.",
                f"It does not say where its sites are.{cells}",
                "Give the structure in the cell of the file, or a file that says where its sites "
                "are, as `betenet phonons --dos` writes it.",
            )
        if self.dos.symbols is not None and self.dos.symbols != found:
            same = sorted(self.dos.symbols) == sorted(found)
            what = "in the order of the structure" if same else "the atoms of the structure"
            raise DataError(
                f"The sites of {self.path} are not {what}.",
                f"They are {' '.join(self.dos.symbols)}, its atoms {' '.join(found)}.",
                "Give a file that says where its sites are, as `betenet phonons --dos` writes it.",
            )
        return given

    def _check(self, verdict: StiffnessVerdict) -> None:
        """Refuse a file that names no atoms and has hardly those of the structure.

        Raises
        ------
        DataError
            With the numbers.
        """
        if self.cell is not None or self.of is not None or not verdict.is_implausible:
            return
        raise DataError(
            f"The phonons of {self.path} are hardly those of {verdict.formula}.",
            f"The file does not state its crystal: {'; '.join(verdict.doubts())}",
            "Check the file and its unit. If it is right all the same, say so: --phonons-of NAME, "
            "with the name of the structure.",
        )

    def _read(self, verdict: StiffnessVerdict) -> PhononsRead:
        n_sites = 0 if self.dos.sites is None else len(self.dos.sites)
        if self.cell is not None:
            because = "its cell has the elements, the lattice and the sites of the structure"
        elif self.dos.symbols is not None:
            because = "it names the elements of the structure in their order, but no places"
        else:
            sites = "one site" if n_sites == 1 else "as many sites as the structure"
            because = f"it has {sites}, and names no elements"
        if self.of is not None:
            because += f"; said to be of {self.of}"
        name, unit, source = self.told
        return PhononsRead(
            path=self.path,
            format=name,
            unit=unit,
            unit_source=source,
            n_sites=n_sites,
            elements=self.dos.symbols or (),
            because=because,
            omega_2=verdict.omega_2,
            usual_omega_2=verdict.usual_omega_2,
        )


class FolderPhonons:
    """Phonons of a folder with a file for each structure, named after it.

    The file of ``cells/Nb.cif`` is ``Nb.dos`` or ``Nb_dos.json``, with any suffix. A structure
    without one is predicted without phonons, and says so.

    Parameters
    ----------
    folder
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, CrystalPhonons] = {}

    def __call__(self, record: StructureRecord) -> SitePhonons:
        """Phonons of a structure.

        Raises
        ------
        DataError, StructureError, ConfigError
            As `CrystalPhonons` does, and if several files could be that of the structure.
        """
        stem = min(names_of(record.name), key=len)
        files = [
            path
            for path in sorted(self._folder.iterdir())
            if path.is_file() and _stem(path.name) in {stem + end for end in _OF_A_DOS}
        ]
        if not files:
            why = f"no file of {self._folder} is named after {stem}"
            return SitePhonons(warnings=(f"predicted without phonons: {why}",))
        if len(files) > 1:
            raise DataError(
                f"{self._folder} has several files for {stem}: "
                f"{', '.join(path.name for path in files)}.",
                "Each structure has one.",
                "Leave one of them there.",
            )
        (path,) = files
        if path not in self._read:
            try:
                self._read[path] = CrystalPhonons.read(path)
            except BetenetError as error:
                raise DataError(error.summary, error.reason, error.fix) from error
        return self._read[path](record)


def check_used(phonons: PhononSource | None) -> None:
    """Check that the structure was there whose phonons a file is said to have.

    Raises
    ------
    ConfigError
        If no structure had the name.
    """
    if isinstance(phonons, CrystalPhonons) and phonons.of is not None and not phonons.is_used:
        raise ConfigError(
            f"No structure is named {phonons.of}.",
            f"--phonons-of says that {phonons.path} is of it, so that nothing used the file.",
            "Give its path, or its file's name with or without the suffix.",
        )


def names_of(name: str) -> frozenset[str]:
    """Names by which a structure can be called.

    Examples
    --------
    >>> sorted(names_of("cells/Nb.cif")), sorted(names_of("many.xyz.gz#3"))
    (['Nb', 'Nb.cif', 'cells/Nb.cif'], ['many#3', 'many.xyz.gz#3'])
    """
    found = re.fullmatch(r"(.*?)(#\d+)?", name, re.DOTALL)
    assert found is not None
    file, frame = re.split(r"[/\\]", found[1])[-1], found[2] or ""
    return frozenset({name, file + frame, _stem(file) + frame})


def _check_states(path: str | Path, dos: PhononDos) -> None:
    """Whether a file has states at real frequencies at all."""
    above = dos.frequencies > 0.0
    if np.count_nonzero(above) < _FEWEST or not dos.total[above].any():
        raise DataError(
            f"{path} has no phonons at ω > 0.",
            "Its density of states is zero there, or ends below: nothing can be said of α²F.",
            "Check the calculation that it came from; negative frequencies stand for imaginary "
            "ones.",
        )


def _stem(file: str) -> str:
    """Name of a file without its suffix, and that of a compression."""
    path = Path(file)
    return (path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path).stem


def _is_same(first: StructureRecord, second: StructureRecord) -> bool:
    """Whether two records are one crystal, in the same cell."""
    one, other = first.atoms, second.atoms
    assert one is not None
    assert other is not None
    return (
        one.numbers.tolist() == other.numbers.tolist()
        and np.allclose(one.cell.array, other.cell.array, atol=_SAME_PLACE)
        and np.allclose(one.positions, other.positions, atol=_SAME_PLACE)
    )


def _cell(file: PhononDosFile) -> Atoms | None:
    """The structure of a file, where it states one."""
    if file.places is None or file.dos.symbols is None:
        return None
    return Atoms(
        list(file.dos.symbols), positions=file.places.positions, cell=file.places.cell, pbc=True
    )
