"""How far a screening is, in a table."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from betenet.errors import BetenetError
from betenet.screening.damage import find_damage
from betenet.screening.filters import INSULATOR
from betenet.screening.manifest import read_manifest
from betenet.screening.records import RECORDS, SOURCE
from betenet.screening.store import RecordStore

MOST_TOLD = 20
"""Damaged records that are named."""
OUTCOMES = ("passed", "rejected", "failed")


def status(folder: Path, *, as_json: bool = False) -> int:
    """Print the numbers of each stage, and name what is damaged; exit code 1 if something is.

    Raises
    ------
    DataError
        If there is no screening in the folder.
    """
    print_stages(folder, as_json=as_json)
    return tell_damaged(RecordStore(folder / RECORDS))


def print_stages(folder: Path, *, as_json: bool = False) -> None:
    """Print the numbers of each stage, and whether it is done.

    Raises
    ------
    DataError
        If there is no screening in the folder.
    """
    manifest = read_manifest(folder)
    store = RecordStore(folder / RECORDS)
    counts, finished = store.counts(), store.finished()
    names = _stages(manifest)
    table: list[dict[str, Any]] = []
    expected: int | None = None
    for name in names:
        found = counts.get(name, {})
        row = {outcome: found.get(outcome, 0) for outcome in OUTCOMES}
        table.append({"stage": name, **row, "of": expected, "finished": name in finished})
        expected = row["passed"] if name in finished else None
    insulators = store.count_of(SOURCE, INSULATOR)
    if as_json:
        found = {"folder": str(folder), "stages": table, "likely_insulators": insulators}
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join([*_lines(table), *_left_out(insulators)]) + "\n")


def tell_damaged(store: RecordStore) -> int:
    """Name what is damaged in the records; exit code 1 if something is, else 0.

    Raises
    ------
    DataError
        If the manifest or the records cannot be read.
    """
    damaged = find_damage(store, _stages(read_manifest(store.path.parent)))
    for one in damaged[:MOST_TOLD]:
        error = BetenetError(
            f"{one.what} is damaged: {one.why}.",
            "The file was changed from outside, or the disk is failing.",
            "A damaged record counts as failed, the others are as they were; screen again in a "
            "new folder.",
        )
        sys.stderr.write(f"betenet: error: {error}\n")
    if len(damaged) > MOST_TOLD:
        sys.stderr.write(f"betenet: and {len(damaged) - MOST_TOLD:,} more are damaged.\n")
    return 1 if damaged else 0


def _stages(manifest: Mapping[str, Any]) -> list[str]:
    return [SOURCE, *(str(stage["name"]) for stage in manifest.get("stages", []))]


def _left_out(insulators: int) -> list[str]:
    if insulators == 0:
        return []
    count = f"{insulators} likely insulator{'s' if insulators > 1 else ''}"
    return [f"left out: {count} (filter keep_insulators = true lets them pass)"]


def _lines(table: list[dict[str, Any]]) -> list[str]:
    width = max(len(row["stage"]) for row in table)
    lines = [f"{'stage':<{width}}" + "".join(f"{word:>10}" for word in OUTCOMES)]
    return lines + [f"{row['stage']:<{width}}{_numbers(row)}  {_state(row)}" for row in table]


def _numbers(row: Mapping[str, Any]) -> str:
    return "".join(f"{row[outcome]:>10}" for outcome in OUTCOMES)


def _state(row: Mapping[str, Any]) -> str:
    if row["finished"]:
        return "done"
    done = sum(row[outcome] for outcome in OUTCOMES)
    if done == 0:
        return "not begun"
    return f"{done} done" if row["of"] is None else f"{done} of {row['of']}"
