"""``betenet models``: which ensembles there are, the card of one, and those of others."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from betenet.cli.arguments import chosen
from betenet.cli.parser import Verbs, add_verb, add_verbs
from betenet.cli.printing import show, show_json


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    actions = add_verbs(add_verb(verbs, "models"), lambda folder: f"show {folder}")
    add_verb(actions, "models_list", run_list).switch("--json")
    showing = add_verb(actions, "models_show", run_show)
    showing.flag("model", nargs="?")
    showing.switch("--json")
    importing = add_verb(actions, "models_import", run_import)
    importing.flag("source", Path)
    importing.flag("--out", Path, required=True)
    importing.flag("--name")
    importing.flag("--structures")
    importing.switch("--json")


def run_list(arguments: argparse.Namespace) -> int:
    """Print the shipped ensembles."""
    from betenet.ensemble import list_models

    found = list_models()
    texts = [
        f"{one['name']} ({one['members']} members, {one['size_mb']} MB"
        f"{', the default' if one['default'] else ''})\n  {one['description']}"
        for one in found
    ]
    text = "\n".join(texts) or "No models are installed."
    show_json(found) if arguments.json else show(text)
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Print the card of one ensemble."""
    from betenet.ensemble.checkpoint import card_lines, read_card
    from betenet.ensemble.shipped import DEFAULT_MODEL, find_model

    card = read_card(find_model(arguments.model or DEFAULT_MODEL))
    text = "\n".join((card["name"], "=" * len(card["name"]), *card_lines(card)))
    show_json(card) if arguments.json else show(text)
    return 0


def run_import(arguments: argparse.Namespace) -> int:
    """Convert published weights, and say what the ensemble lacks."""
    from betenet.ensemble.published_weights import import_published

    card = import_published(
        arguments.source,
        arguments.out,
        **chosen(arguments, "name", "structures"),
        progress=sys.stderr.isatty(),
    )
    lines = [f"{card['name']} ({card['members']} members) is in {arguments.out}"]
    lines += [f"  {line}" for line in (card["description"], *card["caveats"])]
    show_json(card) if arguments.json else show("\n".join(lines))
    return 0
