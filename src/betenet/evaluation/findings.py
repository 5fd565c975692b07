"""What a reader of an evaluation must know before believing its numbers."""

from __future__ import annotations

from collections import Counter

import numpy as np

from betenet.datasets.jsonl_rows import Dataset
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.site_phonons import NO_PHONONS
from betenet.evaluation.compare import Comparison
from betenet.evaluation.seen import is_training_data
from betenet.superconductivity.critical_temperature import SIMPLE_METHOD, critical_temperature

_OFF_KELVIN, _OFF_SHARE = 0.5, 0.1
"""A stated Tc further from the computed one than both is reported."""
_MOST_NOTES = 10


def model_findings(model: Ensemble, dataset: Dataset, found: Comparison) -> list[str]:
    """What is known of the model: whether it has seen the dataset, and how sure it can be."""
    notes: list[str] = []
    size = len(found.ids)
    if is_training_data(model.card, [entry.row for entry in dataset.entries]):
        notes.append("This is the data that the model was trained on: the numbers are no test.")
    elif found.seen is None:
        notes.append(
            "Whether the model was trained on these formulas cannot be known: "
            "it does not describe its training data."
        )
    elif found.seen.any():
        count = int(found.seen.sum())
        notes.append(
            f"{count} of {size} materials have a formula that was in the model's training: "
            + (
                "the numbers are no test of it."
                if count == size
                else "only those of the other formulas are a test."
            )
        )
    sources = model.config.sources
    others = Counter(source for source in found.sources if source != sources[0])
    if others:
        names = ", ".join(f"{count} of {source}" for source, count in sorted(others.items()))
        notes.append(
            f"The model predicts for the level of theory of {sources[0]}; the dataset holds "
            f"{names}: a part of the errors is the difference between the calculations."
        )
    with_phonons = size - found.phonons.count(NO_PHONONS)
    if model.takes_phonons and (with_phonons < size or model.config.takes_phonons):
        notes.append(f"{with_phonons} of {size} materials were predicted with their phonons.")
    if not model.card.get("calibration"):
        notes.append("The model has no calibration: its intervals are the members' spread alone.")
    else:
        notes.extend(model.card.get("caveats", ()))
    return notes


def dataset_findings(dataset: Dataset, found: Comparison, mu_star: float) -> list[str]:
    """What the dataset lacks, refuses or contradicts."""
    notes: list[str] = []
    size = len(found.ids)
    lost = len(dataset.refused) + len(found.failed)
    if lost:
        notes.append(f"{lost} materials were refused; they are listed with their reasons.")
    for key, name in (("omega_2", "ω_2"), ("tc", "Tc by this method")):
        without = int(np.isnan(found.reference[key]).sum())
        if without:
            notes.append(f"{name} is unknown of {without} of {size} materials: they do not count.")
    apart = int(found.simplified.sum())
    if apart:
        notes.append(
            f"Tc of {apart} of {size} materials, whose ω_2 is unknown, is by {SIMPLE_METHOD} on "
            f"both sides: they have a line of their own, and do not count for Tc by "
            f"{found.tc_method}."
        )
    elif found.tc_method == SIMPLE_METHOD and np.isnan(found.reference["omega_2"]).all():
        notes.append(
            f"Every Tc is by {SIMPLE_METHOD} on both sides, for ω_2 is unknown of all materials: "
            "its errors are not to be compared with those of the full formula."
        )
    unlike = _unlike_stated(dataset)
    if unlike:
        notes.append(
            f"The Tc that the dataset states for {unlike} materials differs by more than "
            f"{100 * _OFF_SHARE:.0f} % and {_OFF_KELVIN} K from that of its λ and ω_log; judged is "
            f"the Tc of the moments at μ* = {mu_star:g}."
        )
    notes.extend(dataset.warnings[:_MOST_NOTES])
    if len(dataset.warnings) > _MOST_NOTES:
        notes.append(f"… and {len(dataset.warnings) - _MOST_NOTES} more notes on the dataset.")
    return notes


def _unlike_stated(dataset: Dataset) -> int:
    """Materials whose stated Tc is not that of their moments at their own μ*."""
    stated = [e for e in dataset.entries if np.isfinite(e.tc) and np.isfinite(e.mu_star)]
    if not stated:
        return 0
    tc = np.array([entry.tc for entry in stated])
    targets = np.stack([entry.row.targets for entry in stated])
    own = critical_temperature(
        SIMPLE_METHOD,
        coupling=targets[:, 0],
        omega_log=targets[:, 1],
        mu_star=np.array([entry.mu_star for entry in stated]),
    )
    off = np.abs(tc - own)
    return int(((off > _OFF_KELVIN) & (off > _OFF_SHARE * tc)).sum())
