import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command_line import json_of, refusal, stdout_of
from tests.fixture_types import Capture

from betenet.cli import main

# the MgB2 test of EPW, in meV
MGB2 = ["--coupling", "0.8714948", "--omega-log", "61.4704", "--omega-2", "70.6457"]


def methods(arguments: list[str], capsys: Capture) -> dict[str, dict[str, str]]:
    assert main(["tc", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["methods"]


@pytest.mark.parametrize(
    ("unit", "one_mev"), [("K", 11.604518), ("cm-1", 1 / 0.12398420), ("THz", 1 / 4.135667696)]
)
def test_units_of_the_frequencies(unit: str, one_mev: float, capsys: Capture) -> None:
    given = [
        *("--coupling", "0.8714948", "--unit", unit, "--mu-star", "0.16"),
        *("--omega-log", str(61.4704 * one_mev), "--omega-2", str(70.6457 * one_mev)),
    ]
    assert methods(given, capsys)["allen_dynes"]["tc_kelvin"] == pytest.approx(27.4569, rel=3e-5)


def test_json_repeats_the_inputs_with_their_units(capsys: Capture) -> None:
    main(["tc", "--coupling", "0.8", "--omega-log", "150", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert data["omega_log_kelvin"] == pytest.approx(150.0)
    assert data["omega_2_kelvin"] is None
    assert data["mu_star"] == 0.10


def test_missing_omega_2_is_the_reason(capsys: Capture) -> None:
    found = methods(["--coupling", "0.8", "--omega-log", "150"], capsys)
    for method in ("allen_dynes", "xie_2022"):
        assert found[method]["tc_kelvin"] is None
        assert "--omega-2" in found[method]["remark"]
    assert found["allen_dynes_simple"]["tc_kelvin"] > 0.0


def test_table_shows_units_and_reasons(capsys: Capture) -> None:
    assert main(["tc", "--coupling", "0.8714948", "--omega-log", "713.3", "--mu-star", "0.16"]) == 0
    shown = capsys.readouterr().out
    assert "Tc (K)" in shown
    assert "713.3 K" in shown
    lines = {line.split()[0]: line for line in shown.splitlines() if line}
    assert lines["allen_dynes_simple"].split()[1] == "26.41"
    assert "needs ω_2" in lines["allen_dynes"]


def test_mcmillan_needs_no_frequency_but_debyes(capsys: Capture) -> None:
    # niobium with the λ and Θ_D of McMillan, Phys. Rev. 167, 331 (1968)
    found = methods(["--coupling", "0.82", "--debye", "277", "--mu-star", "0.13"], capsys)
    assert found["mcmillan"]["tc_kelvin"] == pytest.approx(9.22, abs=0.1)
    assert "--omega-log" in found["allen_dynes"]["remark"]


def test_a_band_of_typed_numbers(capsys: Capture, tmp_path: Path) -> None:
    given = ["tc", *MGB2, "--unit", "meV", "--mu-star-band", "0.15:0.16", "--material", "MgB2"]
    written = ["--csv", str(tmp_path / "o.csv"), "--plot", str(tmp_path)]
    data = json_of([*given, *written, "--json"], capsys)
    expected = [29.6373, 27.4569]  # as EPW prints them
    for one, tc in zip(data["mu_star_band"], expected, strict=True):
        assert one["methods"]["allen_dynes"]["tc_kelvin"] == pytest.approx(tc, rel=3e-5)
    with (tmp_path / "o.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["chosen"] for row in rows] == ["yes", "band", "band"]
    assert float(rows[2]["tc_kelvin_allen_dynes"]) == pytest.approx(27.4569, rel=3e-5)
    for row, one in zip(rows[1:], data["mu_star_band"], strict=True):
        low, tc, high = (
            float(row[f"tc_kelvin_two_modes{end}"]) for end in ("_low_95", "", "_high_95")
        )
        assert low < tc < high
        assert one["methods"]["two_modes"]["tc_kelvin_low_95"] == pytest.approx(low, rel=1e-5)
    assert {row["material"] for row in rows} == {"MgB2"}
    assert (tmp_path / "MgB2_mu_star.png").exists()
    shown = stdout_of(given, capsys)
    assert shown.startswith("MgB2: λ = 0.871495")
    assert "29.64    27.46" in shown
    assert "with 95 %; ω_1 and ω_max taken from" in shown


def test_exchanged_frequencies_are_refused(capsys: Capture) -> None:
    told = refusal(["tc", "--coupling", "1", "--omega-log", "200", "--omega-2", "150"], capsys)
    assert told.startswith("betenet: error: omega_2 (150 K) is below omega_log (200 K).")


def test_torch_is_not_loaded() -> None:
    code = (
        "import sys, betenet.cli; "
        "assert betenet.cli.main(['tc', '--coupling', '1', '--omega-log', '100']) == 0; "
        "heavy = {'torch', 'ase', 'matplotlib', 'e3nn'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
