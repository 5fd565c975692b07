"""``betenet data``: the published BETE-NET database in, rows of our JSONL layout out, or back."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from betenet.cli.arguments import not_negative
from betenet.cli.parser import Verbs, add_verb
from betenet.datasets.bete_net_database import DATABASE_FILE
from betenet.errors import ConfigError
from betenet.superconductivity.quality import NEGATIVE_SHARE

_SHOWN = 10
"""Rows of a note that are named on stderr; --json has all."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "data", run, tolerance=lambda: f"{NEGATIVE_SHARE:g}")
    parser.flag("dataset")
    parser.flag("--out", Path)
    parser.flag("--write-published", Path)
    parser.flag("--split")
    parser.flag("--moments", choices=("published", "raw"))
    parser.flag("--smearing")
    parser.flag("--negative-tolerance", not_negative)
    parser.switch("--json")


def run(arguments: argparse.Namespace) -> int:
    """Convert in the direction that was asked for, and say what became of the rows."""
    if (arguments.out is None) == (arguments.write_published is None):
        raise ConfigError(
            "One of --out and --write-published is needed, and not both.",
            reason="--out makes rows of the published database, --write-published the reverse.",
            fix="Give the file of rows with --out, or the folder with --write-published.",
        )
    return _read(arguments) if arguments.write_published is None else _write(arguments)


def _read(arguments: argparse.Namespace) -> int:
    from betenet.datasets.published_rows import published_rows, write_jsonl

    folder = Path(arguments.dataset)
    if os.path.realpath(arguments.out) == os.path.realpath(folder / DATABASE_FILE):
        raise ConfigError(
            f"--out {arguments.out} is the database itself.",
            reason="The rows would replace it.",
            fix="Give the rows another name.",
        )
    tolerance = arguments.negative_tolerance
    found = published_rows(
        folder,
        moments_of=arguments.moments or "published",
        smearing=arguments.smearing,
        negative_tolerance=NEGATIVE_SHARE if tolerance is None else tolerance,
    )
    if arguments.split is not None:
        found = found.of_split(arguments.split)
    write_jsonl(arguments.out, found.rows)
    for refusal in found.refused:
        sys.stderr.write(f"refused: row {refusal.id} ({refusal.formula}): {refusal.reason}\n")
    _note("α²F above 100.25 meV is lost: share of", found.truncated)
    _note("stated moments differ from those of α²F: by up to", found.different)
    if arguments.json:
        told = {"out": str(arguments.out), **found.to_dict()}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        total = len(found.rows) + len(found.refused)
        sys.stdout.write(
            f"{len(found.rows)} of {total} rows written to {arguments.out} "
            f"({len(found.refused)} refused, {len(found.truncated)} truncated)\n"
        )
    return 0


def _write(arguments: argparse.Namespace) -> int:
    from betenet.datasets.open import open_dataset
    from betenet.datasets.published_writer import write_published

    for flag in ("moments", "smearing", "negative_tolerance"):
        if getattr(arguments, flag) is not None:
            raise ConfigError(
                f"--{flag.replace('_', '-')} has no effect with --write-published.",
                reason="Rows are written as they are.",
                fix="Leave it out.",
            )
    dataset = open_dataset(arguments.dataset, split=arguments.split)
    found = write_published(arguments.write_published, dataset.entries)
    refused = (*dataset.refused, *found.refused)
    for refusal in refused:
        sys.stderr.write(f"refused: {refusal.id}: {refusal.reason}\n")
    told = found.to_dict()
    if arguments.json:
        everything = [{"id": one.id, "reason": one.reason} for one in refused]
        told |= {"out": str(arguments.write_published), "refused": everything}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        splits = ", ".join(f"{count} of {name}" for name, count in found.splits.items() if count)
        sys.stdout.write(
            f"{len(found.rows)} of {len(found.rows) + len(refused)} rows written to "
            f"{arguments.write_published} ({splits or 'no split'})\n"
        )
    return 0


def _note(text: str, shares: Mapping[str, float]) -> None:
    """Name the rows that are worst off."""
    worst = sorted(shares, key=lambda row: -shares[row])
    for row in worst[:_SHOWN]:
        sys.stderr.write(f"note: row {row}: {text} {shares[row]:.0%}\n")
    if len(worst) > _SHOWN:
        sys.stderr.write(f"note: … and {len(worst) - _SHOWN} more such rows\n")
