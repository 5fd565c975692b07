"""What each model says of the test rows: the mean, the base model, and the networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from betenet.datasets.jsonl_rows import Dataset
from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.site_phonons import NO_PHONONS
from betenet.evaluation.compare import COMPARED, Values, seen_by
from betenet.evaluation.row_phonons import phonons_to_judge_with
from betenet.paper.base_model import LinearModel
from betenet.paper.data import JUDGED, PaperData
from betenet.quantities import QUANTITIES
from betenet.structures import StructureRecord
from betenet.superconductivity.binned import rule_of
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, critical_temperature
from betenet.superconductivity.moments import moments

MEAN, BASE = "Mean", "Base"
"""Names of the models that are no networks."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variant:
    """A model, and its predictions for the test rows.

    Attributes
    ----------
    name
        As it stands in the table.
    predicted
        By the keys of `COMPARED`: λ [1], ω_log, ω_2 and Tc [K]; NaN where it has no prediction.
    text
        What it is.
    frequencies, a2f
        ω [meV] and the mean α²F of its members for each row; None for a model without spectra.
    notes
        What a reader must know of it.
    linear
        Coefficients, for a model that is linear.
    """

    name: str
    predicted: Values
    text: str
    frequencies: Float[np.ndarray, " n_freq"] | None = None
    a2f: Float[np.ndarray, "row n_freq"] | None = None
    notes: tuple[str, ...] = ()
    linear: LinearModel | None = None


def mean_model(data: PaperData) -> Variant:
    """The mean of each quantity over the training rows, for every test row."""
    count = int(data.test.sum())
    means = {key: float(np.nanmean(values[data.train])) for key, values in data.reference.items()}
    return Variant(
        name=MEAN,
        predicted={key: np.full(count, means[key]) for key in COMPARED},
        text=f"the mean of the {int(data.train.sum())} training rows",
    )


def base_model(data: PaperData) -> Variant:
    """The base model, learnt from the training rows whose densities of states are known.

    Raises
    ------
    DataError
        If there are too few of them.
    """
    usable = np.isfinite(data.features).all(axis=1)
    learned = data.train & usable
    keys = JUDGED
    targets = np.stack([data.reference[key] for key in keys], axis=1)
    model = LinearModel.fit(data.features[learned], targets[learned])
    found = model.predict(data.features[data.test])
    predicted = {key: found[:, column] for column, key in enumerate(keys)}
    missing = int((data.test & ~usable).sum())
    notes = (f"{missing} test rows lack a density of states.",) if missing else ()
    return Variant(
        name=BASE,
        predicted=with_tc(predicted, data.mu_star),
        text=f"linear in N(E_F), ω_log and ω_2 of the coarse phonon DOS, by {learned.sum()} rows",
        notes=notes,
        linear=model,
    )


def network_variant(
    name: str,
    model: Ensemble,
    tested: Dataset,
    *,
    mu_star: float,
    device: str = "cpu",
    progress: bool = False,
) -> Variant:
    """Predictions of an ensemble: quantities of the mean α²F of its members.

    Parameters
    ----------
    name
        As it stands in the table.
    model
        The ensemble.
    tested
        The test rows.
    mu_star
        μ* of Tc [1].
    device
        Where it computes.
    progress
        Show a progress bar on stderr.

    Notes
    -----
    Moments of both sides follow one rule: the published sum on the published bins, or, for a model
    with a grid of its own, the ω² onset. Networks that take the phonon density of states of each
    site get that of the row: the coarse or the fine one, as they have learnt it.
    """
    network = model.to(device)
    rows = [entry.row for entry in tested.entries]
    records = (StructureRecord(name=row.id, atoms=row.atoms) for row in rows)
    a2f = np.full((len(rows), network.frequencies.size), np.nan)
    refused: list[str] = []
    without = 0
    phonons = phonons_to_judge_with(network, tested, None)
    stream = network.stream(records, phonons=phonons)
    stream = tqdm(stream, total=len(rows), disable=not progress, leave=False)
    for index, prediction in enumerate(stream):
        if prediction.spectrum is None:
            refused.append(rows[index].id)
        else:
            a2f[index] = np.atleast_2d(prediction.spectrum.a2f).mean(axis=0)
            without += network.config.takes_phonons and prediction.phonons == NO_PHONONS
    notes = _notes(network, tested, refused)
    if without:
        notes.append(f"{without} test rows lack the phonon density of states that it takes")
    return Variant(
        name=name,
        predicted=with_tc(moments_in_kelvin(network.frequencies, a2f), mu_star),
        text=f"{network.name}, {network.n_members} networks",
        frequencies=network.frequencies,
        a2f=a2f,
        notes=tuple(notes),
    )


def with_tc(predicted: Mapping[str, Float[np.ndarray, " row"]], mu_star: float) -> Values:
    """λ [1], ω_log and ω_2 [K] with the Tc [K] that follows from them.

    Notes
    -----
    Where λ or a frequency is not positive, as a linear model may have it, there is no
    superconductivity: Tc is zero.
    """
    columns = [np.asarray(predicted[key], dtype=np.float64) for key in JUDGED]
    known = np.isfinite(columns[0])
    usable = np.all([np.nan_to_num(column) > 0.0 for column in columns], axis=0)
    tc = np.where(known, 0.0, np.nan)
    coupling, omega_log, omega_2 = (column[usable] for column in columns)
    factors = [QUANTITIES[key].export_factor for key in JUDGED[1:]]
    tc[usable] = critical_temperature(
        DEFAULT_METHOD,
        coupling=coupling,
        omega_log=omega_log / factors[0],
        omega_2=omega_2 / factors[1],
        mu_star=mu_star,
    )
    return {**predicted, "tc": tc}


def moments_in_kelvin(
    frequencies: Float[np.ndarray, " n_freq"], a2f: Float[np.ndarray, "row n_freq"]
) -> dict[str, Float[np.ndarray, " row"]]:
    """λ [1], ω_log and ω_2 [K]: by the published sum on the published bins, else by the ω² onset.

    Parameters
    ----------
    frequencies
        ω [meV].
    a2f
        α²F of each row [1]; a row of NaN has no quantities. A spectrum that is zero has frequencies
        of zero: its λ says all.
    """
    known = np.isfinite(a2f).all(axis=1)
    found = moments(frequencies, a2f[known], rule_of(frequencies))
    values = {key: np.full(len(a2f), np.nan) for key in JUDGED}
    for key, column in values.items():
        column[known] = np.nan_to_num(found[key]) * QUANTITIES[key].export_factor
    return values


def _notes(network: Ensemble, tested: Dataset, refused: list[str]) -> list[str]:
    notes: list[str] = []
    rows = [entry.row for entry in tested.entries]
    seen = seen_by(network, rows)
    if seen is None:
        notes.append("whether it was trained on these formulas cannot be known")
    elif seen.any():
        notes.append(
            f"{int(seen.sum())} of {len(rows)} test rows have a formula of its training: "
            "their numbers are no test"
        )
    if refused:
        notes.append(f"no prediction for {len(refused)} rows: {', '.join(refused[:5])}")
    return notes
