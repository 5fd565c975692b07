"""``betenet search``, with ASE's effective medium theory as the force field."""

from pathlib import Path

from tests.command_line import json_of, refusal, stdout_of
from tests.fixture_types import Capture

QUICK = ("--force-field", "ase.calculators.emt:EMT", "--relaxations", "8", "--most-atoms", "2")


def test_a_search_is_told_written_and_goes_on(tmp_path: Path, capsys: Capture) -> None:
    words = ["search", "Cu", "--out", str(tmp_path / "cu"), *QUICK]
    told = stdout_of(words, capsys)
    assert "8 candidates at 0 GPa" in told
    assert (tmp_path / "cu" / "phases.csv").exists()
    again = json_of(["search", "run", *words[1:], "--json"], capsys)
    assert again["relaxations_done"] == 8
    assert again["phases"][0]["space_group"] in {"Fm-3m", "P6_3/mmc"}
    other = refusal([*words, "--pressure", "10"], capsys)
    assert "other settings" in other
    assert "pressure" in other


def test_what_is_no_formula_is_refused(tmp_path: Path, capsys: Capture) -> None:
    told = refusal(["search", "hulll", "--out", str(tmp_path / "x")], capsys)
    assert "no formula" in told
    assert "Nb-H" in told or "Ca-H" in told
