import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from ase.build import bulk

from betenet.errors import ConfigError, DataError, StructureError
from betenet.known.candidate_rules import BAND_GAP
from betenet.screening.candidates import Candidate, Unreadable
from betenet.screening.sources import open_source
from betenet.screening.sources.http_client import JsonClient
from betenet.screening.sources.optimade import OptimadeSource
from betenet.structures.optimade import atoms_from_optimade

PROGRAM = Path(__file__).resolve().parents[3] / "fixtures" / "optimade_server.py"
SALT = bulk("NbC", "rocksalt", a=4.47)


def attributes(**more: Any) -> dict[str, Any]:
    return {
        "lattice_vectors": SALT.cell.array.tolist(),
        "cartesian_site_positions": SALT.positions.tolist(),
        "species_at_sites": ["Nb1", "C"],
        "species": [
            {"name": "Nb1", "chemical_symbols": ["Nb"], "concentration": [1.0]},
            {"name": "C", "chemical_symbols": ["C"], "concentration": [1.0]},
        ],
        "dimension_types": [1, 1, 1],
        "structure_features": [],
        **more,
    }


def species(**changed: Any) -> dict[str, Any]:
    kind = {"name": "Nb1", "chemical_symbols": ["Nb"], "concentration": [1.0], **changed}
    return {"species": [kind]}


# ---------------------------------------------------------------------------------- structures


def test_species_are_looked_up_by_name() -> None:
    atoms = atoms_from_optimade(attributes())
    assert atoms.get_chemical_symbols() == ["Nb", "C"]
    assert np.allclose(atoms.positions, SALT.positions)
    assert np.allclose(atoms.cell.array, SALT.cell.array)
    assert all(atoms.pbc)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (species(chemical_symbols=["Nb", "Ti"], concentration=[0.5, 0.5]), "Nb 0.5 . Ti 0.5"),
        (species(chemical_symbols=["Nb", "vacancy"], concentration=[0.9, 0.1]), "Nb 0.9"),
        (species(concentration=[0.9]), "Nb 0.9"),
        (species(chemical_symbols=["X"]), "'X', which is not an element"),
        (species(chemical_symbols=["vacancy"]), "not an element"),
        (species(attached=["H"]), "attached"),
        ({"structure_features": ["assemblies"]}, "exclude each other"),
        ({"structure_features": ["unknown_positions"]}, "positions are unknown"),
        ({"structure_features": ["implicit_atoms"]}, "without a site"),
        ({"lattice_vectors": None}, "no structure"),
        ({"cartesian_site_positions": [[0, 0, 0]]}, "2 × 3 numbers"),
        ({"cartesian_site_positions": [[0, 0, 0], [None, 0, 0]]}, "2 × 3 numbers"),
        ({"lattice_vectors": [[1, 0, 0], [0, 1, 0], [None, None, None]]}, "3 × 3 numbers"),
    ],
)
def test_what_is_no_ordered_crystal_is_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(StructureError, match=words):
        atoms_from_optimade(attributes(**changed))


def test_slabs_are_told() -> None:
    assert list(atoms_from_optimade(attributes(dimension_types=[1, 1, 0])).pbc) == [1, 1, 0]


def test_same_atoms_as_the_reference_implementation() -> None:
    pytest.importorskip("optimade", reason="needs the optimade package")
    code = (
        "import json, sys; from optimade.adapters import Structure\n"
        "import optimade.server.data as data\n"
        "for row in json.loads(sys.argv[1]): print(Structure(row).as_ase.positions.tolist())"
    )
    row = {
        "id": "x", "type": "structures", "relationships": {},
        "attributes": attributes(
            elements=["C", "Nb"], nelements=2, elements_ratios=[0.5, 0.5], nsites=2,
            nperiodic_dimensions=3, last_modified="2020-01-01T00:00:00Z", immutable_id="x",
            chemical_formula_descriptive="CNb", chemical_formula_reduced="CNb",
            chemical_formula_hill="CNb", chemical_formula_anonymous="AB",
        ),
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, json.dumps([row])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert np.allclose(json.loads(ran.stdout), atoms_from_optimade(row["attributes"]).positions)


# -------------------------------------------------------------------------- the reference server


@pytest.fixture(scope="module")
def reference_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for package in ("optimade", "uvicorn", "fastapi", "mongomock"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed (pip install 'optimade[server]')")
    folder = tmp_path_factory.mktemp("optimade")
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(PROGRAM), str(folder)],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            port = next((line for line in server.stdout if line.startswith("port ")), None)
            assert port, (folder / "log").read_text()
            url = f"http://127.0.0.1:{port.split()[1]}"
            # it listens before it answers
            JsonClient(pause=0.2, attempts=10).get(f"{url}/v1/info")
            yield url
        finally:
            server.kill()
            server.communicate()


def reference_data() -> list[dict[str, Any]]:
    found = importlib.util.find_spec("optimade")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "server" / "data"
    return json.loads((folder / "test_structures.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("query", ["", "?page_limit=5", "?page_limit=100"])
def test_all_pages_of_the_reference_server_are_read(reference_server: str, query: str) -> None:
    if query == "?page_limit=100":  # it allows 50
        with pytest.raises(DataError, match="page_limit"):
            list(open_source(f"optimade:{reference_server}{query}"))
        return
    entries = list(open_source(f"optimade:{reference_server}{query}"))
    wanted = {row["task_id"]: row for row in reference_data()}
    assert len(entries) == len(wanted) == 17
    for entry in entries:
        assert isinstance(entry, Candidate)
        row = wanted.pop(entry.name)
        assert len(entry.atoms) == row["nsites"]
        assert sorted(set(entry.atoms.get_chemical_symbols())) == row["elements"]
        assert np.allclose(entry.atoms.positions, row["cartesian_site_positions"])
        assert np.allclose(entry.atoms.cell.array, row["lattice_vectors"])


def test_the_reference_server_filters(reference_server: str) -> None:
    source = open_source(
        f'optimade:{reference_server}/v1/structures?filter=elements HAS "Ag" AND nsites < 20'
    )
    wanted = [row["task_id"] for row in reference_data()
              if "Ag" in row["elements"] and row["nsites"] < 20]  # fmt: skip
    assert sorted(entry.name for entry in source) == sorted(wanted) != []


def test_the_reference_server_says_what_is_wrong_with_a_filter(reference_server: str) -> None:
    with pytest.raises(DataError, match="Unable to parse filter"):
        list(open_source(f"optimade:{reference_server}?filter=foo((("))


# ------------------------------------------------------------------------------ servers that fail

Answer = tuple[int, dict[str, str], bytes]


class Server(ThreadingHTTPServer):
    """Answers by a function of path, query and the number of the request for it."""

    daemon_threads = True
    answer: Callable[[str, dict[str, str], int], Answer]

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is part of the test."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.server.asked.append(self.path)
        status, headers, body = self.server.answer(
            parts.path, query, self.server.asked.count(self.path)
        )
        self.send_response(status)
        for key, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(key, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def page(names: list[str], next_link: object = None, **more: Any) -> Answer:
    data = [{"id": name, "type": "structures", "attributes": attributes(**more)} for name in names]
    return 200, {}, json.dumps({"data": data, "links": {"next": next_link}}).encode()


def read(server: Server, query: str = "", attempts: int = 3) -> tuple[list[Any], list[float]]:
    waited: list[float] = []
    client = JsonClient(timeout=5.0, attempts=attempts, pause=0.25, sleep=waited.append)
    return list(OptimadeSource(server.url + query, client)), waited


def missing(path: str) -> Answer | None:
    """This server says nothing of its properties."""
    return (404, {}, b"{}") if "info" in path else None


def test_a_busy_server_is_asked_again_later(server: Server) -> None:
    def answer(path: str, query: dict[str, str], number: int) -> Answer:
        if "page" not in query:
            return missing(path) or page(["a", "b"], f"{server.url}/v1/structures?page=2")
        if number == 1:
            return 500, {}, b"oops"
        if number == 2:
            return 429, {"Retry-After": "7"}, b""
        return page(["c"])

    server.answer = answer
    entries, waited = read(server)
    assert [entry.name for entry in entries] == ["a", "b", "c"]
    assert waited == [0.25, 7.0]


@pytest.mark.parametrize("link", ["/v1/structures?page=2", {"href": "/v1/structures?page=2"}])
def test_links_may_be_relative_or_objects(server: Server, link: object) -> None:
    server.answer = lambda path, query, _: (
        missing(path) or (page(["b"]) if "page" in query else page(["a"], link))
    )
    assert [entry.name for entry in read(server)[0]] == ["a", "b"]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ((500, {}, b"oops"), "After 3 attempts: 500"),
        ((200, {}, page(["a"])[2][:100]), "After 3 attempts: not JSON"),
        ((200, {"Content-Length": "5000"}, page(["a"])[2][:100]), "After 3 attempts: not JSON"),
        ((200, {"Content-Type": "text/html"}, b"<html>Welcome"), "a web page, not with JSON"),
        ((200, {}, b"[1, 2]"), "no object"),
        ((200, {}, b'{"meta": {}}'), "without a list of entries"),
        ((302, {"Location": "/v1/structures?page=2"}, b""), "redirect"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "refused by the server"),
        ((404, {}, b'{"errors": [{"detail": "no such page"}]}'), "no such page"),
    ],
)
def test_what_came_before_a_failure_was_given(server: Server, bad: Answer, words: str) -> None:
    server.answer = lambda path, query, _: (
        missing(path) or (bad if "page" in query else page(["a"], "/v1/structures?page=2"))
    )
    source = iter(OptimadeSource(server.url, JsonClient(attempts=3, sleep=lambda _: None)))
    assert next(source).name == "a"
    with pytest.raises(DataError, match=words):
        next(source)


def test_half_a_page_is_fetched_again(server: Server) -> None:
    def answer(path: str, _: dict[str, str], number: int) -> Answer:
        status, headers, body = page(["a"])
        return missing(path) or (status, headers, body[:150] if number == 1 else body)

    server.answer = answer
    entries, waited = read(server)
    assert [entry.name for entry in entries] == ["a"]
    assert waited == [0.25]


def test_pages_that_go_round_are_noticed(server: Server) -> None:
    server.answer = lambda path, _query, _: missing(path) or page(["a"], "/v1/structures?page=2")
    with pytest.raises(DataError, match="do not end"):
        read(server)


def test_a_link_to_a_file_is_not_followed(server: Server) -> None:
    server.answer = lambda path, _query, _: missing(path) or page(["a"], "file:///etc/passwd")
    with pytest.raises(DataError, match="Only http and https"):
        read(server)


def test_a_server_that_hangs_is_given_up(server: Server) -> None:
    hold = threading.Event()

    def answer(*_: object) -> Answer:
        hold.wait(5.0)
        return 500, {}, b""

    server.answer = answer
    with pytest.raises(DataError, match=r"timed out"):
        JsonClient(timeout=0.1, attempts=2, sleep=lambda _: None).get(server.url)
    hold.set()


def test_a_broken_entry_loses_only_itself(server: Server) -> None:
    good = json.loads(page(["a", "b", "c"])[2])
    good["data"][1]["attributes"]["species"][0]["concentration"] = [0.5]
    good["data"].insert(0, "what?")
    server.answer = lambda path, _query, _: missing(path) or (200, {}, json.dumps(good).encode())
    entries, _ = read(server)
    assert [entry.name for entry in entries] == ["0", "a", "b", "c"]
    assert [type(entry) for entry in entries] == [Unreadable, Candidate, Unreadable, Candidate]


def test_properties_that_we_know_are_asked_for(server: Server) -> None:
    def answer(path: str, query: dict[str, str], _: int) -> Answer:
        if "info" in path:
            known = {"_x_band_gap": {}, "_x_mood": {}, "nsites": {}}
            return 200, {}, json.dumps({"data": {"properties": known}}).encode()
        fields = query["response_fields"].split(",")
        assert "_x_band_gap" in fields
        assert "_x_mood" not in fields
        assert "species" in fields
        return page(["a"], _x_band_gap=1.25)

    server.answer = answer
    ((entry,), _) = read(server)
    assert entry.given == {BAND_GAP: 1.25}


def test_smaller_pages_are_taken_where_ours_are_refused(server: Server) -> None:
    server.answer = lambda path, query, _: (
        missing(path) or ((403, {}, b"{}") if "page_limit" in query else page(["a"]))
    )
    assert [entry.name for entry in read(server)[0]] == ["a"]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "/v1/structures"),
        ("/", "/v1/structures"),
        ("/optimade", "/optimade/v1/structures"),
        ("/optimade/v1", "/optimade/v1/structures"),
        ("/v1.1/structures", "/v1.1/structures"),
        ("/v1/structures/", "/v1/structures"),
    ],
)
def test_addresses(path: str, asked: str) -> None:
    source = OptimadeSource(f"https://host{path}?filter=nsites=1&page_limit=3")
    assert source.identity() == {
        "kind": "optimade", "url": f"https://host{asked}", "query": {"filter": "nsites=1"},
    }  # fmt: skip


@pytest.mark.parametrize("text", ["optimade:", "optimade:host/v1", "optimade:file:///x"])
def test_what_is_no_address_is_refused_at_once(text: str) -> None:
    with pytest.raises(ConfigError, match="no address"):
        open_source(text)


def test_a_web_address_needs_its_kind() -> None:
    with pytest.raises(ConfigError, match="optimade:"):
        open_source("https://host/v1")
