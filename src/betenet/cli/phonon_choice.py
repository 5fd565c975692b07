"""``--phonons`` and ``--phonon-cache``: where the phonons of a prediction come from."""

from __future__ import annotations

import argparse
from pathlib import Path

from betenet.ensemble.site_phonons import PhononSource
from betenet.errors import ConfigError

AUTO, NONE = "auto", "none"
"""What ``--phonons`` may be besides a file."""
LIBRARY = ".npz"


def phonon_source(arguments: argparse.Namespace) -> PhononSource | None:
    """What the two flags ask for; None for a prediction from the structure alone.

    Raises
    ------
    ConfigError
        If the flags contradict each other, or the extra ``phonons`` is needed and not installed.
    DataError
        If the file cannot be read.
    """
    if arguments.phonon_cache is not None and arguments.phonons != AUTO:
        raise ConfigError(
            "--phonon-cache is for --phonons auto.",
            reason="Nothing is computed otherwise.",
            fix="Give both, or neither.",
        )
    if arguments.phonons == NONE:
        return None
    from betenet.ensemble.phonon_sources import (
        phonons_from_file,
        phonons_from_force_field,
        phonons_from_library,
    )

    if arguments.phonons.lower().endswith(LIBRARY):
        return phonons_from_library(arguments.phonons)
    if arguments.phonons != AUTO:
        return phonons_from_file(arguments.phonons)
    from betenet.phonons import PhononCache

    folder: Path | None = arguments.phonon_cache
    return phonons_from_force_field(cache=None if folder is None else PhononCache(folder))
