"""Reference and prediction of every material of a dataset, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from tqdm import tqdm

from betenet.datasets.jsonl_rows import Dataset, Refusal
from betenet.datasets.rows import TARGETS, Row
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.prediction import Prediction
from betenet.ensemble.site_phonons import PhononSource
from betenet.errors import DataError
from betenet.evaluation.seen import seen_formulas
from betenet.evaluation.spectrum_shape import ShapeScores, ShapeSummary, shape_scores
from betenet.quantities import QUANTITIES
from betenet.spectrum import Spectrum
from betenet.structures import StructureRecord
from betenet.superconductivity.critical_temperature import (
    ELIASHBERG,
    FORMULAS,
    critical_temperature,
)
from betenet.superconductivity.eliashberg import eliashberg_tc

COMPARED = ("coupling", "omega_log", "omega_2", "tc")
"""Quantities of a comparison, in export units: λ [1], the others [K]."""

ALL_MATERIALS, UNSEEN = "all materials", "formulas not in its training"
"""Scopes of scores: what a model was tested on."""

Values = Mapping[str, Float[np.ndarray, " row"]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpectrumPair:
    """First-principles and predicted α²F of one material.

    Attributes
    ----------
    row
        Its place in the comparison.
    reference
        α²F on its own grid.
    predicted
        With a member axis, on the model's grid.
    error
        ∫|predicted - reference|dω / ∫reference dω [1].
    shape
        Scores of the shape of the members' mean, whatever its area.
    """

    row: int
    reference: Spectrum
    predicted: Spectrum
    error: float
    shape: ShapeScores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Reference and prediction of each material.

    Attributes
    ----------
    ids, formulas, sources, elements
        Id, formula, source and elements of each material.
    reference, predicted
        By the keys of `COMPARED`: λ [1], ω_log, ω_2 and Tc [K]; NaN where the reference is not
        known.
    tc_methods
        Formula of both sides' Tc of each material.
    tc_method
        Formula of the Tc that are judged: the one asked for, where any material's Tc is by it.
    intervals
        By the same keys: ends of the central 68 % and 95 %, (low, high, low, high).
    probability
        That Tc is above 5 K [1].
    seen
        Whether the formula was in the model's training; None if the model does not tell.
    spectra
        Spectra of the materials whose α²F is known.
    failed
        Materials without a prediction.
    phonons
        Origin of those that each prediction was corrected by; ``"none"`` without.
    """

    ids: tuple[str, ...]
    formulas: tuple[str, ...]
    sources: tuple[str, ...]
    elements: tuple[frozenset[str], ...]
    reference: Values
    predicted: Values
    tc_methods: tuple[str, ...]
    tc_method: str
    intervals: Mapping[str, Float[np.ndarray, "row 4"]]
    probability: Float[np.ndarray, " row"]
    seen: Bool[np.ndarray, " row"] | None
    spectra: tuple[SpectrumPair, ...]
    failed: tuple[Refusal, ...]
    phonons: tuple[str, ...]

    def errors(self, keys: Sequence[str] = COMPARED[:3]) -> dict[str, np.ndarray]:
        """Predicted - reference of λ, ω_log and ω_2."""
        return {key: self.predicted[key] - self.reference[key] for key in keys}

    @property
    def simplified(self) -> Bool[np.ndarray, " row"]:
        """Materials whose Tc is by another formula than the one judged: they count apart."""
        return np.array([method != self.tc_method for method in self.tc_methods])

    @property
    def shapes(self) -> dict[str, ShapeSummary]:
        """Summary of the shape of α²F by scope; empty where no α²F is known.

        Where the model has seen some of the formulas, those that it has not seen have a scope too.
        """
        found = {ALL_MATERIALS: self.spectra}
        if self.seen is not None and any(self.seen[pair.row] for pair in self.spectra):
            found[UNSEEN] = tuple(pair for pair in self.spectra if not self.seen[pair.row])
        return {
            scope: ShapeSummary.of([pair.shape for pair in pairs])
            for scope, pairs in found.items()
            if pairs
        }

    def with_tc_of(self, chosen: Bool[np.ndarray, " row"]) -> Comparison:
        """Copy in which the reference Tc of all other materials is not known."""
        tc = np.where(chosen, self.reference["tc"], np.nan)
        return replace(self, reference={**self.reference, "tc": tc})


def compare(
    model: Ensemble,
    dataset: Dataset,
    *,
    mu_star: float,
    tc_method: str,
    phonons: PhononSource | str | Path | None = None,
    progress: bool = False,
) -> Comparison:
    """Predict every material of a dataset, and set the prediction beside the reference.

    Parameters
    ----------
    model
        The ensemble.
    dataset
        The materials.
    mu_star
        μ* of both sides' Tc [1].
    tc_method
        Formula of both sides' Tc, or ``"eliashberg"``, for which the reference needs its α²F. A
        material whose ω_2 is not known has both by the simplified formula, if there is one.
    phonons
        Where those of each material come from, for a model that takes them; none if absent.
    progress
        Show a progress bar on stderr.

    Raises
    ------
    DataError
        If no material could be predicted.
    """
    rows = [entry.row for entry in dataset.entries]
    kept: list[Row] = []
    predictions: list[Prediction] = []
    pairs: list[SpectrumPair] = []
    failed: list[Refusal] = []
    found = _predicted(model, rows, tc_method, mu_star, phonons, progress)
    for row, prediction in zip(rows, found, strict=True):
        if prediction.error is not None:
            failed.append(Refusal(row.id, prediction.error.summary.removeprefix(f"{row.id}: ")))
            continue
        if row.spectrum is not None:
            pairs.append(_pair(len(kept), row.spectrum, prediction))
        kept.append(row)
        predictions.append(prediction)
    if not kept:
        reasons = "".join(f" {one.id}: {one.reason}" for one in failed[:1])
        raise DataError(
            f"None of the {len(rows)} materials of {dataset.name} could be predicted.",
            f"Their structures were refused.{reasons}",
            "Correct the structures.",
        )
    by = tc_methods(kept, tc_method)
    return Comparison(
        ids=tuple(row.id for row in kept),
        formulas=tuple(row.formula for row in kept),
        sources=tuple(row.source for row in kept),
        elements=tuple(frozenset(row.atoms.get_chemical_symbols()) for row in kept),
        reference=reference_values(kept, mu_star=mu_star, tc_method=tc_method),
        tc_methods=by,
        tc_method=tc_method if tc_method in by else by[0],
        predicted={key: _exported(predictions, key, "")[:, 0] for key in COMPARED},
        intervals={
            key: _exported(predictions, key, "_low_68", "_high_68", "_low_95", "_high_95")
            for key in COMPARED
        },
        probability=np.array([prediction.unchecked_tc_probability for prediction in predictions]),
        seen=seen_by(model, kept),
        spectra=tuple(pairs),
        failed=tuple(failed),
        phonons=tuple(prediction.phonons for prediction in predictions),
    )


def tc_methods(rows: Sequence[Row], tc_method: str) -> tuple[str, ...]:
    """Formula of the Tc of each row: the simplified one where ω_2 is not known."""
    if tc_method == ELIASHBERG or not FORMULAS[tc_method].needs_omega_2:
        return (tc_method,) * len(rows)
    without = FORMULAS[tc_method].simplified or tc_method
    place = TARGETS.index("omega_2")
    return tuple(tc_method if np.isfinite(row.targets[place]) else without for row in rows)


def _predicted(
    model: Ensemble,
    rows: Sequence[Row],
    tc_method: str,
    mu_star: float,
    phonons: PhononSource | str | Path | None,
    progress: bool,
) -> list[Prediction]:
    """Predictions of the rows in their order, each with Tc by its own formula."""
    methods = tc_methods(rows, tc_method)
    found: dict[int, Prediction] = {}
    with tqdm(total=len(rows), disable=not progress, leave=False) as bar:
        for method in dict.fromkeys(methods):
            places = [place for place, one in enumerate(methods) if one == method]
            records = (StructureRecord(name=rows[k].id, atoms=rows[k].atoms) for k in places)
            stream = model.stream(records, mu_star=mu_star, tc_method=method, phonons=phonons)
            for place, prediction in zip(places, stream, strict=True):
                found[place] = prediction
                bar.update()
    return [found[place] for place in range(len(rows))]


def seen_by(model: Ensemble, rows: Sequence[Row]) -> Bool[np.ndarray, " row"] | None:
    """Whether each row's formula was in the model's training; None if the model does not tell."""
    if model.training.formulas:
        return np.array([model.training.knows(row.formula) for row in rows])
    return seen_formulas(model.applicability, [row.atoms for row in rows])


def reference_values(
    rows: Sequence[Row], *, mu_star: float, tc_method: str
) -> dict[str, Float[np.ndarray, " row"]]:
    """λ [1], ω_log, ω_2 and Tc [K] that follow from first-principles moments.

    Notes
    -----
    Tc is computed by the formula and μ* of the prediction, not taken from the dataset: what is
    judged is the electron-phonon part alone. Where ω_2 is not known it is that of the simplified
    formula, if there is one (`tc_methods`).
    """
    targets = np.stack([row.targets for row in rows])
    inside = {key: targets[:, TARGETS.index(key)] for key in COMPARED[:3]}
    if tc_method == ELIASHBERG:
        tc = np.array([_solved(row, mu_star) for row in rows])
    else:
        tc = np.full(len(rows), np.nan)
        methods = np.array(tc_methods(rows, tc_method))
        for method in np.unique(methods).tolist():
            needs = FORMULAS[method].needs_omega_2
            chosen = (methods == method) & (np.isfinite(inside["omega_2"]) | (not needs))
            keys = (*inside, *FORMULAS[method].uses)
            known = {key: targets[chosen, TARGETS.index(key)] for key in keys}
            tc[chosen] = critical_temperature(method, mu_star=mu_star, **known)
    return {key: inside[key] * QUANTITIES[key].export_factor for key in inside} | {"tc": tc}


def _solved(row: Row, mu_star: float) -> float:
    return math.nan if row.spectrum is None else float(eliashberg_tc(*row.spectrum, mu_star).tc)


def _exported(
    predictions: Sequence[Prediction], key: str, *suffixes: str
) -> Float[np.ndarray, "row column"]:
    columns = [QUANTITIES[key].export_key + suffix for suffix in suffixes]
    exported = (prediction.estimates[key].exported() for prediction in predictions)
    return np.array([[one[column] for column in columns] for one in exported])


def _pair(row: int, known: tuple[np.ndarray, np.ndarray], prediction: Prediction) -> SpectrumPair:
    assert prediction.spectrum is not None
    reference, predicted = Spectrum(*known), prediction.spectrum
    # On the union of both grids the two broken lines meet the trapezoidal rule almost exactly.
    grid = np.union1d(reference.frequencies, predicted.frequencies)
    mine, theirs = (
        np.interp(grid, one.frequencies, np.atleast_2d(one.a2f).mean(0), left=0.0, right=0.0)
        for one in (predicted, reference)
    )
    error = np.trapezoid(np.abs(mine - theirs), grid) / np.trapezoid(theirs, grid)
    return SpectrumPair(
        row=row,
        reference=reference,
        predicted=predicted,
        error=float(error),
        shape=shape_scores(reference, predicted.batch.mean()),
    )
