"""A dataset by name: a file in our layout, or a source of the data folder; and one split of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from betenet.datasets.jsonl_rows import Dataset, Entry, read_jsonl, read_records
from betenet.datasets.published_folder import is_published, read_published
from betenet.datasets.rows import data_folder
from betenet.datasets.splits import N_FOLDS, element_balanced_split, group_folds
from betenet.datasets.training_rows import TEST_SPLIT, read_rows
from betenet.errors import DataError

TRAIN_SPLIT = "train"
"""Split whose rows alone may be learnt from, in a dataset that names it."""
SOURCES = ("bete_net", "alexandria", "jarvis")
COMPUTED_SPLITS = ("balanced-train", "balanced-test", *(f"fold-{fold}" for fold in range(N_FOLDS)))
"""Splits that any dataset has, by reduced formula."""


def open_dataset(name_or_path: str, *, split: str | None = None) -> Dataset:
    """Read a dataset, or one split of it.

    Parameters
    ----------
    name_or_path
        A source of the data folder (`SOURCES`), a file in our layout, the folder of the published
        database, or a folder of records: files with one JSON object each, as `betenet epc` writes
        them.
    split
        Keep the rows of this split: a name that the file gives, else one of `COMPUTED_SPLITS`.

    Raises
    ------
    DataError
        If there is no such dataset or split, or no row of it can be used.
    """
    if name_or_path in SOURCES:
        rows = read_rows(data_folder(), [name_or_path])
        dataset = Dataset(name=name_or_path, entries=tuple(Entry(row=row) for row in rows))
    elif is_published(name_or_path):
        dataset = read_published(name_or_path)
    elif Path(name_or_path).is_dir():
        dataset = read_records(name_or_path)
    elif Path(name_or_path).is_file():
        dataset = read_jsonl(name_or_path)
    else:
        raise DataError(
            f"There is no dataset {name_or_path!r}.",
            f"It is neither a file, nor a folder, nor one of {', '.join(SOURCES)}.",
            "Give a file with one JSON object a line (docs/datasets.md), a folder of records, or "
            "one of the names.",
        )
    if not dataset.entries:
        first = "".join(f" {one.id}: {one.reason}." for one in dataset.refused[:1])
        raise DataError(
            f"{dataset.name} holds no row that can be used.",
            f"{len(dataset.refused)} rows were refused.{first}",
            "Correct the rows; docs/datasets.md describes the layout.",
        )
    return dataset if split is None else _select(dataset, split)


def training_part(dataset: Dataset) -> Dataset:
    """Rows of a dataset that may be learnt from.

    Parameters
    ----------
    dataset
        Any dataset.

    Returns
    -------
    Dataset
        The rows of its split ``"train"`` if it names one, else all but those of ``"test"``.

    Raises
    ------
    DataError
        If no row is left, or the dataset is a copy of the published database without its split:
        then nobody knows which rows are for tests.
    """
    named = {entry.split for entry in dataset.entries}
    if named == {TRAIN_SPLIT}:
        return dataset
    if TRAIN_SPLIT in named:
        return _select(dataset, TRAIN_SPLIT)
    kept = tuple(entry for entry in dataset.entries if entry.split != TEST_SPLIT)
    unknown = is_published(dataset.name)
    if unknown or not kept:
        raise DataError(
            f"No row of {dataset.name} is known to be for training.",
            "It has no indices/ that name training rows."
            if unknown
            else f"The split of all is {TEST_SPLIT!r}.",
            "Give a dataset with rows to train on.",
        )
    return replace(dataset, entries=kept)


def _select(dataset: Dataset, split: str) -> Dataset:
    named = sorted({entry.split for entry in dataset.entries if entry.split})
    if split in named:
        chosen = np.array([entry.split == split for entry in dataset.entries])
    elif split in COMPUTED_SPLITS:
        chosen = _computed(dataset, split)
    else:
        raise DataError(
            f"{dataset.name} has no split {split!r}.",
            f"Its rows name {', '.join(named) or 'none'}; any dataset has "
            f"{', '.join(COMPUTED_SPLITS)}.",
            "Give one of these.",
        )
    if not chosen.any():
        raise DataError(
            f"The split {split!r} of {dataset.name} is empty.",
            f"The dataset has {len(dataset.entries)} rows.",
            "Use another split, or the whole dataset.",
        )
    kept = tuple(e for e, keep in zip(dataset.entries, chosen, strict=True) if keep)
    return replace(dataset, name=f"{dataset.name}, split {split}", entries=kept)


def _computed(dataset: Dataset, split: str) -> np.ndarray:
    formulas = [entry.row.formula for entry in dataset.entries]
    kind, _, part = split.partition("-")
    if kind == "fold":
        return group_folds(formulas) == int(part)
    return element_balanced_split(formulas) == (part == "test")
