"""Strange structures are flagged, ordinary ones are not."""

import re

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from tests.made_cells import TRAINING_METALS

from betenet.ensemble.applicability import Applicability
from betenet.graphs import CrystalGraph, build_graph

RADII = {s: 2.7 + 0.02 * k for k, s in enumerate(TRAINING_METALS)}
CUTOFF = 5.0


def _alloy(first: str, second: str, scale: float = 1.0) -> CrystalGraph:
    length = 0.5 * (RADII[first] + RADII[second]) * scale * 1.15
    return build_graph(bulk(first + second, "cesiumchloride", a=length), CUTOFF)


@pytest.fixture(scope="module")
def learnt() -> Applicability:
    pairs = [(a, b) for a in TRAINING_METALS for b in TRAINING_METALS if a < b]
    rng = np.random.default_rng(0)
    return Applicability.learn([_alloy(a, b, rng.normal(1, 0.01)) for a, b in pairs])


def _codes(learnt: Applicability, graph: CrystalGraph) -> dict[str, str]:
    return {finding.code: finding.text for finding in learnt.findings(graph)}


def test_ordinary_structure_raises_no_flag(learnt: Applicability) -> None:
    assert learnt.findings(_alloy("Nb", "Ti")) == []


def test_unseen_element_is_named(learnt: Applicability) -> None:
    graph = build_graph(bulk("PoNb", "cesiumchloride", a=3.2), CUTOFF)
    assert "Po was not seen" in _codes(learnt, graph)["unseen_element"]


def test_element_of_few_structures_is_named() -> None:
    pairs = [(a, b) for a in TRAINING_METALS for b in TRAINING_METALS if a < b] * 2
    learnt = Applicability.learn([_alloy(a, b) for a, b in pairs] + [_alloy("Nb", "Ti")] * 3)
    assert "rare_element" not in _codes(learnt, _alloy("Nb", "Ti"))
    rare = build_graph(bulk("PoNb", "cesiumchloride", a=3.2), CUTOFF)
    learnt = Applicability.learn([*[_alloy(a, b) for a, b in pairs], rare, rare])
    assert "Po was seen in only 2" in _codes(learnt, rare)["rare_element"]


def test_volume_is_told_beside_the_usual_one(learnt: Applicability) -> None:
    usual = _alloy("Nb", "Ti")
    for scale, word in ((0.8, "compressed"), (1.25, "layered")):
        text = _codes(learnt, _alloy("Nb", "Ti", scale))["far_volume"]
        assert word in text
        volume, beside = (float(part) for part in re.findall(r"[0-9.]+(?= Å|  *are usual)", text))
        assert volume == pytest.approx(usual.volume / 2 * scale**3, rel=0.01)
        assert beside == pytest.approx(usual.volume / 2, rel=0.03)


def test_foreign_composition_is_far_and_the_nearest_are_named(learnt: Applicability) -> None:
    graph = build_graph(bulk("NaCl", "rocksalt", a=5.6), CUTOFF)
    assert _codes(learnt, graph)["far_composition"] == "composition far from training"
    formulas = [a + b for a in TRAINING_METALS for b in TRAINING_METALS if a < b]
    found = {finding.code: finding.text for finding in learnt.findings(graph, formulas)}
    named = found["far_composition"].split(" are ")[1].split(", ")
    assert len(named) == 3
    assert set(named) <= set(formulas)


def test_lonely_atom_is_named(learnt: Applicability) -> None:
    lonely = build_graph(Atoms("Nb", cell=np.eye(3) * 6.0, pbc=True), CUTOFF)
    assert "no neighbour within 5 Å of Nb0" in _codes(learnt, lonely)["isolated_site"]


def test_bonds_shorter_than_any_are_named(learnt: Applicability) -> None:
    dense, chain = bulk("Nb", "bcc", a=2.5), Atoms("Nb", cell=[4.0, 4.0, 1.6], pbc=True)
    assert "close_sites" not in _codes(learnt, build_graph(dense, CUTOFF))
    found = _codes(learnt, build_graph(chain, CUTOFF))["close_sites"]
    assert found.startswith("Nb and Nb are 1.60 Å apart")


def test_survives_the_checkpoint(learnt: Applicability) -> None:
    again = Applicability.from_tensors(learnt.to_tensors())
    for graph in (_alloy("Nb", "Ti"), _alloy("Nb", "Ti", 0.8)):
        assert again.findings(graph) == learnt.findings(graph)
