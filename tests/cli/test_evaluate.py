"""``betenet evaluate`` from the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk
from tests.command_line import refusal, stdout_of
from tests.fixture_types import Capture
from tests.tiny_model import write_site_model

from betenet.cli import main
from betenet.phonon_dos import PhononDos
from betenet.phonons.library import LibraryEntry, PhononLibrary

MODEL = str(Path(__file__).resolve().parents[1] / "checkpoints" / "format-2")
METALS = ("Nb", "Ta", "V", "Mo", "W", "Al")
QUICK = ("--resamples", "20")


def row(symbol: str, **changes: Any) -> str:
    atoms = bulk(symbol)
    structure = {
        "lattice": atoms.cell.array.tolist(),
        "species": [symbol],
        "frac_coords": [[0, 0, 0]],
    }
    number = float(atoms.numbers[0])
    moments = {"coupling": 10.0 / number, "omega_log_kelvin": 200.0, "omega_2_kelvin": 230.0}
    return json.dumps({"id": symbol, "structure": structure, **moments, **changes})


@pytest.fixture
def metals(tmp_path: Path) -> Path:
    path = tmp_path / "metals.jsonl"
    lines = [row(s, split="test" if s < "P" else "train") for s in METALS]
    path.write_text("\n".join(lines))
    return path


def test_table_is_printed(metals: Path, capsys: Capture) -> None:
    shown = stdout_of(["evaluate", MODEL, str(metals), *QUICK], capsys)
    assert shown.startswith(f"format-2 on {metals}: 6 materials\n")
    assert "warning: Whether the model was trained on these formulas cannot be known" in shown
    assert "λ      n = 6" in shown
    assert "mean of this dataset" in shown
    assert "Tc by allen_dynes, μ* = 0.1" in shown


def test_report_is_written_and_json_printed(metals: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "new" / "report"
    flags = ["--split", "test", "--mu-star", "0.13", "--recall", "0.5", "--baseline", str(metals)]
    assert main(["evaluate", MODEL, str(metals), *flags, *QUICK, "--json", "--out", str(out)]) == 0
    captured = capsys.readouterr()
    printed = json.loads(captured.out)
    assert {file.name for file in out.iterdir()} == {"evaluation.html", "evaluation.json"}
    written = json.loads((out / "evaluation.json").read_text())
    assert [material["id"] for material in written["materials"]] == ["Nb", "Mo", "Al"]
    assert printed == {key: value for key, value in written.items() if key != "materials"}
    assert printed["settings"]["mu_star"] == 0.13
    assert printed["settings"]["recalls"] == [0.5]
    assert printed["table"][-1]["model"] == f"mean of {metals}, split train"
    assert captured.err.count("betenet: wrote ") == 2


def test_refused_rows_are_told_and_the_rest_is_done(metals: Path, capsys: Capture) -> None:
    metals.write_text(metals.read_text() + "\n" + row("Ti", coupling=-1.0) + "\n{")
    assert main(["evaluate", MODEL, str(metals), *QUICK]) == 1
    captured = capsys.readouterr()
    assert "betenet: error: Ti: coupling is -1: not positive\n" in captured.err
    assert "betenet: error: line 8: it is not JSON" in captured.err
    assert ": 6 materials" in captured.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([MODEL, "nowhere"], "There is no dataset 'nowhere'"),
        (["no-model", "METALS"], "There is no model 'no-model'"),
        ([MODEL, "METALS", "--split", "dev"], "no split 'dev'"),
        ([MODEL, "METALS", "--precision", "1.5"], "'1.5' is not a number above 0"),
        ([MODEL, "METALS", "--recall", "much"], "'much' is not a number above 0"),
        ([MODEL, "METALS", "--resamples", "-1"], "not a whole number"),
        ([MODEL, "METALS", "--out", "METALS"], "Cannot write to"),
    ],
)
def test_wrong_usage_is_a_clear_error(
    metals: Path, arguments: list[str], message: str, capsys: Capture
) -> None:
    words = [str(metals) if word == "METALS" else word for word in arguments]
    told = refusal(["evaluate", *words], capsys)
    assert message in told


def test_phonons_of_a_library_change_what_they_are_known_for(
    metals: Path, phonon_model: Path, tmp_path: Path, capsys: Capture
) -> None:
    omega = np.arange(0.0, 60.0, 0.5)
    dos = PhononDos(omega, 3.0 * np.exp(-((omega - 30.0) ** 2)))
    dos = PhononDos(omega, dos.total, dos.total[None])
    entry = LibraryEntry.from_dos(dos, np.array([41]), np.array([0]))
    library = tmp_path / "library.npz"
    PhononLibrary(entries={"Nb": entry}).write(library)
    found: dict[str, dict[str, float]] = {}
    for flags in ((), ("--phonons", str(library))):
        out = tmp_path / f"report-{len(flags)}"
        assert (
            main(["evaluate", str(phonon_model), str(metals), *flags, *QUICK, "--out", str(out)])
            == 0
        )
        written = json.loads((out / "evaluation.json").read_text())
        found[" ".join(flags[:1])] = {
            one["id"]: one["coupling"]["predicted"] for one in written["materials"]
        }
    assert written["rows_by_phonons"] == {str(library): 1, "none": 5}
    assert "1 of 6 materials were predicted with their phonons" in capsys.readouterr().out
    # what a row is beside changes the last digit, as an average may be summed in another order
    same = {name: pytest.approx(one, rel=1e-12) for name, one in found[""].items()}
    changed = {name for name in METALS if found["--phonons"][name] != same[name]}
    assert changed == {"Nb"}
    assert main(["evaluate", MODEL, str(metals), "--phonons", str(library), *QUICK]) == 2
    assert "takes no phonons" in capsys.readouterr().err


def test_networks_with_phonons_get_those_of_the_rows(tmp_path: Path, capsys: Capture) -> None:
    bins = np.arange(0.25, 101.0, 2.0).tolist()
    dos = {"frequencies_mev": bins, "fine_per_mev": [np.full(51, 0.03).tolist()]}
    path = tmp_path / "metals.jsonl"
    path.write_text("\n".join([row("Nb", site_phonon_dos=dos), row("Al")]))
    model = str(write_site_model(tmp_path / "sites"))

    def judged(*flags: str) -> dict[str, int]:
        assert main(["evaluate", model, str(path), *QUICK, "--json", *flags]) == 0
        return json.loads(capsys.readouterr().out)["rows_by_phonons"]

    own = {"fine, of the row": 1, "none": 1}
    assert judged() == judged("--phonons", "rows") == own
    assert judged("--phonons", "none") == {"none": 2}
    assert main(["evaluate", model, str(path), *QUICK]) == 0
    assert "1 of 2 materials were predicted with their phonons" in capsys.readouterr().out
    told = refusal(["evaluate", MODEL, str(path), "--phonons", "rows"], capsys)
    assert "takes no phonons" in told
    told = refusal(["evaluate", model, str(path), "--force-field", "emt"], capsys)
    assert "--force-field is for --phonons auto" in told
