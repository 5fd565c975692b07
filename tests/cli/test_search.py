"""``betenet search``, with ASE's effective medium theory as the force field."""

from pathlib import Path

import pytest
from ase.build import bulk
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


def test_hulls_and_tc_of_a_search(tmp_path: Path, capsys: Capture) -> None:
    folder = str(tmp_path / "cu")
    stdout_of(["search", "Cu", "--out", folder, *QUICK], capsys)
    (hull,) = json_of(["search", "hull", folder, "--pressures", "5", "--json"], capsys)
    assert hull["pressure_gpa"] == 5.0
    assert hull["phases"][0]["enthalpy_above_hull_ev_per_atom"] == 0.0
    assert "second force field" in stdout_of(["search", "hull", folder, "--pressures", "5"], capsys)
    told = refusal(["search", "hull", folder, "--pressures", "5", "--correction", "none"], capsys)
    assert "no correction" in told
    told = stdout_of(["search", "tc", folder, "--window", "0.002", "--model", "cso-1"], capsys)
    assert "campaign.csv" in told
    assert "* " in told
    assert (tmp_path / "cu" / "report.html").exists()
    assert "no search" in refusal(["search", "tc", str(tmp_path)], capsys)


def test_a_barrier_is_named_an_estimate(tmp_path: Path, capsys: Capture) -> None:
    names = [str(tmp_path / f"{name}.cif") for name in ("fcc", "hcp")]
    bulk("Cu").write(names[0])
    bulk("Cu", "hcp", a=2.55, c=4.16).write(names[1])
    words = ["search", "barrier", *names, "--images", "3", "--most-atoms", "2", *QUICK[:2]]
    told = stdout_of([*words, "--out", str(tmp_path / "path")], capsys)
    assert "estimate of lower quality" in told
    assert (tmp_path / "path" / "barrier.png").exists()
    assert "1 structures" in refusal([*words[:3], *words[4:]], capsys)


@pytest.mark.slow
def test_calcium_and_hydrogen_under_pressure_from_nothing_to_tc(
    tmp_path: Path, capsys: Capture
) -> None:
    """The tutorial of docs/search.md, without the hulls at other pressures."""
    folder = str(tmp_path / "cah")
    words = ["search", "Ca-H", "--pressure", "150", "--out", folder, "--relaxations", "64"]
    found = json_of([*words, "--most-atoms", "8", "--json"], capsys)
    stable = [one for one in found["phases"] if one["enthalpy_above_hull_ev_per_atom"] < 1e-6]
    assert {"Ca", "H"} < {one["formula"] for one in stable}
    sodalite = [one for one in found["phases"] if one["formula"] == "CaH6"]
    assert "Im-3m" in {one["space_group"] for one in sodalite}
    ranked = json_of(["search", "tc", folder, "--window", "0.03", "--json"], capsys)
    assert ranked["phases"][0]["pressure_gpa"] == 150.0
