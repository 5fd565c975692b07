import time
from dataclasses import dataclass, field
from typing import Literal

import pytest

from betenet.errors import ConfigError
from betenet.toml_input import configure, decode_toml, read_config, read_toml


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Oven:
    heat: float = 180.0
    trays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kitchen:
    name: str
    cooks: int = 1
    fuel: Literal["gas", "wood"] = "gas"
    oven: Oven = field(default_factory=Oven)


def test_a_configuration_has_its_types_and_its_defaults():
    table = {"name": "x", "oven": {"heat": 200, "trays": ["a", "b"]}}
    found = configure(Kitchen, table, "kitchen")
    assert found == Kitchen(name="x", oven=Oven(heat=200.0, trays=("a", "b")))
    assert isinstance(found.oven.heat, float)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "The kitchen has no name"),
        ({"name": "x", "cook": 2}, r"Unknown key in \[kitchen\]: cook.*Did you mean cooks"),
        ({"name": "x", "oven": {"heta": 2}}, r"Unknown key in \[oven\]: heta.*Did you mean heat"),
        ({"name": "x", "cooks": "two"}, r"\[kitchen\] cooks is not.*Expected int, got str"),
        ({"name": "x", "cooks": True}, "Expected int, got bool"),
        ({"name": "x", "cooks": 1.5}, "Expected int, got float"),
        ({"name": 1}, "Expected str, got int"),
        ({"name": "x", "oven": 3}, r"oven is not.*Expected object, got int"),
        ({"name": "x", "oven": {"trays": [1]}}, r"oven.trays\[0\] is not.*Expected str"),
        ({"name": "x", "fuel": "oil"}, "fuel = 'oil' is not a known choice.*'gas', 'wood'"),
    ],
)
def test_a_wrong_configuration_is_told_with_its_key(table, message):
    with pytest.raises(ConfigError, match="(?s)" + message):
        configure(Kitchen, table, "kitchen")


def test_a_configuration_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ConfigError, match="No kitchen can be read"):
        read_config(tmp_path / "no.toml", "kitchen")
    (tmp_path / "a.toml").write_text("a =")
    with pytest.raises(ConfigError, match="not valid TOML"):
        read_config(tmp_path / "a.toml")
