"""A tiny data set with made-up physics, enough to train on in a second."""

import numpy as np
import pytest
from ase.build import bulk
from ase.data import atomic_masses
from tests.made_cells import TRAINING_METALS

from betenet.datasets.folds import reduced_formula
from betenet.datasets.rows import Row
from betenet.graphs import CrystalGraph, build_graph
from betenet.network.config import NetworkConfig
from betenet.network.geometry import crystal_geometry
from betenet.training.losses import LossConfig
from betenet.training.recipe import DataConfig, Recipe, TrainingConfig
from betenet.training.training_set import TrainingSet


@pytest.fixture
def tiny_recipe() -> Recipe:
    return Recipe(
        name="tiny",
        description="for the tests",
        data=DataConfig(sources=("bete_net",), source_weights=(1.0,)),
        network=NetworkConfig(
            sources=("bete_net",),
            cutoff=3.5,
            lmax=1,
            layers=2,
            width=8,
            embedding=8,
            hidden=16,
            peaks=3,
            radial_size=4,
        ),
        loss=LossConfig(),
        training=TrainingConfig(members=2, epochs=4, batch_size=8, learning_rate=5e-3, patience=9),
    )


@pytest.fixture
def tiny_rows() -> list[Row]:
    rows: list[Row] = []
    for kind, length in (("fcc", 4.0), ("bcc", 3.2), ("sc", 2.7)):
        for symbol in TRAINING_METALS:
            atoms = bulk(symbol, kind, a=length)
            if kind == "sc":
                atoms = bulk(symbol + "N", "rocksalt", a=4.3)
            mass = float(np.mean(atomic_masses[atoms.numbers]))
            center = 120.0 / np.sqrt(mass)
            targets = [30.0 / mass, *(center * factor for factor in (1, 1.1, 1.2, 1.3, 2.0))]
            rows.append(
                Row(
                    id=f"{symbol}-{kind}",
                    source="bete_net",
                    atoms=atoms,
                    formula=reduced_formula(atoms.get_chemical_symbols()),
                    targets=np.array(targets),
                )
            )
    return rows


@pytest.fixture
def tiny_graphs(tiny_rows: list[Row], tiny_recipe: Recipe) -> list[CrystalGraph]:
    return [build_graph(row.atoms, tiny_recipe.network.cutoff) for row in tiny_rows]


@pytest.fixture
def tiny_set(
    tiny_rows: list[Row], tiny_graphs: list[CrystalGraph], tiny_recipe: Recipe
) -> TrainingSet:
    crystals = [crystal_geometry(graph, tiny_recipe.network) for graph in tiny_graphs]
    return TrainingSet.build(tiny_rows, crystals, tiny_recipe)
