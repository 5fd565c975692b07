"""Documents that contradict their own sites are read with a note."""

import json
from pathlib import Path
from typing import Any

import pytest

from betenet.structures import read_structures
from betenet.structures.stated import stated_otherwise

LATTICE = [[0, 2.35, 2.35], [2.35, 0, 2.35], [2.35, 2.35, 0]]
OPTIMADE = {
    "lattice_vectors": LATTICE,
    "cartesian_site_positions": [[0, 0, 0], [2.35, 2.35, 2.35]],
    "species_at_sites": ["Nb", "C"],
    "nsites": 2,
    "chemical_formula_reduced": "CNb",
}
PYMATGEN = {
    "lattice": {"matrix": LATTICE},
    "sites": [
        {"species": [{"element": "Nb", "occu": 1}], "abc": [0, 0, 0], "xyz": [0, 0, 0]},
        {"species": [{"element": "C", "occu": 1}], "abc": [0.5] * 3, "xyz": [2.35] * 3},
    ],
}
JARVIS = {
    "atoms": {
        "lattice_mat": LATTICE,
        "coords": [[0, 0, 0], [0.5, 0.5, 0.5]],
        "elements": ["Nb", "C"],
        "cartesian": False,
    },
    "formula": "NbC",
    "nat": 2,
}


def notes(tmp_path: Path, document: dict[str, Any]) -> tuple[str, ...]:
    """Warnings of the one structure in a JSON file."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document))
    (record,) = read_structures(path)
    assert record.error is None
    return record.warnings


@pytest.mark.parametrize(
    "document",
    [
        OPTIMADE,
        {"id": "a", "attributes": OPTIMADE},
        PYMATGEN,
        {"structure": PYMATGEN, "composition": {"Nb": 1.0, "C": 1.0}, "nsites": 2},
        {"structure": PYMATGEN, "formula_pretty": "NbC", "formula": "a remark (not parsed)"},
        JARVIS,
    ],
)
def test_what_agrees_needs_no_word(tmp_path: Path, document: dict[str, Any]) -> None:
    assert notes(tmp_path, document) == ()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({**OPTIMADE, "nsites": 4}, "nsites says 4 sites, 2 are there"),
        ({**OPTIMADE, "chemical_formula_reduced": "C2Nb"}, "says C2Nb, the sites are CNb"),
        ({"structure": PYMATGEN, "formula_pretty": "NbN"}, "formula_pretty says NbN"),
        ({"structure": PYMATGEN, "composition": {"Ta": 2}}, "composition says Ta2"),
        ({**JARVIS, "formula": "TaC"}, "formula says TaC"),
        (
            {**PYMATGEN, "sites": [PYMATGEN["sites"][0], {**PYMATGEN["sites"][1], "xyz": [2] * 3}]},
            "abc and xyz of site 1 are 0.35 Å apart",
        ),
    ],
)
def test_a_contradiction_is_told(tmp_path: Path, document: dict[str, Any], words: str) -> None:
    (note,) = notes(tmp_path, document)
    assert words in note


@pytest.mark.parametrize(
    "stated", ["", "A2B", "(NbC)2", "Nb..C", "x" * 500, 7, None, {"Nb": "1"}, {"Xx": 1}, {"Nb": 0}]
)
def test_what_is_no_composition_says_nothing(stated: object) -> None:
    assert list(stated_otherwise([{"formula": stated}, {"composition": stated}], ["Nb"])) == []
