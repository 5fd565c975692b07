"""The folder of the published database as a dataset: rows to judge a model on, rows to train on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from betenet.datasets.bete_net_database import DATABASE_FILE, DatabaseRow
from betenet.datasets.jsonl_rows import Dataset, Entry, Refusal, read_entry
from betenet.datasets.published_rows import SPLITS, PublishedRows, published_rows
from betenet.datasets.rows import Row
from betenet.datasets.splits import read_published_split
from betenet.errors import DataError

SOURCE = "bete_net"
"""Name of the level of theory, and the beginning of the ids of training rows."""


def is_published(folder: str | Path) -> bool:
    """Whether a folder is that of the published database."""
    return (Path(folder) / DATABASE_FILE).is_file()


def read_published(folder: str | Path) -> Dataset:
    """Rows of the published database with the published split; α²F preprocessed as in the paper.

    Parameters
    ----------
    folder
        Folder with ``database.json``, ``structures/`` and perhaps ``indices/``.

    Raises
    ------
    DataError
        If the database cannot be read, or no row of it can be used.
    """
    return published_dataset(folder, published_rows(folder))


def published_dataset(folder: str | Path, found: PublishedRows) -> Dataset:
    """Rows of the published database as a dataset, in the order of ``found.database``.

    Parameters
    ----------
    folder
        The folder, whose name the dataset has.
    found
        Its rows.

    Notes
    -----
    Phonon densities of states are those of the database, for a network's own grid to be given to
    `binned`, in training and in evaluation alike.
    """
    entries = zip(_entries(found), found.database, strict=True)
    return Dataset(
        name=str(folder),
        entries=tuple(replace(e, row=_with_phonons(e.row, raw)) for e, raw in entries),
        refused=tuple(Refusal(one.id, one.reason) for one in found.refused),
    )


def published_training_rows(folder: Path, told: Callable[[str], None]) -> list[Row]:
    """Rows that the published split trains on, with α²F and phonon DOS as the database has them.

    Parameters
    ----------
    folder
        Folder with ``database.json``, ``structures/`` and ``indices/``.
    told
        Called with a sentence on rows that are left out.

    Returns
    -------
    list of Row
        Named ``bete_net-ID``. Moments are those of the binned α²F, which are the paper's targets;
        spectra and densities of states are neither smoothed nor binned, so that a network's own
        grid can be given to `binned`.

    Raises
    ------
    DataError
        If the database or its split cannot be read, or no row is left: without the split nobody
        knows which rows are for tests.
    """
    if not (folder / "indices" / SPLITS["train"]).is_file():
        raise DataError(
            f"{folder} has no indices/{SPLITS['train']}.",
            "It says which rows may be trained on; the others judge what was trained without them.",
            "Bring the folder indices/ of the published database there.",
        )
    split = read_published_split(folder)
    training = {str(number) for number in split.train}
    found = published_rows(folder)
    rows = [
        _as_in_the_database(entry.row, raw)
        for entry, raw in zip(_entries(found), found.database, strict=True)
        if raw.id in training
    ]
    if not rows:
        raise DataError(
            f"No row of {folder / DATABASE_FILE} is for training.",
            f"It has {len(found.rows)} rows that can be used, and indices/{SPLITS['train']} "
            f"{len(training)} ids, which are others.",
            "Take both from the same copy of the published database.",
        )
    lost = sorted(one.id for one in found.refused if one.id in training)
    absent = sorted(training - {row.id for row in found.database} - set(lost))
    if lost:
        reasons = {one.id: one.reason for one in found.refused}
        told(
            f"{len(lost)} of {len(training)} training rows cannot be used, the first is "
            f"{lost[0]}: {reasons[lost[0]]}"
        )
    if absent:
        told(f"{len(absent)} training ids have no row in {DATABASE_FILE}, {absent[0]} the first")
    return rows


def _entries(found: PublishedRows) -> list[Entry]:
    return [read_entry(row["id"], row, SOURCE)[0] for row in found.rows]


def _as_in_the_database(row: Row, raw: DatabaseRow) -> Row:
    return replace(
        _with_phonons(row, raw),
        id=f"{SOURCE}-{raw.id}",
        source=SOURCE,
        spectrum=(raw.frequencies, raw.a2f),
    )


def _with_phonons(row: Row, raw: DatabaseRow) -> Row:
    """With the densities of states of the database, neither smoothed nor binned."""
    return replace(
        row,
        site_phonon_dos={key: (dos.frequencies, dos.sites) for key, dos in raw.phonon_dos.items()},
    )
