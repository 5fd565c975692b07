"""Force constants in phonopy's own files, made a density of states."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from betenet.errors import ConfigError, DataError
from betenet.phonon_dos import PhononDos
from betenet.phonons.density import density_of_states, modes_of
from betenet.phonons.extra import load
from betenet.phonons.settings import PhononSettings

ASYMMETRY = 0.1
"""Of force constants, relative to the largest: Φ(i, j) against Φ(j, i) transposed. Beyond it they
are no second derivatives, or not of this supercell."""

COMPANIONS = ("FORCE_CONSTANTS", "force_constants.hdf5", "FORCE_SETS")
"""Looked for beside the YAML file, in this order."""


def read_force_constants(
    yaml: str | Path,
    forces: str | Path | None = None,
    settings: PhononSettings | None = None,
) -> tuple[PhononDos, Atoms]:
    """Density of states from ``phonopy.yaml`` and force constants or forces.

    Parameters
    ----------
    yaml
        ``phonopy.yaml``, ``phonopy_disp.yaml`` or ``phonopy_params.yaml``: the cells and, in the
        last, forces too.
    forces
        ``FORCE_CONSTANTS``, ``force_constants.hdf5`` or ``FORCE_SETS``, told apart by their
        content. Absent, it is one of `COMPANIONS` in the folder of the YAML file, else what that
        file holds itself.
    settings
        Mesh and grid; the default ones if absent.

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
    those of the calculator that the YAML file names.
    """
    settings = PhononSettings() if settings is None else settings
    phonon, angstrom = open_phonopy(yaml, forces, settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        modes = modes_of(phonon, settings.q_length / angstrom)
    atoms = primitive_cell(phonon, angstrom)
    symbols = tuple(atoms.get_chemical_symbols())
    return density_of_states(modes, settings.frequency_step, symbols), atoms


def open_phonopy(
    yaml: str | Path, forces: str | Path | None, settings: PhononSettings
) -> tuple[Any, float]:
    """Object of phonopy that holds force constants, and its unit of length [Å].

    Parameters
    ----------
    yaml, forces, settings
        As for `read_force_constants`.

    Raises
    ------
    DataError
        If a file is missing, broken, or does not belong to the other; it is named.
    ConfigError
        If phonopy is not installed.
    """
    for path in (yaml, forces):
        if path is not None and not Path(path).is_file():
            raise DataError(
                f"There is no file {path}.",
                "Force constants need phonopy.yaml and FORCE_CONSTANTS or FORCE_SETS.",
                "Correct the path.",
            )
    if forces is None:
        beside = [Path(yaml).parent / name for name in COMPANIONS]
        forces = next((path for path in beside if path.is_file()), None)
    with warnings.catch_warnings():
        # of spglib's error handling, and of phonopy's own next version
        warnings.simplefilter("ignore")
        try:
            phonon = _read(str(yaml), None if forces is None else Path(forces), settings)
        except (DataError, ConfigError):
            raise
        except Exception as error:  # a parser raises whatever its input leads it to
            raise _broken(yaml, forces, f"phonopy stops with: {error!r}") from error
        if phonon.force_constants is None:
            raise _broken(yaml, forces, "neither of them holds forces or force constants")
        _check(phonon, yaml, forces)
        phonon.symmetrize_force_constants(show_drift=False)
        units = load("phonopy.interface.calculator").get_calculator_physical_units
        return phonon, float(units(phonon.calculator).distance_to_A)


def primitive_cell(phonon: Any, angstrom: float) -> Atoms:
    """Primitive cell of an object of phonopy whose unit of length is so many Å."""
    cell = phonon.primitive
    return Atoms(
        cell.numbers, positions=cell.positions * angstrom, cell=cell.cell * angstrom, pbc=True
    )


def _read(yaml: str, forces: Path | None, settings: PhononSettings) -> Any:
    """Phonopy's object with force constants; without them where no file holds any.

    Its own loader would take files of these names from the current folder, whatever is asked.
    """
    content = load("phonopy.interface.phonopy_yaml").PhonopyYaml()
    content.read(yaml)
    if content.unitcell is None or content.supercell_matrix is None:
        raise _broken(yaml, None, "it states no unit cell, or no supercell matrix")
    phonon = load("phonopy").Phonopy(
        content.unitcell,
        content.supercell_matrix,
        primitive_matrix="auto" if content.primitive_matrix is None else content.primitive_matrix,
        calculator=content.calculator,
        symprec=settings.symprec,
    )
    parsers = load("phonopy.file_IO")
    if forces is None:
        phonon.force_constants = content.force_constants
        if phonon.force_constants is None and "forces" in str(content.dataset):
            phonon.dataset = content.dataset
    elif forces.suffix == ".hdf5":
        phonon.force_constants = parsers.read_force_constants_hdf5(str(forces))
    elif _holds_sets(forces):
        phonon.dataset = parsers.parse_FORCE_SETS(natom=len(phonon.supercell), filename=str(forces))
    else:
        phonon.force_constants = parsers.parse_FORCE_CONSTANTS(str(forces))
    if phonon.force_constants is None and phonon.dataset is not None:
        phonon.produce_force_constants(show_drift=False)
    return phonon


def _holds_sets(path: Path) -> bool:
    """FORCE_SETS begins with two lines of one number; FORCE_CONSTANTS has two indices in line 2."""
    lines = [line.split() for line in path.read_text(errors="replace").splitlines()]
    filled = [line for line in lines if line]
    return len(filled) > 1 and len(filled[0]) == len(filled[1]) == 1


def _check(phonon: Any, yaml: str | Path, forces: str | Path | None) -> None:
    """Force constants must be those of this supercell, and second derivatives."""
    constants = np.asarray(phonon.force_constants)
    n_atoms = len(phonon.supercell)
    if constants.shape[1:] != (n_atoms, 3, 3):
        raise _broken(
            yaml, forces, f"they are for {constants.shape[1]} atoms, the supercell has {n_atoms}"
        )
    if not np.isfinite(constants).all():
        raise _broken(yaml, forces, "some force constants are not numbers")
    if len(constants) != n_atoms:
        # the compact form has both orders only for the atoms of one primitive cell
        constants = constants[:, np.asarray(phonon.primitive.p2s_map)]
    worst = float(np.abs(constants - constants.transpose(1, 0, 3, 2)).max())
    if worst > ASYMMETRY * float(np.abs(constants).max()):
        raise _broken(
            yaml,
            forces,
            f"force constants change by {worst:.3g} when their two atoms are exchanged",
        )


def _broken(yaml: str | Path, forces: str | Path | None, reason: str) -> DataError:
    names = f"{yaml}" if forces is None else f"{forces} with {yaml}"
    return DataError(
        f"No phonons can be had from {names}.",
        f"{reason[:1].upper()}{reason[1:]}.",
        "Check that both files are whole and of the same phonopy run.",
    )
