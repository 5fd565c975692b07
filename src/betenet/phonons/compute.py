"""Phonons of one crystal from a force field."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float

from betenet.errors import BetenetError, StructureError
from betenet.phonons.density import (
    Modes,
    density_of_states,
    fitting_frequencies,
    is_imaginary_only_near_gamma,
    modes_of,
)
from betenet.phonons.dynamical_matrices import DynamicalMatrices
from betenet.phonons.force_constants import HarmonicCrystal, force_constants
from betenet.phonons.force_field import ForceField
from betenet.phonons.isotopes import isotope_masses, isotope_remark, set_masses
from betenet.phonons.progress import Told, tell_nobody
from betenet.phonons.relaxation import Relaxed, relax
from betenet.phonons.result import (
    LARGE_FORCE,
    LARGE_VOLUME_CHANGE,
    PhononFacts,
    PhononResult,
)
from betenet.phonons.settings import PhononSettings
from betenet.structures import check_structure, standardise
from betenet.structures.dimensionality import dimensionality


def phonons(
    atoms: Atoms,
    field: ForceField,
    settings: PhononSettings | None = None,
    told: Told = tell_nobody,
) -> PhononResult:
    """Phonon density of states of a crystal from a force field.

    Parameters
    ----------
    atoms
        Any cell of the crystal; its primitive cell is what is computed. `match_sites` brings the
        result back to the cell that was given. Isotopes are told by its ``masses``. A layer in
        vacuum gets a supercell and q points in its plane, and keeps the width of its vacuum.
    field
        Gives the forces.
    settings
        The default ones if absent.
    told
        Called with each step, for a display of the progress.

    Returns
    -------
    PhononResult
        An unstable crystal is a flag and a share of imaginary modes.

    Raises
    ------
    StructureError
        If the structure is no ordered crystal, or a wire or molecule in vacuum, or the force field
        cannot take it.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from betenet.phonons.force_field import make_force_field
    >>> result = phonons(bulk("Al", "fcc", a=4.0), make_force_field(EMT()))
    >>> result.is_stable, round(result.dos.n_states, 6)
    (True, 3.0)
    """
    return harmonic_phonons(atoms, field, settings, told)[0]


def harmonic_phonons(
    atoms: Atoms,
    field: ForceField,
    settings: PhononSettings | None = None,
    told: Told = tell_nobody,
) -> tuple[PhononResult, HarmonicCrystal]:
    """Phonons of a crystal as `phonons` gives them, and its force constants.

    Parameters
    ----------
    atoms, field, settings, told
        As `phonons` takes them.

    Returns
    -------
    tuple
        The result, and the crystal that it was relaxed to with its force constants, from which
        `band_structure` and `DynamicalMatrices.wave` follow.

    Raises
    ------
    StructureError
        As of `phonons`.
    """
    settings = PhononSettings() if settings is None else settings
    began = time.perf_counter()
    check_structure(atoms)
    isotopes = isotope_masses(atoms)
    given = standardise(atoms, symprec=settings.symprec)
    axis = vacuum_axis_of(given)
    _check_reach(given, field)
    given = set_masses(given, isotopes) if isotopes else given
    try:
        rest = relax(given, field, settings, axis, told)
        crystal = force_constants(rest.atoms, field, settings, axis, told, rest.group)
    except BetenetError:
        raise
    except Exception as error:  # whatever a calculator of someone else may raise
        raise StructureError(
            f"{field.name} fails on {given.symbols}: {error}",
            f"It raised {type(error).__name__}.",
            "Check the structure, or choose another force field.",
        ) from error
    matrices = DynamicalMatrices.from_crystal(crystal)
    modes = modes_of(matrices, settings.q_length, axis)
    symbols = tuple(given.get_chemical_symbols())
    dos = density_of_states(modes, settings.frequency_step, symbols)
    facts = replace(
        _facts(given, rest, crystal, matrices, modes, settings),
        seconds=time.perf_counter() - began,
        digest=settings.digest(field.identity),
        remarks=(isotope_remark(isotopes),) if isotopes else (),
        isotopes=isotopes,
        force_field=field.name,
    )
    return PhononResult(rest.atoms, dos, matrices.orbits, facts), crystal


def _facts(
    given: Atoms,
    rest: Relaxed,
    crystal: HarmonicCrystal,
    matrices: DynamicalMatrices,
    modes: Modes,
    settings: PhononSettings,
) -> PhononFacts:
    """What follows from the structure before and after relaxation and from its modes."""
    is_layer = vacuum_axis_of(given) is not None
    volume = float(rest.atoms.get_volume() / given.get_volume()) - 1.0
    fitting = fitting_frequencies(matrices)
    tolerance = settings.imaginary_tolerance
    return PhononFacts(
        imaginary_fraction=modes.imaginary_fraction(tolerance),
        imaginary_q_fraction=modes.imaginary_q_fraction(tolerance),
        lowest=float(modes.frequencies.min()),
        highest=float(modes.frequencies.max()),
        largest_force=rest.largest_force,
        pressure=rest.pressure,
        volume_change=volume,
        steps=rest.steps,
        n_atoms=crystal.n_atoms,
        n_displacements=crystal.n_displacements,
        image_distance=crystal.image_distance,
        seconds=0.0,
        flags=(
            *_flags(rest, crystal, volume, settings, is_layer=is_layer),
            *stability_flags(matrices, modes, fitting, settings, is_layer=is_layer),
        ),
        digest="",
        fitting_fraction=float((fitting < -tolerance).mean()),
        fitting_lowest=float(fitting.min()),
    )


def vacuum_axis_of(atoms: Atoms) -> int | None:
    """Lattice vector that crosses the vacuum of a layer; None for a bulk crystal.

    Raises
    ------
    StructureError
        If it is a wire or a molecule in vacuum, or no vector crosses the vacuum alone.
    """
    found = dimensionality(atoms)
    if found.kind == "bulk":
        return None
    if found.kind != "layer":
        raise StructureError(
            f"{atoms.symbols} is a {found.kind} in vacuum.",
            "Phonons are computed of bulk crystals and of layers.",
            "Give the bulk crystal; if it is one, look for atoms that are missing from the cell.",
        )
    if len(found.vacuum_axes) != 1:
        raise StructureError(
            f"{atoms.symbols} is a layer in vacuum, across which no lattice vector lies alone.",
            "The supercell cannot be kept in its plane.",
            "Write it in a cell with two vectors in the plane and the third one across.",
        )
    return found.vacuum_axes[0]


def stability_flags(
    phonon: Any,
    modes: Modes,
    fitting: Float[np.ndarray, "q mode"],
    settings: PhononSettings,
    *,
    is_layer: bool,
) -> tuple[str, ...]:
    """The flag of `FLAGS` that says where modes are imaginary; none of a stable crystal.

    Parameters
    ----------
    phonon
        Dynamical matrices, or an object of phonopy with force constants.
    modes
        On a mesh, with its points.
    fitting
        Frequencies at the q points that fit the supercell [meV].
    settings
        Tolerance, and the share of imaginary modes that counts.
    is_layer
        Whether it is a layer in vacuum.
    """
    tolerance = settings.imaginary_tolerance
    if float((fitting < -tolerance).mean()) > settings.imaginary_share:
        return ("imaginary",)
    if is_layer and is_imaginary_only_near_gamma(phonon, modes):
        return ("flexural",)
    if not (modes.frequencies < -tolerance).any():
        return ()
    near = is_imaginary_only_near_gamma(phonon, modes, tolerance)
    return ("near-gamma",) if near else ("interpolated",)


def _flags(
    rest: Relaxed,
    crystal: HarmonicCrystal,
    volume: float,
    settings: PhononSettings,
    *,
    is_layer: bool,
) -> tuple[str, ...]:
    """Keys of `FLAGS` that hold, but for those of the stability."""
    holds = {
        "not-relaxed": not rest.converged,
        "compressed": rest.kept_volume,
        "volume": abs(volume) > LARGE_VOLUME_CHANGE,
        "forces": settings.relaxation == "none" and rest.largest_force > LARGE_FORCE,
        "small-supercell": crystal.image_distance < settings.distance - 1e-3,
        "layer": is_layer,
    }
    return tuple(flag for flag, true in holds.items() if true)


def _check_reach(atoms: Atoms, field: ForceField) -> None:
    """Whether the force field can say anything of the crystal."""
    unknown = {
        str(symbol)
        for symbol, number in zip(atoms.get_chemical_symbols(), atoms.numbers, strict=True)
        if field.known_elements and int(number) not in field.known_elements
    }
    if unknown:
        raise StructureError(
            f"{field.name} does not know {', '.join(sorted(unknown))}.",
            "It has not been trained on that element.",
            "Choose another force field, or give a phonon density of states from a file.",
        )
    repeated = atoms.repeat(2)
    nearest = repeated.get_all_distances(mic=True)
    nearest[np.diag_indices_from(nearest)] = np.inf
    if nearest.min() >= field.cutoff:
        raise StructureError(
            f"No atom of {atoms.symbols} has a neighbour within {field.cutoff:g} Å.",
            f"That is as far as {field.name} sees.",
            "Choose another force field, or give a phonon density of states from a file.",
        )
