from __future__ import annotations

import time

import pytest

from betenet.toml_input import decode_toml, read_toml


def test_tables_are_read(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbfname = 'x'\n[a.b]\nc = [1, 2.5]\n")
    assert read_toml(path) == {"name": "x", "a": {"b": {"c": [1, 2.5]}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a =", "Invalid value"),
        ("a = " + "[" * 100_000, "more than 64 levels"),
        ("a = " + "[" * 70 + "]" * 70, "more than 64 levels"),
        ("a." * 200_000 + "b = 1", "more than 64 levels"),
        ("[" + "a." * 70 + "b]", "more than 64 levels"),
        ("a = " + "9" * 5000, "thousands of digits"),
        ("a = [{b = " + "9" * 50 + "}]", "50 digits"),
    ],
)
def test_whatever_is_wrong_is_a_value_error_at_once(text, message):
    began = time.monotonic()
    with pytest.raises(ValueError, match=message):
        decode_toml(text)
    assert time.monotonic() - began < 2.0


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(OSError, match="it is a folder"):
        read_toml(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_toml(tmp_path / "no.toml")
