from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from betenet.cli import main
from betenet.superconductivity.critical_temperature import FORMULAS

# the MgB2 test of EPW, in meV
MGB2 = ["--coupling", "0.8714948", "--omega-log", "61.4704", "--omega-2", "70.6457"]


def methods(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    assert main(["tc", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["methods"]


def test_every_method_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    found = methods([*MGB2, "--unit", "meV", "--mu-star", "0.16"], capsys)
    assert set(found) == set(FORMULAS)
    expected = {"allen_dynes_simple": 26.4082, "allen_dynes": 27.4569, "xie_2022": 31.5015}
    for method, tc in expected.items():
        assert found[method]["tc_kelvin"] == pytest.approx(tc, rel=3e-5)
        assert found[method]["remark"] == ""


@pytest.mark.parametrize(
    ("unit", "one_mev"), [("K", 11.604518), ("cm-1", 1 / 0.12398420), ("THz", 1 / 4.135667696)]
)
def test_units_of_the_frequencies(
    unit: str, one_mev: float, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [
        *("--coupling", "0.8714948", "--unit", unit, "--mu-star", "0.16"),
        *("--omega-log", str(61.4704 * one_mev), "--omega-2", str(70.6457 * one_mev)),
    ]
    assert methods(given, capsys)["allen_dynes"]["tc_kelvin"] == pytest.approx(27.4569, rel=3e-5)


def test_json_repeats_the_inputs_with_their_units(capsys: pytest.CaptureFixture[str]) -> None:
    main(["tc", "--coupling", "0.8", "--omega-log", "150", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert data["omega_log_kelvin"] == pytest.approx(150.0)
    assert data["omega_2_kelvin"] is None
    assert data["mu_star"] == 0.10


def test_missing_omega_2_is_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    found = methods(["--coupling", "0.8", "--omega-log", "150"], capsys)
    for method in ("allen_dynes", "xie_2022"):
        assert found[method]["tc_kelvin"] is None
        assert "--omega-2" in found[method]["remark"]
    assert found["allen_dynes_simple"]["tc_kelvin"] > 0.0


@pytest.mark.parametrize(
    ("coupling", "method", "remark"),
    [
        ("0.1", "allen_dynes_simple", "repulsion wins"),
        ("0.1", "xie_2019", "learnt from"),
        ("0.1", "xie_2022", "repulsion wins"),
        ("2.0", "allen_dynes_simple", "too low"),
        ("2.0", "allen_dynes", ""),
        ("1.0", "xie_2022", "pole"),
    ],
)
def test_doubts_are_named(
    coupling: str, method: str, remark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--coupling", coupling, "--omega-log", "100", "--omega-2", "110", "--mu-star", "0.1"]
    found = methods(given, capsys)[method]["remark"]
    assert remark in found
    assert bool(remark) == bool(found)


def test_table_shows_units_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tc", "--coupling", "0.8714948", "--omega-log", "713.3", "--mu-star", "0.16"]) == 0
    shown = capsys.readouterr().out
    assert "Tc (K)" in shown
    assert "713.3 K" in shown
    lines = {line.split()[0]: line for line in shown.splitlines() if line}
    assert lines["allen_dynes_simple"].split()[1] == "26.41"
    assert "needs ω_2" in lines["allen_dynes"]


def test_mcmillan_needs_no_frequency_but_debyes(capsys: pytest.CaptureFixture[str]) -> None:
    # niobium with the λ and Θ_D of McMillan, Phys. Rev. 167, 331 (1968)
    found = methods(["--coupling", "0.82", "--debye", "277", "--mu-star", "0.13"], capsys)
    assert found["mcmillan"]["tc_kelvin"] == pytest.approx(9.22, abs=0.1)
    assert "--omega-log" in found["allen_dynes"]["remark"]


def test_a_band_of_typed_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = ["tc", *MGB2, "--unit", "meV", "--mu-star-band", "0.15:0.16", "--material", "MgB2"]
    written = ["--csv", str(tmp_path / "o.csv"), "--plot", str(tmp_path)]
    assert main([*given, *written, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    expected = [29.6373, 27.4569]  # as EPW prints them
    for one, tc in zip(data["mu_star_band"], expected, strict=True):
        assert one["methods"]["allen_dynes"]["tc_kelvin"] == pytest.approx(tc, rel=3e-5)
    with (tmp_path / "o.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["chosen"] for row in rows] == ["yes", "band", "band"]
    assert float(rows[2]["tc_kelvin_allen_dynes"]) == pytest.approx(27.4569, rel=3e-5)
    assert {row["material"] for row in rows} == {"MgB2"}
    assert (tmp_path / "MgB2_mu_star.png").exists()
    assert main(given) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("MgB2: λ = 0.871495")
    assert "29.64    27.46" in shown


def test_exchanged_frequencies_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tc", "--coupling", "1", "--omega-log", "200", "--omega-2", "150"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("betenet: error: omega_2 (150 K) is below omega_log (200 K).")


def test_torch_is_not_loaded() -> None:
    code = (
        "import sys, betenet.cli; "
        "assert betenet.cli.main(['tc', '--coupling', '1', '--omega-log', '100']) == 0; "
        "heavy = {'torch', 'ase', 'matplotlib', 'e3nn'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
