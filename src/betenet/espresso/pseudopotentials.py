"""A folder of pseudopotentials (UPF): one for each element, found and checked."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from betenet.errors import ConfigError
from betenet.input_files import in_short, read_bytes

FOLDER_VARIABLE = "BETENET_PSEUDOPOTENTIALS"
"""Environment variable that names a folder of them."""

WHERE = (
    "SG15 ONCV pseudopotentials, scalar-relativistic, as in the paper: "
    "http://www.quantum-simulation.org/potentials/sg15_oncv/ (*_ONCV_PBE*.upf); PseudoDojo's work "
    "too: http://www.pseudo-dojo.org"
)
"""Where to get them."""

AUGMENTED = ("US", "USPP", "PAW")
"""Kinds of pseudopotentials that add charges around the cores to those of the wave functions."""

LONGEST_NAME = 200
"""Letters of the name of a file that stands in inputs."""

_HEADER = 20_000
_MOST_ELECTRONS = 118
_FIELD = r'\b{}\s*=\s*"\s*([^"]*?)\s*"'
_FILE_NAME = re.compile(r"[^\W_][\w.+=~@()-]*")
_FIRST_VERSION = re.compile(
    r"<PP_HEADER>\s*\d+\s+Version Number\s*\n"
    r"\s*(?P<element>[A-Za-z]{1,2})\s+Element\s*\n"
    r"\s*(?P<kind>\w+)\s[^\n]*\n"
    r"[^\n]*Nonlinear Core Correction[^\n]*\n"
    r"[^\n]*\n"
    r"\s*(?P<valence>[\d.]+(?:[eEdD][-+]?\d+)?)\s+Z valence"
)
"""Header of UPF files of version 1, whose lines are told by their order."""
_GENERATED = re.compile(r"^\s*([012])\s+The Pseudo was generated with", re.MULTILINE)
_RELATIVISTIC = {"0": "no", "1": "scalar", "2": "full"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudopotential:
    """One pseudopotential.

    Attributes
    ----------
    element
        Symbol.
    path
        The file.
    valence
        Number of electrons that are not in the core [1].
    kind
        ``"NC"``, ``"US"``, ``"PAW"`` …, in capital letters.
    relativistic
        ``"scalar"``, ``"full"`` or ``"no"``.
    sha256
        SHA-256 of the file's content.

    Raises
    ------
    ConfigError
        If the file has a name that an input cannot hold.
    """

    element: str
    path: Path
    valence: float
    kind: str
    relativistic: str
    sha256: str

    def __post_init__(self) -> None:
        name = self.path.name
        if not _FILE_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            raise ConfigError(
                f"{name!r} is no name for a pseudopotential.",
                "It stands in inputs of pw.x, where blanks, quotes and the like end it.",
                "Rename the file: letters, digits, dots, dashes and underscores.",
            )

    def to_dict(self) -> dict[str, object]:
        """Without the folder: the same file elsewhere is the same pseudopotential."""
        return {
            "element": self.element,
            "file": self.path.name,
            "valence": self.valence,
            "sha256": self.sha256,
        }


def pseudopotential_folder(given: str | Path | None = None) -> Path:
    """The folder that is given, else the one that `FOLDER_VARIABLE` of the environment names.

    Raises
    ------
    ConfigError
        If there is none.
    """
    folder = given or os.environ.get(FOLDER_VARIABLE)
    if not folder:
        raise ConfigError(
            "No folder of pseudopotentials is given.",
            "Quantum ESPRESSO needs one for each element.",
            f"Pass --pseudopotentials DIR, or set {FOLDER_VARIABLE}. Get them: {WHERE}.",
        )
    return Path(folder)


def find_pseudopotentials(
    folder: str | Path, elements: Iterable[str]
) -> dict[str, Pseudopotential]:
    """The pseudopotential of each element.

    Parameters
    ----------
    folder
        Folder of UPF files that are named after their element, as in ``Nb_ONCV_PBE_sr.upf``.
    elements
        Symbols.

    Raises
    ------
    ConfigError
        If the folder or an element is missing, an element has several files, or a file is not
        UPF, is of another element, or is fully relativistic (passed over if there is another one).
    """
    place = Path(folder)
    if not place.is_dir():
        raise ConfigError(
            f"There is no folder of pseudopotentials at {place}.", "", f"Get them: {WHERE}."
        )
    by_element = _by_element(place)
    wanted = list(dict.fromkeys(elements))
    missing = [element for element in wanted if element not in by_element]
    if missing:
        raise ConfigError(
            f"{place} has no pseudopotential of {', '.join(missing)}.",
            f"Looked for files such as {missing[0]}_ONCV_PBE_sr.upf, named after their element.",
            f"Get them: {WHERE}.",
        )
    return {element: _only(element, by_element[element]) for element in wanted}


def elements_of_folder(folder: Path) -> list[str]:
    """Elements that the files of a folder are named after.

    Raises
    ------
    ConfigError
        If there is no file, or no folder.
    """
    elements = list(_by_element(folder)) if folder.is_dir() else []
    if not elements:
        raise ConfigError(
            f"There is no pseudopotential in {folder}.",
            "Looked for files such as Nb_ONCV_PBE_sr.upf, named after their element.",
            f"Get them: {WHERE}.",
        )
    return elements


def _by_element(folder: Path) -> dict[str, list[Path]]:
    """Files of a folder by the element that they are named after."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".upf":
            files.setdefault(re.split(r"[._-]", path.name)[0].capitalize(), []).append(path)
    return files


def read_pseudopotential(path: Path) -> Pseudopotential:
    """What the header of a UPF file says, of version 1 or 2.

    Raises
    ------
    ConfigError
        If it cannot be read, is no UPF file, is of no element that there is, or has a number of
        valence electrons that cannot be.
    """
    try:
        content = read_bytes(path)
    except OSError as error:
        raise ConfigError(
            f"The pseudopotential {path} cannot be read.", f"{in_short(error)}.", "Check the file."
        ) from error
    text = content[:_HEADER].decode("utf-8", errors="replace")
    fields = _second_version(text) or _first_version(text)
    if fields is None:
        raise ConfigError(
            f"{path} is no pseudopotential.",
            "A UPF file has a PP_HEADER with element, kind and valence electrons.",
            f"Get it again: {WHERE}.",
        )
    element, kind, valence, relativistic = fields
    return Pseudopotential(
        element=_element(element, path),
        path=path,
        valence=_valence(valence, path),
        kind=kind.upper(),
        relativistic=relativistic,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _element(text: str, path: Path) -> str:
    """Symbol of a header, checked."""
    from ase.data import atomic_numbers  # here: the command line is made without ASE

    symbol = text.capitalize()
    if atomic_numbers.get(symbol, 0) < 1:
        raise ConfigError(
            f"{path} is of {text}, which is no element.",
            "Its header says so.",
            f"Correct it, or get a pseudopotential of an element: {WHERE}.",
        )
    return symbol


def _valence(text: str, path: Path) -> float:
    """Number of valence electrons of a header, checked [1]."""
    try:
        valence = float(re.sub("[dD]", "e", text))
    except ValueError:
        valence = math.nan
    if not 0.0 < valence <= _MOST_ELECTRONS:
        raise ConfigError(
            f"{path} has {text} valence electrons.",
            f"A pseudopotential has a number of them above zero, up to {_MOST_ELECTRONS}.",
            f"Get it again: {WHERE}.",
        )
    return valence


def _second_version(text: str) -> tuple[str, str, str, str] | None:
    """Element, kind, valence electrons and relativity from attributes of the header."""
    start = text.find("<PP_HEADER")
    header = text[max(start, 0) :]
    element, kind, valence, relativistic = (
        _field(header, name) for name in ("element", "pseudo_type", "z_valence", "relativistic")
    )
    complete = start >= 0 and element and kind and valence
    return (element, kind, valence, relativistic or "no") if complete else None


def _first_version(text: str) -> tuple[str, str, str, str] | None:
    """Element, kind, valence electrons and relativity from the lines of the header."""
    found = _FIRST_VERSION.search(text)
    if found is None:
        return None
    generated = _GENERATED.search(text)
    relativistic = "scalar" if generated is None else _RELATIVISTIC[generated.group(1)]
    return found["element"], found["kind"], found["valence"], relativistic


def _only(element: str, paths: list[Path]) -> Pseudopotential:
    all_found = [read_pseudopotential(path) for path in paths]
    fit = [one for one in all_found if one.relativistic != "full"]
    found = (fit or all_found)[0]
    path = found.path
    if len(fit) > 1:
        raise ConfigError(
            f"{path.parent} has {len(fit)} pseudopotentials of {element}.",
            f"They are {', '.join(one.path.name for one in fit)}; which one is meant?",
            "Leave one of them in the folder.",
        )
    if found.element != element:
        raise ConfigError(
            f"{path} is named after {element}, but is of {found.element}.",
            "Its header says so.",
            "Rename it.",
        )
    if found.kind == "1/R":
        raise ConfigError(
            f"{path} is the bare Coulomb potential.",
            "No cutoff of plane waves is enough for it.",
            f"Get a pseudopotential: {WHERE}.",
        )
    if not fit:
        raise ConfigError(
            f"{path} is fully relativistic.",
            "It needs spinors, and the recipe is without spin-orbit coupling.",
            "Take a scalar-relativistic one.",
        )
    return found


def _field(text: str, name: str) -> str:
    match = re.search(_FIELD.format(name), text)
    return "" if match is None else match.group(1)
