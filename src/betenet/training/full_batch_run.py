"""The paper's training: members full batch on spectra, past the first minimum, one worker a core.

A folder for each member, restarted where it was killed; see ``full_batch_member``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from jaxtyping import Float
from safetensors.torch import load_file

from betenet import __version__
from betenet.datasets.rows import Row, data_digest, spectra_digest
from betenet.datasets.training_rows import read_rows, tell_nobody
from betenet.ensemble.checkpoint import write_checkpoint
from betenet.ensemble.device import choose_place
from betenet.ensemble.published_weights import NOT_CALIBRATED, learn_coverage
from betenet.ensemble.site_inputs import OTHER_UNIT, STATES_PER_ATOM, dos_of_row, site_inputs
from betenet.ensemble.training_table import TrainingTable
from betenet.errors import BetenetError, ConfigError, DataError, ModelError
from betenet.graphs import build_graph
from betenet.network.batch import collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import CrystalGeometry, crystal_geometry
from betenet.runs import lock_folder
from betenet.structures import check_structure, find_symmetry, prepare_structures, standardise
from betenet.training.bags import bag_digests, bag_of, check_bags
from betenet.training.finite import check_bag
from betenet.training.full_batch_member import (
    SUMMARY,
    FullBatchData,
    train_full_batch_member,
)
from betenet.training.full_batch_recipe import FullBatchRecipe
from betenet.training.manifest import Told, begin_training
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
    without_phonons
        Ids of the rows whose sites have ones in the place of a phonon density of states.
    """

    rows: list[Row]
    crystals: list[CrystalGeometry]
    targets: np.ndarray
    refused: list[str]
    without_phonons: list[str] = field(default_factory=list[str])

    @classmethod
    def build(
        cls, rows: Sequence[Row], network: NetworkConfig, phonon_dos: str = ""
    ) -> FullBatchLoad:
        """Geometry and target of each row.

        Parameters
        ----------
        rows
            The rows.
        network
            Settings of the network.
        phonon_dos
            Which density of states its sites get, as the recipe has it.
        """
        known: SpectrumTargets = spectrum_targets(rows, network.frequencies)
        used: list[int] = []
        crystals: list[CrystalGeometry] = []
        without: list[str] = []
        refused = list(known.refused)
        for index in np.flatnonzero(known.found).tolist():
            try:
                check_structure(rows[index].atoms)
                atoms = standardise(rows[index].atoms)
                graph = build_graph(atoms, network.cutoff)
                inputs = inputs_of_row(rows[index], atoms, network, phonon_dos)
            except BetenetError as error:
                refused.append(f"{rows[index].id}: {error.summary}")
                continue
            used.append(index)
            if phonon_dos and phonon_dos not in rows[index].site_phonon_dos:
                without.append(rows[index].id)
            crystals.append(crystal_geometry(graph, network, find_symmetry(atoms), inputs))
        return cls(
            rows=[rows[index] for index in used],
            crystals=crystals,
            targets=known.a2f[used],
            refused=refused,
            without_phonons=without,
        )

    def data(
        self, recipe: FullBatchRecipe, counts: np.ndarray, device: torch.device | str = "cpu"
    ) -> FullBatchData:
        """What a member learns from whose bag holds each row so many times.

        Raises
        ------
        DataError
            If no row is in the bag, or none is outside.
        """
        check_bag(counts)
        drawn = torch.tensor(counts, dtype=torch.float32, device=device)
        held_out = (drawn == 0).float()
        return FullBatchData(
            geometry=collate(self.crystals, recipe.network, device=device),
            loss=make_loss(
                recipe.training.loss,
                recipe.network.frequencies,
                torch.tensor(self.targets, dtype=torch.float32, device=device),
                recipe.training.loss_scale,
            ),
            train=drawn / drawn.sum(),
            held_out=held_out / held_out.sum(),
        )


def inputs_of_row(
    row: Row, atoms: Atoms, network: NetworkConfig, phonon_dos: str
) -> Float[np.ndarray, "atom input"] | None:
    """Inputs of each atom of the primitive cell, from the density of states of the row's own cell.

    Parameters
    ----------
    row
        The row.
    atoms
        Its primitive cell, which the network sees.
    network
        Settings of the network.
    phonon_dos
        Which density of states; None is returned for none. A row without it gets ones.
    """
    if not phonon_dos:
        return None
    return site_inputs(network, len(atoms), dos_of_row(row, atoms, phonon_dos))


def run_full_batch(
    recipe: FullBatchRecipe,
    data: Path,
    out: Path,
    *,
    members: Sequence[int] | None = None,
    workers: int | None = None,
    device: str = "cpu",
    told: Callable[[str], None] = tell_nobody,
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
    device
        Where the networks run.
    told
        Called with a sentence on each row that cannot be used, and on those that have no phonons.

    Raises
    ------
    ConfigError
        If the folder holds a run with other settings, the device cannot be used, or the recipe
        does not have one of the members.
    DataError
        If the data are absent or have changed since the run was begun, a bag is missing, broken or
        empty, a loss is not finite, or a process was killed.
    """
    choose_place(device)
    wanted = _wanted(recipe, members)
    known = read_rows(data, recipe.sources, told=told)
    for text in _phonons_in_words(recipe, known):
        told(text)
    out.mkdir(parents=True, exist_ok=True)
    with lock_folder(out):
        waiting = [m for m in wanted if not (member_folder(out, m) / SUMMARY).exists()]
        for text in check_bags(recipe, known, waiting, data):
            told(text)
        begin_training(out, what_is_told(recipe, known, data, wanted))
        for text in _refused(recipe, known) if waiting else ():
            told(text)
        arguments = (recipe, data, out, device)
        train_all(waiting, make_trainer, arguments, of=len(wanted), workers=workers)


def what_is_told(
    recipe: FullBatchRecipe, rows: Sequence[Row], data: Path, members: Sequence[int]
) -> Told:
    """What the manifest of a run says of its recipe and its data.

    Parameters
    ----------
    recipe
        Settings.
    rows
        All rows of its sources.
    data
        Folder of the first-principles data.
    members
        Members whose published bags are looked at.

    Raises
    ------
    DataError
        If a bag is missing or broken.
    """
    return Told(
        recipe=recipe.to_dict(),
        rows=data_digest(rows, recipe.phonon_dos),
        spectra=spectra_digest(rows),
        bags=bag_digests(recipe, rows, members, data),
    )


def _refused(recipe: FullBatchRecipe, rows: Sequence[Row]) -> Iterator[str]:
    """Rows that cannot be trained on, with the reason.

    Raises
    ------
    DataError
        If none is left.
    """
    load = FullBatchLoad.build(rows, recipe.network, recipe.phonon_dos)
    yield from (f"refused: row {reason}" for reason in load.refused)
    if not load.rows:
        raise DataError(
            "No row is left to train on.",
            f"All {len(rows)} were refused.",
            "Correct the data, or the sources of the recipe.",
        )


def _wanted(recipe: FullBatchRecipe, members: Sequence[int] | None) -> list[int]:
    """Numbers of the members to train.

    Raises
    ------
    ConfigError
        If the recipe does not have one of them.
    """
    wanted = list(range(recipe.members) if members is None else members)
    unknown = [member for member in wanted if not 0 <= member < recipe.members]
    if unknown:
        raise ConfigError(
            f"The recipe has no member {unknown[0]}.",
            f"Its members are 0 to {recipe.members - 1}; others would be in no model.",
            "Correct --members, or set members in the recipe.",
        )
    return wanted


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
        **_learnt_phonons(recipe, rows),
        "network": recipe.network.to_dict(),
    }
    parameters = {name: torch.stack([table[name] for table in tables]) for name in tables[0]}
    records = prepare_structures([row.atoms for row in rows])
    used = [row for row, one in zip(rows, records, strict=True) if one.atoms is not None]
    covered = learn_coverage([row.atoms for row in used])
    write_checkpoint(folder, card, parameters, covered.to_tensors(), TrainingTable.of(used))
    return card


def _learnt_phonons(recipe: FullBatchRecipe, rows: Sequence[Row]) -> dict[str, Any]:
    """What the networks have learnt of densities of states, for the card."""
    if not recipe.phonon_dos:
        return {}
    found = [row.site_phonon_dos.get(recipe.phonon_dos) for row in rows]
    states = [
        float(np.trapezoid(sites, omega, axis=-1).mean()) for omega, sites in filter(None, found)
    ]
    learnt: dict[str, Any] = {
        "grid": recipe.phonon_dos,
        "rows": len(rows),
        "rows_without": len(rows) - len(states),
    }
    if states:
        learnt["states_per_atom"] = float(f"{np.median(states):.4g}")
    return {"phonon_dos": learnt}


def _phonons_in_words(recipe: FullBatchRecipe, rows: Sequence[Row]) -> Iterator[str]:
    """What is unusual about the densities of states of the rows."""
    learnt = _learnt_phonons(recipe, rows).get("phonon_dos", {})
    if learnt.get("rows_without"):
        yield (
            f"{learnt['rows_without']} of {len(rows)} rows have no {recipe.phonon_dos} phonon "
            "density of states: ones stand in its place"
        )
    states = learnt.get("states_per_atom", STATES_PER_ATOM)
    if abs(states / STATES_PER_ATOM - 1.0) > OTHER_UNIT:
        yield (
            f"the {recipe.phonon_dos} phonon densities of states have {states:g} states per atom "
            f"(median), not {STATES_PER_ATOM:g}: they are in another unit than 1/meV, or incomplete"
        )


def member_folder(out: Path, member: int) -> Path:
    """Where a member is kept."""
    return out / f"member-{member:03d}"


def make_trainer(
    recipe: FullBatchRecipe, data: Path, out: Path, device: str = "cpu"
) -> Callable[[int], dict[str, Any]]:
    """Load the data in a process of its own; the function that trains a member there."""
    torch.set_num_threads(1)
    rows = read_rows(data, recipe.sources)
    load = FullBatchLoad.build(rows, recipe.network, recipe.phonon_dos)

    def train(member: int) -> dict[str, Any]:
        counts = bag_of(recipe, load.rows, member, data)
        learned = load.data(recipe, counts, device)
        folder = member_folder(out, member)
        kept = train_full_batch_member(
            recipe.network, recipe.training, learned, seed=member, folder=folder
        )
        return {"member": member, "regions": len(kept)}

    return train
