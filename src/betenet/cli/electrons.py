"""``betenet electrons``: N(E_F), Fermi surfaces, nesting and magnetism, by Quantum ESPRESSO."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from betenet.cli.arguments import count, numbers, positive, pressure
from betenet.cli.parser import Parser, Verbs, add_verb, add_verbs


def add_parser(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    actions = add_verbs(add_verb(verbs, "electrons"), _verb_for_file)
    running = add_verb(actions, "electrons_run", _verb("run"))
    running.flag("files", nargs="+")
    running.flag("--out", Path, required=True)
    running.flag("--mesh-density", positive)
    running.flag("--path")
    running.switch("--orbitals")
    running.flag("--protocol")
    running.flag("--set", action="extend", nargs="+", default=[])
    running.flag("--pseudopotentials", Path)
    running.flag("--pressure", pressure)
    _add_how_to_run(running)
    running.flag("--csv", Path)
    running.switch("--json")
    reading = add_verb(actions, "electrons_read", _verb("read"))
    reading.flag("files", nargs="+")
    reading.flag("--csv", Path)
    reading.flag("--plot", Path)
    reading.switch("--json")
    bands = add_verb(actions, "electrons_bands", _verb("bands"))
    bands.flag("files", nargs="+")
    bands.flag("--csv", Path)
    bands.flag("--plot", Path)
    bands.switch("--json")
    nesting = add_verb(actions, "electrons_nesting", _verb("nesting"))
    nesting.flag("files", nargs="+")
    where = nesting.add_mutually_exclusive_group()
    nesting.flag("--path", within=where)
    nesting.flag("--waves", action="extend", nargs="+", within=where)
    nesting.flag("--stoner")
    nesting.switch("--all-bands", "--spin-polarised", "--orbitals")
    nesting.flag("--workers", count, default=1)
    nesting.flag("--plot", Path)
    nesting.switch("--json")
    _add_magnetism(add_verb(actions, "electrons_magnetism", _verb("magnetism")))


def _add_magnetism(parser: Parser) -> None:
    """Add the flags of moments under pressure."""
    parser.flag("files", nargs="+")
    parser.flag("--out", Path, required=True)
    parser.flag("--pressures", numbers, required=True)
    parser.flag("--orders", action="extend", nargs="+", default=[])
    parser.flag("--starts", action="extend", nargs="+", choices=("high", "low"), default=[])
    parser.switch("--curvature")
    parser.flag("--protocol")
    parser.flag("--set", action="extend", nargs="+", default=[])
    parser.flag("--pseudopotentials", Path)
    _add_how_to_run(parser)
    parser.switch("--json")


def _add_how_to_run(parser: Parser) -> None:
    """Add the flags of how pw.x is run."""
    parser.flag("--programs", Path)
    parser.flag("--processes", count, default=1)
    parser.flag("--mpi", choices=("mpirun", "srun", "none"), default="mpirun")
    parser.flag("--max-seconds", positive)
    parser.switch("--retry-failed", "--keep-scratch")


def _verb_for_file(name: str) -> str:
    """The words to write for a file in the place of a verb."""
    saved = name.endswith((".xml", ".xml.gz", ".save", ".save/"))
    return f"read {name}" if saved else f"run {name} --out electrons/"


def _verb(name: str) -> Callable[[argparse.Namespace], int]:
    """What a verb does; numpy and ASE are loaded only then."""

    def run(arguments: argparse.Namespace) -> int:
        from betenet.cli import electrons_verbs

        return getattr(electrons_verbs, name)(arguments)

    return run
