"""Phonons that the rows of a dataset bring along: what was trained on is what is judged by."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from tests.published_database import write_database

from betenet.datasets.published_folder import published_training_rows, read_published
from betenet.ensemble.site_inputs import inputs_of_phonons
from betenet.evaluation.row_phonons import phonons_of_rows
from betenet.structures import StructureRecord, standardise
from betenet.training.full_batch_recipe import FullBatchRecipe
from betenet.training.full_batch_run import inputs_of_row


@pytest.fixture
def published(tmp_path: Path) -> Path:
    home = write_database(tmp_path)
    (home / "indices").mkdir()
    for side, ids in (("train", "0 1 2"), ("test", "7")):
        (home / "indices" / f"idx_{side}_full.txt").write_text(ids.replace(" ", "\n"))
    return home


@pytest.mark.parametrize("count", [51, 101, 201])
@pytest.mark.parametrize("grid", ["coarse", "fine"])
def test_an_evaluation_feeds_what_a_training_on_the_same_folder_feeds(
    published: Path, grid: str, count: int
) -> None:
    network = FullBatchRecipe.from_dict(
        {"name": "x", "phonon_dos": grid, "network": {"frequency_count": count}}
    ).network
    source = phonons_of_rows(read_published(published), grid)
    trained = published_training_rows(published, lambda _: None)
    assert len(trained) == 3
    for row in trained:
        atoms = standardise(row.atoms)
        learnt = inputs_of_row(row, atoms, network, grid)
        judged = inputs_of_phonons(
            network, len(atoms), source(StructureRecord(name=row.id.split("-")[1], atoms=atoms))
        )
        assert learnt is not None
        assert np.ptp(learnt) > 0.0
        np.testing.assert_allclose(judged, learnt, rtol=1e-12)


def test_noise_below_zero_is_none_in_both(published: Path) -> None:
    (row, *_) = published_training_rows(published, lambda _: None)
    network = FullBatchRecipe.from_dict({"name": "x", "phonon_dos": "fine"}).network
    omega, sites = row.site_phonon_dos["fine"]
    noisy = sites.copy()
    noisy[:, -50:] = -1e-3
    row.site_phonon_dos["fine"] = (omega, noisy)  # pyright: ignore[reportIndexIssue]
    found = inputs_of_row(row, bulk("Pb"), network, "fine")
    row.site_phonon_dos["fine"] = (omega, np.maximum(noisy, 0.0))  # pyright: ignore[reportIndexIssue]
    np.testing.assert_array_equal(found, inputs_of_row(row, bulk("Pb"), network, "fine"))
