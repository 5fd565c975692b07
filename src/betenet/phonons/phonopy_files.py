"""Force constants in phonopy's own files, made a density of states."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from betenet.errors import BetenetError, DataError, StructureError
from betenet.phonon_dos import PhononDos
from betenet.phonons.density import density_of_states, modes_of
from betenet.phonons.extra import load
from betenet.phonons.force_checks import check_constants, check_displacements, check_fit
from betenet.phonons.force_files import Dataset, ForceConstants, read_forces
from betenet.phonons.isotopes import isotope_masses, isotope_remark
from betenet.phonons.phonopy_cells import (
    UNIT_CELLS,
    Cells,
    cells_from_structure,
    cells_from_yaml,
    find_beside,
)
from betenet.phonons.settings import PhononSettings
from betenet.phonons.supercell_layout import SupercellLayout

COMPANIONS = ("FORCE_CONSTANTS", "force_constants.hdf5", "FORCE_SETS")
"""Looked for beside the cells, in this order."""

YAML_FILES = ("phonopy.yaml", "phonopy_disp.yaml", "phonopy_params.yaml")
"""Looked for beside forces, in this order."""

WORTH_SAYING = 0.1
"""Share of the forces that force constants do not explain, from which on it is said."""

_COMPRESSED = (".xz", ".gz", ".bz2")
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, eq=False)
class PhonopyRun:
    """What phonopy's files hold.

    Attributes
    ----------
    phonopy
        Object of phonopy with force constants.
    angstrom
        Its unit of length [Å].
    remarks
        What a user should know of how it was read.
    """

    phonopy: Any
    angstrom: float
    remarks: tuple[str, ...] = ()

    @property
    def primitive(self) -> Atoms:
        """Primitive cell, with the masses that the files state."""
        cell = self.phonopy.primitive
        return Atoms(
            cell.numbers,
            positions=cell.positions * self.angstrom,
            cell=cell.cell * self.angstrom,
            masses=cell.masses,
            pbc=True,
        )


def is_phonopy_file(path: str | Path) -> bool:
    """Whether the name of a file is one that phonopy gives: cells in YAML, or forces.

    Examples
    --------
    >>> names = ("phonopy_params.yaml.xz", "run/FORCE_SETS", "force_constants.hdf5", "POSCAR")
    >>> [is_phonopy_file(name) for name in names]
    [True, True, True, False]
    """
    name = _bare(Path(path).name)
    return name.lower().endswith(_YAML) or _holds_forces(name)


def read_force_constants(
    path: str | Path,
    forces: str | Path | None = None,
    settings: PhononSettings | None = None,
    layout: SupercellLayout | None = None,
) -> tuple[PhononDos, Atoms]:
    """Density of states from phonopy's cells and force constants or forces.

    Parameters
    ----------
    path
        ``phonopy.yaml``, ``phonopy_disp.yaml`` or ``phonopy_params.yaml``: the cells and, in the
        last, forces too. Or the unit cell of a run without such a file, a folder with it, or one of
        `COMPANIONS`, whose cells are looked for beside it. Each may be compressed.
    forces
        ``FORCE_CONSTANTS``, ``force_constants.hdf5`` or ``FORCE_SETS``, told apart by their
        content. Absent, it is what the YAML file holds itself, else one of `COMPANIONS` in the
        same folder.
    settings
        Mesh and grid; the default ones if absent.
    layout
        Supercell, primitive cell and units of a run without a YAML file.

    Returns
    -------
    tuple[PhononDos, Atoms]
        ∫ = 3 for each atom of phonopy's primitive cell, and that cell [Å].

    Raises
    ------
    DataError
        If a file is missing, broken, or does not belong to the other; it is named.
    ConfigError
        If phonopy is not installed.

    Notes
    -----
    The acoustic sum rule is imposed. Non-analytical terms are left out: these are metals. Units are
    those of the calculator that the YAML file or ``layout`` names. Forces with all atoms displaced
    are fitted by symfc.
    """
    settings = PhononSettings() if settings is None else settings
    run = open_phonopy(path, forces, settings, layout)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        modes = modes_of(run.phonopy, settings.q_length / run.angstrom)
    atoms = run.primitive
    symbols = tuple(atoms.get_chemical_symbols())
    return density_of_states(modes, settings.frequency_step, symbols), atoms


def open_phonopy(
    path: str | Path,
    forces: str | Path | None,
    settings: PhononSettings,
    layout: SupercellLayout | None = None,
) -> PhonopyRun:
    """Read the files of a run of phonopy.

    Parameters
    ----------
    path, forces, settings, layout
        Files, settings and supercell, as for `read_force_constants`.

    Raises
    ------
    DataError, StructureError
        If a file is missing, broken, or does not belong to the other; it is named.
    ConfigError
        If phonopy is not installed.
    """
    layout = SupercellLayout() if layout is None else layout
    given = Path(path)
    for name in (path, forces):
        if name is not None and not Path(name).exists():
            raise DataError(
                f"There is no file {name}.",
                "Force constants need phonopy.yaml and FORCE_CONSTANTS or FORCE_SETS.",
                "Correct the path.",
            )
    if forces is None and _holds_forces(_bare(given.name)):
        forces = given
    source = _cells_of(given, layout)
    with warnings.catch_warnings():
        # of spglib's error handling, and of phonopy's own next version
        warnings.simplefilter("ignore")
        is_yaml = _bare(source.name).lower().endswith(_YAML)
        read = cells_from_yaml if is_yaml else cells_from_structure
        cells = read(source, layout, settings.symprec)
        found, name, remarks = _find_forces(cells, source, None if forces is None else Path(forces))
        if _is_of_unit_cell(found, cells):
            cells = read(source, replace(layout, primitive="P"), settings.symprec)
        phonon = cells.phonopy
        masses = _isotopes(phonon, source)
        doubts = _add_force_constants(phonon, found, name)
        units = load("phonopy.interface.calculator").get_calculator_physical_units
        angstrom = float(units(phonon.calculator).distance_to_A)
    return PhonopyRun(phonon, angstrom, (*masses, *remarks, *doubts))


def _bare(name: str) -> str:
    return name[: name.rindex(".")] if name.lower().endswith(_COMPRESSED) else name


def _holds_forces(name: str) -> bool:
    return name.startswith((*COMPANIONS, "fc2.hdf5"))


def _cells_of(given: Path, layout: SupercellLayout) -> Path:
    """File with the cells, where a folder or forces are given."""
    if given.is_file() and not _holds_forces(_bare(given.name)):
        return given
    folder = given if given.is_dir() else given.parent
    names = UNIT_CELLS if layout.dim is not None else (*YAML_FILES, *UNIT_CELLS)
    found = find_beside(folder, names)
    if not found:
        raise DataError(
            f"There are no cells beside the forces in {folder}.",
            f"None of {', '.join(names)} is there.",
            "Name phonopy.yaml, or the unit cell and its supercell: betenet phonons POSCAR "
            '--dim "2 2 2"',
        )
    return found[0]


def _isotopes(phonon: Any, source: Path) -> tuple[str, ...]:
    """What to say of the masses of the files."""
    cell = phonon.primitive
    try:
        masses = isotope_masses(Atoms(cell.numbers, masses=cell.masses))
    except StructureError as error:
        raise StructureError(f"{source}: {error.summary}", error.reason, error.fix) from error
    return (isotope_remark(masses),) if masses else ()


def _find_forces(
    cells: Cells, source: Path, forces: Path | None
) -> tuple[ForceConstants | Dataset, str, tuple[str, ...]]:
    """Forces or force constants, the names of the files that hold them, and what is to be said."""
    said_of_them: tuple[str, ...] = ()
    if forces is None:
        if cells.constants is not None:
            return ForceConstants(cells.constants), str(source), ()
        if cells.dataset is not None:
            return cells.dataset, str(source), ()
        beside = find_beside(source.parent, COMPANIONS)
        if not beside:
            raise DataError(
                f"No phonons can be had from {source}.",
                "Neither it nor a file beside it holds forces or force constants: "
                f"{', '.join(COMPANIONS)}.",
                "Put one of them into its folder.",
            )
        forces, *others = beside
        if others:
            left = ", ".join(path.name for path in others)
            said_of_them = (f"{forces.name} is read; beside it are also {left}",)
    n_atoms = len(cells.phonopy.supercell)
    return read_forces(forces, n_atoms), f"{forces} with {source}", said_of_them


def _is_of_unit_cell(found: ForceConstants | Dataset, cells: Cells) -> bool:
    """Whether force constants are for the atoms of the unit cell, where no primitive one is given.

    That was phonopy's primitive cell unless it was told otherwise.
    """
    if not isinstance(found, ForceConstants) or cells.primitive_is_given:
        return False
    phonon = cells.phonopy
    n_rows, n_unit = len(found.values), len(phonon.unitcell)
    return n_rows == n_unit and n_unit not in {len(phonon.primitive), len(phonon.supercell)}


def _add_force_constants(
    phonon: Any, found: ForceConstants | Dataset, name: str
) -> tuple[str, ...]:
    """Give the object of phonopy its force constants; what is to be said of them."""
    doubts: Sequence[str] = ()
    try:
        if isinstance(found, ForceConstants):
            _take_constants(phonon, found, name)
        else:
            doubts = _fit_constants(phonon, found, name)
        phonon.symmetrize_force_constants(show_drift=False)
    except BetenetError:
        raise
    except Exception as error:  # phonopy raises whatever its input leads it to
        raise DataError(
            f"No phonons can be had from {name}.",
            "Phonopy makes no force constants of them.",
            "Check that both files are whole and of the same phonopy run.",
        ) from error
    return tuple(doubts)


def _take_constants(phonon: Any, found: ForceConstants, name: str) -> None:
    check_constants(phonon, found, name)
    factor = 1.0
    if found.unit is not None:
        convert = load("phonopy.interface.calculator").get_force_constant_conversion_factor
        factor = convert(found.unit, phonon.calculator)
    phonon.force_constants = found.values * factor


def _fit_constants(phonon: Any, dataset: Dataset, name: str) -> Sequence[str]:
    """Force constants from forces; what is to be said of them."""
    check_displacements(phonon, dataset, name)
    every_atom = "first_atoms" not in dataset
    if every_atom:
        load("symfc")
    phonon.dataset = dict(dataset)
    phonon.produce_force_constants(fc_calculator="symfc" if every_atom else None, show_drift=False)
    if not np.isfinite(phonon.force_constants).all():
        raise DataError(
            f"No phonons can be had from {name}.",
            "The force constants that fit them are not numbers.",
            "Check that both files are whole and of the same phonopy run.",
        )
    left = check_fit(phonon, dataset, name)
    if left <= WORTH_SAYING:
        return ()
    return (f"force constants leave {left:.0%} of the forces unexplained: they are not harmonic",)
