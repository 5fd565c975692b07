"""``betenet predict``: structures in, α²F(ω), λ, ω_log, ω_2 and Tc out."""

from __future__ import annotations

import argparse
import gc
import importlib
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
    list_formulas,
    tc_method,
)
from betenet.cli.batch import write_results
from betenet.cli.parser import help_text
from betenet.cli.streams import refuse_to_replace_inputs
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, FORMULAS_OF_MOMENTS

BATCH = 32
"""Structures predicted at a time: what an interrupt can lose."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "predict",
        help="predict α²F(ω), λ, ω_log, ω_2 and Tc of crystal structures",
        description="Predict α²F(ω), λ, ω_log, ω_2 and Tc of crystal structures.",
        text=help_text(
            "predict",
            methods=lambda: list_formulas(
                FORMULAS_OF_MOMENTS,
                "the isotropic equations themselves, with the gap Δ₀; a tenth of a second\n"
                f"{'':<22}for each structure",
            ),
        ),
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="structure file, or folder of structure files"
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="trained ensemble: a name of `betenet models list`, or a "
        "folder (default: the default model)",
    )
    add_phonons(parser, "FILE")
    add_mu_star(parser)
    parser.add_argument(
        "--tc-method",
        type=tc_method,
        default=DEFAULT_METHOD,
        metavar="METHOD",
        help="how Tc is computed (default: %(default)s), see below",
    )
    add_device(parser)
    parser.add_argument(
        "--precision",
        choices=("float32", "float64"),
        default="float32",
        help="of the networks (default: %(default)s, accurate enough for every quantity)",
    )
    add_table_unit(parser)
    add_json(parser, "everything, α²F(ω) of each member included,")
    parser.add_argument("--csv", type=Path, metavar="OUT", help="write a table to this file too")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw α²F(ω) and λ(ω) into DIR")
    parser.add_argument(
        "--per-site",
        action="store_true",
        help="show what each site contributes: in the table, the JSON and the figures",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Predict every structure of every file and write it where it was asked for."""
    if "torch" not in sys.modules:
        # Loading torch makes a million objects that live to the end of the process; looking for
        # garbage among them, again and again, is a tenth of the time of one prediction.
        gc.disable()
        importlib.import_module("betenet.ensemble.ensemble")
        gc.freeze()
        gc.enable()
    from betenet.cli.phonon_progress import phonons_of
    from betenet.cli.prediction_outputs import outputs_of
    from betenet.ensemble import Ensemble

    refuse_to_replace_inputs(arguments.files, arguments.csv)
    with_phonons = arguments.phonons != "none"
    model = Ensemble.load(arguments.model, with_phonons=with_phonons)
    model = model.to(arguments.device, arguments.precision)
    phonons = phonons_of(arguments, model)
    model.check_phonons(phonons)  # before any file is written
    predictions = model.stream(
        arguments.files,
        mu_star=arguments.mu_star,
        tc_method=arguments.tc_method,
        phonons=phonons,
        # phonons of a force field take longer than all else: lose one structure at most
        at_a_time=1 if arguments.phonons == "auto" else BATCH,
    )
    return write_results(predictions, outputs_of(arguments, model), noun="structures")
