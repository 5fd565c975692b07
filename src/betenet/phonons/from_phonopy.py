"""Phonons from phonopy's files, judged as those of a force field are."""

from __future__ import annotations

import hashlib
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from betenet.phonons.compute import stability_flags
from betenet.phonons.density import density_of_states, fitting_frequencies, modes_of
from betenet.phonons.phonopy_files import open_phonopy
from betenet.phonons.result import PhononFacts, PhononResult
from betenet.phonons.settings import PhononSettings
from betenet.phonons.supercell import nearest_image
from betenet.phonons.supercell_layout import SupercellLayout
from betenet.structures.dimensionality import dimensionality

PHONOPY = "phonopy"
"""Name in place of the force field where force constants come from a file."""

NOT_KNOWN = float("nan")
"""Value for forces and pressure of the structure, which the files do not hold."""


def phonons_from_phonopy(
    path: str | Path,
    forces: str | Path | None = None,
    settings: PhononSettings | None = None,
    layout: SupercellLayout | None = None,
) -> tuple[PhononResult, Any]:
    """Phonons of a crystal whose force constants or forces phonopy has.

    Parameters
    ----------
    path, forces, layout
        Files and supercell, as for `read_force_constants`.
    settings
        Mesh, grid and tolerances; the default ones if absent.

    Returns
    -------
    tuple[PhononResult, Any]
        Phonons of phonopy's primitive cell, and phonopy's object, for `band_structure`. Nothing is
        relaxed; forces and pressure are nan.

    Raises
    ------
    DataError
        If a file is missing, broken, or does not belong to the other; it is named.
    ConfigError
        If phonopy is not installed.
    """
    settings = PhononSettings() if settings is None else settings
    began = time.perf_counter()
    run = open_phonopy(path, forces, settings, layout)
    phonon, angstrom = run.phonopy, run.angstrom
    with warnings.catch_warnings():
        # of spglib's error handling, and of phonopy's own next version
        warnings.simplefilter("ignore")
        axes = dimensionality(run.primitive).vacuum_axes
        axis = axes[0] if len(axes) == 1 else None
        modes = modes_of(phonon, settings.q_length / angstrom, axis)
        fitting = fitting_frequencies(phonon)
        flags = stability_flags(phonon, modes, fitting, settings, is_layer=axis is not None)
        orbits = np.asarray(phonon.primitive_symmetry.get_map_atoms(), dtype=np.int64)
        supercells = phonon.supercells_with_displacements or ()
    atoms = run.primitive
    dos = density_of_states(modes, settings.frequency_step, tuple(atoms.get_chemical_symbols()))
    constants = np.ascontiguousarray(phonon.force_constants, dtype="<f8")
    facts = PhononFacts(
        imaginary_fraction=modes.imaginary_fraction(settings.imaginary_tolerance),
        imaginary_q_fraction=modes.imaginary_q_fraction(settings.imaginary_tolerance),
        lowest=float(modes.frequencies.min()),
        highest=float(modes.frequencies.max()),
        largest_force=NOT_KNOWN,
        pressure=NOT_KNOWN,
        volume_change=0.0,
        steps=0,
        n_atoms=len(phonon.supercell),
        n_displacements=len(supercells),
        image_distance=nearest_image(np.asarray(phonon.supercell.cell) * angstrom),
        seconds=time.perf_counter() - began,
        flags=flags,
        remarks=run.remarks,
        digest=settings.digest(f"phonopy {hashlib.sha256(constants.data).hexdigest()}"),
        fitting_fraction=float((fitting < -settings.imaginary_tolerance).mean()),
        fitting_lowest=float(fitting.min()),
        force_field=PHONOPY,
    )
    return PhononResult(atoms, dos, orbits, facts), phonon
