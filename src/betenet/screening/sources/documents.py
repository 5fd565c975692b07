"""One entry from one JSON object, in the layouts that databases use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ase import Atoms

from betenet.datasets.jsonl_fields import read_structure
from betenet.errors import BetenetError, DataError
from betenet.screening.candidates import Candidate, Entry
from betenet.screening.sources.given import given_in, id_in
from betenet.screening.sources.source import unreadable
from betenet.structures import to_atoms
from betenet.structures.documents import inner_structure

_TABLES = ("attributes", "data")
"""Where OPTIMADE and pymatgen's entries keep properties."""


def entry_of_document(data: object, name: str) -> Entry:
    """Entry of a JSON object.

    Parameters
    ----------
    data
        A structure, or a document that holds one: pymatgen's Structure, ComputedStructureEntry
        (Alexandria) or summary document (Materials Project), JARVIS's row, a row of our JSONL
        layout (docs/datasets.md) with or without targets, a resource of OPTIMADE or its
        attributes alone. A structure may also be there as JSON text.
    name
        To be used if the document has no id.

    Returns
    -------
    Candidate or Unreadable
        With the document's numbers and short texts as `Candidate.given`.
    """
    try:
        if not isinstance(data, Mapping):
            raise DataError(
                "The entry is no JSON object.",
                f"It is of type {type(data).__name__}.",
                "Give one object for each structure.",
            )
        document = cast("Mapping[str, Any]", data)
        tables = [document, *(t for key in _TABLES if isinstance(t := document.get(key), Mapping))]
        name = id_in(*tables) or name
        atoms = _atoms(document)
    except BetenetError as error:
        return unreadable(name, error)
    except Exception as error:  # noqa: BLE001 - whatever lies in a document
        return unreadable(name, error)
    if "attributes" in document:
        tables = tables[1:]  # beside them there is only the resource's own bookkeeping
    own = [{key: value for key, value in table.items() if key != "id"} for table in tables]
    return Candidate(name=name, atoms=atoms, given=given_in(*own))


def _atoms(document: Mapping[str, Any]) -> Atoms:
    inner = inner_structure(document)
    if "frac_coords" in inner:
        return read_structure({"structure": inner})
    return to_atoms(inner)
