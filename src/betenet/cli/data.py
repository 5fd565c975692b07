"""``betenet data``: the published BETE-NET database in, rows of our JSONL layout out."""

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
    parser = add_verb(verbs, "data", run)
    parser.flag("folder", Path)
    parser.flag("--out", Path, required=True)
    parser.flag("--moments", choices=("published", "raw"), default="published")
    parser.flag("--smearing")
    parser.flag("--negative-tolerance", not_negative, default=NEGATIVE_SHARE)
    parser.switch("--json")


def run(arguments: argparse.Namespace) -> int:
    """Convert the database and say what became of its rows."""
    from betenet.datasets.published_rows import published_rows, write_jsonl

    database = arguments.folder / DATABASE_FILE
    if os.path.realpath(arguments.out) == os.path.realpath(database):
        raise ConfigError(
            f"--out {arguments.out} is the database itself.",
            reason="The rows would replace it.",
            fix="Give the rows another name.",
        )
    found = published_rows(
        arguments.folder,
        moments_of=arguments.moments,
        smearing=arguments.smearing,
        negative_tolerance=arguments.negative_tolerance,
    )
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


def _note(text: str, shares: Mapping[str, float]) -> None:
    """Name the rows that are worst off."""
    worst = sorted(shares, key=lambda row: -shares[row])
    for row in worst[:_SHOWN]:
        sys.stderr.write(f"note: row {row}: {text} {shares[row]:.0%}\n")
    if len(worst) > _SHOWN:
        sys.stderr.write(f"note: … and {len(worst) - _SHOWN} more such rows\n")
