"""Bands of pw.x: ``data-file-schema.xml``, or the folder ``PREFIX.save`` that holds it."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree
from jaxtyping import Float

from betenet.electrons.bands import Bands, check_bands
from betenet.electrons.unfolding import images_on_mesh, mesh_of, unfold, with_reversal
from betenet.errors import DataError
from betenet.espresso.grids import Grid, Operations
from betenet.input_files import DAMAGE, LARGEST_FILE, in_short, open_bytes

FILE = "data-file-schema.xml"
_SELF_CONSISTENT = ("scf", "relax", "vc-relax")
"""Calculations whose file says whether the density has converged; that of bands never does."""
_WORST = 0.05
"""Difference of energies that symmetry makes equal, above which the file is not believed [eV]."""

Element = ET.Element


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
        converged; or its points do not fill a mesh.
    """
    file = _file_of(Path(path))
    root = _parse(file)
    output = _needed(root, "output", file)
    _check_converged(root, output, file)
    band_structure = _needed(output, "band_structure", file)
    if _text(band_structure, "noncolin", file) == "true":
        _check_no_moment(output, file)
    atoms = _atoms(output, file)
    points, energies = _states(band_structure, output, atoms, file)
    operations = _operations(output, file)
    grid, offset = _mesh(band_structure, points, operations)
    places = images_on_mesh(points, with_reversal(operations), grid, offset)
    spinor = _text(band_structure, "noncolin", file) == "true"
    degeneracy = 1 if spinor or energies.shape[0] == 2 else 2
    n_electrons = _number(band_structure, "nelec", file)
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
            stated_fermi_energy=_optional(band_structure, "fermi_energy") * Hartree,
            mismatch=mismatch,
            source=f"{file}",
        )
    )


def _file_of(path: Path) -> Path:
    """The file itself, where a folder with it is given."""
    if not path.is_dir():
        return path
    inside = [path / FILE, path / f"{FILE}.gz", *sorted(path.glob(f"*.save/{FILE}"))]

    found = next((one for one in inside if one.is_file()), None)
    if found is None:
        raise DataError(
            f"There is no {FILE} in {path}.",
            "pw.x leaves it in the folder PREFIX.save below its outdir.",
            "Give that folder, or the file.",
        )
    return found


def _parse(file: Path) -> Element:
    try:
        with open_bytes(file) as stream:
            content = stream.read(LARGEST_FILE)
    except DAMAGE as error:
        raise DataError(
            f"Cannot read {file}.", f"{in_short(error)}.", f"Give the {FILE} of pw.x."
        ) from error
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content[:4096]:
        raise _foreign(file, "It defines entities, which files of pw.x never do.")
    try:
        root = ET.fromstring(content)  # noqa: S314 - no entities: see above
    except ET.ParseError as error:
        if not content.lstrip().startswith(b"<"):
            raise _foreign(file, "It is no XML.") from error
        raise DataError(
            f"{file} is cut off or broken.",
            f"XML: {error}.",
            "The calculation may still run, or was killed: let it end.",
        ) from error
    if not root.tag.endswith("espresso"):
        raise _foreign(file, f"Its root is <{root.tag}>, not <qes:espresso>.")
    creator = root.find("general_info/creator")
    program = "" if creator is None else creator.get("NAME", "")
    if program != "PWSCF":
        raise _foreign(file, f"It was written by {program or 'an unknown program'}.")
    return root


def _foreign(file: Path, reason: str) -> DataError:
    return DataError(
        f"{file} is no {FILE} of pw.x.",
        reason,
        "Give that of pw.x of Quantum ESPRESSO 6.4 or newer; bands of other programs are not read.",
    )


def _check_converged(root: Element, output: Element, file: Path) -> None:
    kind = root.findtext("input/control_variables/calculation", "").strip()
    if kind == "bands":
        raise DataError(
            f"{file} has bands along lines (calculation = 'bands').",
            "Integrals over the Brillouin zone need a full mesh.",
            "Compute them on one: calculation = 'nscf', K_POINTS automatic.",
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


def _atoms(output: Element, file: Path) -> Atoms:
    structure = _needed(output, "atomic_structure", file)
    cell = [_numbers(structure, f"cell/a{index}", file, 3) for index in (1, 2, 3)]
    found = structure.findall("atomic_positions/atom")
    symbols = ["".join(filter(str.isalpha, one.get("name", "X").split("_")[0])) for one in found]
    places = [np.array(list(map(float, (one.text or "").split()))) for one in found]
    try:
        return Atoms(
            [name[:2].capitalize() if len(name) > 1 else name for name in symbols],
            cell=np.array(cell) * Bohr,
            positions=np.array(places) * Bohr,
            pbc=True,
        )
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{file} has atoms whose element cannot be told.",
            f"Their labels are {', '.join(sorted(set(symbols)))}.",
            "Name atoms after their element, such as Fe1.",
        ) from error


def _states(
    band_structure: Element, output: Element, atoms: Atoms, file: Path
) -> tuple[Float[np.ndarray, "point 3"], Float[np.ndarray, "spin point band"]]:
    """Irreducible points in units of the reciprocal vectors, and their energies [eV]."""
    states = band_structure.findall("ks_energies")
    n_points = int(_number(band_structure, "nks", file))
    if len(states) != n_points or not states:
        raise DataError(
            f"{file} has {len(states)} of {n_points} k-points.",
            "It is not complete.",
            "Let the calculation end, and read it then.",
        )
    length = float(_needed(output, "atomic_structure", file).get("alat", "nan")) * Bohr
    points = np.array([_numbers(one, "k_point", file, 3) for one in states])
    energies = np.array([_numbers(one, "eigenvalues", file) for one in states]) * Hartree
    if not (math.isfinite(length) and np.isfinite(points).all() and np.isfinite(energies).all()):
        raise DataError(f"{file} has numbers that are not finite.", "", "Compute the bands again.")
    points = points @ atoms.cell.array.T / length
    if _text(band_structure, "lsda", file) == "true":
        return points, np.stack(np.split(energies, 2, axis=1))
    return points, energies[None]


def _operations(output: Element, file: Path) -> Operations:
    """Operations on rows of coordinates in units of the reciprocal vectors."""
    # Fortran order: a line is a column of s, and pw.x turns k to s·k
    found = [
        _numbers(one, "rotation", file, 9).reshape(3, 3)
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


def _needed(element: Element, name: str, file: Path) -> Element:
    found = element.find(name)
    if found is None:
        raise DataError(
            f"{file} has no <{name}>.",
            "pw.x writes it at the end of a calculation.",
            "Let the calculation end; take Quantum ESPRESSO 6.4 or newer.",
        )
    return found


def _text(element: Element, name: str, file: Path) -> str:
    return (_needed(element, name, file).text or "").strip()


def _number(element: Element, name: str, file: Path) -> float:
    return float(_numbers(element, name, file, 1)[0])


def _optional(element: Element, name: str) -> float:
    """A number; nan if it is not there."""
    words = element.findtext(name, "").split()
    try:
        return float(words[0]) if words else math.nan
    except ValueError:
        return math.nan


def _numbers(
    element: Element, name: str, file: Path, count: int | None = None
) -> Float[np.ndarray, " number"]:
    """Numbers of an element, as many as there must be."""
    words = _text(element, name, file).split()
    try:
        found = np.array(list(map(float, words)))
    except ValueError as error:
        raise DataError(
            f"{file} has something else than numbers in <{name}>.", f"{error}.", "Write it again."
        ) from error
    if count is not None and found.size != count:
        raise DataError(
            f"{file} has {found.size} numbers in <{name}> instead of {count}.",
            "",
            "Write it again.",
        )
    return found
