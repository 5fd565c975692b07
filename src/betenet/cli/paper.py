"""``betenet paper``: the paper's table and figures from a folder in the published layout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from betenet.cli.arguments import chosen, key_values, mu_star, not_negative, whole
from betenet.cli.parser import Verbs, add_verb
from betenet.cli.printing import show, show_json, tell
from betenet.cli.streams import make_folder
from betenet.errors import ConfigError
from betenet.superconductivity.critical_temperature import DEFAULT_MU_STAR


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "paper", run)
    parser.flag("folder", Path)
    parser.flag("--models", action="extend", nargs="+", default=[])
    parser.flag("--run", Path, dest="training")  # `run` is what a verb does
    parser.flag("--member", whole)
    parser.flag("--data", Path)
    parser.flag("--other")
    parser.flag("--threshold", action="extend", nargs="+", default=[])
    parser.flag("--precision", float, default=0.8)
    parser.flag("--mu-star", mu_star, default=DEFAULT_MU_STAR)
    parser.flag("--resamples", whole, default=1000)
    parser.flag("--landscape-points", whole, default=21)
    parser.flag("--device", default="cpu")
    parser.switch("--json")
    parser.flag("--out", Path, required=True)


def run(arguments: argparse.Namespace) -> int:
    """Make the report, write it, and print what it says."""
    from betenet.paper.report import paper_report  # loads torch

    make_folder(arguments.out)  # before the work, not after it
    report = paper_report(
        arguments.folder,
        models=key_values(arguments.models, "--models", "CSO=models/cso"),
        run=arguments.training,
        thresholds=_thresholds(arguments.threshold),
        progress=sys.stderr.isatty(),
        **chosen(arguments, "member", "data", "other", "precision", "mu_star"),
        **chosen(arguments, "resamples", "landscape_points", "device"),
    )
    written = report.write(arguments.out)
    for name, reason in report.refused:
        tell(f"refused: row {name}: {reason}")
    show_json(report.to_dict()) if arguments.json else show(report.as_text())
    tell(f"wrote {written[0]} and {len(written) - 1} files beside it")
    return 0


def _thresholds(words: list[str]) -> dict[str, float]:
    found = key_values(words, "--threshold", "CSO=5.8")
    try:
        return {name: not_negative(kelvin) for name, kelvin in found.items()}
    except argparse.ArgumentTypeError as error:
        text = f"--threshold: {error}."
        raise ConfigError(text, "It is a Tc in K.", "Write --threshold CSO=5.8, say.") from error
