"""A web server on this machine that does what it is told, byte by byte."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Habit = Callable[["HostileServer", socket.socket, str], None]
"""What it does with a connection, given the path and query that it was asked for."""


class HostileServer:
    """Answers each connection by its habit, in a thread of its own."""

    def __init__(self, habit: Habit) -> None:
        self.habit = habit
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.02)
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End all of it."""
        self.over.set()
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while not self.over.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listening.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5.0)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536) or b"\r\n\r\n"
            self.heads.append(head.decode("latin-1"))
            self.asked.append(self.heads[-1].split(" ")[1] if b" " in head else "")
            self.habit(self, connection, self.asked[-1])


@contextmanager
def serving(habit: Habit) -> Iterator[HostileServer]:
    """A server while it is needed."""
    server = HostileServer(habit)
    try:
        yield server
    finally:
        server.close()


def reply(
    body: bytes | dict[str, Any],
    status: str = "200 OK",
    *headers: str,
    kind: str = "application/json",
) -> bytes:
    """A whole answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(content)}"]
    lines += [*headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + content


def always(answer: bytes) -> Habit:
    """The same answer to everything."""
    return lambda _server, connection, _path: connection.sendall(answer)


def crystal(name: str, fields: list[str] | None = None) -> dict[str, Any]:
    """An entry: a cubic crystal of one atom; with nulls for what was not asked for."""
    known: dict[str, Any] = {
        "lattice_vectors": [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]],
        "cartesian_site_positions": [[0.0, 0.0, 0.0]],
        "species_at_sites": ["Nb"],
        "species": [{"name": "Nb", "chemical_symbols": ["Nb"], "concentration": [1.0]}],
        "dimension_types": [1, 1, 1],
        "structure_features": [],
    }
    shown = {k: v if fields is None or k in fields else None for k, v in known.items()}
    return {"id": name, "type": "structures", "attributes": shown}


def paging(link: Callable[[HostileServer], object], last: str = "page_offset=2") -> Habit:
    """Two pages: a and b, then c; the link from one to the other is given."""

    def habit(server: HostileServer, connection: socket.socket, path: str) -> None:
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query))
        if "/info" in parts.path:
            connection.sendall(reply({"errors": []}, "404 Not Found"))
            return
        fields = query.get("response_fields", "").split(",")
        second = last in path
        names = ["c"] if second else ["a", "b"]
        links = {"next": None if second else link(server)}
        data = [crystal(name, fields) for name in names]
        connection.sendall(reply({"data": data, "links": links}))

    return habit
