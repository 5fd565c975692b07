"""Held-out predictions with the linear correction by phonons, fitted on other folds."""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

import numpy as np

from betenet.datasets.rows import TARGETS
from betenet.ensemble.phonon_correction import CORRECTED, PhononCorrection, phonon_features
from betenet.evaluation.held_out import HeldOut, summarise_spectra
from betenet.phonon_dos import PhononDos
from betenet.phonons.library import PhononLibrary
from betenet.structures import standardise
from betenet.training.run import Workload

FEWEST = 50
"""Rows with phonons below which no correction is fitted."""


class _Cell(TypedDict):
    """Atomic numbers of a cell, its phonons and the share of imaginary ones."""

    numbers: np.ndarray
    dos: PhononDos
    imaginary: float


class PhononCorrector:
    """Fits and applies the correction to held-out predictions of one run.

    Parameters
    ----------
    load
        Data of the run.
    held_out
        What its networks predicted for rows that they had not seen.
    library
        Phonons by the ids of the rows.
    """

    def __init__(self, load: Workload, held_out: HeldOut, library: PhononLibrary) -> None:
        self._load, self._held_out = load, held_out
        grid = load.recipe.network.frequencies
        self._known: dict[int, _Cell] = {}
        features: list[np.ndarray] = []
        for place, row in enumerate(held_out.rows.tolist()):
            numbers = standardise(load.rows[row].atoms).numbers
            entry = library.find(load.rows[row].id, numbers.tolist())
            if entry is not None:
                cell = _Cell(numbers=numbers, dos=entry.dos(), imaginary=entry.imaginary)
                self._known[place] = cell
                mean = held_out.spectra[place].mean(0)
                features.append(phonon_features(grid, mean, cell["dos"], cell["imaginary"]))
        self._places = np.array(list(self._known), dtype=int)
        self._features = np.array(features)
        columns = [TARGETS.index(name) for name in CORRECTED]
        self._errors = held_out.errors()[self._places][:, columns]
        # a row teaches only if it has all three labels
        self._labelled: np.ndarray = np.asarray(np.isfinite(self._errors).all(axis=1))

    def fit(self) -> PhononCorrection | None:
        """From all rows; None if too few of them have phonons and labels."""
        return self._fit(self._labelled)

    def cross_fitted(self) -> HeldOut:
        """Every row corrected by a line through the rows of the other folds."""
        folds = self._load.folds[self._held_out.rows[self._places]]
        spectra = list(self._held_out.spectra)
        for fold in np.unique(folds).tolist():
            correction = self._fit(self._labelled & np.asarray(folds != fold))
            if correction is not None:
                for place in self._places[folds == fold].tolist():
                    spectra[place] = self._apply(correction, place)
        return self._with(spectra)

    def corrected(self, correction: PhononCorrection) -> HeldOut:
        """Every row with phonons corrected by the given line."""
        spectra = list(self._held_out.spectra)
        for place in self._places.tolist():
            spectra[place] = self._apply(correction, place)
        return self._with(spectra)

    def _fit(self, chosen: np.ndarray) -> PhononCorrection | None:
        if chosen.sum() < FEWEST:
            return None
        return PhononCorrection.fit(self._features[chosen], self._errors[chosen])

    def _apply(self, correction: PhononCorrection, place: int) -> np.ndarray:
        spectra = self._held_out.spectra[place]
        grid = self._load.recipe.network.frequencies
        return correction.apply(grid, spectra, spectra[:1], **self._known[place])[0]

    def _with(self, spectra: list[np.ndarray]) -> HeldOut:
        predicted, spreads = summarise_spectra(self._load.recipe.network.frequencies, spectra)
        return replace(self._held_out, predicted=predicted, spreads=spreads, spectra=tuple(spectra))
