"""``betenet cite``: what a result owes to whom."""

from __future__ import annotations

import argparse

from betenet.citations import citations_bibtex, citations_text
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.printing import show


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    add_verb(verbs, "cite", run).switch("--bibtex")


def run(arguments: argparse.Namespace) -> int:
    """Print the references."""
    show(citations_bibtex() if arguments.bibtex else citations_text())
    return 0
