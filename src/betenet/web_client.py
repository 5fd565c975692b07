"""Answers of web servers that may be slow, broken, or out to do harm: every limit is here."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from betenet.addresses import masked
from betenet.errors import DataError
from betenet.web_visit import Visit

_PIECE = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a server is put up with.

    Attributes
    ----------
    silence
        Time in which a server sends nothing [s].
    answer_seconds
        Time for one answer, from the connection to its last byte [s].
    largest_answer
        Size of one answer, decompressed [bytes].
    redirects
        Redirects of one address.
    pages
        Pages of a database.
    empty_pages
        Pages without an entry, one after the other.
    seconds
        Time for all pages [s].
    """

    silence: float = 60.0
    answer_seconds: float = 300.0
    largest_answer: int = 1 << 26
    redirects: int = 5
    pages: int = 200_000
    empty_pages: int = 20
    seconds: float = 7 * 86_400.0


class RefusedError(Exception):
    """A server answers by another code than 200 and the like.

    Attributes
    ----------
    code
        The code.
    headers
        Headers of the answer.
    content
        The beginning of what it says.
    """

    def __init__(self, error: HTTPError, content: bytes) -> None:
        super().__init__(f"{error.code} {error.reason}")
        self.code, self.headers, self.content = error.code, error.headers, content


class TooSlowError(DataError):
    """A server takes too long for one answer, although it is not silent."""


@dataclass(slots=True)
class Answer:
    """An answer, while the connection is open.

    Attributes
    ----------
    address
        Where it came from in the end.
    headers
        Its headers.
    """

    address: str
    headers: Message
    _response: HTTPResponse
    _limits: Limits
    _pieces: Iterator[bytes] | None = None

    def read(self, size: int) -> bytes:
        """The next of its `pieces`, which are of any size; empty at the end."""
        del size
        if self._pieces is None:
            self._pieces = self.pieces()
        return next(filter(None, self._pieces), b"")

    def pieces(self) -> Iterator[bytes]:
        """Its content bit by bit, decompressed.

        Raises
        ------
        DataError
            If it is larger than allowed, or compressed in a way that was not asked for.
        OSError
            If it breaks off.
        """
        unpack = self._decompressor()
        left = self._limits.largest_answer
        while piece := self._response.read(_PIECE):
            while True:
                content = piece if unpack is None else _unpacked(unpack, piece)
                left -= len(content)
                if left < 0:
                    raise self._too_large()
                yield content
                piece = b"" if unpack is None else unpack.unconsumed_tail
                if not piece:
                    break
        if unpack is not None and not unpack.eof:
            raise OSError("its compressed content is cut off")

    def _decompressor(self) -> Any:
        encoding = str(self.headers.get("Content-Encoding") or "identity").strip().lower()
        if encoding in {"gzip", "x-gzip", "deflate"}:
            return zlib.decompressobj(32 + zlib.MAX_WBITS)  # either header
        if encoding == "identity":
            return None
        raise DataError(
            f"{masked(self.address)} answers with content encoded as {encoding!r}.",
            "It was asked for content as it is; gzip and deflate are understood too.",
            "Tell those who run the server.",
        )

    def _too_large(self) -> DataError:
        return DataError(
            f"The answer of {masked(self.address)} is larger than "
            f"{self._limits.largest_answer >> 20} MiB.",
            "Nothing of the kind that was asked for is so large.",
            "Ask for less at a time (page_limit=20), or tell those who run the server.",
        )


@contextmanager
def opened(
    address: str,
    visit: Visit,
    limits: Limits,
    headers: Mapping[str, str] | None = None,
) -> Generator[Answer]:
    """Ask a server, and read its answer within.

    Parameters
    ----------
    address
        Where; http or https.
    visit
        Where redirects may lead.
    limits
        How long and how much.
    headers
        Headers of the question; those with the user's secrets go to the server of the start only.

    Raises
    ------
    DataError
        If a redirect leads to where nobody has asked for, or there are too many.
    TooSlowError
        If the time is over.
    RefusedError
        If the server answers by another code than 200 and the like.
    HTTPException, OSError
        If the connection fails.
    """
    with _Guard(limits.answer_seconds, visit, address) as guard:
        opener = _opener(guard)
        for _ in range(limits.redirects + 1):
            sent = dict(headers or {}) if visit.is_home(address) else {}
            request = Request(address, headers={"User-Agent": "betenet", **sent})  # noqa: S310 - http or https, by the opener
            try:
                response = cast("HTTPResponse", opener.open(request, timeout=limits.silence))
            except HTTPError as error:
                with error:
                    if error.code not in _REDIRECTS:
                        raise RefusedError(error, _beginning(error)) from error
                    address = _redirected(error, address, visit)
                continue
            with response:
                yield Answer(address, response.headers, response, limits)
            return
    raise DataError(
        f"{masked(address)} does not end to redirect.",
        f"It has done so {limits.redirects} times.",
        "Give the address that it should lead to.",
    )


def _beginning(error: HTTPError) -> bytes:
    try:
        return error.read(_PIECE)
    except (HTTPException, OSError):
        return b""


def _redirected(error: HTTPError, here: str, visit: Visit) -> str:
    target = error.headers.get("Location", "")
    try:
        if not target:
            raise DataError("It does not say where to.")
        return visit.address(target, here)
    except DataError as wrong:
        raise DataError(
            f"{masked(here)} is refused by the server ({error.code}).",
            f"It redirects to {visit.hide(target)!r}. {wrong.summary} {wrong.reason}",
            wrong.fix,
        ) from wrong


def _unpacked(unpack: Any, piece: bytes) -> bytes:
    try:
        return cast("bytes", unpack.decompress(piece, _PIECE))
    except zlib.error as error:
        raise OSError(f"its compressed content is damaged: {error}") from error


class _Guard:
    """Ends a connection when its time is over, whatever it is doing, and looks where it leads."""

    def __init__(self, seconds: float, visit: Visit, address: str) -> None:
        self._seconds, self._visit, self._address = seconds, visit, address
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._connected: list[socket.socket] = []
        self._over = False

    def __enter__(self) -> _Guard:  # noqa: PYI034 - what checks types in tests knows no Self here
        self._timer.start()
        return self

    def __exit__(self, *what: object) -> None:
        self._timer.cancel()
        for one in self._connected:
            one.close()
        if self._over:
            raise TooSlowError(
                f"{masked(self._address)} takes more than {self._seconds:g} s for one answer.",
                "It is not silent, but far too slow.",
                "Ask for less at a time (page_limit=20), or try again later.",
            ) from None

    def watch(self, connected: socket.socket) -> None:
        """Take care of a connection."""
        self._visit.check_peer(str(connected.getpeername()[0]))
        self._connected.append(connected.dup())
        if self._over:
            self._end()

    def _end(self) -> None:
        self._over = True
        for one in self._connected:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class _Watched(HTTPConnection):
    guard: _Guard

    def connect(self) -> None:
        super().connect()
        self.guard.watch(cast("socket.socket", self.sock))


class _WatchedSecure(HTTPSConnection, _Watched):
    """Watched from before the handshake, as that may last for ever too."""


def _opener(guard: _Guard) -> OpenerDirector:
    """Opener of http and https alone, and without redirects."""

    class Plain(HTTPHandler):
        def http_open(self, req: Request) -> HTTPResponse:
            return self.do_open(_made(_Watched, guard), req)

    class Secure(HTTPSHandler):
        def https_open(self, req: Request) -> HTTPResponse:
            return self.do_open(_made(_WatchedSecure, guard), req)

    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        Plain(),
        Secure(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _made(kind: type[_Watched], guard: _Guard) -> Any:
    def make(*arguments: Any, **options: Any) -> _Watched:
        connection = kind(*arguments, **options)
        connection.guard = guard
        return connection

    return make
