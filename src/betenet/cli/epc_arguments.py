"""Flags that several verbs of ``betenet epc`` have."""

from __future__ import annotations

import argparse
from pathlib import Path

from betenet.cli.arguments import pressure
from betenet.espresso.pseudopotentials import FOLDER_VARIABLE


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say what one calculation is told."""
    group = parser.add_argument_group("what to calculate")
    add_recipe(group, "balanced")
    group.add_argument(
        "--pressure",
        type=pressure,
        metavar="GPA",
        help="pressure to which the cell is relaxed (default: 0)",
    )


def add_recipe(group: argparse._ActionsContainer, default: str) -> None:  # pyright: ignore[reportPrivateUsage]
    """Add the flags that say what all calculations are told: the protocol and its material."""
    group.add_argument(
        "--protocol",
        metavar="NAME",
        help=f"paper, balanced, scout or fast (default: {default})",
    )
    group.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="change values of the protocol",
    )
    group.add_argument(
        "--pseudopotentials",
        type=Path,
        metavar="DIR",
        help="UPF files named after their elements (default: $" + FOLDER_VARIABLE + ")",
    )
    group.add_argument(
        "--starting-guess",
        action="store_true",
        help="the cells are guesses: a volume that changes by more than 8 %% is no reason to drop",
    )
