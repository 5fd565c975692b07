import json
from typing import Any

import pytest

from betenet.errors import StructureError
from betenet.structures import to_atoms
from betenet.structures.documents import documents, inner_structure

LATTICE = [[0, 2, 2], [2, 0, 2], [2, 2, 0]]
OPTIMADE: dict[str, Any] = {
    "lattice_vectors": LATTICE,
    "cartesian_site_positions": [[0, 0, 0]],
    "species_at_sites": ["Al"],
    "species": [{"name": "Al", "chemical_symbols": ["Al"], "concentration": [1.0]}],
    "dimension_types": [1, 1, 1],
}
RESOURCE: dict[str, Any] = {"id": "7", "type": "structures", "attributes": OPTIMADE}
PYMATGEN: dict[str, Any] = {
    "lattice": {"matrix": LATTICE},
    "sites": [{"species": [{"element": "Al", "occu": 1}], "abc": [0, 0, 0]}],
}
ENTRY = {"@class": "ComputedStructureEntry", "energy": -3.7, "data": {}, "structure": PYMATGEN}
JARVIS: dict[str, Any] = {
    "lattice_mat": LATTICE,
    "coords": [[0, 0, 0]],
    "elements": ["Al"],
    "cartesian": False,
}


@pytest.mark.parametrize(
    ("data", "count"),
    [
        ({"data": [RESOURCE, RESOURCE], "meta": {}}, 2),
        ({"data": RESOURCE, "meta": {}}, 1),
        (OPTIMADE, 1),
        (PYMATGEN, 1),
        (ENTRY, 1),
        ([ENTRY, ENTRY], 2),
        ({"entries": [ENTRY, ENTRY]}, 2),
        ({"data": [{"material_id": "mp-1", "structure": PYMATGEN}]}, 1),
        ({"structure": json.dumps(PYMATGEN)}, 1),
        ({"mp-1": PYMATGEN, "mp-2": {"structure": PYMATGEN}}, 2),
        ([{"jid": "JVASP-1", "atoms": JARVIS}], 1),
        ({"data": []}, 0),
    ],
)
def test_layouts_of_databases(data: object, count: int) -> None:
    found = [to_atoms(row) for row in documents(data)]
    assert len(found) == count
    for atoms in found:
        assert str(atoms.symbols) == "Al"
        assert atoms.get_volume() == pytest.approx(16.0)


@pytest.mark.parametrize("inner", ["{", "[]", 3, [1]])
def test_structure_that_is_no_object(inner: object) -> None:
    with pytest.raises(StructureError, match="no JSON object"):
        inner_structure({"structure": inner})


@pytest.mark.parametrize(
    "change",
    [
        {"species": 3},
        {"species": [{"name": "Al"}]},
        {"species_at_sites": ["Al", "Al"]},
        {"lattice_vectors": [[None] * 3] * 3},
        {"cartesian_site_positions": [["a", 0, 0]]},
    ],
)
def test_malformed_entry_is_refused_in_words(change: dict[str, Any]) -> None:
    with pytest.raises(StructureError) as caught:
        to_atoms(OPTIMADE | change)
    assert "Error" not in str(caught.value)
    assert caught.value.fix


def test_lattice_of_pymatgen_without_its_matrix() -> None:
    edges = {"a": 3.3, "b": 3.3, "c": 5.2, "alpha": 90, "beta": 90, "gamma": 120}
    atoms = to_atoms({**PYMATGEN, "lattice": edges})
    assert atoms.cell.cellpar().tolist() == pytest.approx(list(edges.values()))


def test_row_of_the_oqmd() -> None:
    row = {"name": "Nb", "unit_cell": LATTICE, "sites": ["Nb @ 0 0 0", "Al @ 0.5 0.5 0.5"]}
    atoms = to_atoms(row)
    assert atoms.get_scaled_positions().tolist() == [[0, 0, 0], [0.5, 0.5, 0.5]]
    assert str(atoms.symbols) == "NbAl"
