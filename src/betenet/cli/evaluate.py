"""``betenet evaluate``: how good a model is on a dataset, as one web page and as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from betenet.cli.arguments import (
    HelpFormatter,
    Verbs,
    add_device,
    add_json,
    add_mu_star,
    add_phonons,
    add_table_unit,
    tc_method,
    whole,
)
from betenet.cli.parser import help_text
from betenet.cli.streams import cannot_write
from betenet.superconductivity.critical_temperature import PAPER_METHOD


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "evaluate",
        help="measure how good a model is on a dataset",
        description="Measure how good a trained ensemble is on first-principles data.",
        text=help_text("evaluate"),
        formatter_class=HelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="name of `betenet models list`, or a folder")
    parser.add_argument("dataset", metavar="DATASET", help="file, or source, see below")
    parser.add_argument("--split", metavar="NAME", help="judge these rows only, see below")
    parser.add_argument(
        "--baseline",
        metavar="DATASET",
        help="training set whose means the mean model predicts (default: DATASET itself)",
    )
    add_phonons(parser, "LIBRARY.npz")
    add_mu_star(parser)
    parser.add_argument(
        "--tc-method",
        type=tc_method,
        default=PAPER_METHOD,
        metavar="METHOD",
        help="how every Tc is computed (default: %(default)s), see `betenet predict --help`",
    )
    for kind, other in (("precision", "recall"), ("recall", "precision")):
        parser.add_argument(
            f"--{kind}",
            type=_share,
            action="append",
            metavar="X",
            help=f"choose the threshold of this {kind} with the most {other} (default: 0.8); "
            "may be repeated",
        )
    parser.add_argument(
        "--resamples",
        type=whole,
        default=1000,
        metavar="N",
        help="of the bootstrap for intervals (default: %(default)s; 0 for none)",
    )
    add_device(parser)
    add_table_unit(parser)
    add_json(parser, "the evaluation, without the materials,")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the report into DIR")
    parser.set_defaults(run=run)


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
    from betenet.evaluation.evaluate import Settings, evaluate
    from betenet.evaluation.report import write_report

    if arguments.out is not None:  # before the work, not after it
        try:
            arguments.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(arguments.out, error) from error
    dataset = open_dataset(arguments.dataset, split=arguments.split)
    model = Ensemble.load(arguments.model).to(arguments.device)
    found = evaluate(
        model,
        dataset,
        Settings(
            mu_star=arguments.mu_star,
            tc_method=arguments.tc_method,
            precisions=tuple(arguments.precision or (0.8,)),
            recalls=tuple(arguments.recall or (0.8,)),
            n_resamples=arguments.resamples,
        ),
        baseline=arguments.baseline,
        phonons=phonons_of(arguments, model),
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
