"""``betenet composition``: Tc from composition alone, by models of measured superconductors."""

from __future__ import annotations

import argparse

from betenet.cli.formulas import add_flags, write_answers
from betenet.cli.parser import Verbs, add_verb


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    add_flags(add_verb(verbs, "composition", run))


def run(arguments: argparse.Namespace) -> int:
    """Predict every formula; the exit code."""
    from betenet.known.compositions import COLUMNS, TABLE, predict_compositions
    from betenet.known.formula_lists import given_formulas

    found = predict_compositions(given_formulas(arguments.formulas))
    return write_answers(arguments, found, COLUMNS, TABLE.heading)
