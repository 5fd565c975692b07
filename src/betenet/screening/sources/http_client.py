"""JSON from a web server that may be slow, busy or broken."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from betenet.errors import DataError

LARGEST_PAGE = 1 << 28
"""Bytes; a larger answer is no page of structures."""

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that may be others a moment later."""


class _PassingError(Exception):
    """A failure after which it is worth trying again."""

    def __init__(self, what: str, wait: float = 0.0) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonClient:
    """Gets JSON objects by HTTP.

    Attributes
    ----------
    timeout
        How long a silent server is waited for [s].
    attempts
        Before giving up.
    pause
        After the first failed attempt [s]; twice as long after each further one. A server that
        names a time (Retry-After) is obeyed.
    longest_pause
        [s].
    sleep
        How to wait.
    """

    timeout: float = 60.0
    attempts: int = 6
    pause: float = 1.0
    longest_pause: float = 120.0
    sleep: Callable[[float], None] = time.sleep

    def get(self, url: str) -> dict[str, Any]:
        """JSON object at a URL.

        Raises
        ------
        DataError
            If the server refuses, sends what is no JSON object, or does not answer in time.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return self._get_once(url)
            except _PassingError as error:
                if attempt == self.attempts:
                    raise DataError(
                        f"{url} gives no answer that can be read.",
                        f"After {self.attempts} attempts: {error}",
                        "Try again later: what was read is kept.",
                    ) from error
                pause = max(self.pause * 2 ** (attempt - 1), error.wait)
                self.sleep(min(pause, self.longest_pause))
        raise AssertionError("attempts is at least 1")

    def _get_once(self, url: str) -> dict[str, Any]:
        if not url.startswith(("http://", "https://")):
            raise DataError(f"{url} is no web address.", "Only http and https are followed.")
        # the scheme was checked: no file is read by a link that a server sends
        request = Request(url, headers={"Accept": "application/json"})  # noqa: S310
        try:
            with urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
                kind = str(answer.headers.get_content_type())
                content = answer.read(LARGEST_PAGE + 1)
        except HTTPError as error:
            raise _refusal(url, error) from error
        except (URLError, HTTPException, OSError) as error:
            raise _PassingError(f"{type(error).__name__}: {error}") from error
        if len(content) > LARGEST_PAGE:
            raise DataError(
                f"The answer of {url} is larger than {LARGEST_PAGE >> 20} MiB.",
                "No page of structures is.",
                "Ask for smaller pages: page_limit=100.",
            )
        return _object(url, content, kind)


def _object(url: str, content: bytes, kind: str) -> dict[str, Any]:
    try:
        data = json.loads(content)
    except ValueError as error:
        start = content[:60].decode(errors="replace")
        if "html" in kind:
            raise DataError(
                f"{url} answers with a web page, not with JSON.",
                f"It begins: {start!r}.",
                "Give the address of the interface itself, such as https://host/v1/structures.",
            ) from error
        # half a page is what a server that breaks off sends
        raise _PassingError(f"not JSON: {error}; it begins {start!r}") from error
    if not isinstance(data, dict):
        raise DataError(
            f"{url} answers with JSON that is no object.", f"It is a {type(data).__name__}."
        )
    return cast("dict[str, Any]", data)


def _refusal(url: str, error: HTTPError) -> Exception:
    """What an answer other than 200 means."""
    with error:
        try:
            detail = _details(error.read(1 << 16)) or error.reason
        except (HTTPException, OSError):
            detail = error.reason
    if error.code in _PASSING:
        wait = error.headers.get("Retry-After", "")
        return _PassingError(f"{error.code} {detail}", float(wait) if wait.isdigit() else 0.0)
    return DataError(
        f"{url} is refused by the server ({error.code}).",
        " ".join(str(detail).split()),
        "Check the address and the filter.",
    )


def _details(content: bytes) -> str:
    """What a server of JSON:API says of an error."""
    try:
        errors = json.loads(content)["errors"]
        return "; ".join(str(error.get("detail") or error.get("title")) for error in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
