"""Links between pages: forgotten, odd, endless, and leading elsewhere."""

import json
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.fixture_types import Patch
from tests.unit.screening.sources.hostile_server import (
    Habit,
    HostileServer,
    crystal,
    paging,
    reply,
    serving,
)

from betenet.errors import BetenetError, ConfigError, DataError
from betenet.screening.candidates import Candidate, Unreadable
from betenet.screening.funnel import Funnel, Stage
from betenet.screening.intake import take_source
from betenet.screening.run import run_settings
from betenet.screening.sources import open_source
from betenet.screening.sources.http_client import JsonClient
from betenet.screening.sources.optimade import OptimadeSource
from betenet.screening.store import RecordStore
from betenet.web_client import Limits


def read(url: str, **limits: float) -> tuple[list[Any], BetenetError | None]:
    """Entries, and the error that ends them."""
    client = JsonClient(
        timeout=2.0, attempts=2, sleep=lambda _: None, limits=Limits(**limits)  # type: ignore[arg-type]
    )  # fmt: skip
    found: list[Any] = []
    try:
        found.extend(OptimadeSource(url, client))
    except BetenetError as error:
        return found, error
    return found, None


def names(entries: list[Any]) -> list[str]:
    return [entry.name for entry in entries if isinstance(entry, Candidate)]


SECOND = "/v1/structures?page_offset=2"
FIELDS = "response_fields=lattice_vectors,cartesian_site_positions,species_at_sites,species"


# ----------------------------------------------------------------------------- links that are meant


@pytest.mark.parametrize(
    "link",
    [
        f"{SECOND}&{FIELDS}",
        SECOND,
        "?page_offset=2",
        "structures?page_offset=2",
        f"  {SECOND}  ",
        {"href": SECOND},
        {"href": SECOND, "meta": {"page": 2}},
        f'{SECOND}&filter=elements HAS "Nb"',
    ],
)
def test_every_page_is_read_with_all_its_fields(link: object) -> None:
    with serving(paging(lambda _: link)) as server:
        entries, error = read(server.url)
    assert error is None
    assert names(entries) == ["a", "b", "c"]


def test_a_link_gets_back_what_it_forgets_and_keeps_what_it_has() -> None:
    with serving(paging(lambda server: f"{server.url}{SECOND}&filter=own")) as server:
        entries, error = read(f'{server.url}?filter=elements HAS "Nb"&api_key=S3CRET&page_limit=2')
    assert (names(entries), error) == (["a", "b", "c"], None)
    query = dict(parse_qsl(urlsplit(server.asked[-1]).query))
    assert "lattice_vectors" in query.pop("response_fields")
    assert query == {"page_offset": "2", "filter": "own", "api_key": "S3CRET"}
    assert all("api_key=S3CRET" in path for path in server.asked)


@pytest.mark.parametrize(
    "links", [None, {}, {"next": None}, {"next": ""}, {"next": {"href": None}}]
)
def test_the_last_page_has_no_link(links: object) -> None:
    def habit(_: HostileServer, connection: socket.socket, path: str) -> None:
        page = {"data": [crystal("a")], "links": links}
        connection.sendall(reply({} if "/info" in path else page))

    with serving(habit) as server:
        entries, error = read(server.url)
    assert (names(entries), error) == (["a"], None)


def test_entries_without_attributes_are_read_and_broken_ones_told() -> None:
    flat = {"id": "flat", "type": "structures", **crystal("x")["attributes"]}
    odd: list[Any] = [
        *({"id": "null", "attributes": None}, {"id": "list", "attributes": []}, {"id": "none"}),
        *({"id": "text", "attributes": "x"}, None, 5, [], {}),
        {"id": "long", "attributes": {**crystal("x")["attributes"], "lattice_vectors": "x" * 99}},
        {"id": "types", "attributes": {**crystal("x")["attributes"], "species": 5}},
    ]

    def habit(_: HostileServer, connection: socket.socket, path: str) -> None:
        page = {"data": [flat, *odd, crystal("a")]}
        connection.sendall(reply({} if "/info" in path else page))

    with serving(habit) as server:
        entries, error = read(server.url)
    assert (names(entries), error) == (["flat", "a"], None)
    broken = [entry for entry in entries if isinstance(entry, Unreadable)]
    assert len(broken) == len(odd)
    assert all(entry.error.summary and entry.error.reason for entry in broken)


# ------------------------------------------------------------------------- links that are not meant


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("file:///etc/passwd", "Only http and https"),
        ("ftp://127.0.0.1/x", "Only http and https"),
        ("data:application/json,{}", "Only http and https"),
        ("http://[::1", "is no web address"),
        ("http://127.0.0.1:99999/", "is no web address"),
        ("http://", "is no web address"),
        ("/x\x00y", "control characters"),
        ("/x\r\nHost: evil", "control characters"),
        (5, "no text"),
        (True, "no text"),
        (["/x"], "no text"),
        ({"href": 5}, "no text"),
        ({"href": {"href": "/x"}}, "no text"),
        ("http://127.0.0.1:1/v1/structures", "another server"),
        ("http://169.254.169.254/latest/meta-data", "another server"),
        ("http://localhost/x", "another server"),
        ("//example.org/x", "another server"),
        ("https://example.org/x", "#follow=https://example.org:443"),
    ],
)
def test_what_is_no_link_of_the_server_is_told_and_what_came_before_is_given(
    link: object, words: str
) -> None:
    with serving(paging(lambda _: link)) as server:
        entries, error = read(server.url)
    assert names(entries) == ["a", "b"]
    assert error is not None
    assert words in str(error)
    assert str(error).replace("\n", "").isprintable()


def test_another_server_is_asked_if_the_user_says_so_but_told_no_secret() -> None:
    with serving(paging(lambda _: None)) as other:
        with serving(paging(lambda _: f"{other.url}{SECOND}")) as server:
            start = f"http://me:pw@{server.host}?api_key=S3CRET"
            entries, error = read(start)
            assert names(entries) == ["a", "b"]
            assert error is not None
            assert f"#follow={other.url}" in error.fix
            assert not other.asked
            entries, error = read(f"{start}#follow={other.url}")
            assert (names(entries), error) == (["a", "b", "c"], None)
        assert "response_fields" in other.asked[0]
        assert "S3CRET" not in other.heads[0]
        assert "Authorization" not in other.heads[0]


# ----------------------------------------------------------------------------- pages without an end


def numbered(page: Any) -> Habit:
    """Pages 0, 1, 2 … for ever; their entries are given."""

    def habit(server: HostileServer, connection: socket.socket, path: str) -> None:
        place = int(dict(parse_qsl(urlsplit(path).query)).get("page_offset", 0))
        links = {"next": f"{server.url}/v1/structures?page_offset={place + 1}"}
        connection.sendall(reply({} if "/info" in path else {"data": page(place), "links": links}))

    return habit


@pytest.mark.parametrize(
    ("page", "limits", "count", "words"),
    [
        (lambda _: [crystal("a")], {}, 1, "entries of a page before once more"),
        (lambda n: [crystal(f"{n % 3}")], {}, 3, "entries of a page before once more"),
        (lambda n: [{"nothing": 1}, {"n": 5}] if n else [crystal("a")], {}, 1, "once more"),
        (lambda n: [] if n else [crystal("a")], {}, 1, "are empty"),
        (lambda n: [crystal(f"{n}")], {"pages": 4}, 4, "within 4 pages"),
        (lambda n: [crystal(f"{n}")], {"seconds": 0.2}, None, "within 0.2 s"),
    ],
)
def test_pages_that_do_not_end_are_left(
    page: Any, limits: dict[str, float], count: int | None, words: str
) -> None:
    with serving(numbered(page)) as server:
        began = time.monotonic()
        entries, error = read(server.url, **limits)
    assert time.monotonic() - began < 3.0
    assert len(names(entries)) == count if count else names(entries)
    assert error is not None
    assert words in str(error)


def test_a_link_to_the_page_itself_is_noticed() -> None:
    with serving(paging(lambda _: "?page_offset=7", last="never")) as server:
        entries, error = read(server.url)
    assert names(entries) == ["a", "b"]
    assert error is not None
    assert "do not end" in error.summary


def test_entries_that_a_server_says_it_has_are_missed() -> None:
    def habit(_: HostileServer, connection: socket.socket, path: str) -> None:
        page = {"data": [crystal("a")], "meta": {"more_data_available": True}}
        connection.sendall(reply({} if "/info" in path else page))

    with serving(habit) as server:
        (first, rest), error = read(server.url)
    assert (first.name, error) == ("a", None)
    assert isinstance(rest, Unreadable)
    assert "there are more entries" in str(rest.error)


def test_what_was_read_before_an_error_is_recorded(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "records.sqlite", create=True)
    with serving(paging(lambda _: "file:///etc/passwd")) as server:
        client = JsonClient(attempts=1, sleep=lambda _: None)
        with pytest.raises(DataError, match="Only http"):
            take_source(store, OptimadeSource(server.url, client), quiet=True)
    assert list(store.names("source")) == ["a", "b"]


# ------------------------------------------------------------------------------------------ secrets

ADDRESS = "https://me:pa55word@host/v1?filter=nsites=1&api_key=S3CRET&token=T0KEN#follow=https://b"


def hidden(text: str) -> bool:
    return not any(secret in text for secret in ("pa55word", "S3CRET", "T0KEN"))


def test_no_secret_is_kept_in_a_manifest() -> None:
    source = open_source(f"optimade:{ADDRESS}")
    stage = Stage(name="first", kind="structure", budget=9)
    funnel = Funnel(source=f"optimade:{ADDRESS}", stages=(stage,))
    table = run_settings(funnel, (), source.identity())
    assert hidden(json.dumps(table))
    assert "filter" in json.dumps(table)
    assert hidden(source.name + repr(source))
    assert source.identity()["follow"] == ["https://b:443"]
    other = Funnel(source=f"optimade:{ADDRESS.replace('S3CRET', 'new')}", stages=(stage,))
    assert funnel.digest() == other.digest()


def test_a_run_goes_on_with_another_key_or_that_of_the_environment(monkeypatch: Patch) -> None:
    known = open_source(f"optimade:{ADDRESS}").identity()
    other = ADDRESS.replace("S3CRET", "new").replace("pa55word", "changed")
    assert open_source(f"optimade:{other}").identity() == known
    kept = "https://host/v1?x=1&api_key=***"
    monkeypatch.delenv("OPTIMADE_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="masked secret") as caught:
        OptimadeSource(kept)
    assert "OPTIMADE_API_KEY" in caught.value.fix
    monkeypatch.setenv("OPTIMADE_API_KEY", "from the & environment")
    source = OptimadeSource(kept)
    assert "api_key=from%20the%20%26%20environment" in source.url
    assert source.identity() == OptimadeSource("https://host/v1?x=1&api_key=q").identity()
    with pytest.raises(ConfigError, match="masked secret"):
        OptimadeSource("https://***@host/v1")


@pytest.mark.parametrize(
    "text",
    ["https://me:pa55word@host?api_key=S3CRET", "optimad:https://me:pa55word@host?token=T0KEN",
     "optimade:host/v1?api_key=S3CRET", "mp:api_key=S3CRET", "mp:elements=Nb&token=T0KEN",
     "optimade:https://me:pa55word@host#x"],
)  # fmt: skip
def test_no_message_shows_a_secret(text: str) -> None:
    with pytest.raises(BetenetError) as caught:
        open_source(text)
    assert hidden(str(caught.value))
    assert caught.value.fix


def test_a_sharp_in_a_filter_is_told() -> None:
    with pytest.raises(ConfigError, match="%23"):
        OptimadeSource('https://host?filter=id="a#b"')
