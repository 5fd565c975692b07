"""``betenet models``: which ensembles there are, the card of one, and those of others."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from betenet.cli.parser import Verbs, add_verb, add_verbs


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
    from betenet.ensemble.checkpoint import card_lines, read_card
    from betenet.ensemble.shipped import DEFAULT_MODEL, find_model

    card = read_card(find_model(arguments.model or DEFAULT_MODEL))
    if arguments.json:
        sys.stdout.write(_to_json(card))
        return 0
    lines = (card["name"], "=" * len(card["name"]), *card_lines(card))
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
