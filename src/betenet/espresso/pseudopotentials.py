"""A folder of pseudopotentials (UPF): one for each element, found and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from betenet.errors import ConfigError

FOLDER_VARIABLE = "BETENET_PSEUDOPOTENTIALS"
"""Environment variable that names a folder of them."""

WHERE = (
    "SG15 ONCV pseudopotentials, scalar-relativistic, as in the paper: "
    "http://www.quantum-simulation.org/potentials/sg15_oncv/ (*_ONCV_PBE*.upf); PseudoDojo's work "
    "too: http://www.pseudo-dojo.org"
)
"""Where to get them."""

_HEADER = 20_000
_FIELD = r'\b{}\s*=\s*"\s*([^"]*?)\s*"'


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
        Electrons that are not in the core.
    kind
        ``"NC"``, ``"US"``, ``"PAW"`` …
    relativistic
        ``"scalar"``, ``"full"`` or ``"no"``.
    sha256
        Of the file.
    """

    element: str
    path: Path
    valence: float
    kind: str
    relativistic: str
    sha256: str

    def to_dict(self) -> dict[str, object]:
        """Without the folder: the same file elsewhere is the same pseudopotential."""
        return {
            "element": self.element,
            "file": self.path.name,
            "valence": self.valence,
            "sha256": self.sha256,
        }


def find_pseudopotentials(
    folder: str | Path, elements: Iterable[str]
) -> dict[str, Pseudopotential]:
    """The pseudopotential of each element.

    Parameters
    ----------
    folder
        With UPF files that are named after their element, as in ``Nb_ONCV_PBE_sr.upf``.
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
    by_element: dict[str, list[Path]] = {}
    for path in sorted(place.iterdir()):
        if path.suffix.lower() == ".upf":
            by_element.setdefault(re.split(r"[._-]", path.name)[0].capitalize(), []).append(path)
    wanted = list(dict.fromkeys(elements))
    missing = [element for element in wanted if element not in by_element]
    if missing:
        raise ConfigError(
            f"{place} has no pseudopotential of {', '.join(missing)}.",
            f"Looked for files such as {missing[0]}_ONCV_PBE_sr.upf, named after their element.",
            f"Get them: {WHERE}.",
        )
    return {element: _only(element, by_element[element]) for element in wanted}


def read_pseudopotential(path: Path) -> Pseudopotential:
    """What the header of a UPF file says.

    Raises
    ------
    ConfigError
        If it cannot be read, or is no UPF file of version 2.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The pseudopotential {path} cannot be read.", f"{error}.", "Check the file."
        ) from error
    text = content[:_HEADER].decode("utf-8", errors="replace")
    start = text.find("<PP_HEADER")
    fields = {name: _field(text[start:], name) for name in ("element", "z_valence", "pseudo_type")}
    if start < 0 or not all(fields.values()):
        raise ConfigError(
            f"{path} is no pseudopotential.",
            "A UPF file of version 2 has a PP_HEADER with element, z_valence and pseudo_type.",
            f"Get it again: {WHERE}.",
        )
    return Pseudopotential(
        element=fields["element"].capitalize(),
        path=path,
        valence=float(fields["z_valence"].replace("D", "E")),
        kind=fields["pseudo_type"],
        relativistic=_field(text[start:], "relativistic") or "no",
        sha256=hashlib.sha256(content).hexdigest(),
    )


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
    if found.kind == "1/r":
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
