"""``betenet cite``: what a result owes to whom."""

from __future__ import annotations

import argparse
import sys

from betenet.citations import citations_bibtex, citations_text
from betenet.cli.arguments import HelpFormatter, Verbs
from betenet.cli.parser import help_text


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "cite",
        help="print the works that a result rests on",
        description="Print the works that a result of betenet rests on.",
        text=help_text("cite"),
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--bibtex", action="store_true", help="as BibTeX entries")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the references."""
    text = citations_bibtex() if arguments.bibtex else citations_text()
    sys.stdout.write(text + "\n")
    return 0
