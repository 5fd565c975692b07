from base64 import b64decode

import pytest

from betenet.addresses import cleaned, is_secret, masked, origin, secrets, without_user


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:pw@host/v1", "https://***@host/v1"),
        ("https://token@host/v1", "https://***@host/v1"),
        ("https://me:p@w@host/v1", "https://***@host/v1"),
        ("https://host/v1?api_key=abc&x=1", "https://host/v1?api_key=***&x=1"),
        ("https://host?key=abc", "https://host?key=***"),
        ("https://host?x=1;token=abc#y", "https://host?x=1;token=***#y"),
        ("https://host?X-API-KEY=abc", "https://host?X-API-KEY=***"),
        ("https://host?api%5Fkey=abc", "https://host?api%5Fkey=***"),
        ("https://host?access_token=a.b-c%20d&z", "https://host?access_token=***&z"),
        ("https://host?Password=abc", "https://host?Password=***"),
        ("refused http://a:b@h?apikey=c for x@y.z", "refused http://***@h?apikey=*** for x@y.z"),
        ('https://host?filter=elements HAS "Nb"', 'https://host?filter=elements HAS "Nb"'),
        ("cells/a@b.cif", "cells/a@b.cif"),
        ("https://host/v1?page_limit=3&filter=a=1", "https://host/v1?page_limit=3&filter=a=1"),
    ],
)
def test_secrets_are_masked_and_nothing_else(address: str, shown: str) -> None:
    assert masked(address) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize("name", ["filter", "response_fields", "page_offset", "elements", "sort"])
def test_parameters_of_questions_are_no_secrets(name: str) -> None:
    assert not is_secret(name)


def test_secrets_are_found_as_they_stand_and_decoded() -> None:
    assert secrets("https://u:a%2Fbc@h?token=xyz&key=***") == [
        *("dTphL2Jj", "a%2Fbc", "a/bc", "xyz")
    ]
    assert secrets("https://h/v1") == []


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "ftp://h", "data:,x", "h/v1", "http://", "http:///x", "http://h:99999",
     "http://h:x", "http://[::1", "javascript:1", ""],
)  # fmt: skip
def test_what_is_no_host_on_the_web(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        origin(address)


def test_an_origin_is_scheme_host_and_port() -> None:
    same = {origin(a) for a in ("http://H", "http://h:80/x", "http://a:b@h./?y")}
    assert same == {"http://h:80"}
    assert origin("http://[::1]:8000/x") == "http://[::1]:8000"


def test_a_link_is_cleaned_only_where_it_must_be() -> None:
    assert cleaned('http://h/a?x=%20&y="b" é') == "http://h/a?x=%20&y=%22b%22%20%C3%A9"
    with pytest.raises(ValueError, match="control"):
        cleaned("http://h/\r\nHost: other")


def test_a_user_becomes_a_header() -> None:
    address, headers = without_user("https://me:p%40w@host/v1?x=1#y")
    assert address == "https://host/v1?x=1"
    assert b64decode(headers["Authorization"].removeprefix("Basic ")) == b"me:p@w"
    assert without_user("https://host/v1") == ("https://host/v1", {})
