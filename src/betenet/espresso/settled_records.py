"""Records of crystals that are settled: a folder of JSON files, checked, whoever wrote them.

A campaign writes one file for each crystal, kept, dropped or failed (`campaign_record`). Such files
are copied, committed and edited, so that a reader takes nothing about them for granted.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from betenet.errors import DataError
from betenet.espresso.campaign_record import TEST, TRAIN
from betenet.espresso.collect import Collected
from betenet.input_files import in_short, read_bytes
from betenet.json_input import decode_finite_json

SETTLED_STATES = ("kept", "dropped", "failed")
"""States of a crystal that is settled."""
LARGEST = 1_000_000
"""Size above which a file is no record [bytes]; a campaign writes a tenth of it at most."""

_DEEPEST = 20
"""Levels of lists and objects; a record has seven."""
_KEYS = frozenset({"id", "formula", "structure", "calculation"})
"""Keys of a record; an object with none of them is something else."""
_NUMBERS = (
    "coupling",
    "omega_log_kelvin",
    "omega_1_kelvin",
    "omega_2_kelvin",
    "omega_3_kelvin",
    "omega_max_mev",
    "tc_kelvin",
    "mu_star",
    "dos_fermi",
)
_OF_CAMPAIGN = ("family", "ended", "pressure_gpa", "atom_volume_before")


class _ForeignError(ValueError):
    """What a file holds has nothing of a record."""


class ForeignFileError(DataError):
    """A JSON object has nothing of a record: something else that lies in the folder."""


def settled_files(folder: Path) -> list[Path]:
    """Files of a folder of records, in the order of their names.

    Raises
    ------
    DataError
        If there are none.
    """
    files = sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))
    if not files:
        raise DataError(
            f"There is no record in {folder}.",
            "It has no JSON file: no crystal is settled, or its records are elsewhere.",
            "Give the folder of a campaign, or one with records of crystals that are settled.",
        )
    return files


def read_settled(files: Iterable[Path]) -> Generator[Collected]:
    """Records one after the other; an error becomes part of what is given back.

    Parameters
    ----------
    files
        The records, as of `settled_files`.

    Yields
    ------
    Collected
        A record as it was written, with the split that it has; or why the file is none. A second
        record of one id is an error; a file that has nothing of a record is only marked as foreign.
    """
    file_of: dict[str, Path] = {}
    for path in files:
        try:
            record = read_record(path)
        except ForeignFileError:
            yield Collected(name=path.name, stage="foreign")
            continue
        except DataError as error:
            yield Collected(name=path.stem, error=error)
            continue
        first = file_of.setdefault(record["id"], path)
        if first is path:
            stage = "failed" if state_of(record) == "failed" else "done"
            yield Collected(name=path.stem, record=record, stage=stage)
            continue
        error = DataError(
            f"{path} has the id of another record, {record['id']}.",
            f"{first.name} has it, too, and was taken.",
            "Remove one of them, or give it an id of its own.",
        )
        yield Collected(name=path.stem, error=error)


def state_of(record: Mapping[str, Any]) -> str:
    """What became of a crystal: one of `SETTLED_STATES`, also where no campaign has said it."""
    if "campaign" in record:
        return str(record["campaign"]["state"])
    return "kept" if record["calculation"]["kept"] else "dropped"


def read_record(path: Path) -> dict[str, Any]:
    """The record of a crystal that is settled.

    Parameters
    ----------
    path
        A JSON file as `write_settled` writes it.

    Returns
    -------
    dict
        ``id`` is a text, ``calculation`` has ``kept`` (a bool) and ``reasons`` (a list of objects
        with a ``text``), all numbers are finite. Moments, Tc, ``split`` and ``core_hours`` are what
        they should be, null, or absent; so are ``campaign`` (its ``state`` is there, and fits
        ``kept``), and ``notes`` and ``settings`` of ``calculation``, but they are never null.

    Raises
    ------
    DataError
        If the file cannot be read, is larger than `LARGEST`, or holds something else.
    """
    kind = DataError
    try:
        return _record(read_bytes(path, LARGEST).decode("utf-8"))
    except _ForeignError as error:
        kind, why = ForeignFileError, f"{error}"
    except (OSError, ValueError) as error:  # of JSON and of UTF-8, too
        why = in_short(error)
    raise kind(
        f"{path} is no record of a crystal that is settled.",
        f"{why}.",
        "Restore it from a copy, or take it out of the folder.",
    )


def _record(text: str) -> dict[str, Any]:
    found = decode_finite_json(text)
    _check_nesting(found)
    record = _object(found, "its content")
    if not _KEYS & record.keys():
        raise _ForeignError("it has no id that is a text")
    if not isinstance(record.get("id"), str) or not record["id"]:
        raise ValueError("it has no id that is a text")
    _check_texts(record, "", ("source", "formula"))
    _check_numbers(record, "", _NUMBERS)
    if record.get("split") not in (None, TRAIN, TEST):  # a list has no hash
        raise ValueError(f"split is {_shown(record['split'])}, not {TRAIN!r} or {TEST!r}")
    kept = _check_calculation(_object(record.get("calculation"), "calculation"))
    if "campaign" in record:
        _check_campaign(_object(record["campaign"], "campaign"), kept=kept)
    return record


def _check_calculation(calculation: Mapping[str, Any]) -> bool:
    """Check how a crystal was computed; whether it is kept."""
    kept = calculation.get("kept")
    if not isinstance(kept, bool):
        raise ValueError(f"calculation.kept is {_shown(kept)}, neither true nor false")
    for reason in _list(calculation.get("reasons"), "calculation.reasons"):
        if not isinstance(_object(reason, "a reason").get("text"), str):
            raise ValueError("a reason has no text")
    for note in _list(calculation.get("notes", []), "calculation.notes"):
        if not isinstance(note, str):
            raise ValueError(f"a note is {_shown(note)}, no text")
    settings = _object(calculation.get("settings", {}), "calculation.settings")
    _object(settings.get("protocol", {}), "calculation.settings.protocol")
    _check_numbers(calculation, "calculation.", ("core_hours",))
    return kept


def _check_campaign(campaign: Mapping[str, Any], *, kept: bool) -> None:
    state = campaign.get("state")
    if state not in SETTLED_STATES:
        raise ValueError(f"campaign.state is {_shown(state)}, not {', '.join(SETTLED_STATES)}")
    if kept != (state == "kept"):
        raise ValueError(f"campaign.state is {state}, but calculation.kept is {kept}".lower())
    known = {key: value for key, value in campaign.items() if key in _OF_CAMPAIGN}
    for key, value in known.items():
        if value is None:  # of a row, null is the same as absent; not here
            raise ValueError(f"campaign.{key} is null")
    _check_texts(known, "campaign.", ("family", "ended"))
    _check_numbers(known, "campaign.", ("pressure_gpa", "atom_volume_before"))


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no JSON object")
    return cast("dict[str, Any]", value)


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"{what} is no list")
    return cast("list[object]", value)


def _check_numbers(table: Mapping[str, Any], where: str, keys: Iterable[str]) -> None:
    for key in keys:
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise ValueError(f"{where}{key} is {_shown(value)}, no number")


def _check_texts(table: Mapping[str, Any], where: str, keys: Iterable[str]) -> None:
    for key in keys:
        if not isinstance(table.get(key), str | None):
            raise ValueError(f"{where}{key} is {_shown(table[key])}, no text")


def _check_nesting(value: object, level: int = 0) -> None:
    """Check that what was read can be written again: depth, and texts without half characters."""
    if level > _DEEPEST:
        raise ValueError("it is nested too deeply")
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            _check_nesting(one, level + 1)
    elif isinstance(value, dict):
        for key, one in cast("dict[str, object]", value).items():
            key.encode()
            _check_nesting(one, level + 1)


def _shown(value: object) -> str:
    """A value as JSON, short enough for a message."""
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:39] + "…"
