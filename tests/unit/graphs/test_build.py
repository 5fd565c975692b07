import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

from betenet.errors import StructureError
from betenet.graphs import MAX_EDGES, build_graph


def triclinic() -> Atoms:
    """Sites far outside the cell, and a skewed cell shorter than the cutoff."""
    return Atoms(
        "NbCMgNb",
        scaled_positions=[
            [0.03, 0.06, 0.09],
            [-0.48, 1.41, 0.22],
            [2.21, 0.77, 0.61],
            [0.72, 0.28, 0.74],
        ],
        cell=[[3.9, 0.3, 0.0], [1.9, 4.1, 0.4], [-1.1, 0.6, 4.6]],
        pbc=True,
    )


CRYSTALS = {
    "Nb": bulk("Nb", "bcc", a=3.3),
    "MgO": bulk("MgO", "rocksalt", a=4.21, cubic=True),
    "Cs": bulk("Cs", "bcc", a=6.05),
    "ZnO": bulk("ZnO", "wurtzite", a=3.25, c=5.21),
    "triclinic": triclinic(),
    "needle": bulk("Al", "fcc", a=4.05).repeat((1, 1, 5)),
}


def edge_rows(receivers: np.ndarray, senders: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """One row for each edge, in an order that does not depend on the source."""
    rows = np.column_stack([receivers, senders, vectors])
    return rows[np.lexsort(np.round(rows, 6).T)]


@pytest.mark.parametrize("cutoff", [2.9, 4.3, 6.1])
@pytest.mark.parametrize("name", CRYSTALS)
def test_edges_are_those_of_ase(name: str, cutoff: float) -> None:
    atoms = CRYSTALS[name]
    graph = build_graph(atoms, cutoff)
    found = edge_rows(graph.receivers, graph.senders, graph.vectors)
    i, j, vectors = neighbor_list("ijD", atoms, cutoff, self_interaction=True)
    expected = edge_rows(i, j, vectors)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-9


@pytest.mark.parametrize("name", CRYSTALS)
def test_one_self_edge_an_atom(name: str) -> None:
    graph = build_graph(CRYSTALS[name], 5.0)
    own = np.linalg.norm(graph.vectors, axis=1) == 0
    assert np.array_equal(graph.receivers[own], np.arange(graph.n_sites))
    assert np.array_equal(graph.senders[own], np.arange(graph.n_sites))


def test_edges_lead_from_the_receiver_to_the_sender() -> None:
    atoms = CRYSTALS["triclinic"]
    graph = build_graph(atoms, 4.3)
    moved = graph.vectors + atoms.positions[graph.receivers] - atoms.positions[graph.senders]
    shifts = np.linalg.solve(atoms.cell.array.T, moved.T).T
    assert np.abs(shifts - np.round(shifts)).max() < 1e-9
    assert np.abs(shifts).max() > 0.5


def test_no_neighbours() -> None:
    graph = build_graph(CRYSTALS["Cs"], 4.0)
    assert graph.neighbor_counts.tolist() == [0]
    assert len(graph.vectors) == 1


def test_cutoff_is_sharp() -> None:
    atoms = Atoms("Po", cell=[3.0, 3.0, 3.0], pbc=True)
    assert build_graph(atoms, 3.0 + 1e-9).neighbor_counts.tolist() == [6]
    assert build_graph(atoms, 3.0 - 1e-9).neighbor_counts.tolist() == [0]


def test_left_handed_cell() -> None:
    atoms = CRYSTALS["triclinic"].copy()
    atoms.set_cell(atoms.cell.array[[1, 0, 2]])
    assert np.linalg.det(atoms.cell.array) < 0
    right, left = (build_graph(a, 4.3) for a in (CRYSTALS["triclinic"], atoms))
    found, expected = (edge_rows(g.receivers, g.senders, g.vectors) for g in (left, right))
    assert np.abs(found - expected).max() < 1e-9
    assert left.volume == pytest.approx(right.volume)


def test_too_large_cell_is_refused_at_once() -> None:
    atoms = bulk("Cu", "fcc", a=3.6, cubic=True).repeat(18)
    with pytest.raises(StructureError) as caught:
        build_graph(atoms, 9.0)
    assert f"{len(atoms)} atoms" in caught.value.summary
    assert f"{MAX_EDGES:.1g} pairs" in caught.value.reason
    assert "smaller" in caught.value.fix


@pytest.mark.parametrize("length", [3.0, 2.5, 7 / 3])
def test_a_pair_at_exactly_the_cutoff_does_not_count(length: float) -> None:
    atoms = Atoms("Po", cell=[length, length, length], pbc=True)
    assert build_graph(atoms, length).neighbor_counts.tolist() == [0]
    assert build_graph(atoms, np.nextafter(length, 9)).neighbor_counts.tolist() == [6]


@pytest.mark.parametrize("name", CRYSTALS)
def test_every_edge_has_its_exact_opposite(name: str) -> None:
    graph = build_graph(CRYSTALS[name], 6.1)
    there = np.column_stack([graph.receivers, graph.senders, graph.vectors])
    back = np.column_stack([graph.senders, graph.receivers, 0.0 - graph.vectors])
    assert {row.tobytes() for row in there} == {row.tobytes() for row in back}
    assert len({row.tobytes() for row in there}) == len(there)


def test_self_edges_come_last() -> None:
    graph = build_graph(CRYSTALS["triclinic"], 4.3)
    assert graph.receivers[-4:].tolist() == graph.senders[-4:].tolist() == [0, 1, 2, 3]
    assert not graph.vectors[-4:].any()


def test_arrays_may_be_given_to_torch() -> None:
    graph = build_graph(CRYSTALS["triclinic"], 4.3)
    for array in (graph.numbers, graph.receivers, graph.senders, graph.vectors):
        assert array.flags.writeable
        assert array.flags.c_contiguous
        assert array.dtype in (np.int64, np.float64)


@pytest.mark.parametrize(
    ("atoms", "word"),
    [
        (Atoms(cell=[3.0, 3.0, 3.0], pbc=True), "no atoms"),
        (Atoms("Nb", positions=[[np.nan, 0, 0]], cell=[3.0, 3.0, 3.0], pbc=True), "not a number"),
        (Atoms("Nb", positions=[[0, np.inf, 0]], cell=[3.0, 3.0, 3.0], pbc=True), "not a number"),
        (Atoms("Nb", positions=[[0, 0, 1e12]], cell=[3.0, 3.0, 3.0], pbc=True), "too large"),
        (Atoms("Nb", cell=[3.0, np.nan, 3.0], pbc=True), "not a number"),
        (Atoms("Nb", cell=[[3.0, 0, 0], [0, 3.0, 0], [3.0, 3.0, 0]], pbc=True), "not a crystal"),
        (Atoms("Nb", cell=[3.0, 3.0, 3.0], pbc=[True, True, False]), "not a crystal"),
        (Atoms("NbC", positions=[[0, 0, 0], [0, 0, 2]]), "not a crystal"),
    ],
)
def test_what_is_no_crystal_is_refused(atoms: Atoms, word: str) -> None:
    with pytest.raises(StructureError, match=word) as caught:
        build_graph(atoms, 5.0)
    assert caught.value.fix


def test_a_failed_search_is_an_error_of_the_structure() -> None:
    with pytest.raises(StructureError, match="cutoff must be"):
        build_graph(CRYSTALS["Nb"], -1.0)
