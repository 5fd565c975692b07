from __future__ import annotations

import json
import subprocess
import sys

import pytest

from betenet.cli import main
from betenet.superconductivity.critical_temperature import METHODS

# the MgB2 test of EPW, in meV
MGB2 = ["--coupling", "0.8714948", "--omega-log", "61.4704", "--omega-2", "70.6457"]


def methods(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    assert main(["tc", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["methods"]


def test_every_method_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    found = methods([*MGB2, "--unit", "meV", "--mu-star", "0.16"], capsys)
    assert set(found) == set(METHODS)
    expected = {"mcmillan": 26.4082, "allen_dynes": 27.4569, "xie_2022": 31.5015}
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
    assert found["mcmillan"]["tc_kelvin"] > 0.0


@pytest.mark.parametrize(
    ("coupling", "method", "remark"),
    [
        ("0.1", "mcmillan", "repulsion wins"),
        ("0.1", "xie_2019", "learnt from"),
        ("0.1", "xie_2022", "repulsion wins"),
        ("2.0", "mcmillan", "too low"),
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
    assert lines["mcmillan"].split()[1] == "26.41"
    assert "needs ω_2" in lines["allen_dynes"]


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
