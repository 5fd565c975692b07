"""``betenet known``: formulas in, measured superconductors out."""

from __future__ import annotations

import argparse

from betenet.cli.formulas import add_flags, write_answers
from betenet.cli.parser import Verbs, add_verb


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    add_flags(add_verb(verbs, "known", run))


def run(arguments: argparse.Namespace) -> int:
    """Look every formula up; the exit code."""
    from betenet.known.formula_lists import given_formulas
    from betenet.known.look_up import KNOWN_COLUMNS, formula_answers

    return write_answers(
        arguments, formula_answers(given_formulas(arguments.formulas)), KNOWN_COLUMNS
    )
