"""``betenet train``: a recipe in, a trained, validated and calibrated ensemble out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from betenet.cli.arguments import chosen, count, refuse_idle, whole
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.printing import tell, tell_interrupt
from betenet.errors import ConfigError


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "train", run)
    parser.flag("recipe", Path, nargs="?")
    parser.flag("--out", Path, required=True)
    parser.flag("--data", Path)
    parser.flag("--fold-members", whole, default=0)
    parser.flag("--workers", count)
    parser.flag("--device", default="cpu")
    parser.flag("--model", Path)
    parser.flag("--from", dest="start")
    parser.flag("--rows", Path)
    parser.flag("--level")
    parser.flag("--rehearse", action="extend", nargs="+", default=[])
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


def _check_kind(recipe: Path | None, tuning: dict[str, Any], training: dict[str, Any]) -> None:
    """Refuse what has no effect: a tuning's flags beside a recipe, a recipe's without one."""
    missing = recipe is None and not (tuning["start"] and tuning["rows"])
    flags = training if recipe is None else tuning
    idle = ["from" if key == "start" else key for key, one in flags.items() if one]
    if missing:
        raise ConfigError(
            "There is nothing to train.",
            "A training needs a RECIPE, a fine-tuning --from and --rows.",
            "Write betenet train RECIPE --out DIR, or --from MODEL --rows FILE --out DIR.",
        )
    why = "A model is trained by a recipe, or tuned from another one with --from and --rows."
    refuse_idle(idle, "here", why, "Leave it out, or the recipe.")


def run(arguments: argparse.Namespace) -> int:
    """Train, and write the checkpoint if asked for; the exit code is 130 after an interrupt."""
    from betenet.evaluation.card import train  # loads torch
    from betenet.evaluation.tuned_model import tune

    given = chosen(arguments, "workers", "device", "model")
    tuning = chosen(arguments, "start", "rows", "level", "rehearse")
    training = chosen(arguments, "data", "fold_members", "members", "region")
    _check_kind(arguments.recipe, tuning, training)
    try:
        if arguments.recipe is None:
            tune(**tuning, out=arguments.out, told=tell, **given)
        else:
            train(arguments.recipe, arguments.out, told=tell, **given, **training)
    except KeyboardInterrupt:
        return tell_interrupt()
    return 0
