"""``betenet completion``: what a shell needs to complete verbs, flags and names of files."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from betenet.cli.parser import Verbs, add_verb
from betenet.cli.printing import show

SHELLS = ("bash", "zsh", "fish")

_FOLDERS = ("DIR",)
_FILES = ("FILE", "CSV", "DATASET", "FUNNEL|SOURCE", "LIST", "OUT", "PATH", "RECIPE", "SOURCE")
"""What stands for folders and for files in the help."""


def add_parser(verbs: Verbs, whole: argparse.ArgumentParser) -> None:
    """Add the verb to the command line.

    Parameters
    ----------
    verbs
        The verbs that there are.
    whole
        Parser of the whole command line, which is what a shell is told.
    """
    add_verb(verbs, "completion", functools.partial(run, whole)).flag("shell", choices=SHELLS)


def run(whole: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    for action in _actions(whole):
        places = {action.metavar} if isinstance(action.metavar, str) else set[str]()
        if action.type is Path or places.intersection((*_FOLDERS, *_FILES)):
            kind = shtab.DIRECTORY if places.intersection(_FOLDERS) else shtab.FILE
            action.complete = kind  # type: ignore[attr-defined] # where shtab looks for it
    show(shtab.complete(whole, arguments.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every argument of a parser and of those below it."""
    for action in parser._actions:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        choices: Any = action.choices
        if isinstance(choices, dict):  # of verbs alone
            for below in cast("dict[str, argparse.ArgumentParser]", choices).values():
                yield from _actions(below)
        elif action.dest != "help":
            yield action
