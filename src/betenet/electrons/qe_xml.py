"""Bands of pw.x: ``data-file-schema.xml``, or the folder ``PREFIX.save`` that holds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from ase.units import Hartree
from jaxtyping import Float

from betenet.electrons.bands import Bands, check_bands
from betenet.electrons.orbitals import OrbitalWeights, orbitals_beside, read_orbitals
from betenet.electrons.qe_elements import (
    Element,
    atoms_of,
    file_of,
    needed,
    number_of,
    numbers_of,
    optional_number,
    parse,
    states_of,
    text_of,
)
from betenet.electrons.unfolding import Images, images_on_mesh, mesh_of, unfold, with_reversal
from betenet.errors import DataError
from betenet.espresso.grids import Grid, Operations

_SELF_CONSISTENT = ("scf", "relax", "vc-relax")
"""Calculations whose file says whether the density has converged; that of bands never does."""
_WORST = 0.05
"""Difference of energies that symmetry makes equal, above which the file is not believed [eV]."""


def read_qe_bands(path: str | Path) -> Bands:
    """Bands on a full mesh out of what pw.x has saved.

    Parameters
    ----------
    path
        ``data-file-schema.xml``, also compressed; the folder ``PREFIX.save``; or a folder that
        `betenet electrons run` has made.

    Raises
    ------
    DataError
        If it is missing, broken, of another program or another kind of calculation; has not
        converged; its points do not fill a mesh; or a file of projwfc.x beside it is broken.

    Notes
    -----
    A file ``….projwfc_up`` of projwfc.x (``filproj``) beside it, or around the scratch folder that
    it lies in, tells the orbitals of its states.
    """
    file = file_of(Path(path))
    root = parse(file)
    output = needed(root, "output", file)
    _check_converged(root, output, file)
    band_structure = needed(output, "band_structure", file)
    if text_of(band_structure, "noncolin", file) == "true":
        _check_no_moment(output, file)
    atoms = atoms_of(output, file)
    points, energies = states_of(band_structure, output, atoms, file)
    operations = _operations(output, file)
    grid, offset = _mesh(band_structure, points, operations)
    places = images_on_mesh(points, with_reversal(operations), grid, offset)
    spinor = text_of(band_structure, "noncolin", file) == "true"
    degeneracy = 1 if spinor or energies.shape[0] == 2 else 2
    n_electrons = number_of(band_structure, "nelec", file)
    filled = int(n_electrons / degeneracy / energies.shape[0])
    full, mismatch = unfold(energies, places, grid, f"{file}", filled + 1)
    if mismatch > _WORST:
        raise DataError(
            f"{file} has energies that symmetry makes equal, and that are {mismatch:.2g} eV apart.",
            "Its list of operations does not belong to its bands, or they have not converged.",
            "Compute the bands again with a smaller conv_thr, or with nosym = .true.",
        )
    return check_bands(
        Bands(
            atoms=atoms,
            energies=np.sort(full, axis=-1),
            offset=offset,
            n_electrons=n_electrons,
            degeneracy=degeneracy,
            stated_fermi_energy=optional_number(band_structure, "fermi_energy") * Hartree,
            mismatch=mismatch,
            source=f"{file}",
            orbitals=_orbitals(file, energies, places, grid),
        )
    )


def _orbitals(
    file: Path, energies: Float[np.ndarray, "spin point band"], places: Images, grid: Grid
) -> OrbitalWeights | None:
    """Shares of orbitals on the full mesh; projwfc.x has made those of equal atoms symmetric."""
    beside = orbitals_beside(file)
    if beside is None:
        return None
    found = read_orbitals(beside, energies.shape)
    flat = found.weights.reshape(*energies.shape[:2], -1)
    full, _ = unfold(flat, places, grid, f"{beside}")
    shape = (energies.shape[0], *grid, *found.weights.shape[2:])
    return replace(found, weights=full.reshape(shape))


def _check_converged(root: Element, output: Element, file: Path) -> None:
    kind = root.findtext("input/control_variables/calculation", "").strip()
    if kind == "bands":
        raise DataError(
            f"{file} has bands along lines (calculation = 'bands').",
            "Integrals over the Brillouin zone need a full mesh.",
            "Compute them on one: calculation = 'nscf', K_POINTS automatic. `betenet electrons "
            "bands` reads those along lines.",
        )
    said = output.findtext("convergence_info/scf_conv/convergence_achieved", "").strip()
    status = root.findtext("status", "0").strip()
    if (kind in _SELF_CONSISTENT and said == "false") or status not in {"0", ""}:
        raise DataError(
            f"{file} is of a calculation that did not converge.",
            f"It is of kind {kind or '?'} and ended with status {status or '?'}.",
            "Let the density converge: smaller mixing_beta, larger electron_maxstep.",
        )


def _check_no_moment(output: Element, file: Path) -> None:
    moment = output.findtext("magnetization/absolute", "0").split()[:1] or ["0"]
    if abs(float(moment[0])) > 1e-3:
        raise DataError(
            f"{file} is of a crystal with non-collinear moments.",
            "Time reversal does not make its bands at k and -k equal.",
            "Compute it with collinear spins (nspin = 2), or without a moment.",
        )


def _operations(output: Element, file: Path) -> Operations:
    """Operations on rows of coordinates in units of the reciprocal vectors."""
    # Fortran order: a line is a column of s, and pw.x turns k to s·k
    found = [
        numbers_of(one, "rotation", file, 9).reshape(3, 3)
        for one in output.findall("symmetries/symmetry")
        if one.findtext("info", "").strip() == "crystal_symmetry"
    ]
    return np.unique(np.rint(np.array([np.eye(3), *found])).astype(int), axis=0)


def _mesh(
    band_structure: Element, points: Float[np.ndarray, "point 3"], operations: Operations
) -> tuple[Grid, tuple[float, float, float]]:
    """Points along each axis, and the place of the first in steps of the mesh."""
    mesh = band_structure.find("starting_k_points/monkhorst_pack")
    if mesh is None:
        return mesh_of(points, operations)
    first, second, third = (int(mesh.get(f"nk{index}", "1")) for index in (1, 2, 3))
    shifts = [0.5 * int(mesh.get(f"k{index}", "0")) for index in (1, 2, 3)]
    return (first, second, third), (shifts[0], shifts[1], shifts[2])
