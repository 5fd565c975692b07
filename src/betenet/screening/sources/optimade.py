"""Servers that speak OPTIMADE."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from betenet.errors import ConfigError, DataError
from betenet.screening.candidates import Entry
from betenet.screening.sources.documents import entry_of_document
from betenet.screening.sources.given import is_known
from betenet.screening.sources.http_client import JsonClient
from betenet.screening.sources.source import distinct
from betenet.structures.optimade import NEEDED

PAGE = 100
"""Entries to ask for at a time; a server that allows fewer is asked for its own number."""


@dataclass
class OptimadeSource:
    """Structures of an OPTIMADE server.

    Attributes
    ----------
    url
        Address of the server or of its structures, with what to ask:
        ``https://host/optimade?filter=elements HAS "Nb"``. Fields that we have names for (band
        gap, distance from the hull) are asked for as well, if the server has them.
    client
        How to ask.

    Raises
    ------
    ConfigError
        If the address is none.

    References
    ----------
    Evans et al., Digital Discovery 3, 1509 (2024); specification 1.2 at optimade.org.
    """

    url: str
    client: JsonClient = field(default_factory=JsonClient, compare=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"optimade:{self.url}"
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ConfigError(
                f"{self.url!r} is no address of an OPTIMADE server.",
                "It does not begin with http:// or https:// and a host.",
                'Write optimade:https://host/path?filter=elements HAS "Nb".',
            )

    def identity(self) -> dict[str, Any]:
        """Address and query, without the size of pages, which changes nothing."""
        query = {key: value for key, value in self._query().items() if key != "page_limit"}
        return {"kind": "optimade", "url": self._endpoint("structures"), "query": query}

    def __iter__(self) -> Iterator[Entry]:
        """Entries page by page, in the server's order, by its ids.

        Raises
        ------
        DataError
            If the server refuses, or fails for longer than the client tries: the rest of the
            entries would be missing without a word.
        """
        return distinct(self._entries())

    def _entries(self) -> Iterator[Entry]:
        url: str | None = None
        page = self._first_page()
        place = 0
        met: set[str] = set()
        while True:
            data = page.get("data")
            if not isinstance(data, list):
                raise DataError(
                    f"{url or self.url} sends a page without a list of entries.",
                    f"Its keys are {', '.join(page) or 'none'}.",
                    "Check that the address is that of an OPTIMADE server.",
                )
            for resource in data:
                yield entry_of_document(resource, f"{place}")
                place += 1
            url = _next(page, url or self._endpoint("structures"))
            if url is None:
                return
            if url in met:
                raise DataError(
                    f"The pages of {self.url} do not end.",
                    f"The link to the next one leads back to {url}.",
                    "Tell those who run the server.",
                )
            met.add(url)
            page = self.client.get(url)

    def _first_page(self) -> dict[str, Any]:
        query = {"page_limit": str(PAGE), **self._query()}
        query["response_fields"] = ",".join(self._fields(query.get("response_fields", "")))
        try:
            return self.client.get(self._address(query))
        except DataError:
            if "page_limit" in self._query():
                raise
            # a server refuses pages larger than it allows
            del query["page_limit"]
            return self.client.get(self._address(query))

    def _fields(self, asked: str) -> list[str]:
        known: list[str] = []
        try:
            data = self.client.get(self._endpoint("info/structures")).get("data")
            properties: Any = data.get("properties") if isinstance(data, dict) else None
            known = [key for key in properties or () if is_known(key)]
        except DataError:
            # the server may still have structures; that it says nothing of them is no harm
            known = []
        wanted = [field.strip() for field in asked.split(",") if field.strip()]
        return list(dict.fromkeys([*NEEDED, *known, *wanted]))

    def _query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))

    def _endpoint(self, entry: str) -> str:
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/").removesuffix("/structures")
        if not re.search(r"/v\d+(\.\d+)*$", path):
            path += "/v1"
        return urlunsplit((parts.scheme, parts.netloc, f"{path}/{entry}", "", ""))

    def _address(self, query: dict[str, str]) -> str:
        return f"{self._endpoint('structures')}?{urlencode(query, quote_via=quote)}"


def _next(page: dict[str, Any], here: str) -> str | None:
    """Address of the next page: a text, or an object with ``href``."""
    links = page.get("links")
    link: Any = links.get("next") if isinstance(links, dict) else None
    if isinstance(link, dict):
        link = link.get("href")
    return urljoin(here, str(link)) if link else None
