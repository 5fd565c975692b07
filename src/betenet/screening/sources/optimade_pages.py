"""Pages of an OPTIMADE server, one after the other, by the links that it gives."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from betenet.addresses import is_secret, masked
from betenet.errors import DataError
from betenet.screening.sources.http_client import JsonClient
from betenet.web_client import TooSlowError
from betenet.web_visit import Visit

_TELL = "Tell those who run the server."


@dataclass(slots=True, kw_only=True)
class Pages:
    """What a server gives, within the limits of the client.

    Attributes
    ----------
    visit
        Where links may lead.
    client
        How to ask.
    more
        After the last page: what is wrong if the server says that there is more, without a link.
    """

    visit: Visit
    client: JsonClient
    more: DataError | None = None
    _began: float = field(default_factory=time.monotonic)
    _met: set[bytes] = field(default_factory=set[bytes])

    def get(self, address: str) -> dict[str, Any]:
        """One answer.

        Raises
        ------
        DataError
            As of `JsonClient.get`; or if the time for all of them is over.
        """
        limits = self.client.limits
        left = self._began + limits.seconds - time.monotonic()
        if left <= 0.0:
            raise self._enough(f"{limits.seconds:g} s", address)
        shorter = replace(limits, answer_seconds=min(left, limits.answer_seconds))
        try:
            return replace(self.client, limits=shorter).get(address, self.visit)
        except TooSlowError as error:
            if left > limits.answer_seconds:
                raise
            raise self._enough(f"{limits.seconds:g} s", address) from error

    def read(
        self, page: Mapping[str, Any], address: str, query: Mapping[str, str]
    ) -> Iterator[list[Any]]:
        """Entries of each page.

        Parameters
        ----------
        page
            The first one.
        address
            Where it is.
        query
            What every page is asked for: a link that has forgotten some of it gets it back.

        Raises
        ------
        DataError
            As of `get`; or if a page or a link is none, the pages repeat themselves, or there are
            more than the limit.
        """
        number, empty = 0, 0
        while True:
            number += 1
            entries = self._entries(page, address)
            yield entries
            empty = 0 if entries else empty + 1
            link = self._link(page, address)
            if link is None:
                self.more = self._missing(page, address)
                return
            here, address = address, self._completed(self.visit.address(link, address), query)
            if self._is_known(address):
                raise self._endless(f"The link to the next page leads back to {masked(address)}")
            if number >= self.client.limits.pages:
                raise self._enough(f"{number} pages", here)
            if empty >= self.client.limits.empty_pages:
                raise self._endless(f"The last {empty} pages, up to {masked(here)}, are empty")
            page = self.get(address)

    def _entries(self, page: Mapping[str, Any], address: str) -> list[Any]:
        found = page.get("data")
        if not isinstance(found, list):
            raise DataError(
                f"{masked(address)} sends a page without a list of entries.",
                f"Its keys are {', '.join(map(str, page))[:200] or 'none'}.",
                "Check that the address is that of an OPTIMADE server.",
            )
        entries = cast("list[Any]", found)
        if entries and self._is_known(json.dumps(_names(entries))):
            raise self._endless(f"{masked(address)} sends the entries of a page before once more")
        return entries

    def _link(self, page: Mapping[str, Any], address: str) -> str | None:
        """The link to the next page: a text, or an object with ``href``."""
        links = page.get("links")
        link: Any = cast("dict[str, Any]", links).get("next") if isinstance(links, dict) else links
        if isinstance(link, dict):
            link = cast("dict[str, Any]", link).get("href")
        if link is None or link == "":
            return None
        if not isinstance(link, str):
            raise DataError(
                f"{masked(address)} has a link to the next page that is no text.",
                f"It is {self.visit.hide(json.dumps(link))[:100]}.",
                _TELL,
            )
        return link

    def _completed(self, address: str, query: Mapping[str, str]) -> str:
        """The address with what its link has forgotten; secrets stay at home."""
        found = {key for key, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True)}
        lost = {
            key: value
            for key, value in query.items()
            if key not in found and (self.visit.is_home(address) or not is_secret(key))
        }
        if not lost:
            return address
        joint = "&" if "?" in address else "?"
        return f"{address}{joint}{urlencode(lost, quote_via=quote)}"

    def _missing(self, page: Mapping[str, Any], address: str) -> DataError | None:
        meta = page.get("meta")
        said = isinstance(meta, dict) and cast("dict[str, Any]", meta).get("more_data_available")
        if said is not True:
            return None
        return DataError(
            f"{masked(address)} says that there are more entries, and has no link to them.",
            "They are missing here.",
            _TELL,
        )

    def _is_known(self, what: str) -> bool:
        """Whether it was met before; it is remembered by its hash."""
        key = hashlib.blake2b(what.encode(errors="replace"), digest_size=12).digest()
        known = key in self._met
        self._met.add(key)
        return known

    def _endless(self, why: str) -> DataError:
        return DataError(f"The pages of {masked(self.visit.start)} do not end.", f"{why}.", _TELL)

    def _enough(self, what: str, here: str) -> DataError:
        return DataError(
            f"The pages of {masked(self.visit.start)} do not end within {what}.",
            f"The last one is {masked(here)}. What was read is kept.",
            "Ask for less by a filter, or for larger pages (page_limit=500).",
        )


def _names(entries: list[Any]) -> list[Any]:
    """Ids of entries; the whole of one that has none."""
    return [cast("dict[str, Any]", x).get("id", x) if isinstance(x, dict) else x for x in entries]
