"""The phonons that the rows of a dataset bring along, for models that take phonons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from betenet.datasets.jsonl_rows import Dataset
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.phonon_sources import NONE
from betenet.ensemble.site_inputs import dos_of_row
from betenet.ensemble.site_phonons import PhononSource, SitePhonons
from betenet.phonon_dos import PhononDos
from betenet.structures import StructureRecord

ROWS = "rows"
"""Word for the phonons of the rows, in the place of a file."""


def phonons_to_judge_with(
    model: Ensemble, dataset: Dataset, phonons: PhononSource | str | Path | None
) -> PhononSource | str | Path | None:
    """Source of the phonons of an evaluation.

    Parameters
    ----------
    model
        The ensemble.
    dataset
        The rows that it is judged on.
    phonons
        What was asked for. ``"rows"`` are those of the rows; so is None for networks that take
        phonons as inputs, while other models get none then.

    Raises
    ------
    ModelError
        If the model takes no phonons and is to be given some.
    """
    if phonons is None and model.config.takes_phonons:
        phonons = ROWS
    if phonons != ROWS:
        return None if phonons == NONE else phonons
    model.check_takes_phonons()
    return phonons_of_rows(dataset, _grid(model.card, dataset))


def phonons_of_rows(dataset: Dataset, grid: str) -> PhononSource:
    """Phonon density of states of each row, by its id.

    Parameters
    ----------
    dataset
        The rows. One without it is predicted without phonons, and says so.
    grid
        ``"coarse"`` or ``"fine"``.
    """
    rows = {entry.row.id: entry.row for entry in dataset.entries}

    def source(record: StructureRecord) -> SitePhonons:
        assert record.atoms is not None
        known = dos_of_row(rows[record.name], record.atoms, grid)
        if known is None:
            return SitePhonons(warnings=(f"its row has no {grid} phonon density of states",))
        frequencies, sites = known
        symbols = tuple(record.atoms.get_chemical_symbols())
        dos = PhononDos(frequencies, sites.sum(axis=0), sites, symbols)
        return SitePhonons(dos=dos, origin=f"{grid}, of the row")

    return source


def _grid(card: dict[str, Any], dataset: Dataset) -> str:
    """What the networks have learnt from; where that is not known, the finest that there is."""
    known = {grid for entry in dataset.entries for grid in entry.row.site_phonon_dos}
    return card.get("phonon_dos", {}).get("grid") or ("fine" if "fine" in known else "coarse")
