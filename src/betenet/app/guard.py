"""Who may ask, and how much: what every request passes before anything looks at it.

A page of another site can make a browser send requests to this machine. The name that they are sent
to tells such a page that has given its name our address (DNS rebinding), the origin any other one.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from betenet.app.settings import AppSettings, is_loopback
from betenet.errors import BetenetError, ConfigError

COOKIE = "betenet_token"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing from anywhere else, and no script but the page's own."""
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class TooLargeError(Exception):
    """A request has more bytes than allowed."""


class Guard:
    """Refuses requests of other sites, without the token, or that are too large.

    Parameters
    ----------
    app
        Application behind it.
    settings
        Names, token and limits.
    """

    def __init__(self, app: ASGIApp, settings: AppSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a web socket, of which there are none here
            await send({"type": "websocket.close"})
            return
        headers = {key.decode("latin-1"): one.decode("latin-1") for key, one in scope["headers"]}

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(key.encode(), value.encode()) for key, value in _HEADERS.items()]
                if scope["path"].startswith("/api/"):
                    own.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        answer = self._answer(scope, headers)
        if answer is None:
            await self._limited(scope, receive, dressed)
        else:
            await answer(scope, receive, dressed)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through up to the limit on its size, which it need not tell."""
        limit, seen = self._settings.limits.body, 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise TooLargeError
            return message

        async def unless_too_large(message: Message) -> None:
            if seen <= limit:  # what reads the body may have an answer of its own to the error
                await send(message)

        with suppress(TooLargeError):
            await self._app(scope, counted, unless_too_large)
        if seen > limit:
            await refused(413, self._too_large())(scope, receive, send)

    def _answer(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        """What is answered at once; None for a request that may pass."""
        host = headers.get("host", "")
        if not self._knows(host):
            return refused(421, _other_name(host))
        origin = headers.get("origin")
        if origin is not None and not self._is_own(origin, host):
            return refused(403, _other_site(origin))
        if headers.get("sec-fetch-site") == "cross-site" and scope["path"].startswith("/api/"):
            return refused(403, _other_site("another site"))
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._settings.limits.body:
            return refused(413, self._too_large())
        return self._without_token(scope, headers) if self._settings.token else None

    def _knows(self, host: str) -> bool:
        """Whether a request is sent to one of our names; with a token any name will do."""
        settings = self._settings
        name = _name_of(host)
        if name in settings.names or is_loopback(name) or (name and name == settings.host):
            return True
        return bool(settings.token) and not settings.names and bool(name)

    def _is_own(self, origin: str, host: str) -> bool:
        parts = urlsplit(origin)
        same = bool(parts.netloc) and parts.netloc.lower() == host.lower()
        return same or (parts.hostname or "") in self._settings.names

    def _without_token(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        """The answer to a request whose token is missing, or is in the address."""
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and self._is_token(asked):
            moved = RedirectResponse("./", 303)
            is_secure = headers.get("x-forwarded-proto", scope["scheme"]) == "https"
            moved.set_cookie(
                COOKIE, asked, httponly=True, samesite="strict", secure=is_secure, path="/"
            )
            return moved
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._is_token(bearer) or self._is_token(_cookie(headers.get("cookie", ""))):
            return None
        return refused(401, _NO_TOKEN)

    def _is_token(self, word: str) -> bool:
        return hmac.compare_digest(word.encode(), self._settings.token.encode())

    def _too_large(self) -> BetenetError:
        return ConfigError(
            "The request is too large.",
            f"It may have {self._settings.limits.body >> 20} MiB.",
            "Send fewer or smaller files; the command line takes any number of them.",
        )


def refused(status: int, error: BetenetError) -> JSONResponse:
    """Answer that says what is wrong, why, and what to do."""
    return JSONResponse({"error": error.to_dict()}, status)


_NO_TOKEN = ConfigError(
    "The token is missing.",
    "This server answers those who know it.",
    "Open the address that `betenet app` has printed, with its token.",
)


def _other_name(host: str) -> ConfigError:
    return ConfigError(
        f"The request was sent to {host[:100] or 'no name'}.",
        "That is no name of this server: another site may have given it our address.",
        "Open http://localhost with the port, or start the server with --name.",
    )


def _other_site(origin: str) -> ConfigError:
    return ConfigError(
        f"The request comes from {origin[:100]}.",
        "Pages of other sites may not use this server.",
        "Open the page of this server itself.",
    )


def _name_of(host: str) -> str:
    """Name or address of a ``Host`` header, without the port.

    Examples
    --------
    >>> _name_of("localhost:8765"), _name_of("[::1]:8765"), _name_of("a b")
    ('localhost', '::1', '')
    """
    try:
        return "" if any(c in host for c in " @/\\?#") else urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _cookie(text: str) -> str:
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value
