"""Servers that are slow, broken or hostile, on this machine."""

import gzip
import json
import socket
import time
import zlib
from base64 import b64encode

import pytest
from tests.unit.screening.sources.hostile_server import Habit, HostileServer, always, reply, serving

from betenet.errors import DataError
from betenet.screening.sources.http_client import JsonClient
from betenet.web_client import Limits, TooSlowError

GOOD = {"data": []}
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def client(timeout: float = 2.0, attempts: int = 2, **limits: float) -> JsonClient:
    return JsonClient(
        timeout=timeout,
        attempts=attempts,
        sleep=lambda _: None,
        limits=Limits(**limits),  # type: ignore[arg-type]
    )


def get(habit: Habit, path: str = "/v1", **options: float) -> dict[str, object]:
    with serving(habit) as server:
        return client(**options).get(server.url + path)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------ what is understood


@pytest.mark.parametrize(
    "answer",
    [
        reply(GOOD),
        reply(GOOD, kind="text/plain"),
        reply(GOOD, kind="application/vnd.api+json; charset=utf-8"),
        reply(GOOD, kind="application/json; charset=klingon"),
        reply(GOOD, kind=";;;="),
        reply(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()),
        reply(json.dumps(GOOD).encode("utf-16")),
        reply(json.dumps(GOOD | {"é": 1}, ensure_ascii=False).encode("latin-1"),
              kind="application/json; charset=iso-8859-1"),
        reply(gzip.compress(json.dumps(GOOD).encode()), "200 OK", "Content-Encoding: gzip"),
        reply(zlib.compress(json.dumps(GOOD).encode()), "200 OK", "Content-Encoding: deflate"),
        CHUNKED + b"6\r\n{\"data\r\n6\r\n\": []}\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n{\"data\": []}",
    ],
)  # fmt: skip
def test_odd_answers_that_can_be_read_are(answer: bytes) -> None:
    assert get(always(answer))["data"] == []


def test_a_large_compressed_page_is_read_whole() -> None:
    page = {"data": [[place, "x" * 50] for place in range(30_000)]}
    packed = gzip.compress(json.dumps(page).encode())
    assert get(always(reply(packed, "200 OK", "Content-Encoding: gzip"))) == page


# ---------------------------------------------------------------------------- what is told in words


def bomb() -> bytes:
    packed = gzip.compress(b'{"data": [' + b" " * 20_000_000 + b"]}")
    return reply(packed, "200 OK", "Content-Encoding: gzip")


BROKEN: dict[str, tuple[bytes, str]] = {
    "gzip bomb": (bomb(), "larger than 1 MiB"),
    "too long": (reply(b"[" + b"1," * 1_000_000 + b"1]"), "larger than 1 MiB"),
    "gzip cut": (
        reply(gzip.compress(b'{"data": []}' * 99)[:-20], "200 OK", "Content-Encoding: gzip"),
        "cut off",
    ),
    "no gzip": (reply(b"{}", "200 OK", "Content-Encoding: gzip"), "damaged"),
    "brotli": (reply(b"x", "200 OK", "Content-Encoding: br"), "encoded as 'br'"),
    "wrong charset": (reply(b'{"a": "\xe9"}'), "is not utf-8"),
    "no charset": (reply(b'{"a": "\xe9"}', kind="text/json; charset=base64"), "cannot be read"),
    "deep": (reply(b"[" * 100_000 + b"]" * 100_000), "levels deep"),
    "deep objects": (reply(b'{"a":' * 5000 + b"1" + b"}" * 5000), "levels deep"),
    "a number": (reply(b"7"), "no object"),
    "half": (reply(b'{"data": ['), "After 2 attempts: not JSON"),
    "empty": (reply(b""), "After 2 attempts: not JSON"),
    "chunks": (CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n", "After 2 attempts"),
    "huge chunk": (CHUNKED + b"ffffffffffffff\r\n{}", "After 2 attempts"),
    "chunk cut": (CHUNKED + b"ff\r\n{", "After 2 attempts"),
    "garbage": (b"\x00\xff\x00\xff", "After 2 attempts"),
    "no status": (b"HTTP/1.1 abc\r\n\r\n", "After 2 attempts"),
    "nothing": (b"", "After 2 attempts"),
    "many headers": (b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 500 + b"\r\n{}", "After 2 attempts"),
    "long header": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999 + b"\r\n\r\n{}", "After 2 attempts"),
    "teapot": (reply({"errors": [{"detail": "tea\x1b[2J"}]}, "418 Tea"), r"tea\\x1b\[2J"),
    "odd errors": (reply({"errors": 5}, "400 Bad"), r"refused by the server \(400\)"),
    "half an error": (b"HTTP/1.1 403 No\r\nContent-Length: 999\r\n\r\n{", r"refused .* \(403\)"),
    "busy": (reply(b"", "503 Busy", "Retry-After: \xb2"), "After 2 attempts: 503"),
    "busy for ever": (reply(b"", "503 B", "Retry-After: 99999999999"), "After 2 attempts: 503"),
    "file": (reply(b"", "302 F", "Location: file:///etc/passwd"), "refused by the server"),
    "data": (reply(b"", "302 F", "Location: data:application/json,{}"), "refused by the server"),
    "nowhere": (reply(b"", "302 Found"), "refused by the server"),
    "bad place": (reply(b"", "301 F", "Location: http://[::1"), "refused by the server"),
    "elsewhere": (reply(b"", "307 F", "Location: http://127.0.0.1:1/x"), "another server"),
    "metadata": (reply(b"", "302 F", "Location: http://169.254.169.254/"), "another server"),
    "round": (reply(b"", "302 F", "Location: /v1"), "does not end to redirect"),
    "not modified": (reply(b"", "304 Not Modified"), r"refused by the server \(304\)"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_read_is_told(what: str) -> None:
    answer, words = BROKEN[what]
    with pytest.raises(DataError, match=words):
        get(always(answer), largest_answer=1 << 20)


# --------------------------------------------------------------------------------- servers too slow


def drip(each: bytes, first: bytes) -> Habit:
    """Something every now and then, for ever: never silent."""

    def habit(server: HostileServer, connection: socket.socket, _: str) -> None:
        connection.sendall(first)
        while not server.over.wait(0.01):
            connection.sendall(each)

    return habit


@pytest.mark.parametrize(
    "habit",
    [
        drip(b"x", b"HTTP/1.1 200 OK\r\nX-Drip: "),
        drip(b"X: 1\r\n", b"HTTP/1.1 100 Continue\r\n"),
        drip(b" ", b"HTTP/1.1 200 OK\r\n\r\n{"),
        drip(b"1\r\n \r\n", CHUNKED),
        drip(b"0", CHUNKED),
        drip(b" ", b"HTTP/1.1 404 No\r\nContent-Length: 9999\r\n\r\n"),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n", b""),
    ],
    ids=["header", "headers", "body", "chunks", "chunk-size", "error", "continue"],
)
def test_a_server_that_drips_is_left(habit: Habit) -> None:
    began = time.monotonic()
    with pytest.raises((TooSlowError, DataError)):
        get(habit, attempts=1, answer_seconds=0.3)
    assert time.monotonic() - began < 3.0


def test_a_server_that_says_nothing_is_left() -> None:
    def silent(server: HostileServer, *_: object) -> None:
        server.over.wait(5.0)

    began = time.monotonic()
    with pytest.raises(DataError, match="timed out"):
        get(silent, timeout=0.1)
    assert time.monotonic() - began < 3.0


def test_an_endless_answer_is_cut_by_its_size() -> None:
    def endless(server: HostileServer, connection: socket.socket, _: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.over.is_set():
            connection.sendall(b" " * 65536)

    with pytest.raises(DataError, match="larger than 1 MiB"):
        get(endless, largest_answer=1 << 20)


# ------------------------------------------------------------------------------------------ secrets


def echo(server: HostileServer, connection: socket.socket, _: str) -> None:
    """A server that repeats what it was told."""
    connection.sendall(reply({"errors": [{"detail": server.heads[-1]}]}, "401 Who"))


@pytest.mark.parametrize("query", ["?api_key=S3CRET", "?x=1&X-API-KEY=S3CRET", "?token=S3%43RET"])
def test_a_key_is_sent_and_never_shown(query: str) -> None:
    with serving(echo) as server, pytest.raises(DataError) as caught:
        client().get(server.url + query)
    assert query in server.asked[0]
    assert "S3" not in str(caught.value)


def test_a_user_and_password_are_sent_as_such_and_never_shown() -> None:
    with serving(echo) as server, pytest.raises(DataError) as caught:
        client().get(f"http://me:S3CRET@{server.host}/v1")
    assert f"Basic {b64encode(b'me:S3CRET').decode()}" in server.heads[0]
    assert "S3CRET" not in str(caught.value)
    assert "Basic ***" in str(caught.value)


@pytest.mark.parametrize("allowed", [False, True])
def test_a_password_is_sent_to_no_other_server(allowed: bool) -> None:
    from betenet.web_visit import Visit

    with serving(always(reply(GOOD))) as other:
        answer = reply(b"", "302 Found", f"Location: {other.url}/x")
        with serving(always(answer)) as server:
            start = f"http://me:S3CRET@{server.host}/v1"
            visit = Visit(start, frozenset({other.url}) if allowed else frozenset())
            if allowed:
                assert client().get(start, visit) == GOOD
                assert "Authorization" in server.heads[0]
                assert "Authorization" not in other.heads[0]
            else:
                with pytest.raises(DataError, match="another server"):
                    client().get(start, visit)
                assert other.heads == []


def test_a_redirect_on_the_same_server_is_followed() -> None:
    def habit(_: HostileServer, connection: socket.socket, path: str) -> None:
        moved = reply(b"", "308 Moved", "Location: v2?x=1")
        connection.sendall(reply(GOOD) if "v2" in path else moved)

    assert get(habit) == GOOD


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "host/x", "http://", ""])
def test_no_other_scheme_is_asked(url: str) -> None:
    with pytest.raises(DataError, match="is no web address"):
        client().get(url)


def test_no_thread_is_left(request: pytest.FixtureRequest) -> None:
    import threading

    del request
    get(always(reply(GOOD)))
    names = [type(thread).__name__ for thread in threading.enumerate()]
    assert "Timer" not in names
