"""``betenet evaluate``: how good a model is on a dataset, as one web page and as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from betenet.cli.arguments import TABLE_UNITS, add_phonons, mu_star, tc_method, whole
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.streams import cannot_write
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
        parser.flag(name, _share, action="append")
    parser.flag("--resamples", whole, default=1000)
    parser.flag("--device", default="cpu")
    parser.flag("--table-unit", choices=TABLE_UNITS, default="K")
    parser.switch("--json")
    parser.flag("--out", Path)


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.0 < number <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and at most 1")
    return number


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
        try:
            arguments.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(arguments.out, error) from error
    dataset = open_dataset(arguments.dataset, split=arguments.split)
    model = Ensemble.load(arguments.model).to(arguments.device)
    asked = arguments.phonons
    phonons = phonons_of(arguments, model, NONE if asked in {None, ROWS} else asked)
    found = evaluate(
        model,
        dataset,
        Settings(
            mu_star=arguments.mu_star,
            tc_method=arguments.tc_method,
            rows=arguments.rows,
            precisions=tuple(arguments.precision or (0.8,)),
            recalls=tuple(arguments.recall or (0.8,)),
            n_resamples=arguments.resamples,
        ),
        baseline=arguments.baseline,
        phonons=asked if asked in {None, ROWS, NONE} else phonons,
        progress=sys.stderr.isatty(),
    )
    for name, reason in found.refused:
        sys.stderr.write(f"betenet: error: {name}: {reason}\n")
    written = () if arguments.out is None else write_report(found, arguments.out)
    if arguments.json:
        plain = found.to_dict()
        del plain["materials"]  # --out keeps them
        sys.stdout.write(json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    else:
        sys.stdout.write(found.as_text(arguments.table_unit) + "\n")
    for path in written:
        sys.stderr.write(f"betenet: wrote {path}\n")
    return 1 if found.refused else 0
