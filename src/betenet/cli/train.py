"""``betenet train``: a recipe in, a trained, validated and calibrated ensemble out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.arguments import HelpFormatter, Verbs, add_device, count, whole

if TYPE_CHECKING:
    from betenet.training.full_batch_recipe import FullBatchRecipe
    from betenet.training.recipe import Recipe

_EPILOG = """\
examples:
  betenet train recipes/cso-1.toml --out runs/cso-1
  betenet train recipes/cso-1.toml --out runs/cso-1 --fold-members 4 --model my-model
  betenet train recipes/paper-cso.toml --out runs/paper --members 0-3 --model paper-cso

A run can be killed at any moment: the same command goes on where it stopped. It needs the
first-principles data (BETENET_DATA, or --data). --model writes the folder that
`betenet predict --model` takes; its card needs the cross-validation (--fold-members).

A recipe with method = "full-batch" trains as BETE-NET was: all rows in one batch, past the first
minimum of the validation loss. --members says which members, --region whose weights --model takes.
"""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "train",
        help="train an ensemble by a recipe",
        description="Train every member of an ensemble by a recipe, and cross-validate it.",
        epilog=_EPILOG,
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
    from betenet.datasets.rows import data_folder  # loads torch
    from betenet.training.full_batch_recipe import FullBatchRecipe, read_recipe

    recipe = read_recipe(arguments.recipe)
    data: Path = arguments.data or data_folder()
    if isinstance(recipe, FullBatchRecipe):
        _run_full_batch(recipe, data, arguments)
    else:
        _run_minibatch(recipe, data, arguments)
    return 0


def _run_minibatch(recipe: Recipe, data: Path, arguments: argparse.Namespace) -> None:
    from betenet.evaluation.card import write_model
    from betenet.training.run import Workload, run_training

    run_training(
        recipe,
        data,
        arguments.out,
        cross_validation_members=arguments.fold_members,
        workers=arguments.workers,
        device=arguments.device,
    )
    if arguments.model is not None:
        write_model(Workload.load(recipe, data), arguments.out, arguments.model)


def _run_full_batch(recipe: FullBatchRecipe, data: Path, arguments: argparse.Namespace) -> None:
    from betenet.training.full_batch_run import run_full_batch, write_full_batch_model

    run_full_batch(
        recipe, data, arguments.out, members=arguments.members, workers=arguments.workers
    )
    if arguments.model is not None:
        write_full_batch_model(recipe, data, arguments.out, arguments.model, arguments.region)
