import json
from pathlib import Path

import pytest

from betenet.errors import ConfigError, DataError
from betenet.runs.manifest import MANIFEST, ManifestKind, digest


def parse(table: dict) -> dict:
    if table["digest"] != digest(table["settings"]):
        raise ValueError("its settings do not have the digest that it states")
    return {key: table[key] for key in ("settings", "done")}


KIND = ManifestKind(
    run="baking",
    format=2,
    settings=lambda table: table["settings"],
    parse=parse,
    dump=lambda told: {"digest": digest(told["settings"]), **told},
    absent="Give the folder of a baking.",
    remedy="Restore it.",
)
TOLD = {"settings": {"oven": [180, 20.5], "name": "Nb\udcff.cif"}, "done": 0}


def test_a_run_begins_and_goes_on(tmp_path: Path) -> None:
    told = {"settings": {"oven": (180, 20.5)}, "done": 0}
    assert KIND.begin(tmp_path, told) is told
    KIND.write(tmp_path, {**told, "done": 7})
    again = KIND.begin(tmp_path, told)
    assert again == {"settings": {"oven": [180, 20.5]}, "done": 7}
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]
    assert json.loads((tmp_path / MANIFEST).read_text())["format"] == 2


def test_other_settings_are_refused_and_listed(tmp_path: Path) -> None:
    KIND.begin(tmp_path, {"settings": {"oven": [180, 20.5], "x": 1}, "done": 0})
    before = (tmp_path / MANIFEST).read_bytes()
    with pytest.raises(ConfigError, match="holds a baking with other settings") as caught:
        KIND.begin(tmp_path, {"settings": {"oven": [180, 30.0]}, "done": 0})
    assert caught.value.reason == (
        "oven.1 is 20.5 there and 30.0 here; x is 1 there and not given here."
    )
    assert (tmp_path / MANIFEST).read_bytes() == before


def test_a_name_that_is_no_text_can_be_written(tmp_path: Path) -> None:
    KIND.write(tmp_path, TOLD)
    assert "Nb\\udcff" in (tmp_path / MANIFEST).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("[]", "laid out in another way"),
        ('{"format": 2}', "lacks 'digest'"),
        ('{"format": 2, "digest": "0", "settings": {}}', "do not have the digest"),
    ],
)
def test_a_damaged_one_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(DataError, match=f"{MANIFEST} is damaged") as caught:
        KIND.begin(tmp_path, TOLD)
    assert words in caught.value.reason
    assert caught.value.fix == "Restore it."


@pytest.mark.parametrize(("written", "named"), [({"format": 3}, "3"), ({}, "1")])
def test_another_format_is_refused_by_its_number(tmp_path: Path, written: dict, named: str) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps(written))
    with pytest.raises(DataError, match=f"has format {named}") as caught:
        KIND.read(tmp_path)
    assert "reads format 2" in caught.value.reason


def test_no_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no baking in") as caught:
        KIND.read(tmp_path)
    assert caught.value.fix == "Give the folder of a baking."
