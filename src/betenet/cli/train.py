"""``betenet train``: a recipe in, a trained, validated and calibrated ensemble out."""

from __future__ import annotations

import argparse
from pathlib import Path

from betenet.cli.arguments import HelpFormatter, Verbs, add_device, count, whole
from betenet.cli.parser import help_text


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "train",
        help="train an ensemble by a recipe",
        description="Train every member of an ensemble by a recipe, and cross-validate it.",
        text=help_text("train"),
        formatter_class=HelpFormatter,
    )
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="TOML file, see recipes/")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument("--data", type=Path, metavar="DIR", help="first-principles data")
    parser.add_argument(
        "--fold-members",
        type=whole,
        default=0,
        metavar="N",
        help="members of each cross-validation fold (default: %(default)s, none)",
    )
    parser.add_argument(
        "--workers", type=count, metavar="N", help="processes (default: one a core)"
    )
    add_device(parser)
    parser.add_argument("--model", type=Path, metavar="DIR", help="write the checkpoint here")
    full_batch = parser.add_argument_group("full-batch recipes")
    full_batch.add_argument(
        "--members", type=_range, metavar="A-B", help="train these members only (default: all)"
    )
    full_batch.add_argument(
        "--region",
        choices=("classical", "critical", "modern"),
        default="modern",
        metavar="NAME",
        help="classical, critical or modern: whose weights --model takes (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (not last or last.isdecimal())):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, nor two with - between")
    return range(int(first), int(last or first) + 1)


def run(arguments: argparse.Namespace) -> int:
    """Train, then write the checkpoint if it was asked for."""
    from betenet.evaluation.card import train  # loads torch

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
    )
    return 0
