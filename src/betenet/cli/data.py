"""``betenet data``: the published BETE-NET database in, rows of our JSONL layout out, or back."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from betenet.cli.arguments import given, not_negative, refuse_idle
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.printing import show, show_json, tell
from betenet.cli.streams import refuse_to_replace_inputs
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
    refuse_to_replace_inputs([str(folder / DATABASE_FILE)], arguments.out, "--out")
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
        tell(f"refused: row {refusal.id} ({refusal.formula}): {refusal.reason}")
    _note("α²F above 100.25 meV is lost: share of", found.truncated)
    _note("stated moments differ from those of α²F: by up to", found.different)
    if arguments.json:
        show_json({"out": arguments.out, **found.to_dict()})
    else:
        total = len(found.rows) + len(found.refused)
        show(
            f"{len(found.rows)} of {total} rows written to {arguments.out} "
            f"({len(found.refused)} refused, {len(found.truncated)} truncated)"
        )
    return 0


def _write(arguments: argparse.Namespace) -> int:
    from betenet.datasets.open import open_dataset
    from betenet.datasets.published_writer import write_published

    idle = given(arguments, "moments", "smearing", "negative_tolerance")
    refuse_idle(idle, "with --write-published", "Rows are written as they are.", "Leave it out.")
    dataset = open_dataset(arguments.dataset, split=arguments.split)
    found = write_published(arguments.write_published, dataset.entries)
    refused = (*dataset.refused, *found.refused)
    for refusal in refused:
        tell(f"refused: {refusal.id}: {refusal.reason}")
    if arguments.json:
        everything = [{"id": one.id, "reason": one.reason} for one in refused]
        show_json({**found.to_dict(), "out": arguments.write_published, "refused": everything})
    else:
        splits = ", ".join(f"{count} of {name}" for name, count in found.splits.items() if count)
        show(
            f"{len(found.rows)} of {len(found.rows) + len(refused)} rows written to "
            f"{arguments.write_published} ({splits or 'no split'})"
        )
    return 0


def _note(text: str, shares: Mapping[str, float]) -> None:
    """Name the rows that are worst off."""
    worst = sorted(shares, key=lambda row: -shares[row])
    for row in worst[:_SHOWN]:
        tell(f"note: row {row}: {text} {shares[row]:.0%}")
    if len(worst) > _SHOWN:
        tell(f"note: … and {len(worst) - _SHOWN} more such rows")
