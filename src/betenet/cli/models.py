"""``betenet models``: which ensembles there are, the card of one, and those of others."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from betenet.cli.arguments import HelpFormatter, Verbs, add_json
from betenet.cli.parser import help_text


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "models",
        help="list the trained ensembles, show the card of one, or import published weights",
        description="List the trained ensembles that come with betenet, show the card of one, or "
        "import the weights that the paper published.",
        text=help_text("models"),
        formatter_class=HelpFormatter,
    )
    actions = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    listing = actions.add_parser("list", help="the ensembles that come with betenet")
    add_json(listing, "the list")
    listing.set_defaults(run=run_list)
    showing = actions.add_parser("show", help="the card of one ensemble")
    showing.add_argument(
        "model", nargs="?", metavar="NAME", help="name or folder (default: the default model)"
    )
    add_json(showing, "the card")
    showing.set_defaults(run=run_show)
    _add_import(actions)
    parser.verb_for_files = lambda folder: f"show {folder}"


def _add_import(actions: Verbs) -> None:
    importing = actions.add_parser(
        "import",
        help="convert the published weights (.pt files) into an ensemble",
        description="Convert the published weights, one .pt file for each member.",
        text=help_text("models_import"),
        formatter_class=HelpFormatter,
    )
    importing.add_argument(
        "source", type=Path, metavar="DIR", help="folder of .pt files: CSO, CPD or FPD"
    )
    importing.add_argument(
        "--out", type=Path, required=True, metavar="OUT", help="write the ensemble here"
    )
    importing.add_argument("--name", help="of the model (default: that of OUT)")
    importing.add_argument(
        "--structures",
        metavar="PATH",
        help="structures that the networks learnt from, to warn of what is unlike them",
    )
    add_json(importing, "the card")
    importing.set_defaults(run=run_import)


def run_list(arguments: argparse.Namespace) -> int:
    """Print the shipped ensembles."""
    from betenet.ensemble import list_models

    found = list_models()
    if arguments.json:
        sys.stdout.write(_to_json(found))
        return 0
    if not found:
        sys.stdout.write("No models are installed.\n")
    for model in found:
        default = ", the default" if model["default"] else ""
        sys.stdout.write(
            f"{model['name']} ({model['members']} members, {model['size_mb']} MB{default})\n"
            f"  {model['description']}\n"
        )
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Print the card of one ensemble."""
    from betenet.ensemble import Ensemble
    from betenet.ensemble.checkpoint import card_lines

    ensemble = Ensemble.load(arguments.model)
    if arguments.json:
        sys.stdout.write(_to_json(ensemble.card))
        return 0
    lines = (ensemble.name, "=" * len(ensemble.name), *card_lines(ensemble.card))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def run_import(arguments: argparse.Namespace) -> int:
    """Convert published weights, and say what the ensemble lacks."""
    from betenet.ensemble.published_weights import import_published

    card = import_published(
        arguments.source,
        arguments.out,
        name=arguments.name,
        structures=arguments.structures,
        progress=sys.stderr.isatty(),
    )
    if arguments.json:
        sys.stdout.write(_to_json(card))
        return 0
    sys.stdout.write(
        f"{card['name']} ({card['members']} members) is in {arguments.out}\n"
        f"  {card['description']}\n"
    )
    for caveat in card["caveats"]:
        sys.stdout.write(f"  {caveat}\n")
    return 0


def _to_json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n"
