from __future__ import annotations

import json
from pathlib import Path

import pytest

from betenet.errors import ConfigError, DataError
from betenet.espresso.manifest import (
    Attempt,
    Manifest,
    StepRecord,
    agree_on,
    read_manifest,
    write_manifest,
)

SETTINGS = {"protocol": {"k_density": 40.0, "smearing": "mp"}, "elements": ["Al"]}


def full() -> Manifest:
    attempts = (
        Attempt(
            started="2026-11-29T00:00:00+00:00",
            processes=2,
            seconds=1.5,
            cpu_seconds=2.75,
            failure="not_self_consistent",
            said="convergence NOT achieved",
        ),
        Attempt(
            started="2026-11-29T00:00:02+00:00",
            processes=2,
            start="recovery",
            changes={"electrons": {"mixing_beta": 0.3, "diagonalization": "cg"}},
        ),
    )
    record = StepRecord(state="running", attempts=attempts, forgiven=1)
    return Manifest(settings=SETTINGS, version="6.7MaX", steps={"dense": record})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_manifest(tmp_path, full())
    assert read_manifest(tmp_path) == full()
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_manifest_without_processor_times_is_read(tmp_path: Path) -> None:
    write_manifest(tmp_path, full())
    table = json.loads((tmp_path / "manifest.json").read_text())
    for attempt in table["steps"]["dense"]["attempts"]:
        del attempt["cpu_seconds"]
    (tmp_path / "manifest.json").write_text(json.dumps(table))
    first, second = read_manifest(tmp_path).of("dense").attempts
    assert (first.seconds, first.cpu_seconds, second.cpu_seconds) == (1.5, None, None)


def test_the_same_settings_go_on(tmp_path: Path) -> None:
    assert agree_on(tmp_path, SETTINGS, "6.7MaX").steps == {}
    write_manifest(tmp_path, full())
    assert agree_on(tmp_path, {**SETTINGS, "elements": ("Al",)}) == full()


def test_other_settings_are_refused_and_named(tmp_path: Path) -> None:
    agree_on(tmp_path, SETTINGS)
    other = {"protocol": {"k_density": 30.0}, "elements": ["Al"], "cutoff": 80}
    with pytest.raises(ConfigError) as caught:
        agree_on(tmp_path, other)
    assert caught.value.reason == (
        "cutoff is not given there and 80 here; "
        "protocol.k_density is 40.0 there and 30.0 here; "
        'protocol.smearing is "mp" there and not given here.'
    )


def test_only_some_of_many_differences_are_listed(tmp_path: Path) -> None:
    agree_on(tmp_path, {f"key{index}": 0 for index in range(20)})
    with pytest.raises(ConfigError, match="; and 12 more"):
        agree_on(tmp_path, {f"key{index}": 1 for index in range(20)})


@pytest.mark.parametrize("kept", [0, 1, 20, 200])
def test_a_manifest_that_is_cut_off_is_damaged(tmp_path: Path, kept: int) -> None:
    write_manifest(tmp_path, full())
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(text[:kept])
    with pytest.raises(DataError, match=r"manifest\.json is damaged"):
        agree_on(tmp_path, SETTINGS)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"k_density": 40.0', '"k_density": 41.0'), ('"attempts"', '"tries"'), ('"steps"', '"stepz"')],
)
def test_a_manifest_that_was_tampered_with_is_damaged(tmp_path: Path, old: str, new: str) -> None:
    write_manifest(tmp_path, full())
    text = (tmp_path / "manifest.json").read_text()
    assert old in text
    (tmp_path / "manifest.json").write_text(text.replace(old, new))
    with pytest.raises(DataError, match="damaged"):
        read_manifest(tmp_path)


def test_a_manifest_of_a_later_version_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 2, "anything": 1}))
    with pytest.raises(DataError, match="has format 2"):
        read_manifest(tmp_path)


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no calculation"):
        read_manifest(tmp_path)
