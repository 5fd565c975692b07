"""``betenet predict``: structures in, α²F(ω), λ, ω_log, ω_2 and Tc out."""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
from functools import partial
from pathlib import Path

from betenet.cli.arguments import (
    TABLE_UNITS,
    add_phonons,
    list_formulas,
    mu_star,
    pressure,
    tc_method,
)
from betenet.cli.batch import write_results
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.streams import refuse_to_replace_inputs
from betenet.superconductivity.critical_temperature import (
    DEFAULT_METHOD,
    DEFAULT_MU_STAR,
    FORMULAS_OF_MOMENTS,
)

BATCH = 32
"""Structures predicted at a time: what an interrupt can lose."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    eliashberg = (
        "the isotropic equations themselves, with the gap Δ₀; a tenth of a second\n"
        f"{'':<22}for each structure"
    )
    methods = partial(list_formulas, FORMULAS_OF_MOMENTS, eliashberg)
    parser = add_verb(verbs, "predict", run, methods=methods)
    parser.flag("files", nargs="+")
    parser.flag("--model")
    add_phonons(parser)
    parser.flag("--phonons-of")
    parser.flag("--pressure", pressure, nargs="+", action="extend")
    parser.flag("--electrons", Path)
    parser.flag("--mu-star", mu_star, default=DEFAULT_MU_STAR)
    parser.flag("--tc-method", tc_method, default=DEFAULT_METHOD)
    parser.flag("--device", default="cpu")
    parser.flag("--precision", choices=("float32", "float64"), default="float32")
    parser.flag("--table-unit", choices=TABLE_UNITS, default="K")
    parser.switch("--json")
    parser.flag("--csv", Path)
    parser.flag("--plot", Path)
    parser.switch("--per-site")


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
    from betenet.ensemble.computed_bands import with_bands
    from betenet.ensemble.phonon_sources import AUTO, NONE, QUICK, default_phonons
    from betenet.known.band_verdicts import read_band_verdicts

    refuse_to_replace_inputs(arguments.files, arguments.csv)
    verdicts = () if arguments.electrons is None else read_band_verdicts(arguments.electrons)
    model = Ensemble.load(arguments.model, with_phonons=arguments.phonons != NONE)
    model = model.to(arguments.device, arguments.precision)
    asked = arguments.phonons or default_phonons(model)
    phonons = phonons_of(arguments, model, asked)
    predictions = model.stream(
        _structures(arguments),
        mu_star=arguments.mu_star,
        tc_method=arguments.tc_method,
        phonons=phonons,
        # phonons of a force field take longer than all else: lose one structure at most
        at_a_time=1 if asked in {AUTO, QUICK} else BATCH,
    )
    if verdicts:
        predictions = with_bands(predictions, verdicts)
    code = write_results(predictions, outputs_of(arguments, model), noun="structures")
    if arguments.phonons_of is not None:
        from betenet.ensemble.phonon_file import check_used

        check_used(phonons)
    return code


def _structures(arguments: argparse.Namespace) -> object:
    """The files, or what they are relaxed to under the pressures that are asked for."""
    if not arguments.pressure:
        return arguments.files
    from betenet.phonons import DEFAULT, compressed

    return compressed(arguments.files, arguments.pressure, arguments.force_field or DEFAULT)
