"""``betenet composition``: Tc from composition alone, by models of measured superconductors."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from betenet.cli.batch import Output, RowOutput, TableOutput, write_results
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.streams import CsvRows, JsonList, refuse_to_replace_inputs


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "composition", run)
    parser.flag("formulas", nargs="+")
    parser.switch("--json")
    parser.flag("--csv", Path)


def run(arguments: argparse.Namespace) -> int:
    """Predict every formula; the exit code."""
    from betenet.known.compositions import COLUMNS, TABLE, formulas_in, predict_compositions
    from betenet.known.compositions import CompositionPrediction as One

    refuse_to_replace_inputs(arguments.formulas, arguments.csv)
    outputs: list[Callable[[], Output[One]]] = [partial(TableOutput, One.lines, TABLE.heading)]
    if arguments.json:
        outputs = [lambda: RowOutput(JsonList(), One.to_dicts)]
    if arguments.csv is not None:
        outputs.append(lambda: RowOutput(CsvRows(arguments.csv, COLUMNS), One.to_rows))
    found = predict_compositions(formulas_in(arguments.formulas))
    return write_results(found, outputs, noun="formulas")
