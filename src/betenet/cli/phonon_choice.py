"""``--phonons``, ``--force-field``, ``--phonon-cache``: the phonons of a prediction."""

from __future__ import annotations

import argparse
from pathlib import Path

from betenet.ensemble import Ensemble
from betenet.ensemble.site_phonons import PhononSource
from betenet.errors import ConfigError
from betenet.phonons.progress import Step

AUTO, NONE = "auto", "none"
"""What ``--phonons`` may be besides a file."""
LIBRARY = ".npz"


def phonon_source(arguments: argparse.Namespace, model: Ensemble) -> PhononSource | None:
    """What the flags ask for; None for a prediction from the structure alone.

    The force field is the model's first unless another is named.

    Raises
    ------
    ConfigError
        If the flags contradict each other, or the extra ``phonons`` is needed and not installed.
    DataError
        If the file cannot be read.
    ModelError
        If the model takes no phonons.
    """
    for flag, value in (
        ("--phonon-cache", arguments.phonon_cache),
        ("--force-field", arguments.force_field),
    ):
        if value is not None and arguments.phonons != AUTO:
            raise ConfigError(
                f"{flag} is for --phonons auto.",
                reason="Nothing is computed otherwise.",
                fix="Give both, or neither.",
            )
    if arguments.phonons == NONE:
        return None
    model.check_takes_phonons()
    from betenet.ensemble.phonon_sources import (
        phonons_from_file,
        phonons_from_force_field,
        phonons_from_library,
    )

    if arguments.phonons.lower().endswith(LIBRARY):
        return phonons_from_library(arguments.phonons)
    if arguments.phonons != AUTO:
        return phonons_from_file(arguments.phonons)
    from betenet.cli.phonon_progress import ProgressLine, in_short
    from betenet.phonons import PhononCache

    line = ProgressLine()

    def told(name: str, step: Step) -> None:
        line.name = in_short(name)
        line.told(step)

    folder: Path | None = arguments.phonon_cache
    return phonons_from_force_field(
        arguments.force_field or model.force_fields[0],
        cache=None if folder is None else PhononCache(folder),
        told=told,
        done=line.clear,
    )
