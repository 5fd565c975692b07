"""``betenet spectra``: make model spectra, solve them by the thousand, judge formulas by them."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from betenet.cli.arguments import count, positive, whole
from betenet.cli.parser import Verbs, add_verb, add_verbs


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    actions = add_verbs(add_verb(verbs, "spectra"), lambda path: f"show {path}")
    add_verb(actions, "spectra_show", partial(run, "show")).flag("path", Path)
    for name in ("make", "solve"):
        parser = add_verb(actions, f"spectra_{name}", partial(run, name))
        parser.flag("sources", nargs="+")
        parser.flag("--out", Path, required=True)
        parser.flag("--seed", whole, default=0)
        if name == "make":
            for flag in ("--coupling", "--omega-log", "--omega-2"):
                parser.flag(flag, positive)
    parser.flag("--workers", count, default=1)
    parser.switch("--gap")


def run(name: str, arguments: argparse.Namespace) -> int:
    """Do what was asked for, and print what came out."""
    from betenet.tc_equations.verbs import run_verb

    return run_verb(name, vars(arguments))
