"""Requests of other sites, or without the token, are refused before anything looks at them."""

import pytest
from fastapi.testclient import TestClient

from betenet.app import AppSettings, make_application
from betenet.app.guard import COOKIE
from betenet.errors import ConfigError

TOKEN = "a-long-word"  # noqa: S105 - of a test


@pytest.fixture(scope="module")
def remote():
    """Reachable by others: a token, and the name of a proxy."""
    settings = AppSettings(host="0.0.0.0", token=TOKEN, names=("tc.example.org",), model="cso-1")  # noqa: S104
    return TestClient(make_application(settings), base_url="https://tc.example.org")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "a@127.0.0.1", "["])
def test_another_name_is_refused(client, host):
    answer = client.get("/api/status", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:1", "[::1]:8765"])
def test_names_of_this_machine_are_known(client, host):
    assert client.get("/api/status", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_pages_of_other_sites_are_refused(client, headers):
    assert client.post("/api/predict", headers=headers).status_code == 403
    assert client.delete("/api/jobs/x", headers=headers).status_code == 403


def test_the_page_itself_may_ask(client):
    headers = {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}
    assert client.get("/api/status", headers=headers).status_code == 200
    answer = client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers


def test_without_the_token_nothing_is_answered(remote):
    for path in ("/", "/api/status", "/assets/x.js", "/?token=wrong"):
        assert remote.get(path, follow_redirects=False).status_code == 401
    assert remote.get("/", headers={"host": "localhost"}).status_code == 401


def test_the_token_opens_by_address_cookie_and_header(remote):
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert remote.get("/api/status", headers=bearer).status_code == 200
    moved = remote.get(f"/?token={TOKEN}", follow_redirects=False)
    assert moved.status_code == 303
    cookie = moved.headers["set-cookie"]
    assert all(word in cookie for word in (COOKIE, "HttpOnly", "SameSite=strict", "Secure"))
    assert TOKEN not in moved.headers["location"]
    assert remote.get("/api/status").status_code == 200  # by the cookie that was set
    other = {"host": "evil.example", **bearer}
    assert remote.get("/api/status", headers=other).status_code == 421


def test_a_request_that_does_not_tell_its_length_is_limited_too(client):
    def parts():
        for _ in range(10):
            yield b"x" * (1 << 16)

    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/api/predict", content=parts(), headers=kind).status_code == 413


def test_others_need_a_token():
    with pytest.raises(ConfigError, match="no token"):
        AppSettings(host="0.0.0.0")  # noqa: S104
    with pytest.raises(ConfigError, match="no port"):
        AppSettings(port=70_000)
