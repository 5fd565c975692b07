"""Elements of ``data-file-schema.xml`` of pw.x: the file, its crystal, points and energies."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree
from jaxtyping import Float

from betenet.errors import DataError
from betenet.input_files import DAMAGE, LARGEST_FILE, in_short, open_bytes

FILE = "data-file-schema.xml"

Element = ET.Element


def file_of(path: Path) -> Path:
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


def parse(file: Path) -> Element:
    """Root of the file, if pw.x has written it.

    Raises
    ------
    DataError
        If it cannot be read, is cut off, or is of another program.
    """
    try:
        with open_bytes(file) as stream:
            content = stream.read(LARGEST_FILE)
    except DAMAGE as error:
        raise DataError(
            f"Cannot read {file}.", f"{in_short(error)}.", f"Give the {FILE} of pw.x."
        ) from error
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content[:4096]:
        raise foreign(file, "It defines entities, which files of pw.x never do.")
    try:
        root = ET.fromstring(content)  # noqa: S314 - no entities: see above
    except ET.ParseError as error:
        if not content.lstrip().startswith(b"<"):
            raise foreign(file, "It is no XML.") from error
        raise DataError(
            f"{file} is cut off or broken.",
            f"XML: {error}.",
            "The calculation may still run, or was killed: let it end.",
        ) from error
    if not root.tag.endswith("espresso"):
        raise foreign(file, f"Its root is <{root.tag}>, not <qes:espresso>.")
    creator = root.find("general_info/creator")
    program = "" if creator is None else creator.get("NAME", "")
    if program != "PWSCF":
        raise foreign(file, f"It was written by {program or 'an unknown program'}.")
    return root


def foreign(file: Path, reason: str) -> DataError:
    """Error that a file is none of pw.x."""
    return DataError(
        f"{file} is no {FILE} of pw.x.",
        reason,
        "Give that of pw.x of Quantum ESPRESSO 6.4 or newer; bands of other programs are not read.",
    )


def atoms_of(output: Element, file: Path) -> Atoms:
    """Crystal that was computed.

    Raises
    ------
    DataError
        If an element cannot be told from the label of an atom.
    """
    structure = needed(output, "atomic_structure", file)
    cell = [numbers_of(structure, f"cell/a{index}", file, 3) for index in (1, 2, 3)]
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


def states_of(
    band_structure: Element, output: Element, atoms: Atoms, file: Path
) -> tuple[Float[np.ndarray, "point 3"], Float[np.ndarray, "spin point band"]]:
    """Irreducible points in units of the reciprocal vectors, and their energies [eV]."""
    states = band_structure.findall("ks_energies")
    n_points = int(number_of(band_structure, "nks", file))
    if len(states) != n_points or not states:
        raise DataError(
            f"{file} has {len(states)} of {n_points} k-points.",
            "It is not complete.",
            "Let the calculation end, and read it then.",
        )
    length = float(needed(output, "atomic_structure", file).get("alat", "nan")) * Bohr
    points = np.array([numbers_of(one, "k_point", file, 3) for one in states])
    energies = np.array([numbers_of(one, "eigenvalues", file) for one in states]) * Hartree
    if not (math.isfinite(length) and np.isfinite(points).all() and np.isfinite(energies).all()):
        raise DataError(f"{file} has numbers that are not finite.", "", "Compute the bands again.")
    points = points @ atoms.cell.array.T / length
    if text_of(band_structure, "lsda", file) == "true":
        return points, np.stack(np.split(energies, 2, axis=1))
    return points, energies[None]


def needed(element: Element, name: str, file: Path) -> Element:
    """Element below another one.

    Raises
    ------
    DataError
        If it is missing.
    """
    found = element.find(name)
    if found is None:
        raise DataError(
            f"{file} has no <{name}>.",
            "pw.x writes it at the end of a calculation.",
            "Let the calculation end; take Quantum ESPRESSO 6.4 or newer.",
        )
    return found


def text_of(element: Element, name: str, file: Path) -> str:
    """Text of an element below another one, without blanks around it."""
    return (needed(element, name, file).text or "").strip()


def number_of(element: Element, name: str, file: Path) -> float:
    """One number below another element."""
    return float(numbers_of(element, name, file, 1)[0])


def optional_number(element: Element, name: str) -> float:
    """A number; nan if it is not there."""
    words = element.findtext(name, "").split()
    try:
        return float(words[0]) if words else math.nan
    except ValueError:
        return math.nan


def numbers_of(
    element: Element, name: str, file: Path, count: int | None = None
) -> Float[np.ndarray, " number"]:
    """Numbers of an element, as many as there must be."""
    words = text_of(element, name, file).split()
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
