"""JSON from a web server that may be slow, busy or broken."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from typing import Any, cast

from betenet.addresses import masked, without_user
from betenet.errors import DataError
from betenet.json_input import decode_json
from betenet.web_client import Answer, Limits, RefusedError, opened
from betenet.web_visit import Visit

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
    limits
        How much of a server is put up with.
    """

    timeout: float = 60.0
    attempts: int = 6
    pause: float = 1.0
    longest_pause: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    limits: Limits = field(default_factory=Limits)

    def get(self, url: str, visit: Visit | None = None) -> dict[str, Any]:
        """JSON object at an address.

        Parameters
        ----------
        url
            The address; a user and password in it are sent as such.
        visit
            Where redirects may lead; to the same server if absent.

        Raises
        ------
        DataError
            If the server refuses, sends what is no JSON object, or does not answer in time.
        """
        visit = Visit(url) if visit is None else visit
        shown = masked(url)
        try:
            address, headers = without_user(url)
        except ValueError as error:
            raise DataError(
                f"{shown} is no web address.", "Only http and https are followed."
            ) from error
        for attempt in range(1, self.attempts + 1):
            try:
                return self._get_once(address, visit, headers)
            except _PassingError as error:
                if attempt == self.attempts:
                    raise DataError(
                        f"{shown} gives no answer that can be read.",
                        f"After {self.attempts} attempts: {visit.hide(str(error))}",
                        "Try again later: what was read is kept.",
                    ) from error
                pause = max(self.pause * 2 ** (attempt - 1), error.wait)
                self.sleep(min(pause, self.longest_pause))
        raise AssertionError("attempts is at least 1")

    def _get_once(self, url: str, visit: Visit, headers: Mapping[str, str]) -> dict[str, Any]:
        limits = replace(self.limits, silence=self.timeout)
        try:
            with opened(url, visit, limits, {"Accept": "application/json", **headers}) as answer:
                return _object(answer, visit)
        except RefusedError as error:
            raise _refusal(url, error, visit) from error
        except (HTTPException, OSError) as error:
            raise _PassingError(f"{type(error).__name__}: {error}") from error


def _object(answer: Answer, visit: Visit) -> dict[str, Any]:
    content = b"".join(answer.pieces())
    shown = masked(answer.address)
    try:
        data = _parsed(content, answer)
    except ValueError as error:
        start = visit.hide(content[:60].decode(errors="replace"))
        if "html" in answer.headers.get_content_type():
            raise DataError(
                f"{shown} answers with a web page, not with JSON.",
                f"It begins: {start!r}.",
                "Give the address of the interface itself, such as https://host/v1/structures.",
            ) from error
        if isinstance(error, json.JSONDecodeError) or "end of data" in str(error):
            # half a page is what a server that breaks off sends
            raise _PassingError(f"not JSON: {error}; it begins {start!r}") from error
        raise DataError(
            f"{shown} answers with JSON that cannot be read.",
            f"It begins {start!r}, and {error}.",
            "Tell those who run the server.",
        ) from error
    if not isinstance(data, dict):
        raise DataError(
            f"{shown} answers with JSON that is no object.", f"It is a {type(data).__name__}."
        )
    return cast("dict[str, Any]", data)


def _parsed(content: bytes, answer: Answer) -> Any:
    """JSON is UTF-8, whatever its headers say; only where it is not, they are believed."""
    try:
        return decode_json(content)
    except UnicodeDecodeError as error:
        charset = answer.headers.get_content_charset("utf-8")
        try:
            text = content.decode(charset)
        except (LookupError, ValueError):
            raise ValueError(f"its text is not {charset}: {error}") from error
        return decode_json(text)


def _refusal(url: str, error: RefusedError, visit: Visit) -> Exception:
    """What an answer other than 200 means."""
    detail = _details(error.content) or str(error).partition(" ")[2]
    if error.code in _PASSING:
        wait = str(error.headers.get("Retry-After") or "")
        seconds = float(wait) if re.fullmatch(r"\d{1,9}", wait, re.ASCII) else 0.0
        return _PassingError(f"{error.code} {detail}", seconds)
    return DataError(
        f"{masked(url)} is refused by the server ({error.code}).",
        " ".join(visit.hide(detail).split()),
        "Check the address and the filter.",
    )


def _details(content: bytes) -> str:
    """What a server of JSON:API says of an error."""
    try:
        errors = decode_json(content)["errors"]
        return "; ".join(str(error.get("detail") or error.get("title")) for error in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
