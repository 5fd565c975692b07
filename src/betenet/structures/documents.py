"""JSON documents that hold a structure: which list they are in, and where in them it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from betenet.errors import StructureError
from betenet.json_input import decode_json

LISTS = ("entries", "structures", "materials", "data")
"""Keys of an object that hold the list of documents."""
_INNER = ("structure", "atoms")
_STRUCTURE = frozenset(
    {"lattice", "lattice_mat", "lattice_vectors", "sites", "attributes", *_INNER}
)

_ANSWER = frozenset({"name", "model", "quantities"})
"""Keys of a prediction as `betenet predict --json` writes it."""
_FAILURE = frozenset({"name", "error"})

Document = Mapping[str, Any]


def is_answer(row: object) -> bool:
    """Whether a row of JSON is a prediction of betenet, or says why there is none."""
    if not isinstance(row, Mapping):
        return False
    keys = cast("Document", row).keys()
    return keys.isdisjoint(_STRUCTURE) and (keys >= _ANSWER or keys >= _FAILURE)


def documents(data: object) -> list[object]:
    """The documents of a JSON file.

    Parameters
    ----------
    data
        A list of them; an object that holds the list (a response of OPTIMADE or of the Materials
        Project); one of them; or an object with one of them for each key.

    Examples
    --------
    >>> row = {"attributes": {"lattice_vectors": []}}
    >>> documents({"data": [row, row]}) == [row, row] and documents({"data": row}) == [row]
    True
    >>> documents({"mp-1": {"lattice": {}}, "mp-2": {"lattice": {}}})
    [{'lattice': {}}, {'lattice': {}}]
    """
    if isinstance(data, list):
        return cast("list[object]", data)
    if not isinstance(data, Mapping) or data.keys() & _STRUCTURE:
        return [data]
    table = cast("Document", data)
    for key in LISTS:
        found = table.get(key)
        if isinstance(found, list):
            return cast("list[object]", found)
        if found is not None and _may_hold_structure(found):
            return [found]
    rows = list(table.values())
    return rows if rows and all(map(_may_hold_structure, rows)) else [data]


def inner_structure(document: Document) -> Document:
    """The structure of a document: what it has as structure, atoms or OPTIMADE's attributes.

    Parameters
    ----------
    document
        pymatgen's ComputedStructureEntry or a summary of the Materials Project (``structure``,
        also as JSON text), JARVIS's row (``atoms``), a resource of OPTIMADE (``attributes``), or
        the structure itself.

    Raises
    ------
    StructureError
        If what it has is no JSON object.
    """
    attributes = document.get("attributes")
    if isinstance(attributes, Mapping) and not any(document.get(key) for key in _INNER):
        return cast("Document", attributes)
    found: Any = next((document[key] for key in _INNER if document.get(key) is not None), document)
    if isinstance(found, str):
        try:
            found = decode_json(found)
        except ValueError as error:
            raise _no_object(found) from error
    if not isinstance(found, Mapping):
        raise _no_object(found)
    return cast("Document", found)


def check_document(data: object) -> None:
    """Refuse an entry of a JSON file that is a number, a text or a list.

    Raises
    ------
    StructureError
        If it is no object.
    """
    if not isinstance(data, Mapping):
        raise StructureError(
            "The entry is no JSON object.",
            f"It reads {str(data)[:60]!r}.",
            "Give an object for each structure, alone or in a list.",
        )


def _may_hold_structure(data: object) -> bool:
    return isinstance(data, Mapping) and not _STRUCTURE.isdisjoint(cast("Document", data))


def _no_object(found: object) -> StructureError:
    return StructureError(
        "The entry's structure is no JSON object.",
        f"It reads {str(found)[:60]!r}.",
        "Write it with pymatgen's Structure.as_dict() or JARVIS's Atoms.to_dict().",
    )
