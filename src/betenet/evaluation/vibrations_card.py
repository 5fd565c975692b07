"""Card of networks that predict phonon densities of states, with cross-validated errors."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from safetensors.torch import load_file

from betenet.datasets.rows import data_digest
from betenet.errors import DataError
from betenet.evaluation.card_head import card_head
from betenet.training.member import MEMBER, predict_spectra
from betenet.training.run import Workload

CITATION = "the force field that they have learnt from; see docs/phonons.md"


def make_vibrations_card(load: Workload, out: Path) -> dict[str, Any]:
    """What a reader of the checkpoint should know, as nested tables.

    Parameters
    ----------
    load
        The run's data.
    out
        The run's folder, with its cross-validation finished.

    Raises
    ------
    DataError
        If a fold has no finished member.
    """
    recipe = load.recipe
    learnt = [row for row, known in zip(load.rows, load.data.site_dos, strict=True) if known.any()]
    return {
        **card_head(recipe, CITATION),
        "force_field": recipe.data.learnt_phonons().force_field,
        "data_digest": data_digest(learnt),
        "sources": dict(Counter(row.source for row in learnt)),
        "network": recipe.network.to_dict(),
        "training": recipe.to_dict()["training"],
        "metrics": {
            "note": "W₁ between known and predicted phonon density of states of the cell, relative "
            "to the known mean frequency; formulas that the members have not seen",
            "cross_validation": _by_source(load, relative_distances(load, out)),
        },
    }


def relative_distances(load: Workload, out: Path) -> Float[np.ndarray, " row"]:
    """W₁ of each row's density of states over its mean frequency; NaN where it is not known [1].

    Raises
    ------
    DataError
        If a fold has no finished member.
    """
    grid = load.recipe.network.frequencies
    distances = np.full(len(load.rows), np.nan)
    has_phonons = np.array([bool(known.any()) for known in load.data.site_dos])
    for fold in range(load.recipe.data.n_folds):
        rows = np.flatnonzero((load.folds == fold) & has_phonons)
        members = sorted((out / f"fold-{fold}").glob(f"member-*/{MEMBER}"))
        if not members:
            raise DataError(
                f"Fold {fold} has no finished member in {out}.",
                "Cross-validation needs every fold.",
                "Run `betenet train RECIPE --fold-members N` to its end.",
            )
        predicted = np.mean(
            [
                predict_spectra(load.recipe, load_file(path), load.data, rows).double().numpy()
                for path in members
            ],
            axis=0,
        )
        known = np.array([load.data.site_dos[row].double().mean(0).numpy() for row in rows])
        distances[rows] = _relative_distance(grid, predicted * grid, known)
    return distances


def _relative_distance(
    grid: Float[np.ndarray, " frequency"],
    first: Float[np.ndarray, "row frequency"],
    second: Float[np.ndarray, "row frequency"],
) -> Float[np.ndarray, " row"]:
    """W₁ of two distributions over the points of a grid, relative to the mean of the second."""
    shares = [one / one.sum(axis=1, keepdims=True) for one in (first, second)]
    apart = np.abs(np.cumsum(shares[0] - shares[1], axis=1))[:, :-1] @ np.diff(grid)
    return apart / (shares[1] @ grid)


def _by_source(load: Workload, distances: Float[np.ndarray, " row"]) -> dict[str, Any]:
    sources = np.array([row.source for row in load.rows])
    found: dict[str, Any] = {}
    for source in load.recipe.data.sources:
        known = distances[(sources == source) & np.isfinite(distances)]
        if known.size:
            found[source] = {
                "rows": int(known.size),
                "median": round(float(np.median(known)), 4),
                "mean": round(float(known.mean()), 4),
            }
    return found
