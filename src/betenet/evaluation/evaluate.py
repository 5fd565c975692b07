"""How good is a model on a dataset? Everything that is measured, in one object."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from betenet import __version__
from betenet.datasets.jsonl_rows import Dataset
from betenet.datasets.open import open_dataset, training_part
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.estimates import TC_THRESHOLD
from betenet.ensemble.site_phonons import PhononSource
from betenet.evaluation.compare import (
    ALL_MATERIALS,
    COMPARED,
    UNSEEN,
    Comparison,
    Values,
    compare,
    reference_values,
    tc_methods,
)
from betenet.evaluation.element_errors import mean_by_element, normalised_errors
from betenet.evaluation.findings import dataset_findings, model_findings
from betenet.evaluation.ranking import Ranking, rank
from betenet.evaluation.reliability import Reliability, measure_reliability
from betenet.evaluation.row_phonons import phonons_to_judge_with
from betenet.evaluation.row_rules import (
    ALL_ROWS,
    CountedRows,
    TcColumns,
    check_rule,
    count_rows,
)
from betenet.evaluation.scores import TableRow, table_row
from betenet.evaluation.spectrum_shape import RESOLUTION
from betenet.json_output import finite_or_none
from betenet.quantities import QUANTITIES
from betenet.superconductivity.critical_temperature import (
    DEFAULT_METHOD,
    DEFAULT_MU_STAR,
    SIMPLE_METHOD,
)
from betenet.tables import html_table

_FEWEST = 5
"""Rows from which those of unseen formulas get a line of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an evaluation depends on besides model and dataset.

    Attributes
    ----------
    mu_star
        μ* of every Tc, reference and predicted [1].
    tc_method
        Formula of every Tc, or ``"eliashberg"``. A material whose ω_2 is not known has both of its
        Tc by the simplified formula, and counts apart.
    rows
        Rule by which materials count where Tc is judged, a key of `ROW_RULES`; λ, ω_log and ω_2
        are judged on all.
    precisions, recalls
        Thresholds are chosen for them [1].
    n_resamples
        For the 95 % bootstrap intervals; 0 for none.
    """

    mu_star: float = DEFAULT_MU_STAR
    tc_method: str = DEFAULT_METHOD
    rows: str = ALL_ROWS
    precisions: tuple[float, ...] = (0.8,)
    recalls: tuple[float, ...] = (0.8,)
    n_resamples: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """A model judged on a dataset.

    Attributes
    ----------
    model, dataset
        Names.
    members
        Networks of the model.
    settings
        Settings of the evaluation.
    comparison
        Reference and prediction of every material.
    counted
        Materials whose Tc is judged: those with a known Tc by the formula of the comparison that
        fulfil the rule of rows.
    table
        Scores of the model and of the mean model.
    rankings
        By Tc and by probability; empty where no reference Tc is above 5 K.
    reliability
        Reliability of the intervals and probabilities.
    delta
        Δ of each material: normalised errors of λ, ω_log and ω_2, averaged [1].
    element_delta
        Compounds and mean Δ of each element.
    warnings
        What a reader must know, the most important first.
    refused
        Id and reason of the materials without a prediction.
    """

    model: str
    members: int
    dataset: str
    settings: Settings
    comparison: Comparison
    counted: CountedRows
    table: tuple[TableRow, ...]
    rankings: tuple[Ranking, ...]
    reliability: Reliability
    delta: Float[np.ndarray, " row"]
    element_delta: dict[str, tuple[int, float]]
    warnings: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        rows, refused = len(self.comparison.ids), len(self.refused)
        return f"<Evaluation of {self.model} on {self.dataset}: {rows} rows, {refused} refused>"

    def _repr_html_(self) -> str:
        return html_table(repr(self), [(line,) for one in self.table for line in one.as_lines()])

    def to_rows(self) -> list[dict[str, Any]]:
        """One row for each material, for `betenet.tables.to_dataframe`."""
        rows = [self._material(row) for row in range(len(self.comparison.ids))]
        for row in rows:
            for key in (QUANTITIES[name].export_key for name in COMPARED):
                both = row.pop(key)
                row |= {f"{key}_{which}": both[which] for which in ("reference", "predicted")}
        return rows

    @property
    def judged(self) -> Comparison:
        """The comparison, with the reference Tc of those materials alone that count for Tc."""
        return self.comparison.with_tc_of(self.counted.counted)

    def as_text(self, unit: str = "") -> str:
        """Table of scores for people, and what must be known to read it.

        Parameters
        ----------
        unit
            Unit of phonon frequencies; that of files if empty.
        """
        lines = [f"{self.model} on {self.dataset}: {len(self.comparison.ids)} materials"]
        lines += [f"  warning: {text}" for text in self.warnings]
        for row in self.table:
            lines += ["", *row.as_lines(unit)]
        lines += [""] if self.comparison.shapes else []
        for scope, shape in self.comparison.shapes.items():
            lines += [f"Shape of α²F ({scope}): median (mean)", f"  {shape.as_text()}"]
        mu_star, method = self.settings.mu_star, self.comparison.tc_method
        lines += ["", f"Tc by {method}, μ* = {mu_star:g}; in brackets: 95 % bootstrap"]
        lines += [text for text in (self.counted.as_text(),) if text]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings for JSON; what is not known is None."""
        found = self.comparison
        return {
            "betenet_version": __version__,
            "model": self.model,
            "members": self.members,
            "dataset": self.dataset,
            "settings": {
                "mu_star": self.settings.mu_star,
                "tc_method": self.settings.tc_method,
                "rows": self.settings.rows,
                "tc_threshold_kelvin": TC_THRESHOLD,
                "precisions": list(self.settings.precisions),
                "recalls": list(self.settings.recalls),
                "n_resamples": self.settings.n_resamples,
            },
            "rows": len(found.ids),
            "rows_by_source": dict(Counter(found.sources)),
            "rows_by_phonons": dict(Counter(found.phonons)),
            "tc_method": found.tc_method,
            "tc_rows": self.counted.to_dict(),
            "rows_seen_in_training": None if found.seen is None else int(found.seen.sum()),
            "warnings": list(self.warnings),
            "refused": [{"id": name, "reason": reason} for name, reason in self.refused],
            "table": [row.to_dict() for row in self.table],
            "rankings": [ranking.to_dict() for ranking in self.rankings],
            "reliability": self.reliability.to_dict(),
            "elements": {
                element: {"compounds": count, "delta": mean}
                for element, (count, mean) in self.element_delta.items()
            },
            "spectrum_shape": {
                "resolution_mev": RESOLUTION,
                "scopes": {scope: shape.to_dict() for scope, shape in found.shapes.items()},
            },
            "spectra": [
                {
                    "id": found.ids[pair.row],
                    "relative_error": pair.error,
                    **pair.shape.to_dict(),
                }
                for pair in found.spectra
            ],
            "materials": [self._material(row) for row in range(len(found.ids))],
        }

    def _material(self, row: int) -> dict[str, Any]:
        found = self.comparison
        material: dict[str, Any] = {
            "id": found.ids[row],
            "formula": found.formulas[row],
            "source": found.sources[row],
            "seen_in_training": None if found.seen is None else bool(found.seen[row]),
            "delta": finite_or_none(self.delta[row]),
            "probability_tc_above_5_kelvin": finite_or_none(found.probability[row]),
            "phonons": found.phonons[row],
            "tc_method": found.tc_methods[row],
            "counts_for_tc": bool(self.counted.counted[row]),
        }
        for key in COMPARED:
            ends = [finite_or_none(end) for end in found.intervals[key][row]]
            material[QUANTITIES[key].export_key] = {
                "reference": finite_or_none(found.reference[key][row]),
                "predicted": finite_or_none(found.predicted[key][row]),
                "interval_68": ends[:2],
                "interval_95": ends[2:],
            }
        return material


def evaluate(
    model: Ensemble | str | Path,
    dataset: Dataset | str,
    settings: Settings | None = None,
    *,
    split: str | None = None,
    baseline: Dataset | str | None = None,
    phonons: PhononSource | str | Path | None = None,
    progress: bool = False,
) -> Evaluation:
    """Judge a model on a dataset.

    Parameters
    ----------
    model
        The ensemble.
    dataset
        From :func:`betenet.datasets.open.open_dataset`.
    settings
        The defaults if absent.
    baseline
        Dataset whose training rows' means the mean model predicts (`training_part`); the dataset
        itself if absent.
    phonons
        Where those of each material come from, for a model that takes them: `phonons_from_library`,
        `phonons_from_force_field`, or ``"rows"`` for what the rows bring along. If absent that for
        networks that take them as inputs, and none for other models.
    progress
        Show a progress bar on stderr.

    Raises
    ------
    DataError
        If there is no such dataset or split, the baseline has no training rows, or no material
        could be predicted.
    ConfigError
        If a setting is out of range.
    ModelError
        If the model takes no phonons and is given some.
    """
    chosen = settings or Settings()
    check_rule(chosen.rows)  # before the work, not after it
    model = model if isinstance(model, Ensemble) else Ensemble.load(model)
    if not isinstance(dataset, Dataset):
        dataset = open_dataset(dataset, split=split)
    if baseline is not None:
        opened = open_dataset(baseline) if isinstance(baseline, str) else baseline
        baseline = training_part(opened)
    found = compare(
        model,
        dataset,
        mu_star=chosen.mu_star,
        tc_method=chosen.tc_method,
        phonons=phonons_to_judge_with(model, dataset, phonons),
        progress=progress,
    )
    counted = _counted(found.with_tc_of(~found.simplified), chosen)
    judged = found.with_tc_of(counted.counted)
    delta = normalised_errors(found.errors())
    refused = [(one.id, one.reason) for one in (*dataset.refused, *found.failed)]
    return Evaluation(
        model=model.name,
        members=model.n_members,
        dataset=dataset.name,
        settings=chosen,
        comparison=found,
        counted=counted,
        table=_table(model.name, judged, _apart(found, chosen), chosen, baseline),
        rankings=_rankings(judged, chosen),
        reliability=measure_reliability(
            judged, tc_threshold=TC_THRESHOLD, n_resamples=chosen.n_resamples
        ),
        delta=delta,
        element_delta=mean_by_element(found.elements, delta),
        warnings=(
            *model_findings(model, dataset, found),
            *dataset_findings(dataset, found, chosen.mu_star),
        ),
        refused=tuple(refused),
    )


def _rankings(found: Comparison, settings: Settings) -> tuple[Ranking, ...]:
    return rank(
        found,
        tc_threshold=TC_THRESHOLD,
        precisions=settings.precisions,
        recalls=settings.recalls,
        n_resamples=settings.n_resamples,
    )


def _apart(found: Comparison, settings: Settings) -> Comparison:
    """The comparison with the Tc of those alone that are by the simplified formula."""
    simplified = found.with_tc_of(found.simplified)
    return simplified.with_tc_of(_counted(simplified, settings).counted)


def _counted(found: Comparison, settings: Settings) -> CountedRows:
    columns = TcColumns(
        coupling=found.reference["coupling"],
        reference=found.reference["tc"],
        predicted=found.predicted["tc"],
    )
    return count_rows(settings.rows, columns)


def _table(
    name: str, found: Comparison, apart: Comparison, settings: Settings, baseline: Dataset | None
) -> tuple[TableRow, ...]:
    def row(label: str, scope: str, predicted: Values, **more: Any) -> TableRow:
        return table_row(
            label,
            scope,
            more.pop("reference", found.reference),
            predicted,
            tc_threshold=TC_THRESHOLD,
            n_resamples=settings.n_resamples,
            **more,
        )

    rankings = {
        "average_precision": found.predicted["tc"],
        "average_precision_by_probability": found.probability,
    }
    rows = [row(name, ALL_MATERIALS, found.predicted, rankings=rankings)]
    if found.seen is not None and found.seen.any() and (~found.seen).sum() >= _FEWEST:
        rows.append(row(name, UNSEEN, found.predicted, rankings=rankings, chosen=~found.seen))
    if found.simplified.any():
        scope = f"ω_2 not known: Tc by {SIMPLE_METHOD} on both sides"
        without = {"chosen": found.simplified, "reference": apart.reference}
        rows.append(row(name, scope, found.predicted, rankings=rankings, **without))
    label = "mean of this dataset" if baseline is None else f"mean of {baseline.name}"
    rows.append(row(label, ALL_MATERIALS, _mean_model(found, settings, baseline)))
    return tuple(rows)


def _mean_model(
    found: Comparison, settings: Settings, baseline: Dataset | None
) -> dict[str, np.ndarray]:
    """The mean λ, ω_log, ω_2 and Tc of a training set, for every material."""
    values: Values = found.reference
    if baseline is not None:
        rows = [entry.row for entry in baseline.entries]
        values = reference_values(rows, mu_star=settings.mu_star, tc_method=found.tc_method)
        of_one_formula = np.array(tc_methods(rows, found.tc_method)) == found.tc_method
        values = {**values, "tc": np.where(of_one_formula, values["tc"], np.nan)}
    return {key: np.full(len(found.ids), _mean(values[key])) for key in COMPARED}


def _mean(values: Float[np.ndarray, " row"]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
