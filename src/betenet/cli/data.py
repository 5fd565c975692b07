"""``betenet data``: the published BETE-NET database in, rows of our JSONL layout out."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from betenet.cli.arguments import HelpFormatter, Verbs, add_json, not_negative
from betenet.cli.parser import help_text
from betenet.datasets.bete_net_database import DATABASE_FILE, NEGATIVE_TOLERANCE
from betenet.errors import ConfigError

_SHOWN = 10
"""Rows of a note that are named on stderr; --json has all."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "data",
        help="turn the published database into training rows",
        description="Turn the published BETE-NET database into rows to train and evaluate on.",
        text=help_text("data"),
        formatter_class=HelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the published database")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=".jsonl or .jsonl.gz to write"
    )
    parser.add_argument(
        "--moments",
        choices=("published", "raw"),
        default="published",
        help="which moments to write (default: %(default)s), see below",
    )
    parser.add_argument(
        "--smearing",
        metavar="N",
        help="use the column a2F_sigma_N (default: the column a2F)",
    )
    parser.add_argument(
        "--negative-tolerance",
        type=not_negative,
        default=NEGATIVE_TOLERANCE,
        metavar="X",
        help="share of the spectrum up to which negative α²F is accepted (default: %(default)s)",
    )
    add_json(parser, "what was kept, refused and noted")
    parser.set_defaults(run=run)


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
