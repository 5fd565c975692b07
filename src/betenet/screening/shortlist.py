"""The best of what came through a funnel, as structure files."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path

from ase.io import write

from betenet.errors import DataError
from betenet.screening.store import RecordStore
from betenet.screening.tasks import STABILITY, StageTask

FOLDER = "shortlist"
MOST = 1_000
"""Files that are written at most."""


def write_shortlist(
    folder: Path, store: RecordStore, tasks: Sequence[StageTask], most: int = MOST
) -> Path:
    """Write the structures that passed the last stage, the best first.

    Parameters
    ----------
    folder
        Of the run; the files appear in its ``shortlist``, whole or not at all.
    store
        Of the run.
    tasks
        Its stages. The order is that of the last one that predicts.
    most
        Files at most.

    Returns
    -------
    Path
        Folder of the files, named by rank, formula and candidate: ``0001_NbN_mp-1234.cif``. The
        structures are those of the source.
    """
    part, whole = folder / f"{FOLDER}.part", folder / FOLDER
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    predicting = [task.name for task in tasks if task.kind != STABILITY]
    by = predicting[-1] if predicting else tasks[-1].name
    for rank, record in enumerate(store.ranked(tasks[-1].name, by, most), 1):
        words = (f"{rank:04d}", record.formula, record.name.replace("\\", "/").split("/")[-1])
        stem = re.sub(r"[^\w.+-]", "_", "_".join(words), flags=re.ASCII)[:100].removesuffix(".cif")
        try:
            write(part / f"{stem}.cif", store.structure(record.name))
        except DataError as error:
            warnings.warn(f"{record.name} is not in the shortlist. {error}", stacklevel=2)
    shutil.rmtree(whole, ignore_errors=True)
    part.replace(whole)
    return whole
