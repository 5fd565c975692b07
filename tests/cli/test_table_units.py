"""``--table-unit``: phonon frequencies in text for people, in the same unit in every verb."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.command_line import json_of, stdout_of

from betenet.cli import main
from betenet.espresso.calculations import Ran
from betenet.evaluation.metrics import Score
from betenet.evaluation.scores import score_in_unit

OURS = Path(__file__).resolve().parents[2] / "benchmarks" / "first_principles"
MEV = 11.604518  # K, CODATA: e/k_B/1000
THZ = 47.992430  # K, CODATA: h/k_B
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def spectrum(tmp_path: Path) -> Path:
    """A file with α²F in meV."""
    omega = np.linspace(0.25, 30.0, 120)
    a2f = 0.6 * np.exp(-(((omega - 15.0) / 5.0) ** 2))
    path = tmp_path / "X.dat"
    rows = "\n".join(f"{one:.6f} {two:.8f}" for one, two in zip(omega, a2f, strict=True))
    path.write_text(f"# omega (meV)  a2F\n{rows}\n")
    return path


def frequencies(text: str) -> dict[str, tuple[float, str]]:
    """Numbers and units by symbol, of text such as ``ω_log = 10 meV``."""
    found = re.findall(r"(ω_\w+) = ([\d.]+) ([\w-]+)", text)
    return {symbol: (float(number), unit) for symbol, number, unit in found}


@pytest.mark.parametrize(("unit", "kelvin"), [("K", 1.0), ("meV", MEV), ("THz", THZ)])
def test_numbers_are_printed_in_the_unit(unit: str, kelvin: float, capsys: Capture) -> None:
    given = ["--coupling", "1", "--omega-log", "100", "--omega-2", "120"]
    assert main(["tc", *given, "--table-unit", unit]) == 0
    found = frequencies(capsys.readouterr().out)
    assert found["ω_log"] == (pytest.approx(100.0 / kelvin, rel=1e-3), unit)
    assert found["ω_2"] == (pytest.approx(120.0 / kelvin, rel=1e-3), unit)


def test_what_is_typed_and_what_is_printed_have_units_of_their_own(capsys: Capture) -> None:
    flags = ["--omega-log=10", "--unit=meV", "--table-unit=THz"]
    assert main(["tc", "--coupling=1", *flags]) == 0
    value, unit = frequencies(capsys.readouterr().out)["ω_log"]
    assert (value, unit) == (pytest.approx(10.0 * MEV / THZ, rel=1e-3), "THz")


def test_a_file_is_printed_in_the_unit_and_exported_as_ever(
    spectrum: Path, tmp_path: Path, capsys: Capture
) -> None:
    words = ["tc", str(spectrum), "--tc-method", "allen_dynes"]
    assert main(words) == 0
    plain = frequencies(capsys.readouterr().out)
    assert {unit for _, unit in plain.values()} == {"K", "meV"}  # ω_max
    table = tmp_path / "x.csv"
    assert main([*words, "--table-unit", "meV", "--csv", str(table)]) == 0
    found = frequencies(capsys.readouterr().out)
    assert {unit for _, unit in found.values()} == {"meV"}
    assert found["ω_max"] == plain["ω_max"]
    for key in ("ω_log", "ω_2"):
        assert found[key][0] == pytest.approx(plain[key][0] / MEV, rel=1e-3)
    assert "omega_log_kelvin" in table.read_text()
    exported = json_of([*words, "--table-unit", "meV", "--json"], capsys)
    assert "omega_log_kelvin" in json.dumps(exported)


def test_a_table_of_several_columns_has_the_unit_in_its_heading(
    spectrum: Path, capsys: Capture
) -> None:
    rows = [line.split() for line in spectrum.read_text().splitlines()[1:]]
    text = "\n".join(f"{omega} {a2f} {a2f}" for omega, a2f in rows)
    spectrum.write_text(f"{text}\n")
    words = ["tc", str(spectrum), "--tc-method", "allen_dynes", "--unit", "meV", "--smearing=1"]
    printed = stdout_of([*words, "--table-unit", "cm-1"], capsys)
    assert "ω_log (cm-1)" in printed
    assert "ω_2 (cm-1)" in printed


def test_first_principles_results_are_printed_in_the_unit(tmp_path: Path, capsys: Capture) -> None:
    shutil.copy(OURS / "Nb.json", tmp_path)
    rows = {}
    for unit in ("K", "meV"):
        assert main(["epc", "collect", str(tmp_path), "--table-unit", unit]) == 0
        heading, *lines = capsys.readouterr().out.splitlines()
        assert f"ω_log ({unit})" in heading
        assert f"ω_2 ({unit})" in heading
        rows[unit] = {line.split()[0]: line.split() for line in lines if line[:1].isalpha()}
    record = json.loads((OURS / "Nb.json").read_text())
    for place, key in ((3, "omega_log_kelvin"), (4, "omega_2_kelvin")):
        assert float(rows["K"]["Nb"][place]) == pytest.approx(record[key], abs=0.06)
        assert float(rows["meV"]["Nb"][place]) == pytest.approx(record[key] / MEV, abs=0.006)
    assert rows["K"]["Nb"][5:] == rows["meV"]["Nb"][5:]


def test_errors_of_frequencies_are_printed_in_the_unit() -> None:
    score = Score(value=29.0, unit="K", low=27.0, high=31.0)
    found = score_in_unit("omega_log", score, "meV")
    assert found.unit == "meV"
    numbers = (found.value, found.low, found.high)
    assert numbers == pytest.approx((29.0 / MEV, 27.0 / MEV, 31.0 / MEV), rel=1e-6)
    assert score_in_unit("tc", score, "meV") == score
    share = Score(value=0.8, unit="1")
    assert score_in_unit("omega_log", share, "meV") == share


def test_the_line_of_a_finished_calculation_is_in_the_unit() -> None:
    record = json.loads((OURS / "Nb.json").read_text())
    ran = Ran(name="Nb", state="done", record=record)
    for unit, kelvin in (("K", 1.0), ("meV", MEV)):
        value, shown = frequencies(ran.as_text(unit).replace("ω_log", "ω_log ="))["ω_log"]
        assert shown == unit
        assert value == pytest.approx(record["omega_log_kelvin"] / kelvin, abs=0.06)
