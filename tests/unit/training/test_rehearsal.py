"""Crystals that are made anew from a model's training table."""

import numpy as np
import pytest
from ase.spacegroup import crystal

from betenet.ensemble.ensemble import Ensemble
from betenet.ensemble.training_table import TrainingTable
from betenet.structures import standardise
from betenet.structures.find_space_group import find_space_group
from betenet.training.rehearsal import PROTOTYPES, made_crystal, remembered_crystals

FORMULAS = {(1,): "Nb", (1, 1): "AlNi", (1, 2): "CaF2", (1, 3): "AuCu3", (1, 1, 1): "HfNiSn",
            (1, 1, 2): "AlCu2Mn", (1, 1, 3): "CaO3Ti", (1, 1, 1, 1): "AlCoMnTi"}  # fmt: skip


@pytest.mark.parametrize("key", PROTOTYPES, ids=str)
def test_prototypes_have_the_space_group_and_the_volume_that_were_asked_for(
    key: tuple[tuple[int, ...], int],
) -> None:
    amounts, group = key
    made = made_crystal(FORMULAS[amounts], group, 15.0)
    assert made is not None
    assert find_space_group(standardise(made), 1e-3)[1] == group
    assert made.get_volume() / len(made) == pytest.approx(15.0)
    assert made.get_chemical_formula(empirical=True, mode="metal") is not None
    distances = made.get_all_distances(mic=True)
    assert distances[~np.eye(len(made), dtype=bool)].min(initial=9.0) > 1.9


def test_a15_is_the_known_crystal() -> None:
    known = crystal(
        "SnNb", [(0, 0, 0), (0.25, 0, 0.5)], spacegroup=223, cellpar=[5.29] * 3 + [90] * 3
    )
    made = made_crystal("Nb3Sn", 223, known.get_volume() / 8)
    assert made is not None
    nearest = [
        sorted(one.get_all_distances(mic=True)[one.numbers == 41][0].round(3).tolist())
        for one in (known, made)
    ]
    assert nearest[0] == nearest[1]


def test_the_shipped_table_brings_many_elements() -> None:
    table = Ensemble.load("cso-1").training
    found = remembered_crystals(table, 200)
    assert len(found) == 200
    assert len({s for one in found for s in one.get_chemical_symbols()}) > 50
    assert remembered_crystals(TrainingTable(), 5) == []
