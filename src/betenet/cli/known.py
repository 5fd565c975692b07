"""``betenet known``: formulas in, measured superconductors out."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from betenet.cli.batch import Output, RowOutput, TableOutput, write_results
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.streams import CsvRows, JsonList, refuse_to_replace_inputs

if TYPE_CHECKING:
    from betenet.known.look_up import FormulaAnswer


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "known", run)
    parser.flag("formulas", nargs="+")
    parser.switch("--json")
    parser.flag("--csv", Path)


def run(arguments: argparse.Namespace) -> int:
    """Look every formula up."""
    from betenet.known.look_up import KNOWN_COLUMNS, FormulaAnswer, formula_answers

    csv: Path | None = arguments.csv
    refuse_to_replace_inputs(arguments.formulas, csv)
    outputs: list[Callable[[], Output[FormulaAnswer]]] = [lambda: TableOutput(FormulaAnswer.lines)]
    if arguments.json:
        outputs = [lambda: RowOutput(JsonList(), lambda one: [one.to_dict()])]
    if csv is not None:
        outputs.append(lambda: RowOutput(CsvRows(csv, KNOWN_COLUMNS), lambda one: [one.csv_row()]))
    return write_results(formula_answers(arguments.formulas), outputs, noun="formulas")
