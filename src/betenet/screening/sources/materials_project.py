"""The Materials Project, through its own client."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from betenet.addresses import MASK, is_secret, masked
from betenet.errors import ConfigError, DataError
from betenet.extras import load
from betenet.screening.candidates import Entry
from betenet.screening.sources.documents import entry_of_document
from betenet.screening.sources.source import distinct, unreadable

KEY = "MP_API_KEY"
PAGE = 250
"""Structures at a time."""
CHUNK = 1000
"""Documents that the client asks for at a time."""
MANY = 1_000_000
"""Chunks: no limit, but a number."""
FIELDS = (
    "material_id",
    "structure",
    "band_gap",
    "energy_above_hull",
    "is_metal",
    "formation_energy_per_atom",
    "ordering",
    "theoretical",
    "deprecated",
)

_LISTS = frozenset({"elements", "exclude_elements", "material_ids", "chemsys", "formula"})
_FLAGS = frozenset({"deprecated", "include_gnome", "is_metal", "is_stable", "theoretical"})
_RANGES = frozenset(
    {
        "band_gap",
        "density",
        "energy_above_hull",
        "formation_energy",
        "num_elements",
        "num_sites",
        "total_magnetization",
        "volume",
    }
)
_WHOLE = frozenset({"num_elements", "num_sites"})


def _connect() -> Any:
    key = os.environ.get(KEY, "")
    if not key:
        raise ConfigError(
            f"There is no key for the Materials Project in the environment ({KEY}).",
            "Its server answers only those who have one.",
            "Get one at materialsproject.org/api and export it.",
        )
    client = load("materials-project", "mp_api.client")
    return client.MPRester(key, use_document_model=False, mute_progress_bars=True)


@dataclass
class MaterialsProjectSource:
    """Structures of the Materials Project.

    Attributes
    ----------
    query
        Keywords of ``MPRester.materials.summary.search``: ``elements=Nb,Sn``, ``is_metal=true``,
        ``energy_above_hull=0:0.1``, joined by ``&``.
    connect
        Gives the client, an ``MPRester``.

    Raises
    ------
    ConfigError
        If the query holds a keyword that is not known, or a value that is not of its kind.
    """

    query: str
    connect: Callable[[], Any] = field(default=_connect, compare=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"mp:{masked(f'?{self.query}')[1:]}"
        read_query(self.query)

    def identity(self) -> dict[str, Any]:
        """The query; the database's own version is not asked for here."""
        query = read_query(self.query)
        return {"kind": "materials-project", "query": query}

    def __iter__(self) -> Iterator[Entry]:
        """Entries in the order of their ids; these are kept in memory, the structures are not.

        Raises
        ------
        ConfigError
            If the client or the key is missing.
        DataError
            If the server fails; the client has tried several times by then.
        """
        return distinct(self._entries())

    def _entries(self) -> Iterator[Entry]:
        search = self.connect().materials.summary.search
        # without a query the client would fetch the whole database, unless it counts its pages
        found = _ask(search, **read_query(self.query), fields=["material_id"], num_chunks=MANY)
        ids = sorted(str(_plain(document)["material_id"]) for document in found)
        for start in range(0, len(ids), PAGE):
            asked = ids[start : start + PAGE]
            documents = [
                _plain(document)
                for document in _ask(search, material_ids=asked, fields=list(FIELDS))
            ]
            for document in sorted(documents, key=lambda d: str(d.get("material_id"))):
                yield entry_of_document(document, f"{start}")
            if len(documents) < len(asked):
                told = {str(document.get("material_id")) for document in documents}
                for lost in sorted(set(asked) - told):
                    yield unreadable(lost, DataError("The server lists it, but does not send it."))


def read_query(text: str) -> dict[str, Any]:
    """Keywords of a search from ``key=value&key=value``.

    Raises
    ------
    ConfigError
        If a keyword is not known or a value is not of its kind.

    Examples
    --------
    >>> read_query("elements=Nb,Sn&energy_above_hull=0:0.1&num_sites=:20")
    {'elements': ['Nb', 'Sn'], 'energy_above_hull': (0.0, 0.1), 'num_sites': (None, 20)}
    """
    query: dict[str, Any] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        try:
            query[key] = _value(key, value)
        except ValueError as error:
            shown = MASK if is_secret(key) else value
            raise ConfigError(
                f"The query of the Materials Project has {key}={shown!r}.",
                str(error),
                f"Lists (Nb,Sn): {', '.join(sorted(_LISTS))}; true or false: "
                f"{', '.join(sorted(_FLAGS))}; ranges (0:0.1): {', '.join(sorted(_RANGES))}.",
            ) from error
    return query


def _value(key: str, value: str) -> Any:
    if key in _LISTS:
        return [part.strip() for part in value.split(",") if part.strip()]
    if key in _FLAGS:
        if value.lower() not in {"true", "false"}:
            raise ValueError("It is neither true nor false.")
        return value.lower() == "true"
    if key not in _RANGES:
        raise ValueError("There is no such keyword.")
    number = int if key in _WHOLE else float
    low, colon, high = value.partition(":")
    return tuple(number(end) if end.strip() else None for end in (low, high if colon else low))


def _ask(search: Callable[..., list[Any]], **query: Any) -> list[Any]:
    try:
        return search(**query, all_fields=False, chunk_size=CHUNK)
    except Exception as error:
        raise DataError(
            "The Materials Project does not answer the query.",
            f"{type(error).__name__}: {' '.join(_without_key(str(error)).split())[:500]}",
            f"Check the query and the key in {KEY}; try again later.",
        ) from error


def _without_key(text: str) -> str:
    """What the client says, which may be the key too."""
    key = os.environ.get(KEY, "")
    return masked(text.replace(key, MASK) if key else text)


def _plain(document: Any) -> Any:
    """A document as a dictionary, if it is the client's own object."""
    if isinstance(document, Mapping):
        return document
    return document.model_dump(mode="json") if hasattr(document, "model_dump") else document
