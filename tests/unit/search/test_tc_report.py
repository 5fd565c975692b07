"""Superconductors of a search on paper: tables, a page, a list for first principles."""

import csv
import json
from pathlib import Path

import pytest
from ase.build import bulk
from tests.unit.search.conftest import made_superconductor

from betenet.espresso.campaign_list import read_list
from betenet.search import SearchResult, SearchSettings, search_space
from betenet.search.superconductors import UNSTABLE, in_order
from betenet.search.tc_report import superconductors_text, write_superconductors


def test_tables_page_and_a_list_that_a_campaign_reads(tmp_path: Path) -> None:
    alloy = bulk("CuAu", "cesiumchloride", a=3.0)
    phases = in_order(
        [
            made_superconductor(0, bulk("Cu"), above=0.0, tc=1.0),
            made_superconductor(1, alloy, above=0.02, tc=12.0),
            made_superconductor(2, bulk("Au"), above=0.01, tc=50.0, stability=UNSTABLE),
        ]
    )
    found = SearchResult(
        settings=SearchSettings(target="Cu-Au", pressure=25.0, most_atoms=4),
        space=search_space("Cu-Au", 4),
        entries=[one.entry for one in phases],
        done=9,
        found={},
        refused={},
    )
    write_superconductors(found, phases, tmp_path)
    with (tmp_path / "tc.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["tc_kelvin"]) for row in rows] == [12.0, 1.0, 50.0]
    assert [row["best_of_both"] for row in rows] == ["True", "True", "False"]
    table = json.loads((tmp_path / "tc.json").read_text())
    assert table["phases"][0]["prediction"]["quantities"]["tc_kelvin"] == 12.0
    listed = read_list(tmp_path / "campaign.csv")
    assert [one.formula for one in listed] == [
        "AuCu",
        "Cu",
        "Au",
    ]  # what the force field calls unstable is last
    assert all(one.path.exists() and one.pressure == 25.0 and not one.error for one in listed)
    assert listed[0].hull_distance == pytest.approx(0.02)
    page = (tmp_path / "report.html").read_text()
    assert "Cu-Au at 25 GPa" in page
    assert "★ AuCu" in page
    text = superconductors_text(found, phases, tmp_path)
    assert "campaign.csv" in text
    assert "12" in text
