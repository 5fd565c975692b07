"""From a finished training run to a checkpoint with its model card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from betenet.datasets.rows import TARGETS, data_digest, data_folder
from betenet.datasets.training_rows import tell_nobody
from betenet.ensemble.applicability import Applicability
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.training_table import TrainingTable
from betenet.ensemble.vibrations import READOUT
from betenet.errors import ConfigError, DataError
from betenet.evaluation.card_head import card_head
from betenet.evaluation.family_widths import family_widths
from betenet.evaluation.held_out import (
    FEWEST,
    HeldOut,
    calibrate,
    coverages,
    cross_fitted_coverages,
    cross_validation,
    element_errors,
    out_of_bag,
    screening_precision,
)
from betenet.evaluation.phonon_corrected import PhononCorrector
from betenet.evaluation.vibrations_card import make_vibrations_card
from betenet.phonons.library import PhononLibrary
from betenet.quantities import QUANTITIES
from betenet.training.full_batch_recipe import FullBatchRecipe, read_recipe
from betenet.training.full_batch_run import run_full_batch, write_full_batch_model
from betenet.training.regions import Region
from betenet.training.run import Job, Workload, run_training

RESAMPLES = 1000
WORST = 12
"""Compounds listed where the model fails."""
METRICS_NOTE = (
    "value, then the ends of its 95 % bootstrap interval; frequencies and Tc in K; tc_method: "
    "formula of both sides' Tc, here and in the coverage"
)
CITATION = (
    "J. B. Gibson et al., npj Comput. Mater. 11, 7 (2025); "
    "T. F. T. Cerqueira, A. Sanna, M. A. L. Marques, Adv. Mater. 36, 2307085 (2024); "
    "K. Choudhary, K. Garrity, npj Comput. Mater. 8, 244 (2022)"
)


def train(  # noqa: PLR0913 - one for each flag of the verb
    recipe: str | Path,
    out: str | Path,
    *,
    data: str | Path | None = None,
    fold_members: int = 0,
    workers: int | None = None,
    device: str = "cpu",
    model: str | Path | None = None,
    members: range | None = None,
    region: Region | None = None,
    told: Callable[[str], None] = tell_nobody,
) -> dict[str, Any] | None:
    """Train an ensemble by a recipe, cross-validate it, and write its checkpoint.

    A run that was killed goes on where it stopped.

    Parameters
    ----------
    recipe
        TOML file, of members in small batches or full batch.
    out
        Folder of the run.
    data
        Folder of the first-principles data, or of the published database; that of the environment
        variable BETENET_DATA if absent.
    fold_members
        Members of each fold of the cross-validation; 0 for none. Not for full-batch recipes.
    workers
        Processes; one a core if absent.
    device
        ``"cpu"`` or ``"cuda"``.
    model
        Folder to write the checkpoint into; none is written if absent.
    members
        Members of a full-batch recipe to train; all of them if absent. For no others.
    region
        Region of the training curve whose weights the checkpoint of a full-batch recipe takes; the
        modern one if absent. For no others.
    told
        Called with a sentence on rows that are left out, or lack something.

    Returns
    -------
    dict or None
        Card of the checkpoint, if one is written.

    Raises
    ------
    ConfigError
        If the recipe cannot be read, an argument has no effect with it, or the run in the folder
        was told something else.
    DataError
        If the data cannot be read, a bag is empty, or a loss or a weight is not finite.
    """
    chosen = read_recipe(recipe)
    known = data_folder() if data is None else Path(data)
    if isinstance(chosen, FullBatchRecipe):
        _refuse({"--fold-members": bool(fold_members)}, "full batch")
        run_full_batch(
            chosen, known, Path(out), members=members, workers=workers, device=device, told=told
        )
        if model is None:
            return None
        return write_full_batch_model(chosen, known, Path(out), Path(model), region or "modern")
    _refuse({"--members": members is not None, "--region": region is not None}, "small batches")
    run_training(
        chosen,
        known,
        Path(out),
        cross_validation_members=fold_members,
        workers=workers,
        device=device,
        told=told,
    )
    if model is None:
        return None
    return write_model(Workload.load(chosen, known), Path(out), Path(model))


def _refuse(given: Mapping[str, bool], kind: str) -> None:
    """Refuse what has no effect with a kind of recipe."""
    flags = [flag for flag, is_given in given.items() if is_given]
    if flags:
        raise ConfigError(
            f"{' and '.join(flags)} {'have' if flags[1:] else 'has'} no effect on this recipe.",
            f"It trains in {kind}.",
            "Leave it out, or take a recipe of the other kind.",
        )


def write_model(load: Workload, out: Path, folder: Path) -> dict[str, Any]:
    """Collect the members of a run, measure and calibrate them, and write the checkpoint.

    Parameters
    ----------
    load
        The run's data.
    out
        The run's folder, with the ensemble and its cross-validation finished.
    folder
        Where the checkpoint goes.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    DataError
        If a member or a library of phonons is missing.
    ConfigError
        If the recipe names a force field for the phonons of files that has no library.
    """
    members: list[dict[str, torch.Tensor]] = []
    for member in range(load.recipe.training.members):
        path = Job(None, member).folder(out) / "member.safetensors"
        if not path.exists():
            raise DataError(
                f"Member {member} is not finished in {out}.",
                "A checkpoint holds every member of its recipe.",
                "Run `betenet train` again; it goes on where it stopped.",
            )
        members.append(load_file(path))
    # Half precision: the rounding is far below the spread of the members.
    parameters = {k: torch.stack([m[k] for m in members]).half() for k in members[0]}
    covered = Applicability.learn(load.graphs).to_tensors()
    if load.recipe.network.readout == READOUT:
        card = make_vibrations_card(load, out)
        write_checkpoint(folder, card, parameters, covered)
        return card
    card = make_card(load, out)
    write_checkpoint(folder, card, parameters, covered, TrainingTable.of(load.rows))
    return card


def make_card(load: Workload, out: Path) -> dict[str, Any]:
    """What a reader of the checkpoint should know, as nested tables."""
    recipe = load.recipe
    validated, bagged = cross_validation(load, out), out_of_bag(load, out)
    assessed = _assessment(load, validated, bagged)
    return {
        **card_head(recipe, CITATION),
        "data_digest": data_digest(load.rows),
        "refused": load.refused,
        "sources": dict(Counter(row.source for row in load.rows)),
        "elements": dict(_element_counts(load)),
        "network": recipe.network.to_dict(),
        "training": recipe.to_dict()["training"],
        "loss": recipe.to_dict()["loss"],
        "selection": recipe.to_dict()["data"],
        **assessed,
        **family_widths(load, out, assessed["calibration"]),
        **_phonons(load, validated, bagged),
        "worst": _worst(load, validated),
        "element_errors": element_errors(load, validated),
    }


def _phonons(load: Workload, validated: HeldOut, bagged: HeldOut) -> dict[str, Any]:
    """The correction by each force field's phonons, and how good predictions are with it.

    In cross-validation each fold is corrected by a line through the rows of the others; what is
    shipped is the line through all.
    """
    lines: dict[str, dict[str, Any]] = {}
    for path in load.recipe.data.phonons:
        library = PhononLibrary.read(Path(path))
        corrector = PhononCorrector(load, validated, library)
        correction = corrector.fit()
        if correction is not None:
            out_of_bag = PhononCorrector(load, bagged, library).corrected(correction)
            lines[library.force_field] = {
                "correction": correction.to_dict(),
                **_assessment(load, corrector.cross_fitted(), out_of_bag),
            }
    if not lines:
        return {}
    others = load.recipe.data.phonons_of_files or list(lines)[-1]
    if others not in lines:
        raise ConfigError(
            f"[data] phonons_of_files: there is no line for {others}.",
            f"There are those of {', '.join(lines)}.",
            "Name the force field of one of the libraries.",
        )
    return {"phonons_of_files": others, "with_phonons": lines}


def _assessment(load: Workload, validated: HeldOut, bagged: HeldOut) -> dict[str, Any]:
    """Metrics, calibration and coverage of a run on its held-out rows."""
    # Every member of a fold is out of bag for all of its rows; the members of the ensemble leave
    # each row to two or three of them, too few to learn from their spread.
    judged = validated if validated.members.min() > 1 else bagged
    calibration = calibrate(judged)
    return {
        "metrics": {
            "note": METRICS_NOTE,
            "cross_validation": _metrics(load, validated),
            "out_of_bag": _metrics(load, bagged),
        },
        "calibration": calibration,
        **_caveats(load, judged),
        "coverage": {
            "cross_validation": _rounded(cross_fitted_coverages(load, validated)),
            "out_of_bag": _rounded(coverages(load, bagged, calibration)),
        },
    }


def _metrics(load: Workload, held_out: HeldOut) -> dict[str, Any]:
    scores = held_out.table(n_resamples=RESAMPLES)
    metrics: dict[str, Any] = {
        "rows": len(held_out.rows),
        "members_per_row": round(float(held_out.members.mean()), 1),
        "tc_method": held_out.tc_method,
    }
    counts = held_out.counts
    for quantity, measures in scores.items():
        metrics[quantity] = {
            measure: [round(x, 4) for x in (s.value, s.low, s.high) if x is not None]
            for measure, s in measures.items()
        }
        if counts[quantity] < len(held_out.rows):
            metrics[quantity]["rows"] = counts[quantity]
    if held_out.members.max() > 1:
        ranked = screening_precision(load, held_out)
        metrics["tc"]["average_precision_by_probability"] = [round(x, 4) for x in ranked]
    return metrics


def _caveats(load: Workload, judged: HeldOut) -> dict[str, list[str]]:
    """What was neither learnt nor tested, if anything; every prediction repeats it."""
    has_label: dict[str, bool] = {
        name: any(np.isfinite(row.targets[column]) for row in load.rows)
        for column, name in enumerate(TARGETS)
    }
    learnt, unlearnt = (
        ", ".join(QUANTITIES[name].symbol for name in judged.scarce if has_label[name] == known)
        for known in (True, False)
    )
    caveats: list[str] = []
    if unlearnt:
        caveats.append(f"{unlearnt} and the width of α²F: not learnt, no training row knows them")
    if learnt:
        source = load.recipe.data.sources[0]
        caveats.append(f"{learnt}: not tested, fewer than {FEWEST} rows of {source} know them")
    return {"caveats": caveats} if caveats else {}


def _rounded(found: dict[str, tuple[float, float]]) -> dict[str, Any]:
    return {
        name: {"interval_68": round(narrow, 3), "interval_95": round(wide, 3)}
        for name, (narrow, wide) in found.items()
    }


def _element_counts(load: Workload) -> list[tuple[str, int]]:
    counts = Counter(e for row in load.rows for e in set(row.atoms.get_chemical_symbols()))
    return sorted(counts.items())


def _worst(load: Workload, held_out: HeldOut) -> list[dict[str, Any]]:
    """Compounds with the largest error of λ in cross-validation."""
    errors = np.nan_to_num(abs(held_out.predicted[:, 0] - held_out.reference[:, 0]), nan=-1.0)
    return [
        {
            "id": load.rows[held_out.rows[k]].id,
            "formula": load.rows[held_out.rows[k]].formula,
            "coupling": round(float(held_out.reference[k, 0]), 3),
            "predicted": round(float(held_out.predicted[k, 0]), 3),
        }
        for k in errors.argsort()[::-1][:WORST].tolist()
    ]
