import pytest

from betenet.errors import DataError
from betenet.web_visit import Visit

HERE = "https://host/v1/structures?page=1"


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("https://host/v1/structures?page=2", "https://host/v1/structures?page=2"),
        ("https://host:443/x", "https://host:443/x"),
        ("HTTPS://HOST/x", "https://HOST/x"),
        ("?page=2", "https://host/v1/structures?page=2"),
        ("/x?page=2", "https://host/x?page=2"),
        ("structures?page=2", "https://host/v1/structures?page=2"),
        ("//host/x", "https://host/x"),
        (" /x\n", "https://host/x"),
        ("http://host/x", "https://host/x"),  # a server behind a proxy does not know its scheme
        ("https://other:pw@host/x#y", "https://host/x"),
        ('/x?filter=elements HAS "Nb"', "https://host/x?filter=elements%20HAS%20%22Nb%22"),
    ],
)
def test_links_of_the_same_server_are_followed(link: str, leads: str) -> None:
    assert Visit("https://host/v1").address(link, HERE) == leads


@pytest.mark.parametrize(
    "link",
    [
        "https://other/x", "//other/x", "https://host:8443/x", "https://host.other/x",
        "https://host@other/x", "http://169.254.169.254/latest", "http://localhost/", "http://[::1]/",
        "http://host:8000/",
    ],
)  # fmt: skip
def test_links_to_other_servers_are_not(link: str) -> None:
    with pytest.raises(DataError, match="leads to another server than https://host:443"):
        Visit("https://host/v1").address(link, HERE)


@pytest.mark.parametrize(
    "link",
    ["file:///etc/passwd", "ftp://host/x", "data:application/json,{}", "javascript:1", "http://",
     "https://host:99999/", "https://[::1/", "https://host/\x00", "https:///x", "gopher://host"],
)  # fmt: skip
def test_links_that_are_none_are_told(link: str) -> None:
    with pytest.raises(DataError, match="is no web address"):
        Visit("https://host/v1").address(link, HERE)


def test_a_start_by_http_may_lead_to_https_and_no_further() -> None:
    visit = Visit("http://host/v1")
    assert visit.address("https://host/x", "http://host/v1") == "https://host/x"
    assert visit.is_home("https://host/x")
    with pytest.raises(DataError, match="another server"):
        Visit("http://host:8000").address("https://host:8000/x", "http://host:8000")


def test_others_are_followed_if_the_user_says_so_but_are_not_home() -> None:
    visit = Visit("https://host/v1", frozenset({"https://cdn.host:443"}))
    assert visit.address("https://cdn.host/x", HERE) == "https://cdn.host/x"
    assert not visit.is_home("https://cdn.host/x")
    with pytest.raises(DataError, match="another server"):
        visit.address("https://evil/x", HERE)


def test_a_public_server_leads_to_no_private_address() -> None:
    visit = Visit("https://host")
    visit.check_peer("93.184.216.34")
    for peer in ("127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "fe80::1%eth0"):
        with pytest.raises(DataError, match="to the private address"):
            visit.check_peer(peer)


def test_a_private_start_may_lead_anywhere() -> None:
    visit = Visit("http://10.0.0.1")
    for peer in ("10.0.0.1", "127.0.0.1", "93.184.216.34"):
        visit.check_peer(peer)


def test_what_a_server_repeats_of_a_secret_is_hidden() -> None:
    visit = Visit("https://me:word@host?api_key=abc123")
    assert visit.hide("key abc123 of me:word@ https://host?token=q") == (
        "key *** of me:***@ https://host?token=***"
    )
