"""``betenet evaluate``: how good a model is on a dataset, as one web page and as JSON."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from betenet.cli.arguments import TABLE_UNITS, add_phonons, chosen, mu_star, share, tc_method, whole
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.printing import show, show_json, tell, tell_errors
from betenet.cli.streams import make_folder
from betenet.evaluation.row_rules import ALL_ROWS, ROW_RULES
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, DEFAULT_MU_STAR


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "evaluate", run)
    for name in ("model", "dataset", "--split", "--baseline"):
        parser.flag(name)
    add_phonons(parser)
    parser.flag("--mu-star", mu_star, default=DEFAULT_MU_STAR)
    parser.flag("--tc-method", tc_method, default=DEFAULT_METHOD)
    parser.flag("--rows", choices=tuple(ROW_RULES), default=ALL_ROWS)
    for name in ("--precision", "--recall"):
        parser.flag(name, share, action="append")
    parser.flag("--resamples", whole, default=1000)
    parser.flag("--device", default="cpu")
    parser.flag("--table-unit", choices=TABLE_UNITS, default="K")
    parser.switch("--json")
    parser.flag("--out", Path)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, write the report, print the table."""
    from betenet.cli.phonon_progress import phonons_of
    from betenet.datasets.open import open_dataset
    from betenet.ensemble import Ensemble
    from betenet.ensemble.phonon_sources import NONE
    from betenet.evaluation.evaluate import Settings, evaluate
    from betenet.evaluation.report import write_report
    from betenet.evaluation.row_phonons import ROWS

    if arguments.out is not None:  # before the work, not after it
        make_folder(arguments.out)
    dataset = open_dataset(arguments.dataset, split=arguments.split)
    model = Ensemble.load(arguments.model).to(arguments.device)
    asked = arguments.phonons
    phonons = phonons_of(arguments, model, NONE if asked in {None, ROWS} else asked)
    found = evaluate(
        model,
        dataset,
        Settings(
            **chosen(arguments, "mu_star", "tc_method", "rows"),
            precisions=tuple(arguments.precision or (0.8,)),
            recalls=tuple(arguments.recall or (0.8,)),
            n_resamples=arguments.resamples,
        ),
        baseline=arguments.baseline,
        phonons=asked if asked in {None, ROWS, NONE} else phonons,
        progress=sys.stderr.isatty(),
    )
    tell_errors(f"{name}: {reason}" for name, reason in found.refused)
    written = () if arguments.out is None else write_report(found, arguments.out)
    if arguments.json:
        plain = found.to_dict()
        del plain["materials"]  # --out keeps them
        show_json(plain)
    else:
        show(found.as_text(arguments.table_unit))
    for path in written:
        tell(f"wrote {path}")
    return 1 if found.refused else 0
