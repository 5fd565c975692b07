"""The double descent of one member: curves, loss landscapes, and what each region predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from betenet.datasets.rows import data_folder
from betenet.errors import DataError
from betenet.evaluation.compare import Values
from betenet.network.model import forward_member
from betenet.paper.variant import moments_in_kelvin
from betenet.training.full_batch_results import FullBatchResults, LearningCurve
from betenet.training.loss_landscape import LossLandscape, loss_landscape
from betenet.training.regions import REGIONS, find_regions

SPAN = 0.3
"""How far a landscape reaches, in lengths of the weights [1]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learning:
    """What is known of the training of one member.

    Attributes
    ----------
    member
        Its number.
    members
        Members of the run that have begun.
    curve
        Its losses.
    extrema
        Epoch, ``train_loss`` and ``validation_loss`` at the extremum of each region.
    landscapes
        Losses on a plane through the weights of each region.
    calculated
        λ [1], ω_log and ω_2 [K] of the rows outside the member's bag.
    predicted
        These quantities of the rows by the weights of each region.
    ids
        Ids of these rows.
    left_out
        What could not be computed, and why.
    """

    member: int
    members: int
    curve: LearningCurve
    extrema: Mapping[str, Mapping[str, float]]
    landscapes: Mapping[str, LossLandscape]
    calculated: Values
    predicted: Mapping[str, Values]
    ids: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def follow_learning(
    run: str | Path,
    *,
    member: int | None = None,
    data: str | Path | None = None,
    landscape_points: int = 21,
) -> Learning:
    """Read a full-batch run, and compute what its figure needs.

    Parameters
    ----------
    run
        Folder of the run, finished or under way.
    member
        Which member; the one that has come furthest if absent.
    data
        Folder of the first-principles data that it was trained on; that of BETENET_DATA if absent.
    landscape_points
        Points of a landscape along each direction, odd; 0 for none.

    Raises
    ------
    ConfigError
        If it is no folder of a full-batch run.
    DataError
        If the member has no record.
    """
    left_out: list[str] = []
    folder = Path()
    try:
        folder = data_folder() if data is None else Path(data)
    except DataError as error:
        left_out.append(f"Landscapes and parity: {error.summary}")
    results = FullBatchResults.open(run, folder)
    if not results.members:
        raise DataError(
            f"No member of {run} has begun.",
            "There is no log of a training in it.",
            "Wait until there is, or give the folder of another run.",
        )
    chosen = _furthest(results) if member is None else member
    if chosen not in results.members:
        raise DataError(
            f"{run} has no member {chosen}.",
            f"Members that have begun: {', '.join(map(str, results.members))}.",
            "Give one of them.",
        )
    curve = results.curve(chosen)
    extrema = results.extrema(chosen) or _seen_in(curve)
    found = ({}, {}, {}, ())
    if not left_out:
        try:
            found = _compute(results, chosen, landscape_points)
        except DataError as error:
            left_out.append(f"Landscapes and parity: {error.summary} {error.reason}")
    landscapes, calculated, predicted, ids = found
    missing = [region for region in REGIONS if region not in extrema]
    if missing:
        left_out.append(f"Regions that member {chosen} has not reached: {', '.join(missing)}.")
    return Learning(
        member=chosen,
        members=len(results.members),
        curve=curve,
        extrema={region: extrema[region] for region in REGIONS if region in extrema},
        landscapes=landscapes,
        calculated=calculated,
        predicted=predicted,
        ids=tuple(ids),
        left_out=tuple(left_out),
    )


def _furthest(results: FullBatchResults) -> int:
    """The member with the most regions; of equals, the first."""
    return max(results.members, key=lambda m: (len(results.extrema(m)), -m))


def _seen_in(curve: LearningCurve) -> dict[str, dict[str, float]]:
    """Extrema of the recorded epochs, where the training has told none."""
    regions = find_regions(curve.validation) or {}
    return {
        region: {
            "epoch": float(curve.epochs[index]),
            "train_loss": float(curve.train[index]),
            "validation_loss": float(curve.validation[index]),
        }
        for region, index in regions.items()
    }


def _compute(
    results: FullBatchResults, member: int, points: int
) -> tuple[dict[str, LossLandscape], Values, dict[str, Values], tuple[str, ...]]:
    weights = results.weights(member)
    if not weights:
        return {}, {}, {}, ()
    learned, network = results.learned(member), results.recipe.network
    outside = results.bag(member) == 0
    rows = np.flatnonzero(outside).tolist()
    predicted: dict[str, Values] = {}
    with torch.no_grad():
        for region, parameters in weights.items():
            a2f = forward_member(network, parameters, learned.geometry).a2f.double().numpy()
            predicted[region] = moments_in_kelvin(network.frequencies, a2f[outside])
    landscapes: dict[str, LossLandscape] = {}
    if points:
        landscapes = {
            region: loss_landscape(network, parameters, learned, span=SPAN, n_points=points)
            for region, parameters in weights.items()
        }
    calculated = moments_in_kelvin(network.frequencies, results.load.targets[outside])
    return landscapes, calculated, predicted, tuple(results.load.rows[row].id for row in rows)
