"""Rows as tensors: whose level of theory a row is told to have, and how much it counts."""

from __future__ import annotations

from dataclasses import replace

from betenet.datasets.rows import Row
from betenet.graphs import CrystalGraph
from betenet.network.geometry import crystal_geometry
from betenet.training.recipe import DataConfig, Recipe
from betenet.training.training_set import TrainingSet


def test_a_small_source_takes_the_level_of_a_large_one(
    tiny_rows: list[Row], tiny_graphs: list[CrystalGraph], tiny_recipe: Recipe
) -> None:
    recipe = replace(
        tiny_recipe,
        data=DataConfig(
            sources=("bete_net", "jarvis", "literature"),
            levels=("bete_net", "jarvis", "bete_net"),
            source_weights=(1.0, 1.0, 3.0),
        ),
        network=replace(tiny_recipe.network, sources=("bete_net", "jarvis")),
    )
    rows = [
        tiny_rows[0],
        replace(tiny_rows[1], source="jarvis"),
        replace(tiny_rows[2], source="literature", weight=0.25),
    ]
    crystals = [crystal_geometry(graph, recipe.network) for graph in tiny_graphs[:3]]
    data = TrainingSet.build(rows, crystals, recipe)
    assert data.sources.tolist() == [0, 1, 2]
    assert data.levels.tolist() == [0, 1, 0]
    assert data.weights.tolist() == [1.0, 1.0, 0.25]
    assert data.first_source.tolist() == [True, False, False]
