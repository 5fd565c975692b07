"""Servers that speak OPTIMADE."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from betenet.addresses import MASK, cleaned, is_secret, masked, origin
from betenet.errors import ConfigError, DataError
from betenet.screening.candidates import Entry
from betenet.screening.sources.documents import entry_of_document
from betenet.screening.sources.given import is_known
from betenet.screening.sources.http_client import JsonClient
from betenet.screening.sources.optimade_pages import Pages
from betenet.screening.sources.source import distinct, unreadable
from betenet.structures.optimade import NEEDED
from betenet.web_visit import Visit

PAGE = 100
"""Entries to ask for at a time; a server that allows fewer is asked for its own number."""
KEY = "OPTIMADE_API_KEY"
"""Variable of the environment with the key that stands masked in an address."""
MOST_FIELDS = 50
"""Properties that we have names for and ask for."""

_FOLLOW = "follow="
_OF_PAGES = "page_"
"""Parameters of the first question that the others do not have: which page, and how large."""


@dataclass
class OptimadeSource:
    """Structures of an OPTIMADE server.

    Attributes
    ----------
    url
        Address of the server or of its structures, with what to ask:
        ``https://host/optimade?filter=elements HAS "Nb"``. Fields that we have names for (band
        gap, distance from the hull) are asked for as well, if the server has them. A user and
        password, or a key, may be part of it (``?api_key=…``); they are masked in all that is
        written, and a key that is written ``***`` is read from the environment. Links to other
        servers are followed where it ends in ``#follow=https://other.host``.
    client
        How to ask.

    Raises
    ------
    ConfigError
        If the address is none, or a masked key is not in the environment.

    References
    ----------
    Evans et al., Digital Discovery 3, 1509 (2024); specification 1.2 at optimade.org.
    """

    url: str = field(repr=False)
    client: JsonClient = field(default_factory=JsonClient, compare=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"optimade:{masked(self.url)}"
        try:
            origin(self.url)
        except ValueError as error:
            raise ConfigError(
                f"{masked(self.url)!r} is no address of an OPTIMADE server.",
                "It does not begin with http:// or https:// and a host.",
                'Write optimade:https://host/path?filter=elements HAS "Nb".',
            ) from error
        self.url = _with_key(self.url)
        self._others()

    def identity(self) -> dict[str, Any]:
        """Address and query, without the size of pages, which changes nothing, and secrets."""
        query = {
            key: MASK if is_secret(key) else value
            for key, value in self._query().items()
            if key != "page_limit"
        }
        found = {"kind": "optimade", "url": masked(self._endpoint("structures")), "query": query}
        others = sorted(self._others())
        return found | {"follow": others} if others else found

    def __iter__(self) -> Iterator[Entry]:
        """Entries page by page, in the server's order, by its ids.

        Raises
        ------
        DataError
            If the server refuses, or fails for longer than the client tries, or a limit is
            reached: the rest of the entries would be missing without a word.
        """
        return distinct(self._entries())

    def _entries(self) -> Iterator[Entry]:
        pages = Pages(
            visit=Visit(self.url, self._others(), _HINT),
            client=self.client,
        )
        query = {"page_limit": str(PAGE), **self._query()}
        fields = self._fields(pages, query.get("response_fields", ""))
        query["response_fields"] = ",".join(fields)
        kept = {key: value for key, value in query.items() if not key.startswith(_OF_PAGES)}
        place = 0
        for page in pages.read(self._first(pages, query), self._endpoint("structures"), kept):
            for resource in page:
                yield entry_of_document(resource, f"{place}")
                place += 1
        if pages.more:
            yield unreadable(f"after-{place}", pages.more)

    def _first(self, pages: Pages, query: dict[str, str]) -> dict[str, Any]:
        try:
            return pages.get(self._address(query))
        except DataError:
            if "page_limit" in self._query():
                raise
            # a server refuses pages larger than it allows
            del query["page_limit"]
            return pages.get(self._address(query))

    def _fields(self, pages: Pages, asked: str) -> list[str]:
        known: list[str] = []
        secret = {key: value for key, value in self._query().items() if is_secret(key)}
        info = self._endpoint("info/structures") + (f"?{urlencode(secret)}" if secret else "")
        try:
            data = pages.get(info).get("data")
            properties: Any = data.get("properties") if isinstance(data, dict) else None
            if isinstance(properties, dict):
                known = [key for key in properties if is_known(key)][:MOST_FIELDS]
        except DataError:
            # the server may still have structures; that it says nothing of them is no harm
            known = []
        wanted = [field.strip() for field in asked.split(",") if field.strip()]
        return list(dict.fromkeys([*NEEDED, *known, *wanted]))

    def _others(self) -> frozenset[str]:
        """Origins that the user allows besides that of the address.

        Raises
        ------
        ConfigError
            If what follows the # is something else.
        """
        text = urlsplit(self.url).fragment
        try:
            if text and not text.startswith(_FOLLOW):
                raise ValueError(f"it is {text!r}")
            return frozenset(map(origin, filter(None, text.removeprefix(_FOLLOW).split(","))))
        except ValueError as error:
            raise ConfigError(
                f"The address {masked(self.url)} has a # in it, and {masked(str(error))}.",
                "What follows a # says which other servers may be asked.",
                "Write #follow=https://other.host at its end; in a filter, %23 instead of #.",
            ) from error

    def _query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))

    def _endpoint(self, entry: str) -> str:
        parts = urlsplit(cleaned(self.url))
        path = parts.path.rstrip("/").removesuffix("/structures")
        if not re.search(r"/v\d+(\.\d+)*$", path):
            path += "/v1"
        return urlunsplit((parts.scheme, parts.netloc, f"{path}/{entry}", "", ""))

    def _address(self, query: dict[str, str]) -> str:
        return f"{self._endpoint('structures')}?{urlencode(query, quote_via=quote)}"


_HINT = (
    "If it belongs to the same database, begin there, or allow it: put #follow={} at the end of "
    "the address that you have given."
)


def _with_key(url: str) -> str:
    """The address with the key of the environment where it has a masked one.

    Raises
    ------
    ConfigError
        If there is none, or a password is masked.
    """
    if MASK not in url:
        return url
    key = os.environ.get(KEY, "")
    missing = f"The address {masked(url)} has a masked secret ({MASK})."
    if urlsplit(url).netloc.startswith(f"{MASK}@"):
        raise ConfigError(
            missing, "A user and password are not kept.", "Write them: https://user:password@host."
        )
    found = re.sub(
        rf"(?<=[?&])([^=?&#]+)={re.escape(MASK)}(?=&|#|$)",
        lambda one: f"{one[1]}={quote(key, safe='')}" if is_secret(one[1]) else one[0],
        url,
    )
    if found != url and not key:
        raise ConfigError(
            missing, f"There is no key in the environment ({KEY}).", f"Write it, or export {KEY}."
        )
    return found
