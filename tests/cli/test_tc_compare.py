from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.command_line import json_of, stderr_of, stdout_of

from betenet.cli import main
from betenet.formats import write_a2f
from betenet.spectrum import Spectrum
from betenet.superconductivity.eliashberg.state import superconducting_state
from betenet.units import KELVIN_TO_MEV

OMEGA = np.linspace(0.25, 40.0, 160)
A2F = 0.9 * (OMEGA / 28.0) ** 2 * (OMEGA < 28.0) + 0.5 * np.exp(-(((OMEGA - 33.0) / 1.5) ** 2))
STATE = superconducting_state(OMEGA, A2F, 0.1, reduced_temperatures=(0.4,))
TC = float(STATE.transition.tc)
EPW_OUT = """     Program EPW v.5.8 starts on  1Jan2024
     Electron-phonon coupling strength =    1.0500000
     Estimated Tc using McMillan expression =  15.0000 K for muc =   0.1200
     Estimated w_log =  17.0000 meV
"""

Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("files")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, the current one, with α²F and with what EPW found: gaps a tenth larger."""
    monkeypatch.chdir(tmp_path)
    write_a2f("X.a2f", Spectrum(OMEGA, A2F), format="epw-a2f")
    Path("epw.out").write_text(EPW_OUT)
    first = 1e-3 * np.pi * 0.4 * TC * KELVIN_TO_MEV
    gap = 1.1e-3 * float(STATE.solutions[0].gap[0])
    Path("X.imag_iso_004").write_text(
        f" w [eV]  znorm(w)  delta(w) [eV]\n{first} 2.0 {gap}\n{3 * first} 1.9 {0.9 * gap}\n"
    )
    edge = 1.1e-3 * STATE.gaps[0]
    rows = "".join(f"{w} 2.0 0.0 {edge} 0.0\n" for w in np.linspace(1e-4, 0.04, 400))
    heading = " w [eV] Re[znorm(w)] Im[znorm(w)] Re[delta(w)] [eV] Im[delta(w)] [eV]\n"
    Path(f"X.pade_iso_{0.4 * TC:06.2f}").write_text(heading + rows)
    Path(f"X.pade_iso_{2.0 * TC:06.2f}").write_text(heading + "0.0001 1 0 0 0\n0.0002 1 0 0 0\n")
    return tmp_path


def compared(arguments: list[str], capsys: Capture) -> list[dict[str, Any]]:
    (found,) = json_of(["tc", *arguments, "--json"], capsys)
    return found["comparison"]


def test_gaps_of_epw_stand_beside_ours(capsys: Capture) -> None:
    names = sorted(path.name for path in Path().glob("X.*iso_*"))
    cold, edge, warm = compared(["X.a2f", "--compare", *names], capsys)
    for found in (cold, edge):
        assert found["quantity"] == "gap_mev"
        assert found["here"] / found["there"] == pytest.approx(1.0 / 1.1, rel=2e-3)
    assert cold["text"].startswith("Δ(iπT), the gap function at the lowest Matsubara frequency, at")
    assert edge["text"].startswith("gap Δ at")
    assert (warm["there"], warm["here"]) == (0.0, 0.0)
    shown = stdout_of(["tc", "X.a2f", "--compare", *names[:1]], capsys)
    assert "beside X.imag_iso_004:" in shown
    assert "(-9.1%)" in shown


def test_numbers_of_epw_stand_beside_ours(capsys: Capture) -> None:
    coupling, log, tc = compared(["X.a2f", "--compare", "epw.out"], capsys)
    assert (coupling["there"], tc["there"]) == (1.05, 15.0)
    assert log["there"] == pytest.approx(17.0 / KELVIN_TO_MEV)
    assert "by allen_dynes_simple, with μ* = 0.12 in the file and μ* = 0.1 by betenet" in tc["text"]
    assert all(found["here"] > 0.0 for found in (coupling, log, tc))


def test_same_smearing_is_compared(capsys: Capture) -> None:
    batch = Spectrum(OMEGA, np.outer((1.2, 1.0), A2F))
    write_a2f("alpha2F.dat", batch, format="qe-alpha2f-dat", smearings=(0.01, 0.02))
    lines = [
        f" Broadening   {s:.4f} lambda  {c:.4f} dos(Ef)   5.3\n" for s, c in ((0.01, 9), (0.02, 7))
    ]
    Path("lambda").write_text("".join(lines))
    arguments = ["alpha2F.dat", "--smearing", "0.02", "--compare", "lambda"]
    (found,) = compared(arguments, capsys)
    assert found["there"] == 7.0
    assert "smearing 0.02" in found["text"]


@pytest.mark.parametrize(
    ("given", "told"),
    [("missing.out", "does not exist"), ("plain.csv", "states nothing to compare with")],
)
def test_what_cannot_be_compared_is_told(given: str, told: str, capsys: Capture) -> None:
    write_a2f("plain.csv", Spectrum(OMEGA, A2F), format="csv")
    assert main(["tc", "X.a2f", "--compare", given]) != 0
    assert told in capsys.readouterr().err


def test_numbers_need_no_file_to_compare_with(capsys: Capture) -> None:
    arguments = ["--coupling", "1", "--omega-log", "100", "--compare", "epw.out"]
    assert "--compare needs a FILE" in stderr_of(["tc", *arguments], capsys)
