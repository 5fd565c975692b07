"""Records of settled crystals: what is one is read as it is, all else is refused by its name."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from betenet.errors import DataError
from betenet.espresso.settled_records import (
    LARGEST,
    read_record,
    read_settled,
    settled_files,
    state_of,
)

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks" / "first_principles"
COMMITTED = sorted((BENCHMARKS / "campaign").glob("*.json"))
REASON = {"rule": "imaginary", "text": "a mode has -9 meV"}
CAMPAIGN = {
    "state": "kept",
    "family": "fcc",
    "pressure_gpa": 0.0,
    "atom_volume_before": 16.5,
    "ended": "2026-11-30T02:56:25+00:00",
}


def record(**changes: Any) -> dict[str, Any]:
    """A record that is kept, without its spectrum."""
    calculation = {"kept": True, "reasons": [], "notes": ["a note"], "core_hours": 0.4}
    found = {"id": "Al", "formula": "Al", "coupling": 0.41, "calculation": calculation}
    return found | {"campaign": CAMPAIGN, "split": "train"} | changes


def dropped(state: str = "dropped", **changes: Any) -> dict[str, Any]:
    calculation = {"kept": False, "reasons": [REASON]}
    return {"id": "Al", "calculation": calculation, "campaign": {"state": state}, **changes}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[object], Path]:
    def _write(content: object, name: str = "Al.json") -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return _write


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_what_is_committed_is_read(path: Path) -> None:
    assert read_record(path) == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (record(), "kept"),
        (record(split=None, coupling=None, formula=None), "kept"),
        (dropped(), "dropped"),
        (dropped("failed", formula=""), "failed"),
        ({"id": "a", "calculation": {"kept": True, "reasons": []}}, "kept"),
        ({"id": "a", "calculation": {"kept": False, "reasons": [REASON]}}, "dropped"),
    ],
)
def test_a_record_is_given_back_as_it_is(
    write: Callable[[object], Path], found: dict[str, Any], state: str
) -> None:
    assert read_record(write(found)) == found
    assert state_of(found) == state


def with_calculation(**changes: Any) -> dict[str, Any]:
    return record(calculation=record()["calculation"] | changes)


def with_campaign(**changes: Any) -> dict[str, Any]:
    return record(campaign=CAMPAIGN | changes)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expecting value"),
        ('{"calculation": ', "Expecting value"),
        (b"\xff\xfe\x00", "codec can't decode"),
        ("[" * 100_000, "nested too deeply"),
        (record(more=json.loads("[" * 40 + "]" * 40)), "nested too deeply"),
        ('{"id": "Al", "n": ' + "1" * 5_000 + "}", "a whole number of 5000 digits"),
        ('{"id": "Al", "coupling": 1e999}', "1e999, which is not finite"),
        ('{"id": "Al", "coupling": NaN}', "NaN, which is no finite number"),
        ('{"id": "Al", "coupling": -Infinity}', "-Infinity, which is no finite number"),
        (json.dumps(record()) + " " * LARGEST, "larger than the limit, 1,000,000 bytes"),
        (record(formula="\ud800"), "surrogates not allowed"),
        (record(**{"\ud800": 1}), "surrogates not allowed"),
        ([record()], "its content is no JSON object"),
        ("7", "its content is no JSON object"),
        ({"sources": {}, "materials": {}}, "no id that is a text"),
        (record(id=7), "no id that is a text"),
        (record(id=""), "no id that is a text"),
        (record(formula=["Al"]), 'formula is ["Al"], no text'),
        (record(coupling="0.4"), 'coupling is "0.4", no number'),
        (record(tc_kelvin=True), "tc_kelvin is true, no number"),
        (record(tc_kelvin=[0] * 99), "…, no number"),
        (record(split="Test"), "split is \"Test\", not 'train' or 'test'"),
        (record(split=["test"]), 'split is ["test"]'),
        ({"id": "Al"}, "calculation is no JSON object"),
        (record(calculation=[]), "calculation is no JSON object"),
        (with_calculation(kept=1), "calculation.kept is 1, neither true nor false"),
        (with_calculation(kept=None), "calculation.kept is null"),
        (with_calculation(reasons=None), "calculation.reasons is no list"),
        (with_calculation(reasons={}), "calculation.reasons is no list"),
        (with_calculation(reasons=["a gap"]), "a reason is no JSON object"),
        (with_calculation(reasons=[{"rule": "gap"}]), "a reason has no text"),
        (with_calculation(notes="a note"), "calculation.notes is no list"),
        (with_calculation(notes=[7]), "a note is 7, no text"),
        (with_calculation(core_hours="1"), "calculation.core_hours is"),
        (with_calculation(settings=None), "calculation.settings is no JSON object"),
        (with_calculation(settings={"protocol": 1}), "settings.protocol is no JSON object"),
        (record(campaign=None), "campaign is no JSON object"),
        (record(campaign={}), "campaign.state is null, not kept, dropped, failed"),
        (with_campaign(state="done"), 'campaign.state is "done"'),
        (with_campaign(state=["kept"]), 'campaign.state is ["kept"]'),
        (with_campaign(state="dropped"), "state is dropped, but calculation.kept is true"),
        (dropped("kept"), "state is kept, but calculation.kept is false"),
        (with_campaign(pressure_gpa="60"), 'campaign.pressure_gpa is "60", no number'),
        (with_campaign(atom_volume_before=None), "campaign.atom_volume_before is null"),
        (with_campaign(ended=7), "campaign.ended is 7, no text"),
    ],
)
def test_what_is_no_record_is_refused_by_name(
    write: Callable[[object], Path], content: object, reason: str
) -> None:
    path = write(content)
    with pytest.raises(DataError) as caught:
        read_record(path)
    assert caught.value.summary == f"{path} is no record of a crystal that is settled."
    assert reason in caught.value.reason
    assert caught.value.fix


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "nowhere.json").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe.json")
    for name, reason in (
        ("folder", "it is a folder"),
        ("pipe", "it is a pipe"),
        ("nowhere", "which does not exist"),
        ("absent", "No such file"),
    ):
        with pytest.raises(DataError, match=f"{name}.json is no record") as caught:
            read_record(tmp_path / f"{name}.json")
        assert reason in caught.value.reason


def test_damage_anywhere_is_told_and_never_ends_in_another_error(
    write: Callable[[object], Path],
) -> None:
    """A value of the committed record replaced, or a piece of its text cut out, at random."""
    text = COMMITTED[0].read_text(encoding="utf-8")
    rng = random.Random(18)  # noqa: S311
    strange = ["null", "[]", "{}", '"x"', "-1", "1e400", "true", "NaN", "\x00"]
    refused = 0
    for _ in range(300):
        start = rng.choice([rng.randrange(600), rng.randrange(len(text))])
        damaged = text[:start] + rng.choice(strange) + text[start + rng.randrange(40) :]
        try:
            read_record(write(damaged))
        except DataError:
            refused += 1
    assert refused > 100


def test_records_of_a_folder_come_by_name_with_what_is_wrong(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    write(record(id="b"), "b.json")
    write(dropped("failed", id="a"), "a.json")
    write("{", "c.json")
    write(record(id="b"), "d.json")
    write("no record", ".hidden.json")
    write("no record", "list.csv")
    found = list(read_settled(settled_files(tmp_path)))
    assert [(one.name, one.stage) for one in found] == [
        ("a", "failed"),
        ("b", "done"),
        ("c", None),
        ("d", None),
    ]
    assert [one.error is None for one in found] == [True, True, False, False]
    assert found[1].record == record(id="b")
    assert "has the id of another record, b" in str(found[3].error)
    assert "b.json has it, too" in str(found[3].error)


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_folder_without_records_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="There is no record in"):
        settled_files(tmp_path / name)
