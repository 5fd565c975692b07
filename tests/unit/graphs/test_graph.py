import pytest
from ase.build import bulk

from betenet.graphs import CrystalGraph, build_graph


def test_counts_of_neighbours_and_the_rest() -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    graph = build_graph(atoms, 3.0)
    assert graph.n_sites == 2
    assert graph.neighbor_counts.tolist() == [6, 6]
    assert graph.numbers.tolist() == [11, 17]
    assert graph.cutoff == 3.0
    assert graph.volume == pytest.approx(5.64**3 / 4)


def test_graph_is_immutable() -> None:
    graph: CrystalGraph = build_graph(bulk("Nb", "bcc", a=3.3), 3.0)
    with pytest.raises(AttributeError):
        graph.cutoff = 4.0  # type: ignore[misc]
