"""Networks learn phonon densities of states, and only where these are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from betenet.errors import ConfigError
from betenet.evaluation.vibrations_card import make_vibrations_card, relative_distances
from betenet.graphs import build_graph
from betenet.network.geometry import crystal_geometry
from betenet.phonons.library import LibraryEntry, PhononLibrary
from betenet.training.batch_loss import vibrations_loss
from betenet.training.losses import phonon_dos_loss
from betenet.training.member import train_member
from betenet.training.recipe import DataConfig, Recipe
from betenet.training.run import Job, Workload
from betenet.training.training_set import TrainingSet

BINS = 128


def entry(atoms_numbers: list[int], top: float) -> LibraryEntry:
    """Debye's density of states up to a frequency."""
    share = np.diff(np.linspace(0.0, 1.0, BINS + 1) ** 3)
    return LibraryEntry(
        numbers=np.array(atoms_numbers),
        site_of=np.arange(len(atoms_numbers)),
        top=top,
        imaginary=0.0,
        shares=np.tile(share, (len(atoms_numbers), 1)),
    )


@pytest.fixture
def load(tiny_recipe: Recipe, tiny_rows: list, tmp_path: Path) -> Workload:
    """All rows but the last four have phonons that end at 60 meV/√(mass/25 u)."""
    tops = {row.id: 300.0 / np.sqrt(row.atoms.get_masses().mean()) for row in tiny_rows}
    entries = {row.id: entry(row.atoms.numbers.tolist(), tops[row.id]) for row in tiny_rows[:-4]}
    path = tmp_path / "library.npz"
    PhononLibrary(entries=entries, settings={"force_field": "made"}).write(path)
    recipe = replace(
        tiny_recipe,
        data=replace(tiny_recipe.data, phonons=(str(path),), n_folds=2),
        network=replace(tiny_recipe.network, readout="vibrations"),
        training=replace(tiny_recipe.training, epochs=100, patience=100, learning_rate=1e-2),
    )
    graphs = [build_graph(row.atoms, recipe.network.cutoff) for row in tiny_rows]
    crystals = [crystal_geometry(graph, recipe.network) for graph in graphs]
    plain = Workload(
        recipe=recipe,
        rows=tiny_rows,
        graphs=graphs,
        data=TrainingSet.build(tiny_rows, crystals, recipe),
        folds=np.arange(len(tiny_rows)) % 2,
        refused=[],
    )
    return plain.with_site_dos(recipe.data.learnt_phonons())


def test_rows_without_phonons_are_not_trained_on(load: Workload) -> None:
    assert load.allowed(None).tolist() == [True] * (len(load.rows) - 4) + [False] * 4
    assert not load.allowed(0)[::2].any()


@pytest.mark.slow
def test_they_are_learnt(load: Workload, tmp_path: Path) -> None:
    for job in (Job(0, 0), Job(1, 0)):
        allowed, seed = load.allowed(job.fold), job.seed(load.recipe)
        train_member(load.recipe, load.data, allowed, seed, job.folder(tmp_path))
    distances = relative_distances(load, tmp_path)
    assert np.isnan(distances[-4:]).all()
    # the tops differ by a factor of three among the rows
    assert np.nanmedian(distances) < 0.12
    card = make_vibrations_card(load, tmp_path)
    assert card["metrics"]["cross_validation"]["bete_net"]["rows"] == len(load.rows) - 4
    assert card["force_field"] == "made"


def test_loss_vanishes_for_what_is_known_and_counts_nothing_else(load: Workload) -> None:
    known = torch.cat(load.data.site_dos)
    exact = phonon_dos_loss(known.clamp(min=1e-30).log(), known)
    assert float(exact) == pytest.approx(0.0, abs=1e-5)
    grid = torch.as_tensor(load.recipe.network.frequencies, dtype=known.dtype)
    batch = np.arange(len(load.rows))
    assert float(vibrations_loss(load.recipe, known / grid + 1e-9, load.data, batch)) < 1e-3
    # relative entropy of a box to a box of twice its width: ln 2
    box = torch.zeros(1, 8)
    box[0, :4] = 0.25
    assert float(phonon_dos_loss(torch.full((1, 8), 1 / 8).log(), box)) == pytest.approx(np.log(2))


def test_a_library_of_the_force_field_is_needed() -> None:
    with pytest.raises(ConfigError, match="mattersim-1m"):
        DataConfig(phonons_of_files="mattersim-1m").learnt_phonons()
