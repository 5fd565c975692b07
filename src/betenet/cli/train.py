"""``betenet train``: a recipe in, a trained, validated and calibrated ensemble out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from betenet.cli.arguments import count, whole
from betenet.cli.parser import Verbs, add_verb


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "train", run)
    parser.flag("recipe", Path)
    parser.flag("--out", Path, required=True)
    parser.flag("--data", Path)
    parser.flag("--fold-members", whole, default=0)
    parser.flag("--workers", count)
    parser.flag("--device", default="cpu")
    parser.flag("--model", Path)
    parser.flag("--members", _range)
    parser.flag("--region", choices=("classical", "critical", "modern"))


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (not last or last.isdecimal())):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, nor two with - between")
    members = range(int(first), int(last or first) + 1)
    if not members:
        raise argparse.ArgumentTypeError(f"{text} names no member: its end is below its start")
    return members


def _tell(text: str) -> None:
    sys.stderr.write(f"betenet: {text}\n")


def run(arguments: argparse.Namespace) -> int:
    """Train, and write the checkpoint if asked for; the exit code is 130 after an interrupt."""
    from betenet.evaluation.card import train  # loads torch

    try:
        train(
            arguments.recipe,
            arguments.out,
            data=arguments.data,
            fold_members=arguments.fold_members,
            workers=arguments.workers,
            device=arguments.device,
            model=arguments.model,
            members=arguments.members,
            region=arguments.region,
            told=_tell,
        )
    except KeyboardInterrupt:
        _tell("interrupted; start the same command again to go on")
        return 130
    return 0
