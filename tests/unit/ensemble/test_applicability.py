"""Strange structures are flagged, ordinary ones are not."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from betenet.ensemble.applicability import Applicability, top_of_grid_warning
from betenet.graphs import CrystalGraph, build_graph

METALS = [
    "Al",
    "Ti",
    "V",
    "Cr",
    "Fe",
    "Ni",
    "Cu",
    "Zr",
    "Nb",
    "Mo",
    "Pd",
    "Ag",
    "Ta",
    "W",
    "Pt",
    "Au",
]
RADII = {s: 2.7 + 0.02 * k for k, s in enumerate(METALS)}
CUTOFF = 5.0


def _alloy(first: str, second: str, scale: float = 1.0) -> CrystalGraph:
    length = 0.5 * (RADII[first] + RADII[second]) * scale * 1.15
    return build_graph(bulk(first + second, "cesiumchloride", a=length), CUTOFF)


@pytest.fixture(scope="module")
def learnt() -> Applicability:
    pairs = [(a, b) for a in METALS for b in METALS if a < b]
    rng = np.random.default_rng(0)
    return Applicability.learn([_alloy(a, b, rng.normal(1, 0.01)) for a, b in pairs])


def test_ordinary_structure_raises_no_flag(learnt: Applicability) -> None:
    assert learnt.warnings(_alloy("Nb", "Ti")) == []


def test_unseen_element_is_named(learnt: Applicability) -> None:
    graph = build_graph(bulk("PoNb", "cesiumchloride", a=3.2), CUTOFF)
    assert any("Po was not seen" in text for text in learnt.warnings(graph))


def test_compressed_cell_is_named(learnt: Applicability) -> None:
    for scale, word in ((0.8, "smaller"), (1.25, "larger")):
        found = " ".join(learnt.warnings(_alloy("Nb", "Ti", scale)))
        assert f"% {word} than usual" in found


def test_foreign_composition_is_far(learnt: Applicability) -> None:
    graph = build_graph(bulk("NaCl", "rocksalt", a=5.6), CUTOFF)
    assert any("far from training" in text for text in learnt.warnings(graph))


def test_lonely_atom_is_named(learnt: Applicability) -> None:
    lonely = Atoms("Nb", cell=np.eye(3) * 6.0, pbc=True)
    assert any(
        "no neighbour within 5 Å of Nb0" in t for t in learnt.warnings(build_graph(lonely, CUTOFF))
    )


def test_survives_the_checkpoint(learnt: Applicability) -> None:
    again = Applicability.from_tensors(learnt.to_tensors())
    for graph in (_alloy("Nb", "Ti"), _alloy("Nb", "Ti", 0.8)):
        assert again.warnings(graph) == learnt.warnings(graph)


def test_weight_at_the_top_of_the_grid() -> None:
    grid = np.linspace(1.0, 100.0, 100)
    low = np.exp(-0.5 * ((grid - 30) / 5) ** 2)
    assert top_of_grid_warning(grid, low) is None
    text = top_of_grid_warning(grid, np.exp(-0.5 * ((grid - 99) / 5) ** 2))
    assert text is not None
    assert "100 meV" in text
