"""What a search writes."""

import csv
import json
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import read
from tests.unit.search.conftest import made_phase

from betenet.search import SearchResult, SearchSettings, hull_of, search_space
from betenet.search.results import COLUMNS, result_text, write_results


@pytest.fixture
def result() -> SearchResult:
    alloy = bulk("CuAu", "cesiumchloride", a=3.0)
    crystals = [
        (bulk("Cu"), 0.0),
        (bulk("Au"), 0.0),
        (alloy, 0.05),
        (bulk("Cu", "bcc", a=2.9), 0.4),
    ]
    phases = [made_phase(k, atoms, enthalpy) for k, (atoms, enthalpy) in enumerate(crystals)]
    space = search_space("Cu-Au", 4)
    settings = SearchSettings(target="Cu-Au", most_atoms=4, pressure=12.0)
    return SearchResult(
        settings=settings,
        space=space,
        entries=hull_of(phases, space.elements),
        done=5,
        found={0: 2, 1: 1, 2: 1, 3: 1},
        refused={"collapsed": 1},
    )


def test_tables_cells_and_figure(result: SearchResult, tmp_path: Path) -> None:
    write_results(result, tmp_path)
    with (tmp_path / "phases.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 4
    alloy = next(row for row in rows if row["formula"] == "AuCu")
    assert float(alloy["enthalpy_above_hull_ev_per_atom"]) == pytest.approx(0.05)
    assert alloy["decomposition"] == "0.5 Cu (Fm-3m) + 0.5 Au (Fm-3m)" or (
        alloy["decomposition"] == "0.5 Au (Fm-3m) + 0.5 Cu (Fm-3m)"
    )
    assert read(tmp_path / alloy["file"]).get_volume() == pytest.approx(27.0)
    assert rows[-1]["file"] == ""  # too far above the hull
    table = json.loads((tmp_path / "hull.json").read_text())
    assert table["phases"][0]["pressure_gpa"] == 12.0
    assert (tmp_path / "hull.png").stat().st_size > 5000


def test_the_text_names_what_was_done(result: SearchResult, tmp_path: Path) -> None:
    text = result_text(result, tmp_path)
    assert "5 candidates at 12 GPa" in text
    assert "1 refused" in text
    assert "50.0" in text
