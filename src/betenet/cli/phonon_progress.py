"""One line on stderr, while phonons are computed: which crystal, and how far it is."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from typing import TYPE_CHECKING

from betenet.phonons.progress import Step
from betenet.printable import printable
from betenet.text_table import cut_at_its_beginning

if TYPE_CHECKING:
    from betenet.ensemble import Ensemble
    from betenet.ensemble.site_phonons import PhononSource

_NARROWEST = 20
_LONGEST_NAME = 28
"""Letters of a structure's name, so that the steps have room on the line."""


class ProgressLine:
    """A line that writes over itself on a terminal; elsewhere nothing is written."""

    def __init__(self) -> None:
        self._shown = False
        self._crystal = ""
        self._began = time.monotonic()

    def show(self, name: str, step: Step) -> None:
        """Show a step, and in front of it what is in hand."""
        if step.crystal != self._crystal:
            self._crystal, self._began = step.crystal, time.monotonic()
        if not sys.stderr.isatty():
            return
        text = step_in_words(step)
        if (seconds := time.monotonic() - self._began) >= 1.0:
            text += f", {seconds:.0f} s"
        self._print(f"{name}: {text}" if name else text)
        self._shown = True

    def clear(self) -> None:
        """Leave an empty line to whoever writes next."""
        if self._shown:
            self._print("")
            sys.stderr.write("\r")
            self._shown = False
        self._crystal = ""

    @staticmethod
    def _print(text: str) -> None:
        # as wide as the terminal: the bar of the whole loop may be there
        width = max(_NARROWEST, shutil.get_terminal_size().columns - 1)
        sys.stderr.write("\r" + cut_at_its_beginning(printable(text), width).ljust(width))
        sys.stderr.flush()


def phonons_of(arguments: argparse.Namespace, model: Ensemble, asked: str) -> PhononSource | None:
    """Phonons that ``--phonons`` and the flags beside it ask for.

    Parameters
    ----------
    arguments
        Parsed flags.
    model
        Ensemble that takes the phonons.
    asked
        Value of ``--phonons``, or what stands for it.

    Raises
    ------
    ConfigError, DataError, ModelError
        As `choose_phonons` raises them.
    """
    from betenet.ensemble.phonon_sources import choose_phonons
    from betenet.phonons import AS_RELAXED

    line = ProgressLine()
    return choose_phonons(
        model,
        asked,
        settings=AS_RELAXED if getattr(arguments, "pressure", None) else None,
        force_field=arguments.force_field,
        cache=arguments.phonon_cache,
        of=getattr(arguments, "phonons_of", None),  # a dataset has many crystals
        told=lambda name, step: line.show(cut_at_its_beginning(name, _LONGEST_NAME), step),
        done=line.clear,
    )


def step_in_words(step: Step) -> str:
    """A step as a line shows it.

    Examples
    --------
    >>> step_in_words(Step(crystal="Nb", stage="displacements", done=1, total=3))
    'Nb, 1 of 3 displacements done'
    >>> step_in_words(Step(crystal="", stage="loading"))
    'loading the force field'
    """
    if step.stage == "loading":
        return "loading the force field"
    if step.stage == "relaxation":
        return f"{step.crystal}, relaxing, step {step.done}"
    return f"{step.crystal}, {step.done} of {step.total} displacements done"
