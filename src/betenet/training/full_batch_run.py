"""The paper's training: members full batch on spectra, past the first minimum, one worker a core.

A folder for each member, restarted where it was killed; see ``full_batch_member``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from safetensors.torch import load_file

from betenet import __version__
from betenet.datasets.folds import bootstrap_counts
from betenet.datasets.rows import Row, data_digest
from betenet.datasets.training_rows import read_rows
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.published_weights import NOT_CALIBRATED, learn_coverage
from betenet.errors import BetenetError, DataError, ModelError
from betenet.graphs import build_graph
from betenet.input_files import in_short, read_text
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import CrystalGeometry, crystal_geometry
from betenet.printable import shortened
from betenet.runs import lock_folder
from betenet.structures import check_structure, find_symmetry, standardise
from betenet.training.full_batch_member import (
    SUMMARY,
    FullBatchData,
    train_full_batch_member,
)
from betenet.training.full_batch_recipe import FullBatchRecipe
from betenet.training.manifest import begin_training
from betenet.training.regions import Region
from betenet.training.run import train_all
from betenet.training.spectrum_losses import make_loss
from betenet.training.spectrum_targets import SpectrumTargets, spectrum_targets


@dataclass(frozen=True, slots=True, kw_only=True)
class FullBatchLoad:
    """Rows of a run with their geometry and targets.

    Attributes
    ----------
    rows
        Rows that can be used.
    crystals
        Geometry of each.
    targets
        Spectrum of each (row, bin).
    refused
        The others, with the reason.
    """

    rows: list[Row]
    crystals: list[CrystalGeometry]
    targets: np.ndarray
    refused: list[str]

    @classmethod
    def build(cls, rows: Sequence[Row], network: NetworkConfig) -> FullBatchLoad:
        """Geometry and target of each row."""
        known: SpectrumTargets = spectrum_targets(rows)
        used: list[int] = []
        crystals: list[CrystalGeometry] = []
        refused = list(known.refused)
        for index in np.flatnonzero(known.found).tolist():
            try:
                check_structure(rows[index].atoms)
                atoms = standardise(rows[index].atoms)
                graph = build_graph(atoms, network.cutoff)
            except BetenetError as error:
                refused.append(f"{rows[index].id}: {error.summary}")
                continue
            used.append(index)
            crystals.append(crystal_geometry(graph, network, find_symmetry(atoms)))
        return cls(
            rows=[rows[index] for index in used],
            crystals=crystals,
            targets=known.a2f[used],
            refused=refused,
        )

    def data(self, recipe: FullBatchRecipe, counts: np.ndarray) -> FullBatchData:
        """What a member learns from whose bag holds each row so many times."""
        drawn = torch.tensor(counts, dtype=torch.float32)
        held_out = (drawn == 0).float()
        return FullBatchData(
            geometry=collate(self.crystals, recipe.network),
            loss=make_loss(
                recipe.training.loss,
                recipe.network.frequencies,
                self.targets.astype(np.float32),
                recipe.training.loss_scale,
            ),
            train=drawn / drawn.sum(),
            held_out=held_out / held_out.sum(),
        )


def bag_of(
    recipe: FullBatchRecipe, rows: Sequence[Row], member: int, folder: Path
) -> Int[np.ndarray, " row"]:
    """How often each row is in a member's bag; 0 for those that validate.

    Raises
    ------
    DataError
        If the published list of that member is missing.
    """
    if recipe.bags == "bootstrap":
        return bootstrap_counts([row.formula for row in rows], 1.0, member)
    path = folder / "bete_net" / "indices" / f"idx_train_V2_{member}.txt"
    try:
        drawn = {f"bete_net-{int(float(line))}" for line in read_text(path).split()}
    except (OSError, ValueError, OverflowError) as error:
        raise DataError(
            f"Member {member} has no published bag.",
            f"{path}: {shortened(in_short(error), 200)}.",
            'Train fewer members, or set bags = "bootstrap" in the recipe.',
        ) from error
    return np.array([int(row.id in drawn) for row in rows])


def run_full_batch(
    recipe: FullBatchRecipe,
    data: Path,
    out: Path,
    *,
    members: Sequence[int] | None = None,
    workers: int | None = None,
) -> None:
    """Train what is not trained yet.

    Parameters
    ----------
    recipe
        Settings.
    data
        Folder of the first-principles data.
    out
        Folder of the run.
    members
        Which members; all of the recipe's if absent.
    workers
        Processes; one for each core if absent.

    Raises
    ------
    ConfigError
        If the folder holds a run with other settings.
    DataError
        If the data are absent, or a process was killed.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows = data_digest(read_rows(data, recipe.sources))
    wanted = list(range(recipe.members) if members is None else members)
    with lock_folder(out):
        waiting = [m for m in wanted if not (member_folder(out, m) / SUMMARY).exists()]
        begin_training(out, recipe.to_dict(), rows)
        train_all(waiting, make_trainer, (recipe, data, out), of=len(wanted), workers=workers)


def write_full_batch_model(
    recipe: FullBatchRecipe, data: Path, out: Path, folder: Path, region: Region = "modern"
) -> dict[str, Any]:
    """Write the members that are done as an ensemble.

    Parameters
    ----------
    recipe, data, out
        Recipe, data and folder of the run.
    folder
        Folder of the checkpoint; an ensemble that is there is replaced.
    region
        Whose weights are taken.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    ModelError
        If no member has reached that region.
    """
    files = [member_folder(out, m) / f"{region}.safetensors" for m in range(recipe.members)]
    found = [path for path in files if path.exists()]
    if not found:
        raise ModelError(
            f"No member of {out} has weights of the {region} region.",
            "They are written when a member's training is over.",
            "Train further, or take another region.",
        )
    tables = [load_file(path) for path in found]
    rows = read_rows(data, recipe.sources)
    card = {
        "name": recipe.name,
        "description": f"{recipe.description} ({region} region)",
        "betenet_version": __version__,
        "members": len(found),
        "caveats": [NOT_CALIBRATED],
        "data": {"sources": list(recipe.sources), "digest": data_digest(rows)},
        "network": recipe.network.to_dict(),
    }
    parameters = {name: torch.stack([table[name] for table in tables]) for name in tables[0]}
    covered = learn_coverage([row.atoms for row in rows])
    write_checkpoint(folder, card, parameters, covered.to_tensors())
    return card


def member_folder(out: Path, member: int) -> Path:
    """Where a member is kept."""
    return out / f"member-{member:03d}"


def make_trainer(recipe: FullBatchRecipe, data: Path, out: Path) -> Callable[[int], dict[str, Any]]:
    """Load the data in a process of its own; the function that trains a member there."""
    torch.set_num_threads(1)
    load = FullBatchLoad.build(read_rows(data, recipe.sources), recipe.network)

    def train(member: int) -> dict[str, Any]:
        counts = bag_of(recipe, load.rows, member, data)
        learned = load.data(recipe, counts)
        folder = member_folder(out, member)
        kept = train_full_batch_member(
            recipe.network, recipe.training, learned, seed=member, folder=folder
        )
        return {"member": member, "regions": len(kept)}

    return train
